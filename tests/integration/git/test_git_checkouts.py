"""Which checkouts an execution can start from, and what it starts from in odd states."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from orchestrator.errors import BadInput, MyceliumError, SetupError
from orchestrator.git.command import find_git
from orchestrator.git.discovery import find_root
from tests.integration.git.user_repository import UserRepository


def state_of(user: UserRepository) -> tuple[object, ...]:
    """Everything of the user's that a snapshot must leave alone."""
    index = user.folder / ".git/index"
    refs = user.run("for-each-ref")
    return (index.read_bytes(), index.stat().st_mtime_ns, refs, user.run("stash", "list"), user.run("count-objects"))


def test_the_root_is_found_from_any_folder_below(user: UserRepository) -> None:
    (user.folder / "src/deep").mkdir()
    assert find_root(user.folder / "src/deep", user.environ) == user.folder
    assert user.adapter(user.folder / "src").snapshot().head == user.run("rev-parse", "HEAD")


@pytest.mark.parametrize(
    ("kind", "words"),
    [("none", "not in a git repository"), ("bare", "is bare"), ("empty", "no commit yet"), ("inside", "not inside")],
)
def test_a_folder_without_a_usable_checkout_is_refused(
    user: UserRepository, tmp_path: Path, kind: str, words: str
) -> None:
    place = tmp_path / kind
    place.mkdir()
    if kind in ("bare", "empty"):
        user.run("init", "-q", *(["--bare"] if kind == "bare" else []), str(place))
    if kind == "inside":
        place = user.folder / ".git/refs"
    with pytest.raises(BadInput, match=words) as caught:
        user.adapter(place).snapshot()
    assert caught.value.hint


def test_a_missing_folder_is_refused(user: UserRepository, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no folder"):
        find_root(tmp_path / "missing", user.environ)


def test_without_git_on_path_it_says_what_to_install(user: UserRepository, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="not installed") as caught:
        find_root(user.folder, {"PATH": str(tmp_path)})
    assert "install git" in str(caught.value)


@pytest.mark.parametrize(("says", "words"), [("git version 2.30.2", "too old"), ("no such thing", "does not answer")])
def test_a_git_that_is_too_old_is_refused(tmp_path: Path, says: str, words: str) -> None:
    program = tmp_path / "git"
    program.write_text(f"#!/bin/sh\necho '{says}'\n")
    program.chmod(0o755)
    with pytest.raises(SetupError, match=words):
        find_git({"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"})


def test_a_snapshot_leaves_everything_of_the_users_alone(user: UserRepository) -> None:
    user.write({"README.md": b"changed\n", "src/app.py": None, "untracked": b"x"})
    user.run("add", "README.md")
    user.write({"README.md": b"changed again\n"})
    before = state_of(user)
    snapshot = user.git.snapshot()
    assert state_of(user) == before
    assert user.git.files(snapshot.base) == ["README.md"]
    assert user.git.read(snapshot.base, "README.md") == b"changed again\n"


def test_what_was_only_staged_survives_the_users_garbage_collection(user: UserRepository) -> None:
    user.write({"README.md": b"staged\n"})
    user.run("add", "README.md")
    base = user.git.snapshot().base
    made = user.work(base, {"new": b"x"})
    user.run("reset", "-q", "--hard")
    user.run("gc", "-q", "--prune=now")
    workspace = user.adapter().prepare("later", made)
    assert (workspace.path / "README.md").read_bytes() == b"staged\n"


def test_new_files_count_once_they_are_added(user: UserRepository) -> None:
    user.write({"staged": b"x", "intended": b"y", "untracked": b"z"})
    user.run("add", "staged")
    user.run("add", "--intent-to-add", "intended")
    assert user.git.files(user.git.snapshot().base) == ["README.md", "intended", "src/app.py", "staged"]


def test_links_modes_renames_and_odd_names_are_kept(user: UserRepository) -> None:
    user.save({'odd \n"name"': b"x", os.fsdecode(b"caf\xe9"): b"y"})
    (user.folder / "link").symlink_to("nowhere")
    (user.folder / "src/app.py").chmod(0o755)
    user.write({os.fsdecode(b"caf\xe9"): b"changed"})
    user.run("add", "link")
    user.run("mv", "README.md", "READ ME")
    base = user.git.snapshot().base
    workspace = user.git.prepare("look", base)
    assert (workspace.path / "link").readlink() == Path("nowhere")
    assert os.access(workspace.path / "src/app.py", os.X_OK)
    assert (workspace.path / os.fsdecode(b"caf\xe9")).read_bytes() == b"changed"
    assert not (workspace.path / "README.md").exists()
    assert user.git.read(base, os.fsdecode(b"caf\xe9")) == b"changed"
    changed = {change.path: change.status for change in user.git.log(user.git.snapshot().head, base)[0].changes}
    assert changed == {"READ ME": "renamed", "caf\\xe9": "modified", "link": "added", "src/app.py": "modified"}


def test_line_ends_follow_attributes_and_config(user: UserRepository) -> None:
    user.save({".gitattributes": b"*.txt text\n", "a.txt": b"one\n", "b.md": b"one\n"})
    user.run("config", "core.autocrlf", "true")
    user.write({"a.txt": b"two\r\n", "b.md": b"two\r\n"})
    base = user.git.snapshot().base
    assert (user.git.read(base, "a.txt"), user.git.read(base, "b.md")) == (b"two\n", b"two\n")


def test_modes_do_not_count_where_the_file_system_has_none(user: UserRepository) -> None:
    user.run("config", "core.fileMode", "false")
    (user.folder / "README.md").chmod(0o755)
    assert not user.git.snapshot().dirty


def test_a_merge_with_conflicts_is_refused_and_a_resolved_one_taken(user: UserRepository) -> None:
    start = user.run("rev-parse", "HEAD")
    user.save({"README.md": b"ours\n"})
    user.run("switch", "-q", "-c", "other", start)
    user.save({"README.md": b"theirs\n"})
    with pytest.raises(subprocess.CalledProcessError):
        user.run("merge", "main")
    with pytest.raises(BadInput, match=r"conflicts in README\.md") as caught:
        user.git.snapshot()
    assert "--ref" in str(caught.value)
    assert user.git.snapshot("HEAD").branch == "other"
    user.write({"README.md": b"both\n"})
    user.run("add", "README.md")
    assert user.git.read(user.git.snapshot().base, "README.md") == b"both\n"


def test_a_detached_head_has_no_branch(user: UserRepository) -> None:
    user.run("switch", "-q", "--detach")
    assert user.git.snapshot().branch == ""


def test_a_split_index_is_read(user: UserRepository) -> None:
    user.run("update-index", "--split-index")
    user.write({"README.md": b"changed\n"})
    user.run("add", "README.md")
    assert user.git.read(user.git.snapshot().base, "README.md") == b"changed\n"


@pytest.mark.parametrize("index", ["--no-sparse-index", "--sparse-index"])
def test_a_sparse_checkout_keeps_the_files_it_does_not_show(user: UserRepository, index: str) -> None:
    user.save({"docs/a.md": b"a\n", "docs/deep/b.md": b"b\n"})
    user.run("sparse-checkout", "set", "--cone", index, "src")
    assert not (user.folder / "docs").exists()
    user.write({"src/app.py": b"changed\n"})
    base = user.git.snapshot().base
    assert user.git.files(base) == ["README.md", "docs/a.md", "docs/deep/b.md", "src/app.py"]
    assert (user.git.prepare("full", base).path / "docs/deep/b.md").exists()


def test_a_linked_worktree_is_a_checkout_of_its_own(user: UserRepository, tmp_path: Path) -> None:
    user.run("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    git = user.adapter(tmp_path / "side")
    user.write({"README.md": b"side\n"}, under=tmp_path / "side")
    snapshot = git.snapshot()
    assert (snapshot.branch, snapshot.dirty) == ("side", True)
    git.create_branch("from-side", snapshot.base)
    assert user.run("show", "from-side:README.md") == "side"


def test_submodules_stay_links_and_can_be_checkouts_themselves(user: UserRepository, tmp_path: Path) -> None:
    user.run("init", "-q", "-b", "main", str(tmp_path / "library"))
    user.run("commit", "-q", "--allow-empty", "-m", "Begin", cwd=tmp_path / "library")
    user.run("submodule", "add", "-q", str(tmp_path / "library"), "library")
    user.save({})
    user.run("commit", "-q", "--allow-empty", "-m", "Go on", cwd=user.folder / "library")
    user.write({"library/untracked": b"x"})
    snapshot = user.git.snapshot()
    link = user.run("ls-tree", "HEAD", "library").split()[2]
    workspace = user.git.prepare("look", snapshot.base)
    assert not snapshot.dirty
    assert list((workspace.path / "library").iterdir()) == []
    assert user.git.changes(workspace) == ()
    assert user.git.files(snapshot.base) == [".gitmodules", "README.md", "src/app.py"]
    assert user.adapter(user.folder / "library").snapshot().head != link


def test_a_shallow_clone_works(user: UserRepository, tmp_path: Path) -> None:
    user.save({"README.md": b"second\n"})
    user.run("clone", "-q", "--depth=1", user.folder.as_uri(), str(tmp_path / "shallow"))
    git = user.adapter(tmp_path / "shallow")
    snapshot = git.snapshot()
    workspace = git.prepare("look", snapshot.base)
    user.write({"new": b"x"}, under=workspace.path)
    assert user.run("log", "--format=%s", cwd=workspace.path) == "Save"
    assert git.changes(workspace)[0].path == "new"


def test_a_clone_that_borrows_objects_works(user: UserRepository, tmp_path: Path) -> None:
    user.run("clone", "-q", "--shared", str(user.folder), str(tmp_path / "shared"))
    git = user.adapter(tmp_path / "shared")
    assert (git.prepare("look", git.snapshot().base).path / "README.md").exists()


def test_a_sha256_repository_works(user: UserRepository, tmp_path: Path) -> None:
    place = tmp_path / "long"
    user.run("init", "-q", "-b", "main", "--object-format=sha256", str(place))
    user.run("commit", "-q", "--allow-empty", "-m", "Begin", cwd=place)
    git = user.adapter(place)
    base = git.snapshot().base
    workspace = git.prepare("look", base)
    assert len(base) == 64
    assert user.run("rev-parse", "HEAD", cwd=workspace.path) == base


def test_a_changed_file_that_needs_a_filter_is_refused(user: UserRepository) -> None:
    user.save({".gitattributes": b"*.bin filter=lfs -text\n", "a.bin": b"pointer\n"})
    assert not user.git.snapshot().dirty
    user.write({"a.bin": b"content itself\n"})
    with pytest.raises(BadInput, match="filter 'lfs'"):
        user.git.snapshot()
    assert not user.git.snapshot("HEAD").dirty


def test_the_repository_is_named_without_what_its_url_hides(user: UserRepository) -> None:
    assert user.git.snapshot().repository == "checkout"
    for url in ("https://x-access-token:SECRET@github.com/octo/demo.git", "git@github.com:octo/demo.git"):
        user.run("config", "remote.origin.url", url)
        assert user.git.snapshot().repository == "octo/demo"


@pytest.mark.parametrize("place", [".gitconfig", ".config/git/config"])
def test_a_repository_of_another_user_is_refused_until_it_is_trusted(user: UserRepository, place: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    os.chown(user.folder, 12345, 12345)
    os.chown(user.folder / ".git", 12345, 12345)
    with pytest.raises(SetupError, match="another user") as caught:
        user.git.snapshot()
    assert "safe.directory" in str(caught.value)
    config = user.folder.parent / "home" / place
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(f"[safe]\n\tdirectory = {user.folder}\n", encoding="utf-8")
    assert user.adapter().snapshot().branch == "main"


def test_a_mirror_that_was_damaged_is_mended(user: UserRepository) -> None:
    made = user.work(user.git.snapshot().base, {"new": b"x"})
    mirror = next(user.cache.glob("repositories/*/mirror.git"))
    (mirror / "HEAD").write_bytes(b"")
    (mirror / "config").write_bytes(b"\0broken")
    (mirror / "objects/info/alternates").unlink()
    git = user.adapter()
    assert git.snapshot().head == user.run("rev-parse", "HEAD")
    assert git.has(made)


@pytest.mark.parametrize("broken", ["", "objects", "refs", "HEAD", "config"])
def test_a_mirror_that_is_beyond_mending_is_put_aside(user: UserRepository, tmp_path: Path, broken: str) -> None:
    user.git.snapshot()
    place = next(user.cache.glob("repositories/*/mirror.git")) / broken
    was_folder = place.is_dir()
    place.rename(tmp_path / "gone")
    if was_folder:
        place.write_bytes(b"a file")
    else:
        place.mkdir()
    git = user.adapter()
    assert git.prepare("look", git.snapshot().base).path.exists()
    assert next(user.cache.glob("repositories/*/mirror.git.broken")).exists()


def test_a_head_the_mirror_cannot_read_makes_it_anew(user: UserRepository) -> None:
    user.git.snapshot()
    head = user.save({"new": b"x"})
    mirror = next(user.cache.glob("repositories/*/mirror.git"))
    broken = mirror / "objects" / head[:2] / head[2:]
    broken.parent.mkdir(exist_ok=True)
    broken.write_bytes(b"")
    assert user.adapter().snapshot().base == head
    assert mirror.with_name("mirror.git.broken").exists()


def test_a_cache_folder_that_cannot_be_made_is_an_error_with_a_next_step(user: UserRepository) -> None:
    user.cache.write_bytes(b"a file")
    with pytest.raises(MyceliumError) as caught:
        user.git.snapshot()
    assert "MYCELIUM_CACHE_DIR" in str(caught.value)
