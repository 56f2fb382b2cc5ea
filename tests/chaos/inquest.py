"""What must be true of an execution that has ended, whatever was killed on the way."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from orchestrator.execution.log_line import LogLine
from orchestrator.execution.state import Execution, NodeRun, NodeStatus
from orchestrator.lifecycle.resume import owes
from orchestrator.lifecycle.services import Services
from tests.chaos.load import COUNTED, Kind
from tests.fakes.checkout import Checkout
from tests.fakes.evidence import Entry

MOST_LOSSES = 3
PAGE = 1_000


@dataclass(frozen=True, kw_only=True)
class Case:
    """An execution, what it should have been, and what its nodes told."""

    kind: Kind
    ticket: int
    execution: Execution
    runs: list[NodeRun]
    edges: list[tuple[int, int]]
    entries: list[Entry]


def violations(services: Services, checkout: Checkout, case: Case) -> list[str]:
    """Everything that is wrong with an ended execution."""
    found = [*_state(case), *_ledger(case), *_log(services, case), *_branches(checkout, case), *_blobs(services, case)]
    if owes(services, case.execution):
        found.append("the outbox is not empty")
    return [f"{case.kind.name} {case.ticket} ({case.execution.id}): {each}" for each in found]


def _state(case: Case) -> Iterator[str]:
    execution, kind = case.execution, case.kind
    if execution.status.value != kind.status:
        yield f"it is {execution.status.value} instead of {kind.status} ({execution.error_message})"
    if (execution.open_runs, execution.active_runs) != (0, 0):
        yield f"its counters are {execution.open_runs} open, {execution.active_runs} active"
    statuses = {run.key: run.status.value for run in case.runs}
    if statuses != kind.statuses:
        yield f"its nodes are {statuses}"
    attempts = dict.fromkeys(kind.statuses, 1) | dict(kind.attempts(case.ticket))
    for run in case.runs:
        if run.status is NodeStatus.COMPLETED and run.decided_by is None and run.attempt != attempts[run.key]:
            yield f"{run.key} took {run.attempt} attempts instead of {attempts[run.key]}"
        if run.waiting_for and run.status is not NodeStatus.CANCELLED:
            yield f"{run.key} still waits for {run.waiting_for}"
        if run.lost > MOST_LOSSES:
            yield f"{run.key} was lost {run.lost} times"
        wanted = kind.outputs.get(run.key, {})
        outputs: dict[str, Any] = run.outcome.outputs if run.outcome else {}
        if any(outputs.get(name) != value for name, value in wanted.items()):
            yield f"{run.key} has outputs {outputs}"


def _ledger(case: Case) -> Iterator[str]:
    times = Counter((entry.key, entry.epoch) for entry in case.entries)
    for (key, epoch), number in times.items():
        if number > 1:
            yield f"{key} ran {number} times at epoch {epoch}"
    places = {(entry.key, entry.epoch): place for place, entry in enumerate(case.entries)}
    # What a node told is told by its process, so all but merges and approvals are there.
    last = {run.index: places.get((run.key, run.epoch)) for run in case.runs if run.status is NodeStatus.COMPLETED}
    names = {run.index: run.key for run in case.runs}
    for index, place in last.items():
        if place is None and names[index] not in ("gate", "both"):
            yield f"{names[index]} completed without having run"
    for source, target in case.edges:
        before, after = last.get(source), last.get(target)
        if before is not None and after is not None and before > after:
            yield f"{names[target]} ran before {names[source]}"


def _log(services: Services, case: Case) -> Iterator[str]:
    lines: list[LogLine] = []
    while page := services.logs.read(case.execution.id, after=lines[-1].id if lines else 0, limit=PAGE):
        lines += page
    numbers = [line.id for line in lines]
    if numbers != list(range(1, len(numbers) + 1)):
        yield "its log lines are not numbered one by one"
    texts = [line.text for line in lines]
    for run in case.runs:
        if run.key in case.kind.counted and run.status is NodeStatus.COMPLETED:
            mark = f"{case.execution.id}/{run.key}/{run.epoch} "
            seen = [text.removeprefix(mark) for text in texts if text.startswith(mark)]
            if seen != [str(number) for number in range(1, COUNTED + 1)]:
                yield f"{run.key} logged {seen}"


def _branches(checkout: Checkout, case: Case) -> Iterator[str]:
    execution, wanted = case.execution, case.kind.files
    if not wanted:
        if execution.result_branch:
            yield f"it made the branch {execution.result_branch}"
        return
    name = f"mycelium/{execution.workflow_id}/{execution.number}"
    refs = checkout.git("for-each-ref", "--format=%(refname:short)", "refs/heads/mycelium").split()
    mine = [ref for ref in refs if re.fullmatch(rf"{re.escape(name)}(-\d+)?", ref)]
    if mine != [name] or execution.result_branch != name:
        yield f"its branches are {mine}, and it says {execution.result_branch}"
        return
    for path, content in wanted.items():
        if (found := checkout.git("show", f"{name}:{path}")) != content:
            yield f"{path} holds {found!r}"


def _blobs(services: Services, case: Case) -> Iterator[str]:
    for outcome in [run.outcome for run in case.runs if run.outcome]:
        digests = [artifact.digest for artifact in outcome.artifacts] + ([outcome.bundle] if outcome.bundle else [])
        for digest in digests:
            if not services.blobs.has(digest):
                yield f"blob {digest} is missing"
