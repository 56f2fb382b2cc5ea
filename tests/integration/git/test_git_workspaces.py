"""Workspaces: what agents can do in them without harm, and how they are thrown away."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from orchestrator.errors import NotFound
from orchestrator.git import mirror, staging
from orchestrator.lifecycle.ports import CommitMessage, Workspace
from tests.integration.git.user_repository import AUTHOR, NOW, UserRepository


@pytest.fixture
def workspace(user: UserRepository) -> Workspace:
    return user.git.prepare("edit", user.git.snapshot().base)


def hostile_program(tmp_path: Path) -> tuple[Path, Path]:
    """A program that leaves a trace, and the trace."""
    trace, program = tmp_path / "trace", tmp_path / "hostile"
    program.write_text(f"#!/bin/sh\necho \"$0 $@\" >> '{trace}'\ncat\n")
    program.chmod(0o755)
    return program, trace


_HOSTILE_KEYS = (
    "filter.evil.clean",
    "filter.evil.smudge",
    "filter.evil.process",
    "diff.evil.textconv",
    "diff.evil.command",
    "diff.external",
    "merge.evil.driver",
    "core.fsmonitor",
    "core.sshCommand",
    "core.editor",
    "core.pager",
    "gpg.program",
    "credential.helper",
    "uploadpack.packObjectsHook",
    "alias.merge",
)
_HOOKS = ("pre-commit", "post-commit", "post-checkout", "post-merge", "reference-transaction", "post-index-change")


def make_hostile(user: UserRepository, folder: Path, program: Path) -> None:
    for key in _HOSTILE_KEYS:
        user.run("config", key, str(program), cwd=folder)
    user.run("config", "filter.evil.required", "true", cwd=folder)
    user.run("config", "commit.gpgSign", "true", cwd=folder)
    hooks = Path(user.run("rev-parse", "--path-format=absolute", "--git-path", "hooks", cwd=folder))
    hooks.mkdir(exist_ok=True)
    for hook in _HOOKS:
        (hooks / hook).symlink_to(program)


def everything(user: UserRepository, edit: bool = True) -> None:
    """One call of every method, with a merge that conflicts."""
    git = user.git
    snapshot = git.snapshot()
    ours = user.work(snapshot.base, {"src/app.py": b"ours\n", "added": b"x"})
    theirs = user.work(snapshot.base, {"src/app.py": b"theirs\n"})
    workspace = git.prepare("merge", ours)
    git.changes(workspace)
    assert git.merge(workspace, theirs, AUTHOR, CommitMessage(subject="Merge")) == ("src/app.py",)
    user.write({"src/app.py": b"both\n"}, under=workspace.path)
    assert git.conclude_merge(workspace, AUTHOR, CommitMessage(subject="Merge")) == ()
    merged = git.head(workspace)
    git.log(snapshot.head, merged)
    git.diff(snapshot.head, merged)
    git.read(merged, "src/app.py")
    git.unbundle(git.bundle(merged, known=[snapshot.base]))
    git.create_branch("result", merged)
    git.release(workspace)


def test_nothing_a_repository_configures_runs(user: UserRepository, tmp_path: Path) -> None:
    user.save({".gitattributes": b"*.py filter=evil diff=evil merge=evil\n"})
    program, trace = hostile_program(tmp_path)
    make_hostile(user, user.folder, program)
    user.write({"README.md": b"changed\n"})
    everything(user)
    assert not trace.exists()


def test_nothing_the_users_personal_config_names_runs(user: UserRepository, tmp_path: Path) -> None:
    user.save({".gitattributes": b"*.py filter=evil diff=evil merge=evil\n"})
    program, trace = hostile_program(tmp_path)
    for key in _HOSTILE_KEYS:
        user.run("config", "--global", key, str(program), cwd=tmp_path)
    everything(user)
    assert not trace.exists()


def test_nothing_an_agent_configures_runs(user: UserRepository, workspace: Workspace, tmp_path: Path) -> None:
    program, trace = hostile_program(tmp_path)
    make_hostile(user, workspace.path, program)
    user.write({".gitattributes": b"* filter=evil diff=evil merge=evil\n", "new.py": b"x"}, under=workspace.path)
    assert len(user.git.changes(workspace)) == 2
    made = user.commit(workspace)
    assert made is not None
    theirs = user.work(user.git.snapshot().base, {"new.py": b"y"})
    assert user.git.merge(workspace, theirs, AUTHOR, CommitMessage(subject="Merge")) == ("new.py",)
    user.write({"new.py": b"z"}, under=workspace.path)
    assert user.git.conclude_merge(workspace, AUTHOR, CommitMessage(subject="Merge")) == ()
    user.git.release(workspace)
    assert not trace.exists()


def test_the_hostile_program_would_leave_a_trace(user: UserRepository, tmp_path: Path) -> None:
    user.save({".gitattributes": b"*.py diff=evil\n"})
    program, trace = hostile_program(tmp_path)
    make_hostile(user, user.folder, program)
    user.write({"src/app.py": b"changed\n"})
    user.run("diff")
    assert trace.exists()


def test_variables_of_this_process_decide_nothing(
    user: UserRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_CONFIG_GLOBAL"):
        monkeypatch.setenv(name, str(tmp_path / "nowhere"))
        user.environ[name] = str(tmp_path / "nowhere")
    assert user.adapter().snapshot().branch == "main"


def test_no_token_of_the_checkout_reaches_the_workspace(user: UserRepository) -> None:
    token = "AUTHORIZATION-basic-c2VjcmV0"
    user.run("config", "http.https://github.com/.extraheader", token)
    user.run("remote", "add", "origin", f"https://x:{token}@github.com/octo/demo.git")
    workspace = user.git.prepare("look", user.git.snapshot().base)
    assert user.run("remote", cwd=workspace.path) == ""
    assert token not in user.run("config", "--list", cwd=workspace.path)
    for place in (workspace.path, next(user.cache.iterdir())):
        found = [path for path in place.rglob("*") if path.is_file() and token.encode() in path.read_bytes()]
        assert found == []


def test_the_agents_git_shows_the_commit_history_and_tags(user: UserRepository) -> None:
    user.run("tag", "-a", "v1.2", "-m", "Version")
    user.save({"more": b"x"}, "More")
    workspace = user.git.prepare("look", user.git.snapshot().base)
    assert user.run("status", "--porcelain", cwd=workspace.path) == ""
    assert user.run("log", "--format=%s", cwd=workspace.path) == "More\nBegin"
    assert user.run("describe", cwd=workspace.path).startswith("v1.2-1-g")
    assert user.run("fsck", "--connectivity-only", cwd=workspace.path) == ""


def test_what_an_agent_commits_itself_is_committed_as_ours(user: UserRepository, workspace: Workspace) -> None:
    user.write({"new": b"x"}, under=workspace.path)
    user.run("add", "-A", cwd=workspace.path)
    user.run("commit", "-q", "-m", "By the agent", cwd=workspace.path)
    made = user.commit(workspace)
    assert made is not None
    assert workspace.base is not None
    assert [commit.subject for commit in user.git.log(workspace.base, made)] == ["Work"]


@pytest.mark.parametrize("kind", ["gone", "file", "link", "other"])
def test_whatever_the_agent_makes_of_its_git_folder_the_commit_is_right(
    user: UserRepository, workspace: Workspace, tmp_path: Path, kind: str
) -> None:
    own = workspace.path / ".git"
    own.rename(tmp_path / "moved")
    if kind == "file":
        own.write_text(f"gitdir: {user.folder}/.git\n")
    if kind == "link":
        own.symlink_to(user.folder / ".git")
    if kind == "other":
        user.run("init", "-q", str(workspace.path))
    before = user.run("rev-parse", "HEAD")
    user.write({"new": b"x"}, under=workspace.path)
    made = user.commit(workspace)
    assert made is not None
    assert user.git.files(made) == ["README.md", "new", "src/app.py"]
    theirs = user.work(before, {"other": b"y"})
    assert user.git.merge(workspace, theirs, AUTHOR, CommitMessage(subject="Merge")) == ()
    assert (user.folder / ".git/config").exists()
    assert user.run("rev-parse", "HEAD") == before
    assert user.run("status", "--porcelain") == ""
    assert user.run("log", "-1", "--format=%s", cwd=workspace.path) == "Merge"


def test_nested_repositories_special_and_huge_files_stay_out(
    user: UserRepository, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "MAX_FILE_BYTES", 1_000_000)
    files = {"huge.bin": b"x" * 1_000_001, "large.bin": b"x" * 1_000_000, "kept": b"x", "src/nested/file": b"x"}
    user.write(files, under=workspace.path)
    user.run("init", "-q", str(workspace.path / "src/nested"))
    user.run("init", "-q", str(workspace.path / "with-commit"))
    user.run("commit", "-q", "--allow-empty", "-m", "Begin", cwd=workspace.path / "with-commit")
    (workspace.path / "README.md").unlink()
    os.mkfifo(workspace.path / "README.md")
    made = user.commit(workspace)
    assert made is not None
    assert user.git.files(made) == ["README.md", "kept", "large.bin", "src/app.py"]
    assert "160000" not in user.run("ls-tree", "-r", made, cwd=workspace.path)
    assert sorted(user.git.left_out(workspace)) == [
        "README.md: it is neither a file nor a symbolic link",
        "huge.bin: it has 1 MB, and the limit is 1 MB",
        "src/nested/: it is a git repository of its own",
        "with-commit/: it is a git repository of its own",
    ]


def test_a_repository_made_in_a_tracked_folder_keeps_its_files(user: UserRepository, workspace: Workspace) -> None:
    user.run("init", "-q", str(workspace.path / "src"))
    user.write({"src/app.py": b"changed\n"}, under=workspace.path)
    made = user.commit(workspace)
    assert made is not None
    assert user.git.read(made, "src/app.py") == b"changed\n"


def test_a_folder_that_became_a_link_is_committed_as_one(user: UserRepository, workspace: Workspace) -> None:
    (workspace.path / "src").rename(workspace.path / "real")
    (workspace.path / "src").symlink_to("real")
    made = user.commit(workspace)
    assert made is not None
    assert user.git.files(made) == ["README.md", "real/app.py", "src"]
    assert user.git.read(made, "src") == b"real"


def test_an_ignored_link_in_place_of_a_folder_removes_its_files(user: UserRepository, workspace: Workspace) -> None:
    (workspace.path / "src/app.py").unlink()
    (workspace.path / "src").rmdir()
    (workspace.path / "src").symlink_to(user.folder / "src")
    user.write({".gitignore": b"src\n"}, under=workspace.path)
    (user.folder / "src/app.py").write_bytes(b"a secret of the user\n")
    made = user.commit(workspace)
    assert made is not None
    assert user.git.files(made) == [".gitignore", "README.md"]


def test_files_and_folders_can_change_places(user: UserRepository, workspace: Workspace) -> None:
    user.write({"README.md": None, "src/app.py": None}, under=workspace.path)
    (workspace.path / "src").rmdir()
    user.write({"README.md/inside": b"x", "src": b"y"}, under=workspace.path)
    made = user.commit(workspace)
    assert made is not None
    assert user.git.files(made) == ["README.md/inside", "src"]


def test_a_commit_says_who_and_when(user: UserRepository, workspace: Workspace) -> None:
    user.write({"new": b"x"}, under=workspace.path)
    author = type(AUTHOR)(name="evil <a@b>\nauthor", email="x> y\n<z")
    made = user.git.commit(workspace, author, CommitMessage(subject="S", body="B\n\nReviewed-by: nobody\0"))
    assert made is not None
    told = user.run("show", "-s", "--format=%an|%ae|%cn|%ce|%at|%ct", made, cwd=user.git.prepare("s", made).path)
    seconds = str(int(NOW.timestamp()))
    assert told.split("|") == ["evil a@b author", "xyz", "Mycelium", "noreply@mycelium.invalid", seconds, seconds]


def test_commits_are_authored_to_the_same_id_twice(user: UserRepository) -> None:
    base = user.git.snapshot().base
    assert user.work(base, {"a": b"a"}) == user.work(base, {"a": b"a"})


def test_a_local_exclude_of_the_user_holds_in_workspaces(user: UserRepository) -> None:
    user.write({".git/info/exclude": b"*.local\n"})
    workspace = user.git.prepare("edit", user.git.snapshot().base)
    user.write({"mine.local": b"x"}, under=workspace.path)
    assert user.git.changes(workspace) == ()


def test_twelve_workspaces_at_once(user: UserRepository) -> None:
    base = user.git.snapshot().base
    adapters = [user.adapter() for _ in range(12)]
    with ThreadPoolExecutor(12) as pool:
        made = list(pool.map(lambda git: git.prepare("edit", base), adapters))
    assert len({workspace.path for workspace in made}) == 12
    assert all(user.run("status", "--porcelain", cwd=workspace.path) == "" for workspace in made)


def test_release_removes_what_is_read_only(user: UserRepository, workspace: Workspace) -> None:
    user.write({"cache/module/file": b"x"}, under=workspace.path)
    for place in ("cache/module/file", "cache/module", "cache"):
        (workspace.path / place).chmod(0o500)
    user.git.release(workspace)
    assert not workspace.path.exists()
    user.git.release(workspace)


def test_release_follows_no_link_out_of_the_workspace(user: UserRepository, workspace: Workspace) -> None:
    (workspace.path / "out").symlink_to(user.folder)
    user.git.release(workspace)
    assert (user.folder / "README.md").exists()


def test_only_workspaces_can_be_released(user: UserRepository) -> None:
    with pytest.raises(NotFound):
        user.git.release(Workspace(path=user.folder, git_dir=None, base=None))
    assert (user.folder / "README.md").exists()


_LEAVE_BEHIND = """
import os, sys
from pathlib import Path
from orchestrator.git.repository import GitRepository
git = GitRepository(root=Path(sys.argv[1]), cache_dir=Path(sys.argv[2]), environ=os.environ)
base = git.snapshot().base
for name in sys.argv[3:]:
    print(git.prepare(name, base).path, flush=True)
os._exit(0)
"""


def leave_behind(user: UserRepository, *names: str) -> list[Path]:
    """Workspaces of a process that died."""
    command = [sys.executable, "-c", _LEAVE_BEHIND, str(user.folder), str(user.cache), *names]
    environ = {**user.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, env=environ, check=True, capture_output=True, text=True)
    paths = [Path(line) for line in done.stdout.split()]
    for age, path in enumerate(paths):
        os.utime(path.parent.parent / "private" / path.name / "lock", (1_000_000 + age, 1_000_000 + age))
    return paths


def test_sweep_removes_leftovers_but_not_what_is_in_use(user: UserRepository) -> None:
    (left,) = leave_behind(user, "left")
    used = user.git.prepare("used", user.git.snapshot().base)
    assert user.adapter().sweep(quota_bytes=10**12) == 0
    assert user.adapter().sweep(quota_bytes=0) > 0
    assert (left.exists(), used.path.exists()) == (False, True)
    user.git.release(used)
    assert list(left.parent.iterdir()) == []


def test_sweep_takes_the_oldest_first_and_no_more_than_needed(user: UserRepository) -> None:
    old, new = leave_behind(user, "old", "new")
    user.write({"ballast": os.urandom(400_000)}, under=old)
    user.write({"ballast": os.urandom(400_000)}, under=new)
    freed = user.git.sweep(quota_bytes=600_000)
    assert (old.exists(), new.exists()) == (False, True)
    assert freed >= 400_000


def test_a_sweep_packs_refs_and_removes_what_interrupted_calls_left(
    user: UserRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = user.git.snapshot().base
    made = [user.work(base, {"a": bytes([number])}) for number in range(3)]
    folder = next(user.cache.glob("repositories/*"))
    for name in ("snapshot-old", "bundle-new"):
        (folder / name).mkdir()
    os.utime(folder / "snapshot-old", (1, 1))
    monkeypatch.setattr(mirror, "_MANY_REFS", 2)
    user.git.sweep(quota_bytes=10**12)
    assert not list((folder / "mirror.git").glob("refs/mycelium/commits/*"))
    assert all(user.git.has(commit) for commit in made)
    assert [path.name for path in folder.glob("*-*")] == ["bundle-new"]


def test_the_cache_is_for_its_user_alone(user: UserRepository, workspace: Workspace) -> None:
    folder = next(user.cache.glob("repositories/*"))
    assert workspace.path.is_relative_to(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_workspace_tells_which_object_stores_its_git_reads(user: UserRepository) -> None:
    """All of them, as one that borrows from another is followed; and only objects, not what says whose they are."""
    shared = user.folder.with_name("shared.git")
    user.run("clone", "-q", "--bare", str(user.folder), str(shared))
    clone = user.folder.with_name("clone")
    user.run("clone", "-q", "--shared", str(shared), str(clone))
    adapter = user.adapter(clone)
    workspace = adapter.prepare("work", user.run("rev-parse", "HEAD"))
    mirror = workspace.path.parents[1] / "mirror.git"
    assert workspace.borrowed == (mirror / "objects", clone / ".git/objects", shared / "objects")
    assert adapter.prepare("empty", None).borrowed == ()
