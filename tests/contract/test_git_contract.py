"""What the `Git` port promises, of the real thing and of the fake."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest

from orchestrator.errors import BadInput, Conflict, NotFound, Unavailable
from orchestrator.execution.commit import FileChange
from orchestrator.git.repository import GitRepository
from orchestrator.lifecycle.ports import Author, CommitMessage, Git, Workspace
from orchestrator.lifecycle.ports.github import Remote
from tests.fakes.git import MemoryGit

AUTHOR = Author(name="test-writer", email="test-writer@mycelium.invalid")
FILES = {"README.md": b"# Example\n", "src/app.py": b"def main():\n    return 1\n", "docs/guide.md": b"Guide\n"}
UNKNOWN = "1" * 40


class Setting(Protocol):
    """A user's repository, and what a user can do to it."""

    git: Git

    def edit(self, path: str, content: bytes | None) -> None: ...

    def branches(self) -> Mapping[str, str]: ...

    def elsewhere(self) -> Git: ...

    def remote(self) -> Remote:
        """An empty repository that may be pushed to."""
        ...

    def pushed(self) -> Mapping[str, str]:
        """Its branches."""
        ...


@dataclass
class RealSetting:
    folder: Path
    git: Git

    def edit(self, path: str, content: bytes | None) -> None:
        place = self.folder / "checkout" / path
        if content is None:
            place.unlink()
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)

    def branches(self) -> Mapping[str, str]:
        lines = run_git(
            self.folder / "checkout", "for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", "refs/heads"
        )
        return dict(line.split() for line in lines.splitlines())  # type: ignore[misc]

    def elsewhere(self) -> Git:
        place = self.folder / "elsewhere"
        return GitRepository(root=place, cache_dir=place / "cache", environ=os.environ)

    def remote(self) -> Remote:
        place = self.folder / "remote.git"
        run_git(self.folder, "init", "--quiet", "--bare", str(place))
        return Remote(url=f"file://{place}", token="")

    def pushed(self) -> Mapping[str, str]:
        lines = run_git(self.folder / "remote.git", "for-each-ref", "--format=%(refname:lstrip=2) %(objectname)")
        return dict(line.split() for line in lines.splitlines())  # type: ignore[misc]


@dataclass
class MemorySetting:
    folder: Path
    git: MemoryGit

    def edit(self, path: str, content: bytes | None) -> None:
        if content is None:
            del self.git.checkout[path]
        else:
            self.git.checkout[path] = content

    def branches(self) -> Mapping[str, str]:
        return self.git.branches

    def elsewhere(self) -> Git:
        return MemoryGit(self.folder / "elsewhere", {})

    def remote(self) -> Remote:
        self.git.remotes["https://git.example.invalid/it"] = {}
        return Remote(url="https://git.example.invalid/it", token="")

    def pushed(self) -> Mapping[str, str]:
        return self.git.remotes["https://git.example.invalid/it"]


def run_git(folder: Path, *arguments: str) -> str:
    environment = {"PATH": os.environ["PATH"], "HOME": os.devnull, "GIT_CONFIG_GLOBAL": os.devnull}
    environment |= {f"GIT_{role}_{part}": "Example" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    done = subprocess.run(["git", *arguments], cwd=folder, env=environment, check=True, capture_output=True, text=True)
    return done.stdout


def real(folder: Path) -> Setting:
    checkout = folder / "checkout"
    for path, content in FILES.items():
        (checkout / path).parent.mkdir(parents=True, exist_ok=True)
        (checkout / path).write_bytes(content)
    run_git(checkout, "init", "-q", "-b", "main")
    run_git(checkout, "add", "-A")
    run_git(checkout, "commit", "-q", "-m", "Begin")
    git = GitRepository(root=checkout, cache_dir=folder / "cache", environ=os.environ)
    return RealSetting(folder=folder, git=git)


def memory(folder: Path) -> Setting:
    return MemorySetting(folder=folder, git=MemoryGit(folder / "workspaces", FILES))


@pytest.fixture(params=[real, memory], ids=["real", "memory"])
def setting(request: pytest.FixtureRequest, tmp_path: Path) -> Setting:
    make: Callable[[Path], Setting] = request.param
    return make(tmp_path)


def say(subject: str, **more: Any) -> CommitMessage:
    return CommitMessage(subject=subject, **more)


def write(workspace: Workspace, files: Mapping[str, bytes | None]) -> None:
    for path, content in files.items():
        place = workspace.path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            place.unlink()
        else:
            place.write_bytes(content)


def commit_of(git: Git, base: str, files: Mapping[str, bytes | None], subject: str = "Work") -> str:
    """The commit an agent's node makes of these edits."""
    workspace = git.prepare(subject, base)
    write(workspace, files)
    made = git.commit(workspace, AUTHOR, say(subject))
    git.release(workspace)
    assert made is not None
    return made


def test_a_snapshot_of_a_clean_checkout_is_its_commit(setting: Setting) -> None:
    snapshot = setting.git.snapshot()
    assert (snapshot.base, snapshot.dirty, snapshot.branch) == (snapshot.head, False, "main")
    assert snapshot.head == setting.branches()["main"]


def test_a_snapshot_takes_uncommitted_changes_of_tracked_files_along(setting: Setting) -> None:
    setting.edit("README.md", b"# Changed\n")
    setting.edit("docs/guide.md", None)
    setting.edit("untracked.txt", b"mine\n")
    snapshot = setting.git.snapshot()
    assert snapshot.dirty
    assert setting.git.read(snapshot.base, "README.md") == b"# Changed\n"
    assert setting.git.files(snapshot.base) == ["README.md", "src/app.py"]
    assert setting.git.read(snapshot.head, "README.md") == b"# Example\n"
    assert setting.git.snapshot().base == snapshot.base


def test_a_snapshot_of_a_ref_leaves_uncommitted_changes_out(setting: Setting) -> None:
    setting.edit("README.md", b"# Changed\n")
    snapshot = setting.git.snapshot("main")
    assert (snapshot.base, snapshot.dirty, snapshot.branch) == (snapshot.head, False, "main")
    assert setting.git.snapshot(snapshot.head).branch == ""


@pytest.mark.parametrize("ref", ["no-such-branch", UNKNOWN, "--all", "main..main"])
def test_a_snapshot_of_a_ref_that_is_not_there_is_refused(setting: Setting, ref: str) -> None:
    with pytest.raises(BadInput):
        setting.git.snapshot(ref)


def test_a_workspace_has_the_files_of_its_commit_and_a_name_for_people(setting: Setting) -> None:
    base = setting.git.snapshot().base
    workspace = setting.git.prepare("test (3.11)", base)
    assert (workspace.path / "src/app.py").read_bytes() == FILES["src/app.py"]
    assert workspace.path.name.startswith("test-3.11")
    assert (workspace.base, setting.git.head(workspace)) == (base, base)
    assert setting.git.changes(workspace) == ()


def test_two_workspaces_of_one_name_are_two_folders(setting: Setting) -> None:
    base = setting.git.snapshot().base
    first, second = setting.git.prepare("lint", base), setting.git.prepare("lint", base)
    write(first, {"README.md": b"first\n"})
    assert (second.path / "README.md").read_bytes() == FILES["README.md"]


def test_a_workspace_without_commit_is_an_empty_folder(setting: Setting) -> None:
    workspace = setting.git.prepare("scratch", None)
    assert list(workspace.path.iterdir()) == []
    assert (workspace.git_dir, workspace.base, setting.git.changes(workspace)) == (None, None, ())
    with pytest.raises(NotFound):
        setting.git.commit(workspace, AUTHOR, say("No"))
    setting.git.release(workspace)
    assert not workspace.path.exists()


def test_a_workspace_of_an_unknown_commit_is_refused(setting: Setting) -> None:
    with pytest.raises(NotFound):
        setting.git.prepare("lint", UNKNOWN)


def test_changes_lists_what_differs_untracked_included_and_ignored_not(setting: Setting) -> None:
    workspace = setting.git.prepare("edit", setting.git.snapshot().base)
    edits = {"README.md": b"# Example\nmore\n", "docs/guide.md": None, "new.bin": b"\0\1", ".gitignore": b"*.log\n"}
    write(workspace, {**edits, "noise.log": b"x"})
    expected = [
        FileChange(path=".gitignore", status="added", additions=1, deletions=0),
        FileChange(path="README.md", status="modified", additions=1, deletions=0),
        FileChange(path="docs/guide.md", status="deleted", additions=0, deletions=1),
        FileChange(path="new.bin", status="added"),
    ]
    assert sorted(setting.git.changes(workspace), key=lambda change: change.path) == expected


def test_a_moved_file_is_a_rename(setting: Setting) -> None:
    workspace = setting.git.prepare("move", setting.git.snapshot().base)
    write(workspace, {"src/app.py": None, "src/main.py": FILES["src/app.py"]})
    renamed = FileChange(path="src/main.py", status="renamed", additions=0, deletions=0, previous_path="src/app.py")
    assert setting.git.changes(workspace) == (renamed,)


def test_a_commit_has_author_message_trailers_and_changes(setting: Setting) -> None:
    base = setting.git.snapshot().base
    workspace = setting.git.prepare("edit", base)
    write(workspace, {"README.md": b"# Better\n"})
    trailers = (("Mycelium-Execution", "e1"), ("Mycelium-Node", "edit"))
    made = setting.git.commit(workspace, AUTHOR, say("Say it better", body="Why not.", trailers=trailers))
    assert made is not None
    (commit,) = setting.git.log(base, made)
    assert (commit.sha, commit.parents, commit.subject, commit.body) == (made, (base,), "Say it better", "Why not.")
    assert (commit.author_name, commit.author_email, commit.trailers) == (AUTHOR.name, AUTHOR.email, trailers)
    assert commit.changes == (FileChange(path="README.md", status="modified", additions=1, deletions=1),)
    assert setting.git.head(workspace) == made


def test_a_commit_of_nothing_is_none(setting: Setting) -> None:
    base = setting.git.snapshot().base
    workspace = setting.git.prepare("look", base)
    assert setting.git.commit(workspace, AUTHOR, say("Nothing")) is None
    assert setting.git.head(workspace) == base


def test_a_second_commit_follows_the_first(setting: Setting) -> None:
    base = setting.git.snapshot().base
    workspace = setting.git.prepare("edit", base)
    write(workspace, {"one": b"1\n"})
    first = setting.git.commit(workspace, AUTHOR, say("One"))
    write(workspace, {"two": b"2\n"})
    second = setting.git.commit(workspace, AUTHOR, say("Two"))
    assert second is not None
    assert [commit.sha for commit in setting.git.log(base, second)] == [first, second]
    assert {change.path for change in setting.git.changes(workspace)} == {"one", "two"}


def test_a_trailer_cannot_be_smuggled_in(setting: Setting) -> None:
    base = setting.git.snapshot().base
    workspace = setting.git.prepare("edit", base)
    write(workspace, {"one": b"1\n"})
    message = say("One\n\nMycelium-Node: admin", trailers=(("Mycelium-Node", "edit\nMycelium-Agent: admin"),))
    made = setting.git.commit(workspace, AUTHOR, message)
    assert made is not None
    (commit,) = setting.git.log(base, made)
    assert commit.trailers == (("Mycelium-Node", "edit Mycelium-Agent: admin"),)
    assert commit.subject == "One Mycelium-Node: admin"


def test_a_nested_repository_is_left_out_and_said_so(setting: Setting) -> None:
    workspace = setting.git.prepare("clone", setting.git.snapshot().base)
    write(workspace, {"kept.txt": b"x\n", "vendor/lib/code.py": b"x\n"})
    run_git(workspace.path / "vendor/lib", "init", "-q")
    made = setting.git.commit(workspace, AUTHOR, say("Clone something"))
    assert made is not None
    assert "kept.txt" in setting.git.files(made)
    assert setting.git.files(made, under="vendor") == []
    (line,) = setting.git.left_out(workspace)
    assert line == "vendor/lib/: it is a git repository of its own"


def test_a_merge_of_separate_changes_succeeds(setting: Setting) -> None:
    git = setting.git
    base = git.snapshot().base
    ours, theirs = commit_of(git, base, {"a": b"a\n"}, "A"), commit_of(git, base, {"b": b"b\n"}, "B")
    workspace = git.prepare("merge", ours)
    assert git.merge(workspace, theirs, AUTHOR, say("Merge")) == ()
    assert (workspace.path / "b").read_bytes() == b"b\n"
    merged = git.head(workspace)
    assert [commit.subject for commit in git.log(ours, merged)] == ["B", "Merge"]
    assert git.log(base, merged)[-1].parents == (ours, theirs)
    assert git.commit(workspace, AUTHOR, say("Nothing left")) is None


def test_a_merge_of_what_is_there_already_does_nothing(setting: Setting) -> None:
    git = setting.git
    base = git.snapshot().base
    ours = commit_of(git, base, {"a": b"a\n"})
    workspace = git.prepare("merge", ours)
    assert git.merge(workspace, base, AUTHOR, say("Merge")) == ()
    assert git.head(workspace) == ours


def test_a_merge_of_a_descendant_moves_forward(setting: Setting) -> None:
    git = setting.git
    base = git.snapshot().base
    theirs = commit_of(git, base, {"a": b"a\n"})
    workspace = git.prepare("merge", base)
    assert git.merge(workspace, theirs, AUTHOR, say("Merge")) == ()
    assert git.head(workspace) == theirs
    assert (workspace.path / "a").exists()


@pytest.fixture
def conflict(setting: Setting) -> tuple[Workspace, str, str]:
    git = setting.git
    base = git.snapshot().base
    ours = commit_of(git, base, {"src/app.py": b"def main():\n    return 2\n"}, "Return two")
    theirs = commit_of(git, base, {"src/app.py": b"def main():\n    return 3\n", "b": b"b\n"}, "Return three")
    workspace = git.prepare("merge", ours)
    assert git.merge(workspace, theirs, AUTHOR, say("Merge")) == ("src/app.py",)
    return workspace, ours, theirs


def test_a_conflict_lies_in_the_workspace_with_markers(setting: Setting, conflict: tuple[Workspace, str, str]) -> None:
    workspace, ours, _ = conflict
    text = (workspace.path / "src/app.py").read_text()
    assert "<<<<<<< HEAD" in text
    assert "return 2" in text
    assert "return 3" in text
    assert (workspace.path / "b").exists()
    assert setting.git.head(workspace) == ours


def test_a_conflict_is_concluded_once_its_markers_are_gone(
    setting: Setting, conflict: tuple[Workspace, str, str]
) -> None:
    workspace, ours, theirs = conflict
    assert setting.git.conclude_merge(workspace, AUTHOR, say("Merge")) == ("src/app.py",)
    assert setting.git.head(workspace) == ours
    write(workspace, {"src/app.py": b"def main():\n    return 5\n"})
    assert setting.git.conclude_merge(workspace, AUTHOR, say("Merge both")) == ()
    merged = setting.git.head(workspace)
    assert setting.git.read(merged, "src/app.py") == b"def main():\n    return 5\n"
    assert setting.git.read(merged, "b") == b"b\n"
    assert setting.git.log(ours, merged)[-1].parents == (ours, theirs)


def test_during_a_merge_nothing_else_is_committed_or_merged(
    setting: Setting, conflict: tuple[Workspace, str, str]
) -> None:
    workspace, _, theirs = conflict
    with pytest.raises(Conflict):
        setting.git.commit(workspace, AUTHOR, say("No"))
    with pytest.raises(Conflict):
        setting.git.merge(workspace, theirs, AUTHOR, say("No"))


def test_changes_during_a_merge_are_told_and_change_nothing(
    setting: Setting, conflict: tuple[Workspace, str, str]
) -> None:
    workspace, ours, _ = conflict
    assert {change.path for change in setting.git.changes(workspace)} == {"src/app.py", "b"}
    write(workspace, {"src/app.py": b"def main():\n    return 5\n", "c": b"c\n"})
    assert {change.path for change in setting.git.changes(workspace)} == {"src/app.py", "b", "c"}
    assert setting.git.conclude_merge(workspace, AUTHOR, say("Merge both")) == ()
    merged = setting.git.log(ours, setting.git.head(workspace))[-1]
    assert {change.path for change in merged.changes} == {"src/app.py", "b", "c"}


def test_what_lies_in_the_git_folder_is_never_a_change(setting: Setting) -> None:
    git = setting.git
    tracked = {".mycelium/needs/a.md": b"mine\n", ".gitattributes": b"* -text\n"}
    base = commit_of(git, git.snapshot().base, tracked)
    workspace = git.prepare("read", base)
    write(workspace, {".git/mycelium/needs/a.md": b"found\n"})
    assert git.changes(workspace) == ()
    assert git.commit(workspace, AUTHOR, say("Nothing")) is None
    write(workspace, {"new": b"new\n"})
    made = git.commit(workspace, AUTHOR, say("Something"))
    assert made is not None
    assert git.files(made, under=".git") == []
    assert git.read(made, ".mycelium/needs/a.md") == b"mine\n"
    assert git.left_out(workspace) == ()


def test_a_file_deleted_by_one_side_conflicts_until_decided(setting: Setting) -> None:
    git = setting.git
    base = git.snapshot().base
    ours = commit_of(git, base, {"docs/guide.md": None}, "Delete")
    theirs = commit_of(git, base, {"docs/guide.md": b"Guide, better\n"}, "Improve")
    workspace = git.prepare("merge", ours)
    assert git.merge(workspace, theirs, AUTHOR, say("Merge")) == ("docs/guide.md",)
    assert git.conclude_merge(workspace, AUTHOR, say("Merge")) == ("docs/guide.md",)
    write(workspace, {"docs/guide.md": None})
    assert git.conclude_merge(workspace, AUTHOR, say("Merge")) == ()
    assert git.files(git.head(workspace), under="docs") == []


def test_without_a_merge_there_is_nothing_to_conclude(setting: Setting) -> None:
    workspace = setting.git.prepare("edit", setting.git.snapshot().base)
    with pytest.raises(Conflict):
        setting.git.conclude_merge(workspace, AUTHOR, say("Merge"))


def test_a_released_workspace_is_gone_and_its_commits_stay(setting: Setting) -> None:
    git = setting.git
    workspace = git.prepare("edit", git.snapshot().base)
    write(workspace, {"a": b"a\n"})
    made = git.commit(workspace, AUTHOR, say("A"))
    git.release(workspace)
    assert not workspace.path.exists()
    assert made is not None
    assert git.has(made)
    with pytest.raises(NotFound):
        git.head(workspace)


def test_a_bundle_carries_commits_to_another_machine(setting: Setting) -> None:
    git, other = setting.git, setting.elsewhere()
    base = git.snapshot().base
    made = commit_of(git, base, {"a": b"a\n"})
    other.unbundle(git.bundle(base, known=[]))
    assert not other.has(made)
    other.unbundle(git.bundle(made, known=[base, UNKNOWN]))
    assert other.has(made)
    workspace = other.prepare("next", made)
    assert (workspace.path / "a").read_bytes() == b"a\n"


def test_a_bundle_of_what_is_known_is_harmless(setting: Setting) -> None:
    git = setting.git
    base = git.snapshot().base
    git.unbundle(git.bundle(base, known=[base]))
    assert git.has(base)


def test_a_bundle_on_unknown_commits_is_refused(setting: Setting) -> None:
    git = setting.git
    base = git.snapshot().base
    made = commit_of(git, base, {"a": b"a\n"})
    with pytest.raises(Conflict):
        setting.elsewhere().unbundle(git.bundle(made, known=[base]))


def test_a_broken_bundle_is_refused(setting: Setting) -> None:
    with pytest.raises(BadInput):
        setting.git.unbundle(b"no bundle at all")


def test_log_is_in_topological_order_oldest_first(setting: Setting) -> None:
    git = setting.git
    base = git.snapshot().base
    first = commit_of(git, base, {"a": b"a\n"}, "First")
    second = commit_of(git, first, {"b": b"b\n"}, "Second")
    assert [commit.subject for commit in git.log(base, second)] == ["First", "Second"]
    assert git.log(second, second) == []


def test_the_history_of_paths_is_what_the_branch_itself_was_at(setting: Setting) -> None:
    git = setting.git
    base = git.snapshot().base
    first = commit_of(git, base, {"flows/a": b"1\n", "ab": b"1\n"})
    elsewhere = commit_of(git, first, {"flows/b": b"never a tip\n"})
    more = commit_of(git, elsewhere, {"flows/b": b"merged\n"})
    unrelated = commit_of(git, first, {"README.md": b"x\n"})
    workspace = git.prepare("merge", unrelated)
    assert git.merge(workspace, more, AUTHOR, say("Merge")) == ()
    merged = git.head(workspace)
    moved = commit_of(git, merged, {"flows/a": None, "gone": b"1\n"})
    assert git.history(moved, ["flows"], limit=9) == [moved, merged, first]
    assert git.history(moved, ["flows/b", "README.md"], limit=9) == [merged, unrelated, base]
    assert git.history(moved, ["flows/", "a", "*"], limit=1) == [moved]
    assert git.history(moved, ["a", "*", "flo"], limit=9) == []
    assert git.history(moved, [], limit=9) == []


def test_difference_is_that_of_two_commits_whatever_lies_between(setting: Setting) -> None:
    git = setting.git
    base = git.snapshot().base
    there = commit_of(git, base, {"a": b"a\n", "docs/guide.md": None}, "There")
    back = commit_of(git, there, {"a": None, "b": b"b\n"}, "And back")
    found = {change.path: change.status for change in git.difference(base, back)}
    assert found == {"b": "added", "docs/guide.md": "deleted"}
    assert {change.path for change in git.difference(back, there)} == {"a", "b"}
    assert git.difference(base, base) == ()


def test_diff_is_unified_and_ends_at_a_file_boundary(setting: Setting) -> None:
    git = setting.git
    base = git.snapshot().base
    made = commit_of(git, base, {"a.txt": b"small\n", "b.txt": b"large\n" * 1000})
    whole = git.diff(base, made)
    assert "diff --git a/a.txt b/a.txt" in whole
    assert whole.count("\n+large") == 1000
    cut = git.diff(base, made, limit=2000)
    assert "+small" in cut
    assert "b.txt" not in cut
    assert cut.endswith("# The diff goes on: what is left out would take it past 2,000 bytes.\n")


def test_many_files_are_read_at_once(setting: Setting) -> None:
    git = setting.git
    files = {"a": b"a\n", "b/c d": b"", "same": b"a\n", "bin": b"\0\n\xff", "long": b"x\n" * 100_000, "ü": b"no end"}
    made = commit_of(git, git.snapshot().base, files)
    assert git.read_all(made, [*files, "not there", "b"]) == files
    assert git.read_all(made, ["a"]) == {"a": b"a\n"}
    assert git.read_all(made, []) == {}


def test_read_and_files_look_into_a_commit(setting: Setting) -> None:
    git = setting.git
    base = git.snapshot().base
    assert git.files(base) == sorted(FILES)
    assert git.files(base, under="src") == git.files(base, under="src/") == ["src/app.py"]
    assert git.files(base, under="sr") == []
    assert git.read(base, "README.md") == FILES["README.md"]
    assert git.read(base, "missing") is None
    assert git.read(base, "src") is None


@pytest.mark.parametrize("name", ["", "main", "HEAD", "--help", "abc123", "1" * 39])
def test_only_a_full_commit_id_names_a_commit(setting: Setting, name: str) -> None:
    setting.git.snapshot()
    for ask in (setting.git.has, lambda commit: setting.git.read(commit, "README.md"), setting.git.files):
        with pytest.raises(BadInput):
            ask(name)


def test_an_unknown_commit_is_not_found(setting: Setting) -> None:
    git = setting.git
    base = git.snapshot().base
    assert not git.has(UNKNOWN)
    for ask in (git.files, lambda name: git.read(name, "a"), lambda name: git.log(base, name)):
        with pytest.raises(NotFound):
            ask(UNKNOWN)


def test_a_branch_appears_in_the_users_repository_once(setting: Setting) -> None:
    git = setting.git
    base = git.snapshot().base
    first, second = commit_of(git, base, {"a": b"a\n"}), commit_of(git, base, {"b": b"b\n"})
    git.create_branch("mycelium/demo", first)
    git.create_branch("mycelium/demo", first)
    assert setting.branches()["mycelium/demo"] == first
    with pytest.raises(Conflict):
        git.create_branch("mycelium/demo", second)
    with pytest.raises(Conflict):
        git.create_branch("main", first)
    assert setting.branches() == {"main": base, "mycelium/demo": first}


@pytest.mark.parametrize("name", ["", "-f", "a..b", "a b", "HEAD", "a.lock", "/a", "a/", "a~1", "@{-1}", "a\nb"])
def test_a_branch_name_git_forbids_is_refused(setting: Setting, name: str) -> None:
    base = setting.git.snapshot().base
    with pytest.raises(BadInput):
        setting.git.create_branch(name, base)
    assert set(setting.branches()) == {"main"}


def test_a_push_moves_a_branch_from_where_it_was_expected_and_no_other(setting: Setting) -> None:
    git, remote = setting.git, setting.remote()
    base = git.snapshot().base
    first = commit_of(git, base, {"a": b"a\n"})
    second, other = commit_of(git, first, {"b": b"b\n"}), commit_of(git, base, {"c": b"c\n"})
    for _ in range(2):
        git.push(remote, "mycelium/demo/1", first, expected=None)
    with pytest.raises(Conflict):
        git.push(remote, "mycelium/demo/1", other, expected=None)
    git.push(remote, "mycelium/demo/1", second, expected=first)
    with pytest.raises(Conflict):
        git.push(remote, "mycelium/demo/1", other, expected=first, rewrite=True)
    with pytest.raises(Conflict):
        git.push(remote, "mycelium/demo/1", other, expected=second)
    assert setting.pushed() == {"mycelium/demo/1": second}
    git.push(remote, "mycelium/demo/1", other, expected=second, rewrite=True)
    assert setting.pushed() == {"mycelium/demo/1": other}


def test_what_cannot_be_pushed_is_refused(setting: Setting) -> None:
    git, remote = setting.git, setting.remote()
    base = git.snapshot().base
    with pytest.raises(BadInput):
        git.push(remote, "a..b", base, expected=None)
    with pytest.raises(NotFound):
        git.push(remote, "a", UNKNOWN, expected=None)
    with pytest.raises(Unavailable):
        git.push(Remote(url=f"{remote.url}-gone", token=""), "a", base, expected=None)


def test_a_sweep_leaves_living_workspaces_alone(setting: Setting) -> None:
    workspace = setting.git.prepare("edit", setting.git.snapshot().base)
    assert setting.git.sweep(quota_bytes=0) == 0
    assert (workspace.path / "README.md").exists()


def test_a_commit_tells_what_it_builds_on(setting: Setting) -> None:
    first = setting.git.snapshot().head
    setting.edit("README.md", b"# Changed\n")
    assert setting.git.parents(setting.git.snapshot().base) == (first,)
    assert setting.git.parents(first) == ()
