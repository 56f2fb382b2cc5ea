"""What people are said to have said of an execution, looked up among the comments on GitHub.

Approvals and refusals, votes where several are needed, and the allowance of a fork's pull request.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import cached_property
from typing import Final

from orchestrator.definition.authority import Standing, admitted, has_role
from orchestrator.definition.commands import Command, Verb, parse_command
from orchestrator.definition.event import Account
from orchestrator.definition.model import Approval
from orchestrator.definition.roles import Role
from orchestrator.execution import approval
from orchestrator.execution.outcome import FailureClass, Outcome
from orchestrator.execution.state import NodeRun, NodeStatus
from orchestrator.lifecycle.archive.claimed import Claimed, refused
from orchestrator.lifecycle.intake.occasion import Occasion, account_of
from orchestrator.lifecycle.intake.reviewing import Review, refusal
from orchestrator.lifecycle.ports.github import Comment

_DECIDED: Final = frozenset({NodeStatus.COMPLETED, NodeStatus.FAILED})


def check_said(claimed: Claimed, found: Occasion) -> None:
    """`Conflict` unless each decision of a person can be found where they wrote it, and they may make it."""
    _Hearing(claimed, found).check()


class _Hearing:
    """The comments are fetched once, and only where somebody is said to have said something."""

    def __init__(self, claimed: Claimed, found: Occasion) -> None:
        self._claimed = claimed
        self._execution = claimed.execution
        self._found = found

    def check(self) -> None:
        self._check_allowed()
        for run in self._claimed.runs:
            asked = self._claimed.plan.definition.nodes[run.node].action
            if not isinstance(asked, Approval):
                if run.decided_by:
                    raise refused(self._execution, f"`{run.key}` was decided, and is no approval")
            elif run.status in _DECIDED:
                self._check_decided(run, asked)
            elif run.status is NodeStatus.WAITING:
                self._check_waiting(run, asked)

    def _check_allowed(self) -> None:
        """A fork's pull request was allowed, with all digits of its head: others may begin alike."""
        told = self._found.event.pull_request
        if told is None or not told.from_fork:
            return
        verdict = admitted(self._claimed.plan.definition.trust, self._found.event, None, asked=False)
        if verdict.standing is Standing.DENIED:
            raise refused(self._execution, verdict.reason.text)
        github, head = self._found.desk.github, self._execution.head or ""
        people = self._said(Verb.ALLOW, [head.lower()], since=None).values()
        for by in people:
            if by.id != told.author.id and has_role(by, github.role(by.login, account=by.id), Role.WRITE).starts:
                return
        why = "nobody who may has allowed the fork's commit in a comment, with all of its digits"
        raise refused(self._execution, why, hint=f"`/mycelium allow {head}` lets it go on")

    def _check_decided(self, run: NodeRun, asked: Approval) -> None:
        by = run.decided_by
        if not by and run.outcome and run.outcome.failure is FailureClass.SETUP:
            return  # its `if` failed, and nobody was asked
        if not by:
            raise refused(self._execution, f"`{run.key}` was decided by nobody")
        if by == approval.TIMEOUT:
            self._check_silence(run, asked)
            self._check_outcome(run, approval.timed_out(asked))
        elif run.status is NodeStatus.COMPLETED:
            self._check_outcome(run, approval.approved(by))
            self._check_given(run, asked, _names(by), approves=True)
            if len(_names(by)) < asked.minimum:
                raise refused(self._execution, f"`{run.key}` has not as many approvals as it takes")
        else:
            self._check_outcome(run, approval.rejected(by))
            self._check_given(run, asked, _names(by), approves=False)

    def _check_outcome(self, run: NodeRun, decided: Outcome) -> None:
        """Conditions and texts of others may ask for it."""
        told = run.outcome
        if told is None or (told.failure, told.outputs) != (decided.failure, decided.outputs):
            raise refused(self._execution, f"`{run.key}` came to something else than what was decided")

    def _check_silence(self, run: NodeRun, asked: Approval) -> None:
        now, limit = self._found.desk.services.clock.now(), asked.timeout_minutes
        waited = (now - run.started_at).total_seconds() if run.started_at else 0.0
        if limit is None or waited < limit * 60:
            raise refused(self._execution, f"`{run.key}` was decided by nobody before its time was over")

    def _check_waiting(self, run: NodeRun, asked: Approval) -> None:
        """Its time ends when it should, and whoever has agreed has said so."""
        if run.started_at is None or run.deadline != approval.deadline(asked, run.started_at):
            raise refused(self._execution, f"`{run.key}` does not wait until its time is over")
        votes = self._claimed.votes
        if by := {vote.by.lower() for vote in votes if (vote.index, vote.since) == (run.index, run.started_at)}:
            self._check_given(run, asked, by, approves=True)

    def _check_given(self, run: NodeRun, asked: Approval, by: set[str], *, approves: bool) -> None:
        """Each has said so where it can be seen, since the node run began to wait, and may."""
        if run.started_at is None:
            raise refused(self._execution, f"`{run.key}` was decided, and never waited")
        verb, word = (Verb.APPROVE, "approval") if approves else (Verb.REJECT, "refusal")
        known = self._said(verb, (run.node, run.key), since=run.started_at.replace(microsecond=0))
        if missing := sorted(by - known.keys()):
            why = f"the {word} of `{missing[0]}` for `{run.key}` is not among the comments"
            raise refused(self._execution, why)
        for login in sorted(by):
            said = Review(execution=self._execution, node=run.key, by=known[login], approves=approves)
            if no := refusal(self._found.desk, said, asked, now=False):
                why = f"the {word} of `{login}` for `{run.key}` does not count: {no.text}"
                raise refused(self._execution, why)

    def _said(self, verb: Verb, targets: Collection[str], *, since: datetime | None) -> dict[str, Account]:
        """Who commanded that, by login in lower case."""
        heard = [each for each in self._comments if _commands(each, verb, targets, since)]
        return {each.author.login.lower(): account_of(each.author) for each in heard}

    @cached_property
    def _comments(self) -> list[Comment]:
        number = self._found.event.number
        return [] if number is None else list(self._found.desk.github.comments(number))


def _names(by: str) -> set[str]:
    return {name.strip().lower() for name in by.split(",")}


def _commands(comment: Comment, verb: Verb, targets: Collection[str], since: datetime | None) -> bool:
    """Whether it is the command, as its author wrote it: people who may write to the repository can edit comments of
    others."""
    if comment.created_at is None or (since is not None and comment.created_at < since):
        return False
    if comment.updated_at not in (None, comment.created_at):
        return False
    asked = parse_command(comment.body, [], [])
    return isinstance(asked, Command) and asked.verb is verb and asked.target in targets
