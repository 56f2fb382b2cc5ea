"""Whether an execution that came from the branch may go on here.

Whoever may write to the branch can write a record of anything, and it would run with the rights of whoever takes it up.
So nothing that decides what runs is believed: workflow, agents and project file have to be those of the commit that is
trusted for the event, inputs have to fit, the commit has to be the event's, and each approval that was given has to be
found where its giver wrote it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from orchestrator.definition.commands import Command, Verb, parse_command
from orchestrator.definition.event import Account
from orchestrator.definition.inputs import check_inputs
from orchestrator.definition.model import Approval
from orchestrator.errors import BadInput, Conflict
from orchestrator.execution.approval import TIMEOUT
from orchestrator.execution.state import Execution, NodeRun, NodeStatus, Plan
from orchestrator.lifecycle.intake.occasion import Delivery, Desk, Occasion, account_of, occasion
from orchestrator.lifecycle.intake.reviewing import Review, refusal
from orchestrator.lifecycle.ports import Vote
from orchestrator.lifecycle.ports.definitions import Definitions
from orchestrator.lifecycle.ports.github import Comment

_SHOWN: Final = 12
_OF_COMMITS: Final = ("push", "merge_group")


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """An execution as a record has it; `votes` are approvals that are not enough yet."""

    execution: Execution
    plan: Plan
    runs: tuple[NodeRun, ...]
    votes: tuple[Vote, ...] = ()


def check_here(claimed: Claimed, definitions: Definitions) -> None:
    """For a person who goes on with it in a checkout of their own; `definitions` are that checkout's.

    Whoever does so answers for the approvals. `Conflict` where something else would run than lies there.
    """
    _check_plan(claimed, definitions)
    _check_inputs(claimed)


def check_on_github(claimed: Claimed, desk: Desk) -> None:
    """For a job that goes on with it. `Conflict` says why it may not; GitHub's errors pass on."""
    execution = claimed.execution
    found = occasion(desk, Delivery(id=execution.id, event=execution.event_name, payload=execution.event))
    _check_plan(claimed, found.definitions)
    _check_inputs(claimed)
    _check_commit(claimed, found)
    for run in claimed.runs:
        if run.status is NodeStatus.COMPLETED and run.decided_by:
            _check_approval(claimed, found, run)
    for run in claimed.runs:
        if by := _voters(claimed, run):
            _check_given(claimed, found, run, by)


def _check_commit(claimed: Claimed, found: Occasion) -> None:
    """What nodes work on is the event's commit, and the event's pull request is as GitHub has it."""
    execution, told = claimed.execution, found.event.pull_request
    if told is None and found.event.name not in _OF_COMMITS:
        return
    if {execution.head, execution.base} != {found.commit}:
        raise _no(execution, f"it works on another commit than that of its event, {found.commit[:_SHOWN]}")
    if told is None:
        return
    there = found.desk.github.pull_request(told.number)
    if (there.author.id, there.head_repository) != (told.author.id, told.head_repository):
        raise _no(execution, f"pull request {told.number} is another one than that of its event")
    if there.from_fork and there.head_sha != execution.head:
        raise _no(execution, f"the pull request has a new head, {there.head_sha[:_SHOWN]}")


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


def _check_approval(claimed: Claimed, found: Occasion, run: NodeRun) -> None:
    asked = _asked(claimed, run)
    if run.decided_by == TIMEOUT:
        _check_silence(claimed, asked, run, found.desk.services.clock.now())
        return
    by = {name.strip().lower() for name in (run.decided_by or "").split(",")}
    if len(by) < asked.minimum:
        raise _no(claimed.execution, f"`{run.key}` has not as many approvals as it takes")
    _check_given(claimed, found, run, by)


def _asked(claimed: Claimed, run: NodeRun) -> Approval:
    asked = claimed.plan.definition.nodes[run.node].action
    if not isinstance(asked, Approval):
        raise _no(claimed.execution, f"`{run.key}` was decided, and is no approval")
    return asked


def _voters(claimed: Claimed, run: NodeRun) -> set[str]:
    """Who has agreed to what waits still, or is said to."""
    if run.status is not NodeStatus.WAITING:
        return set()
    return {vote.by.lower() for vote in claimed.votes if (vote.index, vote.since) == (run.index, run.started_at)}


def _check_given(claimed: Claimed, found: Occasion, run: NodeRun, by: set[str]) -> None:
    """Each has said so where it can be seen, and may."""
    execution, desk, asked = claimed.execution, found.desk, _asked(claimed, run)
    known = {account.login.lower(): account for account in _who_approved(found, run)}
    if missing := sorted(by - known.keys()):
        raise _no(execution, f"the approval of `{missing[0]}` for `{run.key}` is not among the comments")
    for login in sorted(by):
        said = Review(execution=execution, node=run.key, by=known[login], approves=True)
        if refused := refusal(desk, said, asked, now=False):
            raise _no(execution, f"the approval of `{login}` for `{run.key}` does not count: {refused.text}")


def _check_silence(claimed: Claimed, asked: Approval, run: NodeRun, now: datetime) -> None:
    waited = (now - run.started_at).total_seconds() if run.started_at else 0.0
    limit = asked.timeout_minutes
    if asked.on_timeout != "approve" or limit is None or waited < limit * 60:
        raise _no(claimed.execution, f"`{run.key}` was approved by nobody before its time was over")


def _who_approved(found: Occasion, run: NodeRun) -> list[Account]:
    number = found.event.number
    if number is None:
        return []
    return [account_of(each.author) for each in found.desk.github.comments(number) if _approves(each, run)]


def _approves(comment: Comment, run: NodeRun) -> bool:
    """Whether it is the command, as its author wrote it, after the node run began to wait: people who may write to the
    repository can edit comments of others."""
    if (
        comment.created_at is None
        or run.started_at is None
        or comment.created_at < run.started_at.replace(microsecond=0)
    ):
        return False
    if comment.updated_at not in (None, comment.created_at):
        return False
    asked = parse_command(comment.body, [], [])
    return isinstance(asked, Command) and asked.verb is Verb.APPROVE and asked.target in (run.node, run.key)


def _no(execution: Execution, why: str) -> Conflict:
    return Conflict(f"execution {execution.id} does not go on here: {why}", hint="start the workflow anew")
