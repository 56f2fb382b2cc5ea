"""Makes commits from a workspace's files, with our own git directory and index."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from orchestrator.execution.commit import FileChange
from orchestrator.git.changes import CHANGE_OPTIONS, parse_changes
from orchestrator.git.message import compose
from orchestrator.git.opened import Draft, OpenedWorkspace
from orchestrator.git.staging import LeftOut, stage

_LOOKED_AT = "index.changes"


def changes(workspace: OpenedWorkspace, base: str) -> tuple[FileChange, ...]:
    """What differs from `base` in the workspace now. Our index stays as it is: a copy of it is used, and kept."""
    copy = workspace.private / _LOOKED_AT
    shutil.copy2(workspace.private / "index", copy)
    looking = workspace.git.having({"GIT_INDEX_FILE": str(copy)})
    stage(looking, workspace.tree, untracked=True)
    return parse_changes(looking.run("diff-index", "--cached", *CHANGE_OPTIONS, base).fields())


def commit_files(workspace: OpenedWorkspace, draft: Draft) -> tuple[str | None, tuple[LeftOut, ...]]:
    """Commit all changes onto the present commit: the commit, None when nothing changed, and what stayed out."""
    git = workspace.git
    looked_at = workspace.private / _LOOKED_AT
    if looked_at.exists():
        # What `changes` found is in it already; what was changed since is found now.
        looked_at.replace(workspace.private / "index")
    left_out = stage(git, workspace.tree, untracked=True)
    tree = git.run("write-tree").line
    if tree == git.run("rev-parse", "HEAD^{tree}").line:
        return None, left_out
    return record(workspace, tree, [workspace.head], draft), left_out


def record(workspace: OpenedWorkspace, tree: str, parents: Sequence[str], draft: Draft) -> str:
    """Make a commit of `tree`, keep it reachable, and make it the workspace's present commit."""
    links = [word for parent in parents for word in ("-p", parent)]
    signed = workspace.git.having(draft.signatures())
    commit = signed.run("commit-tree", *links, "-F", "-", tree, stdin=compose(draft.message).encode()).line
    workspace.move_to(commit)
    return commit


def overlook(workspace: OpenedWorkspace) -> None:
    """Forget what `changes` found, before something else changes our index."""
    (workspace.private / _LOOKED_AT).unlink(missing_ok=True)
