"""Whether an execution that came from the branch may go on here.

Whoever may write to the branch can write a record of anything, and it would run with the rights of whoever takes it up.
So nothing that decides what runs is believed: workflow, agents and project file have to be those of the commit that is
trusted for the event, inputs have to fit, and the commit has to be the event's. Its node runs have to be those of that
workflow, and each has to stand where the rules bring it after those before it. What people decided, and that a fork's
pull request was allowed, has to be found where they wrote it. What nodes came to is believed, and what conditions
that read the execution's number came to: nothing else knows it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from orchestrator.definition.event import BRANCH, TAG, PullRequestState
from orchestrator.definition.inputs import check_inputs
from orchestrator.errors import BadInput, MyceliumError, NotFound
from orchestrator.execution.machine import Situation
from orchestrator.execution.standing import either_way, misplaced
from orchestrator.execution.state import Execution, NodeRun
from orchestrator.lifecycle import contexts
from orchestrator.lifecycle.archive.claimed import Claimed
from orchestrator.lifecycle.archive.claimed import refused as _no
from orchestrator.lifecycle.archive.said import check_said
from orchestrator.lifecycle.intake.occasion import Delivery, Desk, Occasion, occasion, state_of
from orchestrator.lifecycle.ports.definitions import Definitions
from orchestrator.lifecycle.ports.github import GitHub
from orchestrator.lifecycle.start import lay_out

_SHOWN: Final = 12
_OF_COMMITS: Final = ("push", "merge_group")


def check_here(claimed: Claimed, definitions: Definitions) -> None:
    """For a person who goes on with it in a checkout of their own; `definitions` are that checkout's.

    Whoever does so answers for the approvals. `Conflict` where something else would run than lies there.
    """
    _check_plan(claimed, definitions)
    _check_inputs(claimed)
    check_standing(claimed)


def check_on_github(claimed: Claimed, desk: Desk) -> None:
    """For a job that goes on with it. `Conflict` says why it may not; GitHub's errors pass on."""
    execution = claimed.execution
    found = occasion(desk, Delivery(id=execution.id, event=execution.event_name, payload=execution.event))
    _check_plan(claimed, found.definitions)
    _check_inputs(claimed)
    check_standing(claimed)
    _check_commit(claimed, found)
    check_said(claimed, found)


def _check_commit(claimed: Claimed, found: Occasion) -> None:
    """What nodes work on is the event's commit, or one of the branch that is trusted where an event has none; and its
    branch, or its pull request, is as GitHub has it."""
    execution, told = claimed.execution, found.event.pull_request
    commits = {execution.head, execution.base} - {None}
    if (told or found.event.name in _OF_COMMITS) and commits != {found.commit}:
        raise _no(execution, f"it works on another commit than that of its event, {found.commit[:_SHOWN]}")
    if told:
        _check_pull_request(execution, told, found.desk.github)
    else:
        _check_refs(execution, found, commits)


def _check_pull_request(execution: Execution, told: PullRequestState, github: GitHub) -> None:
    there = github.pull_request(told.number)
    if _identity(state_of(there)) != _identity(told):
        raise _no(execution, f"pull request {told.number} is another one than that of its event")
    if there.from_fork and there.head_sha != execution.head:
        raise _no(execution, f"the pull request has a new head, {there.head_sha[:_SHOWN]}")


def _check_refs(execution: Execution, found: Occasion, commits: Iterable[str | None]) -> None:
    """Else anybody's commit could be said to have been pushed."""
    github, event = found.desk.github, found.event
    if event.name not in _OF_COMMITS:
        trusted = found.definitions.commit
        if astray := [commit for commit in commits if commit and not _behind(github, trusted, commit)]:
            raise _no(execution, f"GitHub has no commit {astray[0][:_SHOWN]} behind the trusted {trusted[:_SHOWN]}")
        return
    wanted: list[tuple[str, tuple[str, ...]]] = [(event.after, (event.ref,))]
    if event.name == "merge_group":
        group = found.payload.get("merge_group")
        own = group.get("head_ref") if isinstance(group, dict) else None
        wanted = [(event.after, (str(own), event.ref)), (event.before, (event.ref,))]
    for commit, refs in wanted:
        if not (commit and any(_on(github, ref, commit) for ref in refs)):
            raise _no(execution, f"GitHub has no commit {commit[:_SHOWN]} on {refs[0][:80] or 'its branch'}")


def _on(github: GitHub, ref: str, commit: str) -> bool:
    """Whether a branch or tag of the repository has a commit. The name is the record's: GitHub would compare with a
    commit that is called so too, and with a fork's branch."""
    tip = github.tip(ref) if ref.startswith((BRANCH, TAG)) and ":" not in ref else None
    return tip is not None and _behind(github, tip, commit)


def _behind(github: GitHub, tip: str, commit: str) -> bool:
    try:
        return tip == commit or github.merge_base(tip, commit) == commit
    except NotFound:
        return False


def _identity(pull: PullRequestState) -> tuple[object, ...]:
    """What decides whether it is a fork's, and whose definitions count."""
    return pull.author.id, pull.author.kind, pull.head_repository, pull.base_repository, pull.base_ref


def _check_plan(claimed: Claimed, found: Definitions) -> None:
    execution, plan = claimed.execution, claimed.plan
    of = found.of(execution.workflow_id)
    workflow = of.workflows.get(execution.workflow_id)
    where = f"commit {of.commit[:_SHOWN]}"
    if workflow is None:
        raise _no(execution, f"{where} has no valid workflow `{execution.workflow_id}`")
    agents = {name: of.agents[name] for name in workflow.agents if name in of.agents}
    transcripts = of.transcripts.get(workflow.id, {})
    same = (
        plan.definition == workflow
        and plan.source == of.sources.get(workflow.id, "")
        and plan.agents == agents
        and plan.project == of.project
        and plan.files.items() <= transcripts.items()
    )
    if not same:
        raise _no(execution, f"its workflow, its agents or its project file are not those of {where}")


def _check_inputs(claimed: Claimed) -> None:
    execution = claimed.execution
    try:
        fitting = check_inputs(claimed.plan.definition, execution.inputs)
    except BadInput as error:
        raise _no(execution, f"its inputs do not fit: {error.message}") from error
    if fitting != execution.inputs:
        raise _no(execution, "its inputs do not fit")


def check_standing(claimed: Claimed) -> None:
    """`Conflict` unless its node runs are those that the workflow lays out, and each is where those before it let it
    be."""
    execution, definition = claimed.execution, claimed.plan.definition
    # What starts has no number yet: its matrices see none.
    seen = contexts.common(replace(execution, number=0))
    try:
        layout = lay_out(definition, execution.id, seen)
    except MyceliumError as error:
        raise _no(execution, f"its workflow cannot be laid out: {error.message}") from error
    if claimed.edges != layout.edges or list(map(_place, claimed.runs)) != list(map(_place, layout.runs)):
        raise _no(execution, "its node runs are not those of its workflow")
    taken = either_way(definition)
    situations = [Situation(workflow=each, contexts=seen, now=execution.created_at) for each in taken]
    for run in misplaced(claimed.runs, claimed.edges, situations):
        raise _no(execution, f"`{run.key}` cannot be {run.status.value} after what came before it")


def _place(run: NodeRun) -> tuple[object, ...]:
    return run.index, run.node, run.key, run.matrix, run.queue, run.priority
