"""Concurrency groups: of each, one execution runs, and the others wait for their turn or give way.

A group is looked at in the transaction that starts an execution, so that two events at the same time cannot both find
it free. What waits is a row, and no execution: it has no number and no node runs until its turn comes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from orchestrator.definition.expressions import interpolate, interpolate_text, is_truthy
from orchestrator.definition.model import Concurrency, JsonValue
from orchestrator.definition.reasons import Reason, Rule
from orchestrator.errors import BadInput, Conflict, Unavailable
from orchestrator.execution.showing import Target
from orchestrator.execution.state import Execution
from orchestrator.lifecycle import contexts
from orchestrator.lifecycle.cancel import cancel
from orchestrator.lifecycle.intake.deciding import drop, keep, known, record, ruled, settled
from orchestrator.lifecycle.intake.occasion import Desk, Occasion
from orchestrator.lifecycle.ports import Decision, Group, HeldStart, Hold, Ruling, Snapshot, Transaction
from orchestrator.lifecycle.projection.holding import hold_back
from orchestrator.lifecycle.start import StartRequest, planned, start

_TRIES: Final = 3


class _Taken(Exception):
    """The group is somebody else's for now."""


def take_turn(occasion: Occasion, found: Decision, held: HeldStart) -> Decision:
    """Start what was admitted, or let it wait for its turn; the decision as it is then stored.

    Inputs and group that cannot be made out deny it. A delivery that comes again gets the decision of the first time.
    """
    desk = occasion.desk
    try:
        request = _request(occasion, held)
        held = _grouped(desk, request, held)
    except BadInput as error:
        rule = Rule.CONCURRENCY if isinstance(error, _NoGroup) else Rule.INPUTS
        return _denied(desk, found, held, Reason(starts=False, text=str(error), rule=rule))
    for _ in range(_TRIES):
        try:
            made = _started_or_queued(desk, request, found, held)
        except Conflict:
            return known(desk, found)
        except BadInput as error:  # agents that are missing, or more node runs than one execution may have
            return _denied(desk, found, held, Reason(starts=False, text=str(error), rule=Rule.FILE))
        if made and made.ruling is Ruling.WAITING:
            make_way(desk, held.group)
        if made:
            return known(desk, made)
    raise Unavailable(f"the concurrency group {held.group[:80]} changes hands all the time")


def next_in_turn(desk: Desk) -> list[HeldStart]:
    """What may start now: the first that waits of each group in which nothing runs.

    Where what waits is meant to cancel what runs, that is done, also if the process that began with it died.
    """
    with desk.services.store.begin() as tx:
        names = dict.fromkeys(held.group for held in tx.intake.held([Hold.QUEUED]))
        groups = {name: tx.intake.group(name) for name in names}
    for name, group in groups.items():
        if group.running and any(held.cancels for held in group.queued):
            make_way(desk, name)
    return [group.queued[0] for group in groups.values() if group.queued and not group.running]


def make_way(desk: Desk, name: str) -> None:
    """Cancel what runs in a group, if what waits there asks for it."""
    with desk.services.store.begin() as tx:
        group = tx.intake.group(name)
    if not any(held.cancels for held in group.queued):
        return
    for execution_id in group.running:
        with contextlib.suppress(Conflict):
            cancel(desk.services, execution_id, "a newer execution of its concurrency group")


class _NoGroup(BadInput):
    """The group's expressions have no value."""


def _grouped(desk: Desk, request: StartRequest, held: HeldStart) -> HeldStart:
    # Inputs that do not fit are found here, before anything waits for them.
    execution = planned(desk.services, request)
    written = request.workflow.concurrency
    if written is None:
        return held
    seen = contexts.common(execution)
    try:
        name = interpolate_text(written.group, seen).strip().lower()
        cancels = _cancels(written, seen)
    except BadInput as error:
        raise _NoGroup(f"`concurrency` has no value: {error}") from error
    return replace(held, group=name, cancels=cancels, waiting_limit=written.queue)


def _cancels(written: Concurrency, seen: Mapping[str, JsonValue]) -> bool:
    if isinstance(written.cancel_in_progress, bool):
        return written.cancel_in_progress
    return is_truthy(interpolate(written.cancel_in_progress, seen))


def _started_or_queued(desk: Desk, request: StartRequest, found: Decision, held: HeldStart) -> Decision | None:
    """None where the group was taken, and has become free since. `Conflict` where this was decided before."""
    try:
        return _started(desk, request, found, held)
    except _Taken:
        return _queued(desk, found, held)


def _started(desk: Desk, request: StartRequest, found: Decision, held: HeldStart) -> Decision:
    kept: list[Decision] = []

    def also(tx: Transaction, execution: Execution) -> None:
        if held.group and _occupied(tx.intake.group(held.group), held):
            raise _Taken
        reason = Reason(starts=True, text=found.reason, rule=Rule(found.rule))
        matched = ruled(found, Ruling.MATCHED, reason, execution_id=execution.id)
        kept.append(keep(tx, matched, settled(held, Hold.STARTED, execution_id=execution.id)))
        if desk.keeps:
            hold_back(tx, execution.id, execution.created_at)

    start(desk.services, request, also=also)
    return kept[-1]


def _occupied(group: Group, held: HeldStart) -> bool:
    ahead = [each for each in group.queued if not held.id or each.id < held.id]
    return bool(group.running or ahead)


def _queued(desk: Desk, found: Decision, held: HeldStart) -> Decision | None:
    """Let it wait; None where the group has become free. Those that waited too long a line give way."""
    with desk.services.store.begin() as tx:
        group = tx.intake.group(held.group)
        if not _occupied(group, held):
            return None
        reason = Reason(starts=None, text=_behind(group, held), rule=Rule.CONCURRENCY)
        waiting = keep(tx, ruled(found, Ruling.WAITING, reason), replace(held, state=Hold.QUEUED))
        others = [each for each in group.queued if each.id != held.id]
        room = 0 if held.cancels else held.waiting_limit - 1
        for each in others[: max(0, len(others) - room)]:
            text = f"a newer execution of the concurrency group `{held.group[:80]}` took its place"
            drop(tx, each, Ruling.SUPERSEDED, Reason(starts=False, text=text, rule=Rule.CONCURRENCY))
    return waiting


def _behind(group: Group, held: HeldStart) -> str:
    who = f"execution {group.running[0]}" if group.running else "others that came before"
    what = "is being cancelled for it" if held.cancels and group.running else "comes first"
    return f"in the concurrency group `{held.group[:80]}` {who} {what}"


def _denied(desk: Desk, found: Decision, held: HeldStart, reason: Reason) -> Decision:
    dropped = settled(held, Hold.DROPPED) if held.id else None
    return record(desk, ruled(found, Ruling.DENIED, reason), dropped)


def _request(occasion: Occasion, held: HeldStart) -> StartRequest:
    definitions, commit = occasion.definitions, occasion.commit
    git = occasion.desk.services.git
    if not git.has(commit) and not git.fetch(commit):
        raise Unavailable(f"the commit {commit[:12]} is not in the repository", hint="it may come with a push")
    workflow, of = definitions.workflows[held.workflow_id], definitions.of(held.workflow_id)
    return StartRequest(
        workflow=workflow,
        source=of.sources.get(workflow.id, ""),
        agents={name: of.agents[name] for name in workflow.agents if name in of.agents},
        files=of.transcripts.get(workflow.id, {}),
        inputs=held.inputs,
        trigger=held.trigger,
        triggered_by=held.actor,
        event_name=held.event_name,
        event=held.event,
        target=_target(occasion, commit),
        snapshot=Snapshot(
            head=commit,
            base=commit,
            dirty=False,
            branch=occasion.branch,
            repository=occasion.desk.github.repository,
        ),
        project=of.project,
        last_valid="" if of is definitions else of.commit,
    )


def _target(occasion: Occasion, commit: str) -> Target | None:
    """What an issue starts works on the default branch, and has nothing to say about its commit."""
    if occasion.desk.silent:
        return None
    event = occasion.event
    of_issue = event.number is not None and event.pull_request is None
    return Target(
        repository=occasion.desk.github.repository,
        head_sha="" if of_issue else commit,
        number=event.number,
        job_url=occasion.desk.job,
    )
