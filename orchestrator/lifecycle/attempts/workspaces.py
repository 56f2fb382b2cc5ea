"""The workspace of an attempt: the commits its predecessors produced, merged in a fixed order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from orchestrator.definition.model import WorkspaceMode
from orchestrator.execution.outcome import FailureClass
from orchestrator.lifecycle.attempts.attempt import Attempt, AttemptFailed
from orchestrator.lifecycle.attempts.authorship import MYCELIUM, merge_message
from orchestrator.lifecycle.attempts.compared import have_history
from orchestrator.lifecycle.outage import through_outage
from orchestrator.lifecycle.ports import Workspace
from orchestrator.lifecycle.travel import bring


@contextmanager
def workspace_for(attempt: Attempt) -> Iterator[Workspace]:
    """The folder a node works in, thrown away afterwards; what it starts from is the workspace's `base`."""
    commits = () if attempt.node.workspace is WorkspaceMode.NONE else starting_commits(attempt)
    with opened(attempt, commits[:1]) as workspace:
        yield _merged(attempt, workspace, commits)


@contextmanager
def opened(attempt: Attempt, commits: Sequence[str]) -> Iterator[Workspace]:
    """A workspace of the first of `commits`, or an empty folder when there is none."""
    if not commits:
        yield Workspace(path=attempt.folders.empty("workspace"), git_dir=None, base=None)
        return
    services, execution = attempt.services, attempt.execution
    name = f"{execution.workflow_id}-{execution.number}-{attempt.run.key}"
    workspace = services.git.prepare(name, commits[0])
    try:
        yield workspace
    finally:
        services.git.release(workspace)


def starting_commits(attempt: Attempt) -> tuple[str, ...]:
    """The commits to start from, all of them present on this machine."""
    base = attempt.execution.base
    commits = attempt.run.heads or ((base,) if base else ())
    for commit in commits:
        fetch(attempt, commit)
    have_history(attempt)
    return commits


def fetch(attempt: Attempt, commit: str) -> None:
    """Bring a commit that was made on another machine here, from its bundle."""
    through_outage(lambda: bring(attempt.services, attempt.execution, commit))


def _merged(attempt: Attempt, workspace: Workspace, commits: Sequence[str]) -> Workspace:
    git = attempt.services.git
    for commit in commits[1:]:
        conflicts = git.merge(workspace, commit, MYCELIUM, merge_message(attempt, producer(attempt, commit)))
        if conflicts:
            raise AttemptFailed(FailureClass.CONFLICT, _advice(attempt, commit, conflicts))
    return replace(workspace, base=git.head(workspace)) if len(commits) > 1 else workspace


def producer(attempt: Attempt, commit: str) -> str:
    """The predecessor that brings a commit, for people."""
    for run in attempt.predecessors:
        if (run.outcome and run.outcome.commit == commit) or commit in run.heads:
            return run.key
    return commit[:12]


def _advice(attempt: Attempt, commit: str, conflicts: Sequence[str]) -> str:
    return (
        f"what node `{producer(attempt, commit)}` changed conflicts with what others changed, in "
        f"{', '.join(conflicts)}; put a `merge` node with a `resolver` before `{attempt.node.id}`"
    )
