"""Makes commits from a workspace's files, with our own git directory and index."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from orchestrator.execution.state import FileChange
from orchestrator.git.changes import CHANGE_OPTIONS, parse_changes
from orchestrator.git.message import compose
from orchestrator.git.mirror import kept_ref
from orchestrator.git.opened import Draft, OpenedWorkspace
from orchestrator.git.staging import LeftOut, stage


def changes(workspace: OpenedWorkspace, base: str) -> tuple[FileChange, ...]:
    """What differs from `base` in the workspace now. Our index stays as it is: a copy of it is used."""
    index = workspace.private / "index"
    copy = index.with_name("index.changes")
    shutil.copy2(index, copy)
    looking = workspace.git.having({"GIT_INDEX_FILE": str(copy)})
    stage(looking, workspace.tree, untracked=True)
    return parse_changes(looking.run("diff-index", "--cached", *CHANGE_OPTIONS, base).fields())


def commit_files(workspace: OpenedWorkspace, draft: Draft) -> tuple[str | None, tuple[LeftOut, ...]]:
    """Commit all changes onto the present commit: the commit, None when nothing changed, and what stayed out."""
    git = workspace.git
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
    moves = f"update {kept_ref(commit)} {commit}\noption no-deref\nupdate HEAD {commit}\n"
    signed.run("update-ref", "--stdin", stdin=moves.encode())
    return commit
