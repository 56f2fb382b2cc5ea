"""What an ended execution is to publish: one entry for each target, with what is left out or refused, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from orchestrator.definition.event import Event, read_event
from orchestrator.definition.expressions import (
    Embedded,
    ExpressionError,
    Status,
    as_text,
    evaluate,
    interpolate,
    is_truthy,
    parse,
    pieces,
    references,
)
from orchestrator.definition.model import Agent, JsonValue, Workflow
from orchestrator.definition.publish import COMMITTING, MOST_LABELS, PublishKind, Target
from orchestrator.execution import needs
from orchestrator.execution.allowed import LONGEST_LABEL, refused_labels
from orchestrator.execution.publication import PublicationState
from orchestrator.execution.review import NoReview, ReviewAnswer, read_review
from orchestrator.execution.state import Execution, ExecutionStatus, NodeRun, NodeStatus

NAMED: Final = 3
"""Paths or labels that a reason names."""

_OF_PULL_REQUEST: Final = frozenset({PublishKind.PUSH, PublishKind.REVIEW})
_OF_NUMBER: Final = _OF_PULL_REQUEST | {PublishKind.COMMENT, PublishKind.LABELS}


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """An execution at its end. `contexts` are those that every node sees alike, and `env` of the workflow."""

    execution: Execution
    workflow: Workflow
    runs: Sequence[NodeRun]
    contexts: Mapping[str, JsonValue]

    @property
    def event(self) -> Event:
        """What started it: the pull request or issue that it belongs to."""
        return read_event(self.execution.event_name, self.execution.event)

    @property
    def seen(self) -> dict[str, JsonValue]:
        """The contexts of texts under `publish`: `needs` has every node."""
        return {**self.contexts, "needs": needs.context(self.runs)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """One thing to publish, or why not.

    `key` names it within the execution, `ordinal` within its kind, from 1. `run` is the node run that it comes from.
    `labels`, `remove`, `reviewers` and `base` are evaluated, `review` is read from the answer.
    """

    key: str
    ordinal: int
    target: Target
    state: PublicationState = PublicationState.PLANNED
    reason: str = ""
    run: NodeRun | None = None
    agents: tuple[str, ...] = ()
    commit: str = ""
    labels: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    base: str = ""
    review: ReviewAnswer | None = None

    @property
    def kind(self) -> PublishKind:
        return self.target.kind

    def refused(self, reason: str) -> Planned:
        return replace(self, state=PublicationState.REFUSED, reason=reason)

    def skipped(self, reason: str) -> Planned:
        return replace(self, state=PublicationState.SKIPPED, reason=reason)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Source:
    """A node run with something to publish: a commit, or an answer."""

    run: NodeRun
    commit: str = ""
    review: ReviewAnswer | None = None
    misfit: str = ""


def plan(ended: Ended) -> list[Planned]:
    """Everything that `publish` names, in its order; of a node with a matrix each run that has something."""
    publish = ended.workflow.publish
    if publish is None:
        return []
    planner = _Planner(ended)
    found = [each for kind in PublishKind for each in planner.of_kind(kind)]
    if publish.dry_run:
        return [_only_told(each) for each in found]
    return found


def _only_told(planned: Planned) -> Planned:
    if planned.state is not PublicationState.PLANNED:
        return planned
    return replace(planned, state=PublicationState.WITHHELD, reason="`dry-run` is set")


@dataclass(slots=True)
class _Planner:
    ended: Ended
    seen: dict[str, JsonValue] = field(init=False)
    event: Event = field(init=False)

    def __post_init__(self) -> None:
        self.seen, self.event = self.ended.seen, self.ended.event

    def of_kind(self, kind: PublishKind) -> Iterator[Planned]:
        publish = self.ended.workflow.publish
        assert publish is not None  # noqa: S101 - else nobody asks
        targets = [target for target in publish.targets if target.kind is kind]
        planned = [
            each for number, target in enumerate(targets, 1) for each in self._expanded(target, _key(kind, number))
        ]
        counted: Counter[PublicationState] = Counter()
        for ordinal, each in enumerate(planned, 1):
            settled = replace(each, ordinal=ordinal)
            counted[settled.state] += 1
            if counted[PublicationState.PLANNED] > publish.most(kind) and settled.state is PublicationState.PLANNED:
                settled = settled.refused(f"at most {publish.most(kind)} of `{kind}` may be published: see `maximum`")
            yield settled

    def _expanded(self, target: Target, key: str) -> Iterator[Planned]:
        """The target once, or once for each node run that it comes from."""
        bare = Planned(key=key, ordinal=1, target=target)
        try:
            reason = self._unwanted(target) or self._misplaced(target)
        except ExpressionError as error:
            yield bare.refused(f"its `if` cannot be evaluated: {error}")
            return
        if reason:
            yield bare.skipped(reason)
        elif reason := self._forbidden(target):
            yield bare.refused(reason)
        elif not target.source:
            yield self._checked(replace(bare, agents=self._named_agents(target)))
        elif not (sources := self._sources(target)):
            yield bare.skipped(self._nothing(target))
        elif len(sources) > 1 and target.kind is PublishKind.PUSH:
            yield bare.refused(f"`{target.source}` has {len(sources)} commits: bring them together with a `merge` node")
        else:
            yield from (self._from(bare, source, several=len(sources) > 1) for source in sources)

    def _from(self, bare: Planned, source: _Source, *, several: bool) -> Planned:
        made = replace(
            bare,
            key=f"{bare.key} {source.run.key}" if several else bare.key,
            run=source.run,
            commit=source.commit,
            review=source.review,
            agents=self._committers(source.run) if source.commit else self._agents_of(source.run),
        )
        return made.refused(source.misfit) if source.misfit else self._checked(made)

    def _unwanted(self, target: Target) -> str:
        status = self.ended.execution.status
        if not target.asks_status and status is not ExecutionStatus.COMPLETED:
            return f"the execution {_WORDS.get(status, status.value)}"
        if target.condition is None:
            return ""
        asked = Status(
            success=status is ExecutionStatus.COMPLETED,
            failure=status is ExecutionStatus.FAILED,
            cancelled=status is ExecutionStatus.CANCELLED,
        )
        holds = is_truthy(evaluate(parse(target.condition), self.seen, asked))
        return "" if holds else "its `if` does not hold"

    def _misplaced(self, target: Target) -> str:
        if target.kind in _OF_PULL_REQUEST and self.event.pull_request is None:
            return "the execution belongs to no pull request"
        if target.kind in _OF_NUMBER and self.event.number is None:
            return "the execution belongs to no pull request or issue"
        return ""

    def _forbidden(self, target: Target) -> str:
        if target.kind not in COMMITTING:
            return ""
        execution, pull_request = self.ended.execution, self.event.pull_request
        if pull_request and pull_request.from_fork:
            return "the pull request comes from a fork, whose code stays there"
        if execution.dirty:
            return "the execution took uncommitted changes along: commit them first"
        if target.kind is PublishKind.PUSH and pull_request and pull_request.head_sha != execution.head:
            ran, head = (execution.head or "nothing")[:12], pull_request.head_sha[:12]
            return f"the execution ran on {ran}, and not on {head}, the head of the pull request"
        return ""

    def _runs(self, node: str) -> list[NodeRun]:
        return [run for run in self.ended.runs if run.node == node]

    def _sources(self, target: Target) -> list[_Source]:
        done = [run for run in self._runs(target.source) if run.status is NodeStatus.COMPLETED]
        if target.kind is PublishKind.REVIEW:
            return [self._answer(run) for run in done if run.outcome]
        found = {source.commit: source for run in reversed(done) if (source := _commit(run))}
        return list(reversed(found.values()))

    def _answer(self, run: NodeRun) -> _Source:
        action = self.ended.workflow.nodes[run.node].action
        answered = isinstance(action, Agent) and action.answer is not None
        outputs = run.outcome.outputs if run.outcome else {}
        try:
            return _Source(run=run, review=read_review(outputs, answered=answered))
        except NoReview as error:
            return _Source(run=run, misfit=f"the answer of `{run.key}` is no review: {error}")

    def _nothing(self, target: Target) -> str:
        runs = self._runs(target.source)
        if any(run.status is NodeStatus.COMPLETED for run in runs):
            return f"`{target.source}` changed nothing"
        states = Counter(run.status.value for run in runs)
        return f"`{target.source}` has not completed: {', '.join(states) or 'it never ran'}"

    def _checked(self, planned: Planned) -> Planned:
        target = planned.target
        try:
            made = replace(
                planned,
                labels=self._texts(target.labels),
                remove=self._texts(target.remove),
                reviewers=self._texts(target.reviewers),
                base=" ".join(self._texts((target.base,))),
            )
        except ExpressionError as error:
            return planned.refused(f"it cannot be evaluated: {error}")
        if reason := self._wrong_labels((*made.labels, *made.remove)):
            return made.refused(reason)
        if target.kind is PublishKind.LABELS and not (made.labels or made.remove):
            return made.skipped("there is no label to set or to take off")
        return made

    def _texts(self, templates: Sequence[str]) -> tuple[str, ...]:
        """Each text, and each item of a list that an expression gives; blank ones are left out."""
        found: dict[str, None] = {}
        for template in templates:
            value = interpolate(template, self.seen)
            items = value if isinstance(value, list) else [value]
            found.update((text, None) for item in items if (text := _plain(item)))
        return tuple(found)

    def _wrong_labels(self, labels: Sequence[str]) -> str:
        if len(labels) > MOST_LABELS:
            return f"{len(labels)} labels, and at most {MOST_LABELS} are allowed"
        if long := [label for label in labels if len(label) > LONGEST_LABEL]:
            return f"a label has at most {LONGEST_LABEL} characters: {named(long)}"
        publish = self.ended.workflow.publish
        if publish and (refused := refused_labels(publish, labels)):
            return f"`allow.labels` does not name {named(refused)}"
        return ""

    def _agents_of(self, run: NodeRun) -> tuple[str, ...]:
        called = run.outcome.called if run.outcome else None
        action = self.ended.workflow.nodes[run.node].action
        name = called.agent if called else action.agent if isinstance(action, Agent) else ""
        return (name,) if name else ()

    def _committers(self, run: NodeRun) -> tuple[str, ...]:
        """The agents whose commits are in the one of `run`: its own, and those of the nodes before it."""
        names = _with_ancestors(run.node, self.ended.workflow)
        committed = [each for each in self.ended.runs if each.node in names and each.outcome and each.outcome.commit]
        mine = [each for each in committed if each.node != run.node or each.index == run.index]
        return tuple(dict.fromkeys(agent for each in mine for agent in self._agents_of(each)))

    def _named_agents(self, target: Target) -> tuple[str, ...]:
        """The agents of the nodes that the texts of a target name."""
        read = {
            reference.path
            for text in (target.title, target.body, *target.labels, *target.remove)
            for piece in pieces(text)
            if isinstance(piece, Embedded)
            for reference in references(piece.expression)
            if reference.path[0] == "needs"
        }
        names = {path[1].lower() for path in read if len(path) > 1}
        mine = [run for run in self.ended.runs if run.node.lower() in names and run.outcome]
        return tuple(dict.fromkeys(agent for run in mine for agent in self._agents_of(run)))


_WORDS: Final = {ExecutionStatus.FAILED: "failed", ExecutionStatus.CANCELLED: "was cancelled"}


def named(texts: Sequence[str]) -> str:
    """The first of them in backticks."""
    more = f" and {len(texts) - NAMED} more" if len(texts) > NAMED else ""
    return ", ".join(f"`{text[:100]}`" for text in texts[:NAMED]) + more


def _key(kind: PublishKind, number: int) -> str:
    return kind.value if number == 1 else f"{kind.value}:{number}"


def _commit(run: NodeRun) -> _Source | None:
    """The commit of a node run, or the one that it passes on."""
    if run.outcome and run.outcome.commit:
        return _Source(run=run, commit=run.outcome.commit)
    if len(run.heads) > 1:
        misfit = f"`{run.key}` stands on {len(run.heads)} commits: bring them together with a `merge` node"
        return _Source(run=run, commit=run.heads[0], misfit=misfit)
    return _Source(run=run, commit=run.heads[0]) if run.heads else None


def _with_ancestors(node: str, workflow: Workflow) -> set[str]:
    found, ahead = {node}, [node]
    while ahead:
        before = {need.node for need in workflow.nodes[ahead.pop()].needs} - found
        found |= before
        ahead += before
    return found


def _plain(value: JsonValue) -> str:
    """One line of a text, number or boolean; nothing of anything else."""
    if value is None or isinstance(value, (list, dict)):
        return ""
    return " ".join(as_text(value).split())
