"""What GitHub should show of an execution as it is now: decided from values, with nothing asked and nothing sent."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final

from orchestrator.execution.showing import COMMENT, EXECUTION, Shown, run_place
from orchestrator.execution.state import ExecutionStatus, NodeRun, NodeStatus
from orchestrator.lifecycle.ports.github import Abilities, CommitStatus, Urgency
from orchestrator.report.check_run import MAX_BATCHES, CheckAnnotation, CheckRun, execution_check
from orchestrator.report.comment import comment
from orchestrator.report.commit_status import status_description, status_state
from orchestrator.report.figures import tolerated
from orchestrator.report.run_check import run_check
from orchestrator.report.view import ExecutionView

SMALL: Final = 20
"""Up to so many node runs, each has a check run of its own."""

MOST_APART: Final = 40
"""Of a larger graph, so many node runs have one at most."""

MOST_LASTING: Final = MOST_APART // 2
"""Those that only run get none beyond this: what fails or asks later has to find room."""

SPARED: Final = 4
"""So many of a larger graph's writes are left to failures by those that only run."""

LASTING: Final = timedelta(seconds=30)
"""A node run of a larger graph gets one while it runs once it has run for so long."""

_UNTOLD: Final = frozenset({NodeStatus.PENDING, NodeStatus.QUEUED})
NOT_SHOWN: Final[Mapping[str, Shown]] = {}


class Kind(StrEnum):
    """What a thing is to GitHub: each has permissions of its own."""

    CHECK = "check"
    STATUS = "status"
    COMMENT = "comment"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """One thing that GitHub should show.

    `rank` orders things of one urgency: 0 is the execution as a whole, 3 a node run that has not begun. `concluded`
    says that a check run has ended. `own` says that it is about a single node run. `asks` are the indexes of node runs
    that it asks a person about.
    """

    place: str
    kind: Kind
    content: CheckRun | CommitStatus | str
    digest: str
    urgency: Urgency = Urgency.PROGRESS
    rank: int = 0
    concluded: bool = False
    own: bool = False
    asks: frozenset[int] = frozenset()

    @property
    def annotations(self) -> tuple[CheckAnnotation, ...]:
        """All that the check run should have."""
        batches = self.content.batches if isinstance(self.content, CheckRun) else ()
        return tuple(annotation for batch in batches for annotation in batch)


@dataclass(frozen=True, kw_only=True, slots=True)
class Means:
    """What may be used: the credential's abilities, and the kinds of things that GitHub refused.

    `scarce`: more than half of the hour's creations is used up. `begin` is how many node runs of a larger graph may be
    given a check run now. `comment` is False where a newer execution has the comment.
    """

    abilities: Abilities
    refused: Collection[str] = ()
    scarce: bool = False
    begin: int = MOST_APART
    comment: bool = True

    @property
    def kind(self) -> Kind | None:
        """How a commit is told: by check runs, else by statuses, else not at all."""
        if self.abilities.check_runs and Kind.CHECK not in self.refused:
            return Kind.CHECK
        return None if Kind.STATUS in self.refused else Kind.STATUS


def wanted(
    view: ExecutionView, means: Means, known: Mapping[str, Shown] = NOT_SHOWN, asked: Collection[int] = ()
) -> tuple[Wanted, ...]:
    """`known` is what is shown already, by place; `asked` are the node runs that people have been asked about."""
    return tuple(_wanted(replace(view, still=True), means, known, asked))


def apart(view: ExecutionView, means: Means, known: Mapping[str, Shown]) -> list[NodeRun]:
    """The node runs that have, or get, something of their own; by index.

    What has one keeps it, so that it is told to its end.
    """
    has = [run for run in view.runs if _is_known(known.get(run_place(run.index)))]
    rest = [run for run in view.runs if not _is_known(known.get(run_place(run.index)))]
    telling = sorted((run for run in rest if _tells(run)), key=_most_telling)
    if len(view.runs) <= SMALL:
        begun = telling if means.scarce else rest
    else:
        lasting = [] if means.scarce else [run for run in rest if _lasts(view, run)]
        # Each of these is written twice, and they leave something for failures.
        spared = max(0, min((means.begin - SPARED) // 2, MOST_LASTING - len(has)))
        begun = [*telling, *lasting[:spared]][: max(0, min(means.begin, MOST_APART - len(has)))]
    if means.kind is Kind.STATUS:
        # A status cannot be changed, only followed by another, which is a creation each time.
        begun = [run for run in begun if run.status.settled or run.status is NodeStatus.WAITING]
    return sorted([*has, *begun], key=lambda run: run.index)


def _wanted(view: ExecutionView, means: Means, known: Mapping[str, Shown], asked: Collection[int]) -> Iterator[Wanted]:
    target, kind = view.execution.target, means.kind
    if target is None:
        return
    urgency, asks = _of_all(view, asked)
    if target.head_sha and kind:
        own = apart(view, means, known)
        # A status leads where it says, whoever sets it.
        links, buttons = means.abilities.links or kind is Kind.STATUS, means.abilities.buttons
        whole = execution_check(view, apart={run.index for run in own}, buttons=buttons, links=links)
        if not view.execution.status.ended:
            whole = replace(whole, batches=())  # each can be sent only once, and there may be others by then
        yield replace(thing(EXECUTION, kind, whole), urgency=urgency, asks=asks)
        # Each batch may be a write of its own, and a larger graph has few.
        most = MAX_BATCHES if len(view.runs) <= SMALL else 1
        for run in own:
            check = run_check(view, run, buttons=buttons, links=links, most=most)
            first, rank = _of_one(run, known)
            yield replace(thing(run_place(run.index), kind, check), urgency=first, rank=rank, own=True)
    if target.number is not None and means.comment and Kind.COMMENT not in means.refused:
        text = comment(view)
        said = Wanted(place=COMMENT, kind=Kind.COMMENT, content=text, digest=digest_of(text))
        yield replace(said, urgency=urgency, asks=asks)


def thing(place: str, kind: Kind, check: CheckRun) -> Wanted:
    """A check run, or the commit status that says as much of it as it can."""
    content: CheckRun | CommitStatus = check
    if kind is Kind.STATUS:
        said = {"state": status_state(check), "description": status_description(check), "url": check.details_url}
        content = CommitStatus(context=check.name, **said)
    return Wanted(
        place=place,
        kind=kind,
        content=content,
        digest=digest_of(repr(content)),
        concluded=check.conclusion is not None,
    )


def _of_all(view: ExecutionView, asked: Collection[int]) -> tuple[Urgency, frozenset[int]]:
    asks = frozenset(run.index for run in view.runs if run.status is NodeStatus.WAITING)
    if asks - frozenset(asked):
        return Urgency.PEOPLE, asks
    ended = view.execution.status.ended or view.execution.status is ExecutionStatus.WAITING
    return (Urgency.FINAL if ended else Urgency.PROGRESS), asks


def _of_one(run: NodeRun, known: Mapping[str, Shown]) -> tuple[Urgency, int]:
    if run.status is NodeStatus.WAITING:
        return Urgency.PEOPLE, 1
    if _tells(run):
        return Urgency.FINAL, 1
    if _is_known(known.get(run_place(run.index))):
        return Urgency.PROGRESS, 1
    return Urgency.PROGRESS, 3 if run.status in _UNTOLD else 2


def _tells(run: NodeRun) -> bool:
    """Somebody looks for it whatever else there is."""
    return run.status is NodeStatus.WAITING or (run.status is NodeStatus.FAILED and not tolerated(run))


def _most_telling(run: NodeRun) -> tuple[bool, float, int]:
    ended = run.completed_at.timestamp() if run.completed_at else 0.0
    return run.status is not NodeStatus.WAITING, ended, run.index


def _lasts(view: ExecutionView, run: NodeRun) -> bool:
    return (
        run.status is NodeStatus.RUNNING and bool(run.started_at) and view.now - (run.started_at or view.now) >= LASTING
    )


def _is_known(shown: Shown | None) -> bool:
    return shown is not None and (shown.github_id is not None or shown.begun or bool(shown.digest))


def digest_of(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
