"""What keeps workspaces cheap is right as well: dated files, remembered commits, trash, refs written by hand."""

from __future__ import annotations

import array
import fcntl
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from orchestrator.errors import NotFound
from orchestrator.git import checkouts, unpacked
from orchestrator.git.command import GitFailed, find_git
from orchestrator.git.placing import scatter
from orchestrator.git.trash import Trash
from orchestrator.lifecycle.ports import CommitMessage
from tests.fakes.checkout import eventually
from tests.integration.git.user_repository import AUTHOR, UserRepository

GET_FLAGS = 0x80086601
TOP_FOLDER = 0x00020000


def unusual(user: UserRepository) -> str:
    """A commit with all kinds of files."""
    (user.folder / "link").symlink_to("nowhere")
    (user.folder / os.fsdecode(b"caf\xe9")).write_bytes(b"x")
    (user.folder / "tool").write_bytes(b"#!/bin/sh\n")
    (user.folder / "tool").chmod(0o755)
    (user.folder / ("deep/" * 40)).mkdir(parents=True)
    (user.folder / ("deep/" * 40) / "empty").touch()
    user.run("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},module")
    user.write({".gitattributes": b"*.txt text eol=crlf\n", "windows.txt": b"one\r\ntwo\r\n"})
    user.run("add", "--", ".gitattributes", "windows.txt", "link", "tool", "deep", os.fsdecode(b"caf\xe9"))
    user.run("commit", "-q", "-m", "Unusual")
    return user.run("rev-parse", "HEAD")


def test_no_file_of_a_new_workspace_is_as_young_as_its_index(user: UserRepository) -> None:
    workspace = user.git.prepare("look", unusual(user))
    assert workspace.git_dir is not None
    files = [path for path in workspace.path.rglob("*") if ".git" not in path.parts and not path.is_dir()]
    assert len(files) == 8
    for index in (workspace.git_dir / "index", workspace.path / ".git/index"):
        assert max(int(path.lstat().st_mtime) for path in files) < int(index.stat().st_mtime)


def test_git_finds_the_dated_files_unchanged_without_reading_them(user: UserRepository) -> None:
    workspace = user.git.prepare("look", unusual(user))
    assert user.run("diff-files", cwd=workspace.path) == ""
    assert user.run("status", "--porcelain", cwd=workspace.path) == ""
    assert user.run("fsck", "--connectivity-only", cwd=workspace.path) == ""
    assert user.git.changes(workspace) == ()


def test_an_edit_right_after_that_keeps_the_size_is_seen(user: UserRepository) -> None:
    workspace = user.git.prepare("edit", user.git.snapshot().base)
    with (workspace.path / "README.md").open("r+b") as file:
        file.write(b"# exAMPLE\n")
    assert [change.path for change in user.git.changes(workspace)] == ["README.md"]
    made = user.commit(workspace)
    assert made is not None
    assert user.git.read(made, "README.md") == b"# exAMPLE\n"


def test_what_changed_after_a_look_at_the_changes_is_committed_too(user: UserRepository) -> None:
    workspace = user.git.prepare("edit", user.git.snapshot().base)
    user.write({"one": b"1", "two": b"2", "README.md": None}, under=workspace.path)
    assert len(user.git.changes(workspace)) == 3
    user.write({"one": None, "two": b"3", "three": b"3", "README.md": b"back\n"}, under=workspace.path)
    made = user.commit(workspace)
    assert made is not None
    assert user.git.files(made) == ["README.md", "src/app.py", "three", "two"]
    assert (user.git.read(made, "two"), user.git.read(made, "README.md")) == (b"3", b"back\n")


def test_a_look_at_the_changes_does_not_outlive_a_merge(user: UserRepository) -> None:
    base = user.git.snapshot().base
    theirs = user.work(base, {"theirs": b"x"})
    workspace = user.git.prepare("merge", base)
    user.write({"ours": b"x"}, under=workspace.path)
    assert len(user.git.changes(workspace)) == 1
    assert user.git.merge(workspace, theirs, AUTHOR, CommitMessage(subject="Merge")) == ()
    made = user.commit(workspace)
    assert made is not None
    assert user.git.files(made) == ["README.md", "ours", "src/app.py", "theirs"]


def test_a_merge_commit_has_the_message_as_it_was_composed(user: UserRepository) -> None:
    base = user.git.snapshot().base
    ours, theirs = user.work(base, {"ours": b"x"}), user.work(base, {"theirs": b"x"})
    workspace = user.git.prepare("merge", ours)
    message = CommitMessage(subject="# Merge", body="# kept\n\n\n\n  as it is", trailers=(("Mycelium-Node", "merge"),))
    assert user.git.merge(workspace, theirs, AUTHOR, message) == ()
    told = user.run("log", "-1", "--format=%P%n%an%n%B", cwd=workspace.path)
    expected = f"{ours} {theirs}\n{AUTHOR.name}\n# Merge\n\n# kept\n\n\n\n  as it is\n\nMycelium-Node: merge"
    assert told == expected


def test_what_is_kept_is_a_ref_for_git(user: UserRepository) -> None:
    base = user.git.snapshot().base
    made = user.work(base, {"a": b"a"})
    mirror = next(user.cache.glob("repositories/*/mirror.git"))
    assert user.run("for-each-ref", "--format=%(refname)", cwd=mirror) == f"refs/mycelium/commits/{made}"
    user.run("gc", "-q", "--prune=now", cwd=mirror)
    assert user.adapter().read(made, "a") == b"a"


def test_a_mirror_that_was_made_anew_is_asked_again(user: UserRepository) -> None:
    base = user.git.snapshot().base
    made = user.work(base, {"a": b"a"})
    assert user.git.has(made)
    shutil.rmtree(next(user.cache.glob("repositories/*/mirror.git")))
    user.adapter().snapshot()
    assert not user.git.has(made)
    assert user.git.has(base)


def test_a_released_workspace_leaves_the_disk_soon(user: UserRepository) -> None:
    workspace = user.git.prepare("edit", user.git.snapshot().base)
    trash = workspace.path.parents[1] / "trash"
    user.git.release(workspace)
    assert not workspace.path.exists()
    eventually(lambda: not list(trash.iterdir()), "an empty trash")


def test_what_a_dead_process_had_thrown_away_is_swept_up(tmp_path: Path) -> None:
    dead, alive = tmp_path / "dead", tmp_path / "alive"
    for folder in (dead, alive):
        (folder / "0").mkdir(parents=True)
    os.utime(dead, (1, 1))
    Trash(tmp_path).empty()
    assert (dead.exists(), alive.exists()) == (False, True)


def test_output_and_words_and_input_may_be_long(tmp_path: Path, user: UserRepository) -> None:
    git = find_git(user.environ).at(user.folder)
    names = b"".join(b"%040d\n" % number for number in range(20_000))
    answer = git.run("cat-file", "--batch-check", stdin=names)
    assert answer.output.count(b" missing\n") == 20_000
    program = tmp_path / "git"
    program.write_text("#!/bin/sh\nwhile read -r line; do echo $line >&2; done\necho 'fatal: enough' >&2\nexit 3\n")
    program.chmod(0o755)
    shell = type(git)(program=str(program), cwd=tmp_path, environment={"PATH": os.environ["PATH"]})
    with pytest.raises(GitFailed, match="enough"):
        shell.run("long", stdin=names)


def kept(user: UserRepository) -> list[Path]:
    return list(user.cache.glob("repositories/*/checkouts/*.files"))


def inside(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Modes and contents of everything but `.git`."""
    found = {}
    for path in folder.rglob("*"):
        if ".git" not in path.relative_to(folder).parts:
            content = bytes(path.readlink()) if path.is_symlink() else b"" if path.is_dir() else path.read_bytes()
            found[str(path.relative_to(folder))] = (path.lstat().st_mode, content)
    return found


def test_a_commit_that_is_wanted_again_is_kept_and_written_the_same(user: UserRepository) -> None:
    commit = unusual(user)
    by_git = user.git.prepare("by-git", commit)
    assert kept(user) == []
    user.git.prepare("kept", commit)
    assert len(kept(user)) == 1
    copied = user.git.prepare("copied", commit)
    assert inside(copied.path) == inside(by_git.path)
    assert b"one\r\ntwo\r\n" in {content for _, content in inside(copied.path).values()}
    assert user.run("diff-files", cwd=copied.path) == user.run("status", "--porcelain", cwd=copied.path) == ""
    assert user.run("ls-files", "-s", cwd=copied.path) == user.run("ls-files", "-s", cwd=by_git.path)
    assert user.run("fsck", cwd=copied.path) == ""
    assert user.git.changes(copied) == ()


def test_an_edit_of_a_copied_file_stays_in_its_workspace_and_is_seen(user: UserRepository) -> None:
    base = user.git.snapshot().base
    first, second, third = (user.git.prepare("edit", base) for _ in range(3))
    with (third.path / "README.md").open("r+b") as file:
        file.write(b"# exAMPLE\n")
    assert [change.path for change in user.git.changes(third)] == ["README.md"]
    fourth = user.git.prepare("edit", base)
    for workspace in (first, second, fourth):
        assert (workspace.path / "README.md").read_bytes() == b"# Example\n"
        assert user.git.changes(workspace) == ()


@pytest.mark.parametrize("damage", [b"", b"x" * 20, b"x" * 5_000])
def test_a_kept_commit_that_is_damaged_is_not_used(user: UserRepository, damage: bytes) -> None:
    base = user.git.snapshot().base
    first, _ = user.git.prepare("look", base), user.git.prepare("look", base)
    (file,) = kept(user)
    whole = file.read_bytes()
    file.chmod(0o600)
    file.write_bytes(damage + whole[len(damage) :] if damage else b"")
    assert inside(user.git.prepare("look", base).path) == inside(first.path)
    assert len(kept(user)[0].read_bytes()) == len(whole)
    assert inside(user.git.prepare("look", base).path) == inside(first.path)


def test_a_large_commit_is_checked_out_by_git_alone(user: UserRepository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacked, "MAX_BYTES", 100)
    base = user.git.snapshot().base
    made = [user.git.prepare("look", base) for _ in range(4)]
    assert kept(user) == []
    assert all(inside(workspace.path) == inside(made[0].path) for workspace in made)


def test_no_more_commits_are_kept_than_a_few(user: UserRepository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkouts, "_KEPT", 2)
    for number in range(4):
        commit = user.save({"number": b"%d" % number})
        contents = [(user.git.prepare("look", commit).path / "number").read_bytes() for _ in range(3)]
        assert contents == [b"%d" % number] * 3
    assert len(kept(user)) == 2


def test_those_who_want_a_commit_at_once_share_one_checkout(user: UserRepository) -> None:
    user.save({f"folder-{number}/file": b"x" * number for number in range(100)})
    base = user.git.snapshot().base
    adapters = [user.adapter() for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda git: git.prepare("edit", base), adapters))
    assert all(inside(workspace.path) == inside(made[0].path) for workspace in made)
    assert all(user.git.changes(workspace) == () for workspace in made)
    assert len(kept(user)) == 1


def test_a_commit_that_is_gone_is_not_found_though_its_files_are_kept(user: UserRepository) -> None:
    made = user.work(user.git.snapshot().base, {"a": b"a"})
    for _ in range(2):
        user.git.prepare("look", made)
    assert len(kept(user)) == 1
    shutil.rmtree(next(user.cache.glob("repositories/*/mirror.git")))
    with pytest.raises(NotFound):
        user.git.prepare("look", made)


def test_folders_of_workspaces_are_spread_over_the_disk(tmp_path: Path) -> None:
    kind = subprocess.run(["stat", "-f", "-c", "%T", tmp_path], check=True, capture_output=True, text=True).stdout
    if not kind.startswith("ext"):
        pytest.skip("another file system places folders as it likes")
    scatter(tmp_path)
    flags = array.array("i", [0])
    descriptor = os.open(tmp_path, os.O_RDONLY)
    fcntl.ioctl(descriptor, GET_FLAGS, flags)
    os.close(descriptor)
    assert flags[0] & TOP_FOLDER


def test_where_a_folder_cannot_be_spread_nothing_happens(tmp_path: Path) -> None:
    scatter(tmp_path / "missing")
    scatter(Path("/proc"))
