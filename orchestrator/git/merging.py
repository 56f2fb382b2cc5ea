"""Merges a commit into a workspace, leaves conflicts there to be edited, and concludes what was edited."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from orchestrator.errors import Conflict
from orchestrator.git import gitdir
from orchestrator.git.command import Command, Result
from orchestrator.git.commits import overlook, record
from orchestrator.git.message import compose
from orchestrator.git.opened import Draft, OpenedWorkspace
from orchestrator.git.staging import stage

_MARKER = re.compile(rb"^(?:<{7}|\|{7}|>{7})[ \r\n]", re.MULTILINE)
_UNMARKED = "unmarked.json"
_MESSAGE = "merge-message"
_MERGE_STATE = ("MERGE_HEAD", "MERGE_MODE", "MERGE_MSG", "AUTO_MERGE", "ORIG_HEAD", _UNMARKED, _MESSAGE)
_MERGING = (
    *("--commit", "--no-edit", "--cleanup=verbatim", "--ff", "--quiet", "--no-stat"),
    *("--no-verify", "--no-autostash", "--no-gpg-sign"),
)


def merge(workspace: OpenedWorkspace, commit: str, draft: Draft) -> tuple[str, ...]:
    """Merge `commit` into the workspace's present commit; the conflicting paths, when there are any.

    `Conflict` when a merge is under way already, when uncommitted changes are in the way, or the histories are
    unrelated.
    """
    if workspace.is_merging():
        raise Conflict(f"a merge is under way in {workspace.tree.name}", hint="conclude it, or throw it away")
    overlook(workspace)
    git = workspace.git.having(draft.signatures())
    (workspace.private / _MESSAGE).write_text(compose(draft.message), encoding="utf-8")
    how = (*_MERGING, "-F", str(workspace.private / _MESSAGE), _name_side(workspace, commit))
    answer = git.run("merge", *how, codes=(0, 1, 2, 128))
    if workspace.is_merging() and (conflicts := _unmerged(git)):
        _remember_unmarked(workspace, conflicts)
        return conflicts
    if answer.code:
        raise Conflict(f"{commit[:12]} cannot be merged into {workspace.tree.name}: {answer.reason}")
    workspace.move_to(workspace.head)
    _forget(workspace)
    return ()


def conclude(workspace: OpenedWorkspace, draft: Draft) -> tuple[str, ...]:
    """Commit the merge under way; or the paths that are still in conflict.

    A file with markers is settled when none is left. A conflict that has no markers (one side deleted the file, or
    it is binary) is settled when the file was changed or removed since, or added in the workspace's own `.git`:
    leaving it alone decides nothing.
    """
    if not workspace.is_merging():
        raise Conflict(f"no merge is under way in {workspace.tree.name}")
    overlook(workspace)
    conflicts = _unmerged(workspace.git)
    if open_paths := _unsettled(workspace, conflicts):
        return open_paths
    left_out = {left.path for left in stage(workspace.git, workspace.tree, untracked=True, also=conflicts)}
    if refused := tuple(path for path in conflicts if path in left_out):
        return refused
    _commit_merge(workspace, draft)
    return ()


def _commit_merge(workspace: OpenedWorkspace, draft: Draft) -> None:
    parents = [workspace.head, *(workspace.private / "MERGE_HEAD").read_text().split()]
    record(workspace, workspace.git.run("write-tree").line, parents, draft)
    _forget(workspace)


def _forget(workspace: OpenedWorkspace) -> None:
    for name in _MERGE_STATE:
        (workspace.private / name).unlink(missing_ok=True)


def _name_side(workspace: OpenedWorkspace, commit: str) -> str:
    """A ref of this workspace alone whose name says what comes in: git writes it into conflict markers."""
    subject = workspace.git.run("show", "-s", "--no-show-signature", "--format=%s", commit).line
    words = re.sub(r"[^A-Za-z0-9]+", "-", subject).strip("-")[:40].strip("-").lower()
    name = f"worktree/{words or 'commit'}-{commit[:7]}"
    place = workspace.private / "refs" / name
    place.parent.mkdir(parents=True, exist_ok=True)
    gitdir.put(place, f"{commit}\n")
    return name


def _unmerged(git: Command) -> tuple[str, ...]:
    return tuple(sorted(set(_paths(git.run("ls-files", "-z", "--unmerged")))))


def _paths(listed: Result) -> list[str]:
    return [entry.partition("\t")[2] for entry in listed.fields()]


def _remember_unmarked(workspace: OpenedWorkspace, conflicts: Iterable[str]) -> None:
    places = {path: workspace.tree / path for path in conflicts}
    state = {path: seen for path, place in places.items() if not _marked(place) and (seen := _fingerprint(place))}
    (workspace.private / _UNMARKED).write_text(json.dumps(state))


def _unsettled(workspace: OpenedWorkspace, conflicts: Iterable[str]) -> tuple[str, ...]:
    seen: dict[str, str] = json.loads((workspace.private / _UNMARKED).read_text())
    untouched = {path for path in conflicts if path in seen and seen[path] == _fingerprint(workspace.tree / path)}
    undecided = untouched & _unmerged_for_agent(workspace) if untouched else untouched
    return tuple(path for path in conflicts if path in undecided or _marked(workspace.tree / path))


def _unmerged_for_agent(workspace: OpenedWorkspace) -> set[str]:
    """What the agent's own index still calls unmerged: a copy of it is read, and nothing else of its `.git`."""
    index = workspace.tree / ".git/index"
    copy = workspace.private / "index.agent"
    if not index.parent.is_symlink() and not index.is_symlink() and index.is_file():
        shutil.copyfile(index, copy)
        theirs = workspace.git.having({"GIT_INDEX_FILE": str(copy)})
        answer = theirs.run("ls-files", "-z", "--unmerged", codes=(0, 128))
        if answer.code == 0:
            return set(_paths(answer))
    return set(_unmerged(workspace.git))


def _marked(path: Path) -> bool:
    return not path.is_symlink() and path.is_file() and _MARKER.search(path.read_bytes()) is not None


def _fingerprint(path: Path) -> str:
    """What lies at `path`, so that a later look can tell whether it changed; empty when there is nothing."""
    if path.is_symlink():
        return f"link {path.readlink()}"
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    return "folder" if path.is_dir() else ""
