"""The repository in memory: commits are dictionaries of files, workspaces are real folders."""

from __future__ import annotations

import difflib
import fnmatch
import hashlib
import itertools
import pickle
import re
import shutil
import threading
from collections.abc import Collection, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from orchestrator.errors import BadInput, Conflict, NotFound, Unavailable
from orchestrator.execution.commit import Commit, FileChange
from orchestrator.lifecycle.ports import Author, CommitMessage, Snapshot, Workspace
from orchestrator.lifecycle.ports.git import DIFF_GOES_ON
from orchestrator.lifecycle.ports.github import Remote

Tree = Mapping[str, bytes]
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_BRANCH_NAME = re.compile(r"(?![-/.])(?!.*(\.\.|//|@\{|/\.|\.lock(/|$)))[^\x00-\x20~^:?*\[\\\x7f]+(?<![/.])")


@dataclass(frozen=True, kw_only=True)
class _Stored:
    commit: Commit
    tree: Tree


@dataclass(kw_only=True)
class _Desk:
    head: str
    merging: str | None = None
    conflicts: dict[str, bytes | None] | None = None
    left_out: tuple[str, ...] = ()


class MemoryGit:
    """`Git` in memory below `folder`, where workspaces are made. Safe for threads.

    `checkout` is the user's work tree: change it to have uncommitted changes. `branches` are the user's branches, and
    `workspaces` those that were prepared and not released. `origin` may be another repository. `remotes` are the
    branches of others, by address.
    """

    def __init__(self, folder: Path, files: Tree | None = None, *, branch: str = "main") -> None:
        self.checkout: dict[str, bytes] = dict(files or {"README.md": b"# Example\n"})
        self.branch = branch
        self.branches: dict[str, str] = {}
        self.origin: MemoryGit | None = None
        self.remotes: dict[str, MutableMapping[str, str]] = {}
        self.deepened: list[tuple[str, str | None]] = []
        """What `deepen` was called with."""
        self.quotas: list[int] = []
        """What `sweep` was called with."""
        self.workspaces: dict[Path, _Desk] = {}
        self._folder = folder
        self._commits: dict[str, _Stored] = {}
        self._clock = itertools.count()
        self._names = itertools.count(1)
        self._lock = threading.RLock()
        if files is None or files:
            self.commit_checkout("Begin")

    def commit_checkout(self, subject: str) -> str:
        """Commit the checkout on its branch, as the user would."""
        parents = [self.branches[self.branch]] if self.branch in self.branches else []
        author = Author(name="Example User", email="user@example.com")
        self.branches[self.branch] = self._store(self.checkout, parents, author, CommitMessage(subject=subject))
        return self.branches[self.branch]

    def snapshot(self, ref: str | None = None) -> Snapshot:
        if self.branch not in self.branches:
            raise BadInput("the repository has no commit yet")
        head = self.branches.get(ref or self.branch, ref or "")
        if head not in self._commits:
            raise BadInput(f"there is no commit {ref!r}")
        tracked = {path: content for path, content in self.checkout.items() if path in self._tree(head)}
        dirty = ref is None and tracked != self._tree(head)
        author, message = Author(name="Mycelium", email="noreply@mycelium.invalid"), CommitMessage(subject="Changes")
        base = self._store(tracked, [head], author, message) if dirty else head
        name = self.branch if ref is None else ref if ref in self.branches else ""
        return Snapshot(head=head, base=base, dirty=dirty, branch=name, repository="example")

    def prepare(self, name: str, commit: str | None) -> Workspace:
        tree = self._tree(commit) if commit else {}
        with self._lock:
            path = self._folder / f"{re.sub(r'[^A-Za-z0-9._-]+', '-', name)}-{next(self._names)}"
            path.mkdir(parents=True)
            self.workspaces[path] = _Desk(head=commit or "")
        _write(path, {}, tree)
        return Workspace(path=path, git_dir=path / ".git" if commit else None, base=commit)

    def changes(self, workspace: Workspace) -> tuple[FileChange, ...]:
        if workspace.base is None:
            return ()
        return _changes(self._tree(workspace.base), _read(workspace.path)[0])

    def commit(self, workspace: Workspace, author: Author, message: CommitMessage) -> str | None:
        desk = self._desk(workspace)
        if desk.merging:
            raise Conflict("a merge is under way")
        tree, desk.left_out = _read(workspace.path)
        if tree == self._tree(desk.head):
            return None
        desk.head = self._store(tree, [desk.head], author, message)
        return desk.head

    def left_out(self, workspace: Workspace) -> tuple[str, ...]:
        return self._desk(workspace).left_out

    def merge(self, workspace: Workspace, commit: str, author: Author, message: CommitMessage) -> tuple[str, ...]:
        desk = self._desk(workspace)
        if desk.merging:
            raise Conflict("a merge is under way")
        ours, theirs = set(self._ancestors(desk.head)), set(self._ancestors(commit))
        if commit in ours:
            return ()
        if desk.head in theirs:
            _write(workspace.path, self._tree(desk.head), self._tree(commit))
            desk.head = commit
            return ()
        base = next((sha for sha in self._ancestors(desk.head) if sha in theirs), None)
        if base is None:
            raise Conflict("these histories are unrelated")
        merged, conflicts = _merge(self._tree(base), self._tree(desk.head), self._tree(commit))
        _write(workspace.path, self._tree(desk.head), merged)
        if conflicts:
            desk.merging = commit
            desk.conflicts = {path: merged.get(path) for path in conflicts}
            return tuple(conflicts)
        desk.head = self._store(merged, [desk.head, commit], author, message)
        return ()

    def conclude_merge(self, workspace: Workspace, author: Author, message: CommitMessage) -> tuple[str, ...]:
        desk = self._desk(workspace)
        if desk.merging is None or desk.conflicts is None:
            raise Conflict("no merge is under way")
        tree, _ = _read(workspace.path)
        still = [path for path, left in desk.conflicts.items() if _unsettled(tree.get(path), left)]
        if still:
            return tuple(still)
        desk.head = self._store(tree, [desk.head, desk.merging], author, message)
        desk.merging = desk.conflicts = None
        return ()

    def head(self, workspace: Workspace) -> str:
        return self._desk(workspace).head

    def release(self, workspace: Workspace) -> None:
        self.workspaces.pop(workspace.path, None)
        shutil.rmtree(workspace.path, ignore_errors=True)

    def bundle(self, commit: str, *, known: Sequence[str]) -> bytes:
        self._tree(commit)
        there = {sha for name in known if name in self._commits for sha in self._ancestors(name)}
        missing = [self._commits[sha] for sha in self._ancestors(commit) if sha not in there]
        return pickle.dumps(missing) if missing else b""

    def unbundle(self, bundle: bytes) -> None:
        if not bundle:
            return
        try:
            arrived: list[_Stored] = pickle.loads(bundle)
        except pickle.UnpicklingError as error:
            raise BadInput("a bundle cannot be read") from error
        present = self._commits | {stored.commit.sha: stored for stored in arrived}
        if any(parent not in present for stored in arrived for parent in stored.commit.parents):
            raise Conflict("this machine lacks the commits that a bundle builds on")
        self._commits = present

    def published(self) -> list[str]:
        return sorted(self.origin._commits) if self.origin else []

    def fetch(self, commit: str) -> bool:
        if self.origin:
            self._commits.update(self.origin._commits)
        return self.has(commit)

    def deepen(self, commit: str, other: str | None) -> None:
        self.deepened.append((commit, other))
        if other and not self.has(other) and not self.fetch(other):
            raise Unavailable(f"there is no commit {other[:12]}")

    def parents(self, commit: str) -> tuple[str, ...]:
        self._tree(commit)
        return self._commits[commit].commit.parents

    def has(self, commit: str) -> bool:
        if not re.fullmatch(r"[0-9a-f]{40}", commit):
            raise BadInput(f"{commit!r} is not a full commit id")
        return commit in self._commits

    def log(self, base: str, commit: str) -> list[Commit]:
        self._tree(base)
        self._tree(commit)
        there = set(self._ancestors(base))
        order: list[str] = []
        self._after_parents(commit, there, order)
        return [self._with_changes(sha) for sha in order]

    def history(self, commit: str, paths: Collection[str], *, limit: int) -> list[str]:
        found, sha = list[str](), commit
        while len(found) < limit and sha:
            parents = self._commits[sha].commit.parents if self.has(sha) else ()
            before = self._tree(parents[0]) if parents else {}
            differs = [each.path for each in _changes(before, self._tree(sha))]
            differs += [each.previous_path for each in _changes(before, self._tree(sha)) if each.previous_path]
            places = [place.rstrip("/") for place in paths]
            if any(path == place or path.startswith(f"{place}/") for path in differs for place in places):
                found.append(sha)
            sha = parents[0] if parents else ""
        return found

    def difference(self, base: str, commit: str) -> tuple[FileChange, ...]:
        return _changes(self._tree(base), self._tree(commit))

    def new_files(self, base: str, commit: str, *, limit: int) -> list[bytes] | None:
        known = {content for sha in self._ancestors(base) for content in self._tree(sha).values()}
        new = {content for sha in self._ancestors(commit) for content in self._tree(sha).values()} - known
        return sorted(new) if sum(map(len, new)) <= limit else None

    def diff(self, base: str, commit: str, *, limit: int = 1_000_000, as_text: bool = False) -> str:
        old, new = self._tree(base), self._tree(commit)
        text = ""
        for path in sorted(old.keys() | new.keys()):
            if (part := _diff(path, old.get(path), new.get(path))) and len(text) + len(part) > limit:
                return f"{text}{DIFF_GOES_ON}what is left out would take it past {limit:,} bytes.\n"
            text += part
        return text

    def read(self, commit: str, path: str) -> bytes | None:
        return self._tree(commit).get(path)

    def read_all(self, commit: str, paths: Collection[str]) -> dict[str, bytes]:
        tree = self._tree(commit)
        return {path: tree[path] for path in sorted(tree) if path in set(paths)}

    def files(self, commit: str, *, under: str = "") -> list[str]:
        start = under.rstrip("/")
        return sorted(path for path in self._tree(commit) if not start or path == start or path.startswith(f"{start}/"))

    def create_branch(self, name: str, commit: str) -> None:
        self._tree(commit)
        if name == "HEAD" or not _BRANCH_NAME.fullmatch(name):
            raise BadInput(f"{name!r} is not a name git allows for a branch")
        if self.branches.get(name, commit) != commit:
            raise Conflict(f"the branch {name} exists already")
        self.branches[name] = commit

    def push(self, remote: Remote, branch: str, commit: str, *, expected: str | None, rewrite: bool = False) -> None:
        self._tree(commit)
        if not _BRANCH_NAME.fullmatch(branch):
            raise BadInput(f"{branch!r} is not a name git allows for a branch")
        follows = expected is None or (self.has(expected) and expected in self._ancestors(commit))
        if not rewrite and not follows:
            raise Conflict(f"{commit[:12]} does not come after {expected}")
        if remote.url not in self.remotes:
            raise Unavailable(f"{remote.url} does not answer")
        branches = self.remotes[remote.url]
        if branches.get(branch) not in (expected, commit):
            raise Conflict(f"the branch {branch} is elsewhere")
        branches[branch] = commit

    def sweep(self, *, quota_bytes: int) -> int:
        """Nothing is left over in memory: every workspace belongs to this living process."""
        self.quotas.append(quota_bytes)
        return 0

    def _desk(self, workspace: Workspace) -> _Desk:
        if workspace.base is None or workspace.path not in self.workspaces:
            raise NotFound(f"there is no workspace with a repository at {workspace.path}")
        return self.workspaces[workspace.path]

    def _tree(self, commit: str) -> Tree:
        if not self.has(commit):
            raise NotFound(f"there is no commit {commit}")
        return self._commits[commit].tree

    def _store(self, tree: Tree, parents: list[str], author: Author, message: CommitMessage) -> str:
        with self._lock:
            at = _EPOCH + timedelta(seconds=next(self._clock))
            told = (sorted(tree.items()), parents, author, message)
            sha = hashlib.sha1(repr(told).encode()).hexdigest()
            commit = Commit(
                sha=sha,
                parents=tuple(parents),
                author_name=author.name,
                author_email=author.email,
                at=at,
                subject=" ".join(message.subject.split()),
                body=message.body.strip(),
                trailers=tuple((key, " ".join(value.split())) for key, value in message.trailers),
            )
            self._commits.setdefault(sha, _Stored(commit=commit, tree=dict(tree)))
            return sha

    def _ancestors(self, commit: str) -> list[str]:
        """`commit` and what it builds on, nearest first."""
        found = [commit]
        for sha in found:
            found += [parent for parent in self._commits[sha].commit.parents if parent not in found]
        return found

    def _after_parents(self, sha: str, there: set[str], order: list[str]) -> None:
        if sha in there or sha in order:
            return
        for parent in self._commits[sha].commit.parents:
            self._after_parents(parent, there, order)
        order.append(sha)

    def _with_changes(self, sha: str) -> Commit:
        stored = self._commits[sha]
        before = self._commits[stored.commit.parents[0]].tree if stored.commit.parents else {}
        return replace(stored.commit, changes=_changes(before, stored.tree))


def _read(folder: Path) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """The files of a workspace that a commit takes, and what it leaves out."""
    ignored = (folder / ".gitignore").read_text().split() if (folder / ".gitignore").is_file() else []
    nested = [found.parent for found in folder.rglob(".git") if found.parent != folder]
    taken = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(folder).parts and not _ignored(path, folder, ignored)
    }
    inside = {name for name in taken for repository in nested if (folder / name).is_relative_to(repository)}
    kept = {name: content for name, content in taken.items() if name not in inside}
    return kept, tuple(f"{path.relative_to(folder)}/: it is a git repository of its own" for path in nested)


def _ignored(path: Path, folder: Path, patterns: Sequence[str]) -> bool:
    parts = path.relative_to(folder).parts
    return any(fnmatch.fnmatch(part, pattern.strip("/")) for part in parts for pattern in patterns)


def _write(folder: Path, old: Tree, new: Tree) -> None:
    for path in old.keys() - new.keys():
        (folder / path).unlink(missing_ok=True)
    for path, content in new.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def _merge(base: Tree, ours: Tree, theirs: Tree) -> tuple[dict[str, bytes], list[str]]:
    """A merge by whole files: both sides changing one file differently is a conflict."""
    merged: dict[str, bytes] = {}
    conflicts: list[str] = []
    for path in sorted(base.keys() | ours.keys() | theirs.keys()):
        before, mine, yours = base.get(path), ours.get(path), theirs.get(path)
        result = yours if mine == before else mine
        if mine not in (before, yours) and yours != before:
            conflicts.append(path)
            result = _marked(mine, yours) if mine is not None and yours is not None else mine or yours
        if result is not None:
            merged[path] = result
    return merged, conflicts


def _marked(mine: bytes, yours: bytes) -> bytes:
    if b"\0" in mine + yours:
        return mine
    return b"<<<<<<< HEAD\n" + mine + b"=======\n" + yours + b">>>>>>> theirs\n"


def _unsettled(now: bytes | None, left: bytes | None) -> bool:
    return now is not None and (now == left or b"<<<<<<< " in now or b">>>>>>> " in now)


def _changes(old: Tree, new: Tree) -> tuple[FileChange, ...]:
    gone = {old[path]: path for path in old.keys() - new.keys() if old[path]}
    found = [change for path in sorted(old.keys() | new.keys()) for change in _change(path, old, new, gone)]
    moved = {change.previous_path for change in found}
    return tuple(change for change in found if not (change.status == "deleted" and change.path in moved))


def _change(path: str, old: Tree, new: Tree, gone: Mapping[bytes, str]) -> Iterator[FileChange]:
    before, after = old.get(path), new.get(path)
    if before == after:
        return
    if before is None and after is not None and after in gone:
        yield FileChange(path=path, status="renamed", additions=0, deletions=0, previous_path=gone[after])
        return
    status = "added" if before is None else "deleted" if after is None else "modified"
    if b"\0" in (before or b"") + (after or b""):
        yield FileChange(path=path, status=status)
        return
    lines = _diff(path, before, after).splitlines()[3:]
    plus, minus = (sum(line.startswith(sign) for line in lines) for sign in "+-")
    yield FileChange(path=path, status=status, additions=plus, deletions=minus)


def _diff(path: str, before: bytes | None, after: bytes | None) -> str:
    if before == after:
        return ""
    old, new = ((content or b"").decode("utf-8", "replace").splitlines(keepends=True) for content in (before, after))
    names = (f"a/{path}" if before is not None else "/dev/null", f"b/{path}" if after is not None else "/dev/null")
    body = "".join(line if line.endswith("\n") else f"{line}\n" for line in difflib.unified_diff(old, new, *names))
    return f"diff --git a/{path} b/{path}\n{body}"
