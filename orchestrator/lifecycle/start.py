"""Starting an execution: everything is checked and laid out first, and then stored in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from orchestrator.definition.expressions import interpolate
from orchestrator.definition.graph import topological_order
from orchestrator.definition.inputs import check_inputs
from orchestrator.definition.matrix import Combination, combinations, run_keys
from orchestrator.definition.model import Agent, AgentDefinition, JsonValue, Merge, Node, Workflow
from orchestrator.definition.project import Project
from orchestrator.errors import BadInput, InvalidDefinition, Problem
from orchestrator.execution import machine
from orchestrator.execution.machine import Situation
from orchestrator.execution.showing import Target
from orchestrator.execution.state import Execution, NodeRun, Plan, TriggerKind
from orchestrator.lifecycle import contexts
from orchestrator.lifecycle.notice import tell
from orchestrator.lifecycle.perform import perform
from orchestrator.lifecycle.ports import Snapshot, Transaction
from orchestrator.lifecycle.secrecy import keep_out_secrets
from orchestrator.lifecycle.services import Services
from orchestrator.lifecycle.transition import Transition
from orchestrator.lifecycle.travel import pack_base

MAX_RUNS: Final = 10_000
MAX_EDGES: Final = 500_000

Also = Callable[[Transaction, Execution], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class StartRequest:
    """What to run, from which commit, and on whose behalf.

    `source` is the workflow as written; `agents` has every agent it names, by that name; `files` are the replay
    transcripts, by node run key; `project` is what the project file beside it says. `event` is the payload that becomes
    `github.event`, `target` is where GitHub shows the execution. Without a `snapshot` the nodes work in empty folders;
    `base_bundle` is one that brings its base to other machines, where there is one already.
    `record` and `last_valid` are as in the `Plan`.
    """

    workflow: Workflow
    source: str
    agents: Mapping[str, AgentDefinition] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, JsonValue] = field(default_factory=dict)
    trigger: TriggerKind = TriggerKind.MANUAL
    triggered_by: str = ""
    event_name: str = "workflow_dispatch"
    event: Mapping[str, JsonValue] = field(default_factory=dict)
    target: Target | None = None
    snapshot: Snapshot | None = None
    base_bundle: str | None = None
    repository_path: str = ""
    project: Project = field(default_factory=Project)
    record: bool = False
    last_valid: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """The node runs of an execution in topological order, and the edges between them."""

    runs: tuple[NodeRun, ...]
    edges: tuple[tuple[int, int], ...]


def start(services: Services, request: StartRequest, *, also: Also | None = None) -> Execution:
    """Store a new execution with its first node runs ready, and have workers woken.

    `also` is called in the same transaction before anything is stored: what it writes is kept with the execution or not
    at all, and where it raises nothing starts. Raises `BadInput` as `planned` does, and `InvalidDefinition` for agents
    that are missing or a matrix that comes to nothing; then nothing is stored.
    """
    _check_agents(request)
    execution = planned(services, request)
    common = contexts.common(execution)
    layout = lay_out(request.workflow, execution.id, common)
    situation = Situation(workflow=request.workflow, contexts=common, now=execution.created_at)
    runs = [run if run.waiting_for else machine.arrive(run, [], situation) for run in layout.runs]
    plan = Plan(
        definition=request.workflow,
        source=request.source,
        agents=dict(request.agents),
        files=dict(request.files),
        base_bundle=request.base_bundle or pack_base(services, execution.base),
        project=request.project,
        record=request.record,
        last_valid=request.last_valid,
    )
    with services.store.begin() as tx:
        numbered = replace(execution, number=tx.next_number(execution.workflow_id), open_runs=len(runs))
        if also:
            also(tx, numbered)
        tx.insert(numbered, plan, layout.runs, layout.edges)
        change = Transition(tx, tx.lock(execution.id), situation)
        ready = [(laid_out, run) for laid_out, run in zip(layout.runs, runs, strict=True) if run is not laid_out]
        change.put([laid_out for laid_out, _ in ready], [run for _, run in ready])
        change.spread(run for run in runs if run.status.settled)
        notice = change.close(services.instance)
    if notice:
        tell(services, execution.id, notice)
    if change.performs:
        perform(services, execution.id)
    return services.store.execution(execution.id)


def lay_out(workflow: Workflow, execution_id: str, common: contexts.Contexts) -> Layout:
    """Every node as its runs. `BadInput` for more than 10,000 runs."""
    by_node: dict[str, list[NodeRun]] = {}
    runs: list[NodeRun] = []
    edges: list[tuple[int, int]] = []
    for name in topological_order(workflow.nodes):
        node = workflow.nodes[name]
        sources = [run.index for need in node.needs for run in by_node[need.node]]
        by_node[name] = _runs_of(node, execution_id, len(runs), len(sources), common)
        runs += by_node[name]
        _check_size(len(runs), len(edges) + len(sources) * len(by_node[name]))
        edges += [(source, run.index) for run in by_node[name] for source in sources]
    return Layout(runs=tuple(runs), edges=tuple(sorted(edges)))


def _runs_of(node: Node, execution_id: str, first: int, waiting_for: int, common: contexts.Contexts) -> list[NodeRun]:
    found = _combinations(node, common)
    return [
        NodeRun(
            execution_id=execution_id,
            index=first + offset,
            node=node.id,
            key=key,
            matrix=combination,
            waiting_for=waiting_for,
            queue=node.queue,
            priority=node.priority,
        )
        for offset, (key, combination) in enumerate(zip(run_keys(node.id, found), found, strict=True))
    ]


def _combinations(node: Node, common: contexts.Contexts) -> list[Combination]:
    if node.matrix is None:
        return [{}]
    try:
        return combinations(node.matrix, lambda text: interpolate(text, common))
    except BadInput as error:
        problem = Problem(message=error.message, place=node.place, node=node.id, hint=error.hint)
        raise InvalidDefinition([problem]) from error


def _check_size(runs: int, edges: int) -> None:
    if runs > MAX_RUNS:
        raise BadInput(f"the workflow comes to more than {MAX_RUNS:,} node runs", hint="make its matrices smaller")
    if edges > MAX_EDGES:
        hint = "put a node between two large matrices, so that not every run waits for every other"
        raise BadInput(f"the workflow comes to more than {MAX_EDGES:,} edges between node runs", hint=hint)


def _check_agents(request: StartRequest) -> None:
    problems = [
        Problem(message=f"agent `{agent}` was not found", place=node.place, node=node.id)
        for node in request.workflow.nodes.values()
        for agent in _agents_of(node)
        if agent not in request.agents
    ]
    if problems:
        raise InvalidDefinition(problems)


def _agents_of(node: Node) -> list[str]:
    match node.action:
        case Agent(agent=agent):
            return [agent]
        case Merge(resolver=str(resolver)):
            return [resolver]
        case _:
            return []


def planned(services: Services, request: StartRequest) -> Execution:
    """The execution as it would begin, not stored. `BadInput` for inputs that do not fit, or hold a secret."""
    snapshot, inputs = request.snapshot, check_inputs(request.workflow, request.inputs)
    keep_out_secrets(services, request.workflow, inputs)
    return Execution(
        id=services.new_id(),
        number=0,
        workflow_id=request.workflow.id,
        workflow_name=request.workflow.name,
        trigger=request.trigger,
        triggered_by=request.triggered_by,
        event_name=request.event_name,
        event=dict(request.event),
        target=request.target,
        inputs=inputs,
        repository=snapshot.repository if snapshot else "",
        repository_path=request.repository_path,
        branch=snapshot.branch if snapshot else "",
        head=snapshot.head if snapshot else None,
        base=snapshot.base if snapshot else None,
        dirty=snapshot.dirty if snapshot else False,
        instance=services.instance,
        created_at=services.clock.now(),
    )
