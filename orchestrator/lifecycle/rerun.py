"""Doing an ended execution again: all of it as a new one, or a part of it in place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from orchestrator.errors import Conflict, NotFound
from orchestrator.execution import machine
from orchestrator.execution.showing import EXECUTION, run_place
from orchestrator.execution.state import Execution, ExecutionStatus, NodeRun, NodeStatus
from orchestrator.lifecycle import budgets
from orchestrator.lifecycle.perform import changing
from orchestrator.lifecycle.ports import Snapshot
from orchestrator.lifecycle.publishing.layout import withdraw
from orchestrator.lifecycle.services import Services
from orchestrator.lifecycle.start import Also, StartRequest, start
from orchestrator.lifecycle.transition import Transition

Edges = Sequence[tuple[int, int]]

_UNSUCCESSFUL = frozenset({NodeStatus.FAILED, NodeStatus.CANCELLED})


def rerun(
    services: Services, execution_id: str, *, failed_only: bool, node: str | None = None, also: Also | None = None
) -> Execution:
    """Run an ended execution again; `Conflict` while it runs.

    With `node`, that node and all that follow it run again within the same execution; with `failed_only`, whatever
    failed or was cancelled and all that follow; the results of the others stand. Otherwise a new execution starts
    from the same commit, plan and inputs, with `also` as in `start`.
    """
    execution = services.store.execution(execution_id)
    if not execution.status.ended:
        raise Conflict(f"execution {execution_id} has not ended: it is {execution.status.value}")
    if node is None and not failed_only:
        return start(services, _again(services, execution), also=also)
    edges = services.store.edges(execution_id)
    with changing(services, execution_id) as change:
        if not change.execution.status.ended:
            raise Conflict(f"execution {execution_id} is running again already")
        runs = change.tx.runs(execution_id)
        chosen = _with_descendants(_chosen(runs, node, execution_id), edges)
        _reopen(change, services.instance, runs, chosen, edges)
    return services.store.execution(execution_id)


def _chosen(runs: Sequence[NodeRun], node: str | None, execution_id: str) -> set[int]:
    if node is None:
        chosen = {run.index for run in runs if run.status in _UNSUCCESSFUL}
        if not chosen:
            raise Conflict(f"nothing failed in execution {execution_id}")
        return chosen
    chosen = {run.index for run in runs if node in (run.node, run.key)}
    if not chosen:
        raise NotFound(f"execution {execution_id} has no node `{node}`")
    return chosen


def _with_descendants(chosen: set[int], edges: Iterable[tuple[int, int]]) -> set[int]:
    """One pass is enough: edges come sorted by source, and indexes are in topological order."""
    found = set(chosen)
    for source, target in sorted(edges):
        if source in found:
            found.add(target)
    return found


def _reopen(change: Transition, instance: str, runs: Sequence[NodeRun], chosen: set[int], edges: Edges) -> None:
    waiting_for = dict.fromkeys(chosen, 0)
    for source, target in edges:
        if target in chosen:
            waiting_for[target] += source in chosen
    _forget_effects(change)
    for taken_back in withdraw(change.tx.publications(change.execution.id)):
        change.tx.put_publication(taken_back)
    budgets.begin_anew(change, chosen)
    if change.execution.target:
        change.tx.begin_round(change.execution.id, [EXECUTION, *map(run_place, chosen)])
    old = [run for run in runs if run.index in chosen]
    new = [_reset(run, waiting_for[run.index]) for run in old]
    kept = [run for run in runs if run.index not in chosen]
    change.execution = replace(_unended(change.execution, instance), started_at=_began(kept))
    if change.execution.started_at:
        change.began()
    unaware = [run for run in kept if run.status is NodeStatus.CANCELLED]
    change.put(unaware, _informed(unaware, runs, edges))
    change.put(old, new)
    _set_off(change, [run for run in new if run.waiting_for == 0])


def _informed(cancelled: Sequence[NodeRun], runs: Sequence[NodeRun], edges: Edges) -> list[NodeRun]:
    """Runs cancelled before their turn came never heard of their ancestors; what follows on them must."""
    known = {run.index: run for run in runs}
    sources: dict[int, list[int]] = {run.index: [] for run in cancelled}
    for source, target in edges:
        if target in sources:
            sources[target].append(source)
    for run in cancelled:
        known[run.index] = machine.with_ancestors(run, [known[source] for source in sources[run.index]])
    return [known[run.index] for run in cancelled]


def _forget_effects(change: Transition) -> None:
    """What the ended execution still had in the outbox must not meet the runs that start anew."""
    execution = change.execution
    while rows := change.tx.effects(instance=execution.instance, execution_id=execution.id):
        for row in rows:
            change.tx.remove_effect(row.id)


def _unended(execution: Execution, instance: str) -> Execution:
    return replace(
        execution,
        status=ExecutionStatus.PENDING,
        instance=instance,
        cancel_requested=False,
        completed_at=None,
        error_message=None,
        result=None,
        result_branch=None,
    )


def _began(kept: Iterable[NodeRun]) -> datetime | None:
    """When the earliest of the node runs began whose results stand: what is shown of the execution begins there."""
    return min((run.started_at for run in kept if run.started_at), default=None)


def _reset(run: NodeRun, waiting_for: int) -> NodeRun:
    """`run` before its first attempt; the epoch stays, so that no old claim comes back to life."""
    return NodeRun(
        execution_id=run.execution_id,
        index=run.index,
        node=run.node,
        key=run.key,
        matrix=run.matrix,
        epoch=run.epoch,
        queue=run.queue,
        priority=run.priority,
        waiting_for=waiting_for,
    )


def _set_off(change: Transition, first: Sequence[NodeRun]) -> None:
    predecessors = change.tx.predecessors(change.execution.id, [run.index for run in first])
    arrived = [machine.arrive(run, predecessors[run.index], change.situation) for run in first]
    change.put(first, arrived)
    change.spread([run for run in arrived if run.status.settled])


def _again(services: Services, execution: Execution) -> StartRequest:
    plan = services.plan(execution.id)
    snapshot = Snapshot(
        head=execution.head or "",
        base=execution.base or "",
        dirty=execution.dirty,
        branch=execution.branch,
        repository=execution.repository,
    )
    return StartRequest(
        workflow=plan.definition,
        source=plan.source,
        agents=plan.agents,
        files=plan.files,
        inputs=execution.inputs,
        trigger=execution.trigger,
        triggered_by=execution.triggered_by,
        event_name=execution.event_name,
        event=execution.event,
        target=execution.target,
        snapshot=snapshot if execution.base else None,
        base_bundle=plan.base_bundle,
        project=plan.project,
        repository_path=execution.repository_path,
        record=plan.record,
        last_valid=plan.last_valid,
    )
