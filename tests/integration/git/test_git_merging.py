"""Conflicts of every kind git knows, and how each is settled."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import Conflict
from orchestrator.lifecycle.ports import CommitMessage, Workspace
from tests.integration.git.user_repository import AUTHOR, UserRepository

MERGE = CommitMessage(subject="Merge")
Edits = dict[str, bytes | None]


def merge(user: UserRepository, ours: Edits, theirs: Edits) -> tuple[Workspace, tuple[str, ...]]:
    base = user.git.snapshot().base
    mine, yours = user.work(base, ours, "Ours"), user.work(base, theirs, "Fix the parser")
    workspace = user.git.prepare("merge", mine)
    return workspace, user.git.merge(workspace, yours, AUTHOR, MERGE)


def conclude(user: UserRepository, workspace: Workspace) -> tuple[str, ...]:
    return user.git.conclude_merge(workspace, AUTHOR, MERGE)


def test_separate_lines_of_one_file_merge(user: UserRepository) -> None:
    user.save({"src/app.py": b"one\n" + b"same\n" * 8 + b"two\n"})
    workspace, conflicts = merge(
        user, {"src/app.py": b"1\n" + b"same\n" * 8 + b"two\n"}, {"src/app.py": b"one\n" + b"same\n" * 8 + b"2\n"}
    )
    assert conflicts == ()
    assert (workspace.path / "src/app.py").read_bytes() == b"1\n" + b"same\n" * 8 + b"2\n"


def test_markers_name_the_side_that_comes_in(user: UserRepository) -> None:
    workspace, conflicts = merge(user, {"src/app.py": b"ours\n"}, {"src/app.py": b"theirs\n"})
    assert conflicts == ("src/app.py",)
    text = (workspace.path / "src/app.py").read_text()
    assert text.startswith("<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> worktree/fix-the-parser-")


def test_the_agent_sees_the_merge_in_its_own_git(user: UserRepository) -> None:
    workspace, _ = merge(user, {"src/app.py": b"ours\n"}, {"src/app.py": b"theirs\n", "more": b"x"})
    assert user.run("status", "--porcelain", cwd=workspace.path).splitlines() == ["A  more", "UU src/app.py"]
    assert user.run("rev-parse", "MERGE_HEAD", cwd=workspace.path)


def test_a_heading_underlined_like_a_marker_is_no_conflict(user: UserRepository) -> None:
    workspace, _ = merge(user, {"src/app.py": b"ours\n"}, {"src/app.py": b"theirs\n"})
    user.write({"src/app.py": b"Heading\n=======\n"}, under=workspace.path)
    assert conclude(user, workspace) == ()


@pytest.mark.parametrize("left", [b"<<<<<<< HEAD\nours\n", b"x\r\n>>>>>>> theirs\r\n", b"||||||| base\n"])
def test_any_marker_left_keeps_the_conflict_open(user: UserRepository, left: bytes) -> None:
    workspace, conflicts = merge(user, {"src/app.py": b"ours\n"}, {"src/app.py": b"theirs\n"})
    user.write({"src/app.py": left}, under=workspace.path)
    assert conclude(user, workspace) == conflicts


def test_a_conflict_settled_by_removing_the_file(user: UserRepository) -> None:
    workspace, _ = merge(user, {"src/app.py": b"ours\n"}, {"src/app.py": b"theirs\n"})
    user.write({"src/app.py": None, "src/new.py": b"x"}, under=workspace.path)
    assert conclude(user, workspace) == ()
    assert user.git.files(user.git.head(workspace), under="src") == ["src/new.py"]


def test_a_binary_conflict_waits_for_a_decision(user: UserRepository) -> None:
    user.save({"logo.png": b"\0old"})
    workspace, conflicts = merge(user, {"logo.png": b"\0ours"}, {"logo.png": b"\0theirs"})
    assert conflicts == ("logo.png",)
    assert conclude(user, workspace) == ("logo.png",)
    user.write({"logo.png": b"\0theirs"}, under=workspace.path)
    assert conclude(user, workspace) == ()
    assert user.git.read(user.git.head(workspace), "logo.png") == b"\0theirs"


def test_keeping_our_side_of_a_binary_conflict_is_decided_by_git_add(user: UserRepository) -> None:
    user.save({"logo.png": b"\0old"})
    workspace, _ = merge(user, {"logo.png": b"\0ours"}, {"logo.png": b"\0theirs"})
    user.run("add", "logo.png", cwd=workspace.path)
    assert conclude(user, workspace) == ()
    assert user.git.read(user.git.head(workspace), "logo.png") == b"\0ours"


@pytest.mark.parametrize("damage", ["garbage", "link", "gone"])
def test_a_damaged_index_of_the_agent_decides_nothing(user: UserRepository, tmp_path: Path, damage: str) -> None:
    user.save({"logo.png": b"\0old"})
    workspace, conflicts = merge(user, {"logo.png": b"\0ours"}, {"logo.png": b"\0theirs"})
    index = workspace.path / ".git/index"
    index.rename(tmp_path / "index")
    if damage == "garbage":
        index.write_bytes(b"garbage")
    if damage == "link":
        index.symlink_to(user.folder / ".git/index")
    assert conclude(user, workspace) == conflicts


def test_a_file_renamed_here_and_deleted_there_conflicts(user: UserRepository) -> None:
    content = b"".join(b"line %d\n" % number for number in range(20))
    user.save({"old.txt": content})
    workspace, conflicts = merge(user, {"old.txt": None, "new.txt": content + b"more\n"}, {"old.txt": None})
    assert conflicts == ("new.txt",)
    user.write({"new.txt": None}, under=workspace.path)
    assert conclude(user, workspace) == ()
    assert user.git.files(user.git.head(workspace)) == ["README.md", "src/app.py"]


def test_a_file_renamed_to_two_names_conflicts(user: UserRepository) -> None:
    content = b"".join(b"line %d\n" % number for number in range(20))
    user.save({"old.txt": content})
    workspace, conflicts = merge(user, {"old.txt": None, "a.txt": content}, {"old.txt": None, "b.txt": content})
    assert set(conflicts) == {"a.txt", "b.txt", "old.txt"}
    user.write({"b.txt": None}, under=workspace.path)
    user.run("add", "a.txt", cwd=workspace.path)
    assert conclude(user, workspace) == ()
    assert user.git.files(user.git.head(workspace)) == ["README.md", "a.txt", "src/app.py"]


def test_a_change_follows_a_rename(user: UserRepository) -> None:
    content = b"".join(b"line %d\n" % number for number in range(20))
    user.save({"old.txt": content})
    workspace, conflicts = merge(user, {"old.txt": None, "new.txt": content}, {"old.txt": content + b"more\n"})
    assert conflicts == ()
    assert (workspace.path / "new.txt").read_bytes() == content + b"more\n"


def test_unrelated_histories_do_not_merge(user: UserRepository) -> None:
    base = user.git.snapshot().base
    user.run("switch", "-q", "--orphan", "other")
    other = user.save({"else": b"x"})
    workspace = user.git.prepare("merge", base)
    with pytest.raises(Conflict, match="unrelated"):
        user.git.merge(workspace, other, AUTHOR, MERGE)


def test_edits_in_the_way_of_a_merge_are_kept_and_the_merge_refused(user: UserRepository) -> None:
    base = user.git.snapshot().base
    theirs = user.work(base, {"src/app.py": b"theirs\n"})
    ours = user.work(base, {"other": b"x"})
    workspace = user.git.prepare("merge", ours)
    user.write({"src/app.py": b"unsaved\n"}, under=workspace.path)
    with pytest.raises(Conflict):
        user.git.merge(workspace, theirs, AUTHOR, MERGE)
    assert (workspace.path / "src/app.py").read_bytes() == b"unsaved\n"
    assert user.commit(workspace) is not None
