"""What a node's predecessors came to: `needs.X.result`, `needs.X.outputs` and what the status functions answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from orchestrator.definition.expressions import Status
from orchestrator.definition.model import JsonValue
from orchestrator.execution.state import NodeRun, Result


def aggregate(runs: Iterable[NodeRun]) -> Result:
    """The result of a node from those of its runs: any failure, else any cancellation, else skipped if all were."""
    results = {run.result for run in runs}
    for decisive in (Result.FAILURE, Result.CANCELLED):
        if decisive in results:
            return decisive
    return Result.SKIPPED if results == {Result.SKIPPED} else Result.SUCCESS


def merged_outputs(runs: Iterable[NodeRun]) -> dict[str, JsonValue]:
    """The outputs of a node's runs as one: by index, the last value that is not empty wins."""
    merged: dict[str, JsonValue] = {}
    for run in sorted(runs, key=lambda run: run.index):
        for name, value in (run.outcome.outputs if run.outcome else {}).items():
            if name not in merged or value not in (None, "", [], {}):
                merged[name] = value
    return merged


def by_node(predecessors: Iterable[NodeRun]) -> dict[str, list[NodeRun]]:
    """Predecessor runs by the node they belong to, in their order."""
    grouped: dict[str, list[NodeRun]] = {}
    for run in predecessors:
        grouped.setdefault(run.node, []).append(run)
    return grouped


def results(predecessors: Iterable[NodeRun]) -> dict[str, Result]:
    """`needs.X.result` for each direct predecessor."""
    return {node: aggregate(runs) for node, runs in by_node(predecessors).items()}


def context(predecessors: Iterable[NodeRun]) -> dict[str, JsonValue]:
    """The `needs` context."""
    return {
        node: {"result": aggregate(runs).value, "outputs": merged_outputs(runs)}
        for node, runs in by_node(predecessors).items()
    }


def status(run: NodeRun, predecessors: Sequence[NodeRun]) -> Status:
    """What `success() failure() cancelled()` answer for `run`, whose ancestor bits are already merged.

    Unlike on GitHub, an ancestor that was skipped further up does not make `success()` false when the direct
    predecessors succeeded.
    """
    direct = all(result is Result.SUCCESS for result in results(predecessors).values())
    return Status(
        success=direct and not run.any_failed and not run.any_cancelled,
        failure=run.any_failed,
        cancelled=run.any_cancelled,
    )


def heads(predecessors: Iterable[NodeRun]) -> tuple[str, ...]:
    """The commits that a successor starts from: by index, what each committed or else what it started from."""
    found: dict[str, None] = {}
    for run in sorted(predecessors, key=lambda run: run.index):
        commit = run.outcome.commit if run.outcome else None
        found.update(dict.fromkeys((commit,) if commit else run.heads))
    return tuple(found)
