"""Approvals decided on GitHub: by whom they may be, and how many must agree."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.definition.authority import has_role
from orchestrator.definition.event import Account, pull_request_of, read_event
from orchestrator.definition.model import Approval
from orchestrator.definition.reasons import Reason, Rule
from orchestrator.definition.roles import Role
from orchestrator.errors import Conflict, NotFound
from orchestrator.execution.state import Execution, NodeRun, NodeStatus
from orchestrator.lifecycle import decide
from orchestrator.lifecycle.intake.admission import moved
from orchestrator.lifecycle.intake.occasion import Desk
from orchestrator.lifecycle.ports import Vote


@dataclass(frozen=True, kw_only=True, slots=True)
class Review:
    """What a person says to an approval."""

    execution: Execution
    node: str
    by: Account
    approves: bool


def review(desk: Desk, said: Review) -> Reason:
    """Decide it, count a vote, or say why not. `NotFound` and `Conflict` where nothing waits under that name."""
    runs = _waiting(desk, said)
    refused = [reason for run in runs if (reason := refusal(desk, said, _asked(desk, said, run)))]
    if refused:
        return refused[0]
    if not said.approves:
        decide.reject(desk.services, said.execution.id, said.node, said.by.login)
        return _told(f"`{said.node}` was rejected by `{said.by.login}`")
    missing = max(_vote(desk, said, run) for run in runs)
    if missing > 0:
        return Reason(
            starts=None,
            text=f"`{said.node}` has the approval of `{said.by.login}`; {missing} more needed",
            rule=Rule.ACTOR,
        )
    decide.approve(desk.services, said.execution.id, said.node, ", ".join(_voters(desk, said, runs[0])))
    return _told(f"`{said.node}` was approved")


def _waiting(desk: Desk, said: Review) -> list[NodeRun]:
    known = [run for run in desk.services.store.runs(said.execution.id) if said.node in (run.node, run.key)]
    if not known:
        raise NotFound(f"execution {said.execution.id} has no node `{said.node}`")
    waiting = [run for run in known if run.status is NodeStatus.WAITING]
    if not waiting:
        raise Conflict(f"node `{said.node}` waits for no decision: it is {known[0].status.value}")
    return waiting


def _asked(desk: Desk, said: Review, run: NodeRun) -> Approval:
    action = desk.services.plan(said.execution.id).definition.nodes[run.node].action
    if not isinstance(action, Approval):
        raise Conflict(f"node `{run.node}` is no approval")
    return action


def refusal(desk: Desk, said: Review, asked: Approval, *, now: bool = True) -> Reason | None:
    """Why this person may not say it; None where they may. What was said earlier, and not `now`, was said of the head
    that there was."""
    if not said.by.is_person:
        return has_role(said.by, Role.NONE, Role.WRITE)
    if said.approves and _their_own(said):
        text = f"`{said.by.login}` cannot approve what is their own"
        return Reason(starts=False, text=text, rule=Rule.ACTOR)
    if now and said.approves and (reason := _past(desk, said.execution)):
        return reason
    if asked.reviewers:
        return None if _is_reviewer(desk, said.by.login, asked) else _no_reviewer(said.by, asked)
    reason = has_role(said.by, desk.github.role(said.by.login, account=said.by.id), Role.WRITE)
    return None if reason.starts else reason


def _their_own(said: Review) -> bool:
    """Who started the execution, or wrote the pull request, does not approve it, under whatever login."""
    execution = said.execution
    found, sender = pull_request_of(execution.event), read_event(execution.event_name, execution.event).sender
    theirs = (sender.id, found.author.id if found else 0)
    return said.by.login.lower() == execution.triggered_by.lower() or bool(said.by.id and said.by.id in theirs)


def _past(desk: Desk, execution: Execution) -> Reason | None:
    found = pull_request_of(execution.event)
    head = desk.github.pull_request(found.number).head_sha if found else execution.head
    return None if head == execution.head or head is None else moved(head)


def _is_reviewer(desk: Desk, login: str, asked: Approval) -> bool:
    logins = {name.lower() for name in asked.reviewers if "/" not in name}
    teams = [name for name in asked.reviewers if "/" in name]
    return login.lower() in logins or any(desk.github.in_team(login, team) for team in teams)


def _no_reviewer(by: Account, asked: Approval) -> Reason:
    who = ", ".join(f"`{name}`" for name in asked.reviewers)
    return Reason(starts=False, text=f"`{by.login}` is none of its reviewers ({who})", rule=Rule.ACTOR)


def _vote(desk: Desk, said: Review, run: NodeRun) -> int:
    """How many approvals a node run still lacks with this one."""
    asked = _asked(desk, said, run)
    if not run.started_at or asked.minimum <= 1:
        return 0
    with desk.services.store.begin() as tx:
        tx.intake.vote(Vote(execution_id=run.execution_id, index=run.index, since=run.started_at, by=said.by.login))
    return asked.minimum - len(_voters(desk, said, run))


def _voters(desk: Desk, said: Review, run: NodeRun) -> list[str]:
    """Who has agreed and may still, with whoever does now.

    A login that has no role any more may be the former one of somebody who agrees a second time.
    """
    asked = _asked(desk, said, run)
    with desk.services.store.begin() as tx:
        votes = tx.intake.votes(run.execution_id, run.index, run.started_at) if run.started_at else ()
    others = [login for login in votes if login != said.by.login and _may_still(desk, login, asked)]
    return [*others, said.by.login]


def _may_still(desk: Desk, login: str, asked: Approval) -> bool:
    return _is_reviewer(desk, login, asked) if asked.reviewers else desk.github.role(login) >= Role.WRITE


def _told(text: str) -> Reason:
    return Reason(starts=True, text=text, rule=Rule.COMMAND)
