"""Remembering attempts of agents: a record in the transaction that ends one, whether it is tried again or not."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.definition.expressions import ExpressionError, interpolate_text
from orchestrator.definition.model import Agent
from orchestrator.execution.experience import agent_run, given
from orchestrator.execution.outcome import AgentCall, FailureClass, Outcome
from orchestrator.execution.state import NodeRun
from orchestrator.lifecycle import contexts
from orchestrator.lifecycle.models import asked_model
from orchestrator.lifecycle.services import Services
from orchestrator.lifecycle.transition import Transition


def remember(services: Services, change: Transition, run: NodeRun, outcome: Outcome) -> None:
    """Write down how the attempt at the claimed `run` ended; nothing for what is no attempt of an agent.

    That is every attempt at an agent node, unless it was stopped before it called the agent or had no budget to, and
    every attempt at a merge that called its resolver. Whoever gets here holds the claim, and a claim ends once: so
    there is one record of it.
    """
    action = change.situation.workflow.nodes[run.node].action
    never_began = outcome.cancelled or outcome.failure is FailureClass.BUDGET
    if outcome.called is None and (never_began or not isinstance(action, Agent)):
        return
    before = change.tx.predecessors(run.execution_id, [run.index])[run.index]
    call = outcome.called or _asked(services, change, run, before)
    change.tx.remember(agent_run(change.execution, run, call, outcome, given(before), change.situation.now))


def _asked(services: Services, change: Transition, run: NodeRun, before: Sequence[NodeRun]) -> AgentCall:
    """Whom the node calls, where no worker tells: evaluated as a worker does, but without secrets."""
    workflow = change.situation.workflow
    action = workflow.nodes[run.node].action
    assert isinstance(action, Agent)  # noqa: S101 - see above
    definition = services.plan(run.execution_id).agents.get(action.agent)
    agent = definition.id if definition else action.agent
    try:
        seen = contexts.of_node(change.execution, workflow, run, before, {})
        engine = interpolate_text(action.engine, seen)
        model = interpolate_text(action.model, seen) if action.model else None
        return AgentCall(agent=agent, engine=engine, model=asked_model(engine, model, definition))
    except ExpressionError:
        return AgentCall(agent=agent, engine="")
