"""What a record has to be beyond its form: one execution, whole, and no more than one.

Types say nothing about how values belong together. A counter that is wrong would have an execution wait for ever, an
edge that leads back would have it go round, and a node run of another execution would be written over.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from graphlib import CycleError
from itertools import chain
from typing import Any, Final

from orchestrator.definition.graph import topological_order
from orchestrator.execution.showing import COMMENT, EXECUTION, run_place
from orchestrator.execution.standing import result_of
from orchestrator.execution.state import ExecutionStatus, NodeStatus
from orchestrator.lifecycle.archive.record import Damaged, Record
from orchestrator.lifecycle.ports import Dossier, Hold

IDENTIFIER: Final = re.compile(r"[0-9a-z][0-9a-z-]{3,63}")
"""What an execution may be called in a branch: it becomes the name of a file."""

_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_EFFECTS: Final = frozenset({"cascade", "finish", "tell"})
_ACTIVE: Final = frozenset({NodeStatus.QUEUED, NodeStatus.RUNNING})
_UNASKED: Final = frozenset({NodeStatus.PENDING, NodeStatus.CANCELLED})


def check(record: Record, execution_id: str) -> None:
    """`Damaged` with all that is wrong, unless it is a record of this execution that can be stored and go on."""
    if record.dossier.execution.id != execution_id or not IDENTIFIER.fullmatch(execution_id):
        raise Damaged("it is a record of another execution")
    problems = list(chain(_runs(record.dossier), _graph(record.dossier), _belonging(record.dossier), _names(record)))
    if problems:
        raise Damaged(f"it contradicts itself: {'; '.join(problems[:5])}")


def _runs(dossier: Dossier) -> Iterator[str]:
    execution, runs = dossier.execution, dossier.runs
    if [run.index for run in runs] != list(range(len(runs))):
        yield "node runs are not numbered from 0"
        return
    nodes = dossier.plan.definition.nodes
    if any(run.node not in nodes for run in runs):
        yield "a node run is of no node of the workflow"
    elif any(run.result is not result_of(run, nodes[run.node]) for run in runs):
        yield "a node run has a result that does not go with its status"
    if len({run.key for run in runs}) < len(runs):
        yield "two node runs have one key"
    unsettled = [run for run in runs if not run.status.settled]
    if execution.open_runs != len(unsettled):
        yield "the number of open node runs is wrong"
    if execution.active_runs != sum(run.status in _ACTIVE for run in unsettled):
        yield "the number of active node runs is wrong"
    if execution.status.ended and unsettled:
        yield "it has ended, and a node run has not"
    if execution.status is ExecutionStatus.WAITING and execution.active_runs:
        yield "it waits, and a node run does not"
    if any(min(run.epoch, run.attempt, run.lost, run.lease) < 0 for run in runs):
        yield "a node run counts below 0"


def _graph(dossier: Dossier) -> Iterator[str]:
    nodes, runs = dossier.plan.definition.nodes, dossier.runs
    try:
        if any(name != node.id for name, node in nodes.items()) or not topological_order(nodes):
            yield "its workflow has no nodes, or calls them by other names"
    except (CycleError, KeyError):
        yield "its workflow goes round, or needs what it has not got"
    if any(not 0 <= source < target < len(runs) for source, target in dossier.edges):
        yield "an edge leads back, or nowhere"
        return
    if list(dossier.edges) != sorted(set(dossier.edges)):
        yield "edges are not in order"
    yield from _order(dossier)


def _order(dossier: Dossier) -> Iterator[str]:
    """Nothing is further than what comes before it lets it be."""
    runs, untold = dossier.runs, _untold(dossier)
    if any(type(index) is not int or not 0 <= index < len(runs) or not runs[index].status.settled for index in untold):
        yield "it is to tell of the end of a node run that has not ended"
        return
    unsettled, unheard, times = [0] * len(runs), [0] * len(runs), Counter(untold)
    for source, target in dossier.edges:
        unsettled[target] += not runs[source].status.settled
        unheard[target] += times[source]
    for run, left, more in zip(runs, unsettled, unheard, strict=True):
        if run.status is NodeStatus.PENDING and run.waiting_for != left + more:
            yield "a node run waits for more, or less, than comes before it"
        if run.status not in _UNASKED and left:
            yield "a node run is past what comes before it"


def _untold(dossier: Dossier) -> list[Any]:
    """Settled node runs of which those after them still have to hear, for each time that they have to."""
    payloads = [effect.payload.get("indexes") for effect in dossier.effects if effect.kind == "cascade"]
    return [index for each in payloads for index in (each if isinstance(each, list) else [None])]


def _belonging(dossier: Dossier) -> Iterator[str]:
    execution = dossier.execution
    owners = {run.execution_id for run in dossier.runs} | {vote.execution_id for vote in dossier.votes}
    owners |= {each.execution_id for each in dossier.attempts} | {each.execution_id for each in dossier.publications}
    owners |= {each.execution_id for each in dossier.decisions} | {each.execution_id for each in dossier.held}
    owners |= {dossier.showing.execution_id} if dossier.showing else set()
    if owners - {execution.id}:
        yield "something in it belongs to another execution"
    if (dossier.showing and dossier.showing.target) != execution.target or (dossier.shown and not dossier.showing):
        yield "it is shown where it is not"
    if not execution.status.ended and any(each.pending for each in dossier.publications):
        yield "it has not ended, and publishes"
    if any(held.state is not Hold.STARTED for held in dossier.held):
        yield "it is held back, and has started"
    if any(each.id for each in dossier.decisions) or any(each.id for each in dossier.held):
        yield "it counts rows of a store"
    counted = len(dossier.runs)
    indexes = [each.index for each in dossier.reservations] + [vote.index for vote in dossier.votes]
    indexes += [attempt.run for attempt in dossier.attempts]
    if any(not 0 <= index < counted for index in indexes):
        yield "something is of a node run that it has not got"
    if any(effect.kind not in _EFFECTS for effect in dossier.effects):
        yield "it has effects that are unknown here"


def _names(record: Record) -> Iterator[str]:
    dossier = record.dossier
    execution, outcomes = dossier.execution, [run.outcome for run in dossier.runs if run.outcome]
    commits = [execution.head, execution.base, execution.result]
    commits += [name for run in dossier.runs for name in run.heads]
    commits += [name for outcome in outcomes for name in (outcome.base, outcome.commit)]
    if any(name and not _COMMIT.fullmatch(name) for name in commits):
        yield "something is called a commit that is none"
    digests = [*dossier.copies.values(), dossier.plan.base_bundle, *(outcome.bundle for outcome in outcomes)]
    digests += [artifact.digest for outcome in outcomes for artifact in outcome.artifacts]
    digests += [digest for outcome in outcomes for digest in outcome.transcripts]
    if any(digest and not _DIGEST.fullmatch(digest) for digest in digests):
        yield "something is called a digest that is none"
    if unknown := set(record.blobs) - set(digests):
        yield f"{len(unknown)} blobs belong to nothing in it"
    links = [each.url for each in dossier.publications] + [execution.target.job_url if execution.target else ""]
    if any(link and not link.startswith(("https://", "http://")) for link in links):
        yield "something links to no page"
    places = {EXECUTION, COMMENT, *(run_place(run.index) for run in dossier.runs)}
    if any(thing.place not in places for thing in dossier.shown):
        yield "something is shown at a place that is none"
    if any(line.run not in range(len(dossier.runs)) for line in record.log):
        yield "its log has lines of no node run"
    if _has_naive_time(dossier) or record.saved_at.tzinfo is None or any(line.at.tzinfo is None for line in record.log):
        yield "a time has no zone"


def _has_naive_time(value: Any) -> bool:
    match value:
        case datetime():
            return value.tzinfo is None
        case tuple():
            return any(map(_has_naive_time, value))
        case Mapping():
            return any(map(_has_naive_time, value.values()))
        case _ if is_dataclass(value):
            return any(_has_naive_time(getattr(value, field.name)) for field in fields(value))
    return False
