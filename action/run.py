"""Mode `run`: the workflows that the event matches, or the one that is named, on embedded services in this job."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from action import pages, starting, telling
from action.attempt import of_earlier_attempt
from action.equipping import install_agents
from action.kept_history import history
from action.results import Results
from action.step import Step
from action.work import Work
from orchestrator.definition.project import BLACKBOARD
from orchestrator.settings import MOST_CONCURRENCY

if TYPE_CHECKING:
    from action.starting import Found
    from orchestrator.definition.model import Workflow
    from orchestrator.lifecycle.intake.occasion import Desk
    from orchestrator.lifecycle.services import Services
    from orchestrator.queue.launch import Supervisor
    from orchestrator.report.view import ExecutionView

NOTHING_STARTS: Final = "Mycelium: no workflow starts on this event."


def run(step: Step) -> int:
    """Run what the event starts, to its end; the exit code of the step."""
    from orchestrator.app import preload
    from orchestrator.queue.launch import launched

    # It imports what workers need while this process imports what it needs itself, and asks GitHub.
    with launched(preload(step.settings)) as supervisor:
        return _run(step, supervisor)


def _run(step: Step, supervisor: Supervisor) -> int:
    from orchestrator import app

    gc.disable()  # nothing that is imported goes away again
    with app.offline(step.settings) as services:
        desk = starting.desk_of(step, services)
        found = starting.looked_up(step, desk)
        for startable in found.startable:
            starting.tell_problems(step, startable)
        notes = [] if found.starts else [NOTHING_STARTS]
        if notes:
            step.log.line(f"No workflow starts on {step.job.event}: `on` of none names it, or its filters do not fit.")
        if not found.workflows:
            return telling.tell(step, Results(untold=found.untold), notes=notes)
        install_agents(step, found.workflows)
        return telling.tell(step, _carried(step, supervisor, desk, found), notes=notes)


def _carried(step: Step, supervisor: Supervisor, desk: Desk, found: Found) -> Results:
    """Everything that runs: the process tree lives as long as this. What the desk knows is asked of nobody again."""
    from orchestrator import app

    workflows = found.workflows
    queues = tuple(dict.fromkeys(queue for workflow in workflows for queue in workflow.queues))
    blackboard = any(BLACKBOARD in workflow.servers for workflow in workflows)
    workers = min(step.settings.concurrency, _useful_workers(workflows))
    ours = replace(step.settings, concurrency=workers)
    with app.embedded(ours, queues, supervisor, blackboard=blackboard, services=desk.services) as services:
        gc.freeze()
        gc.enable()
        return _served(step, replace(desk, services=services), found)


def _useful_workers(workflows: Iterable[Workflow]) -> int:
    """As many as can be at work at once, and one that takes over where one of them hangs."""
    if any(node.matrix for workflow in workflows for node in workflow.nodes.values()):
        return MOST_CONCURRENCY
    return sum(len(workflow.nodes) for workflow in workflows) + 1


def _served(step: Step, desk: Desk, found: Found) -> Results:
    services = desk.services
    with history(step.inputs, step.settings, services, step.log) as kept:
        desk = replace(desk, keeps=kept.keeps)
        brought = kept.bring(desk, found.given, [workflow.id for workflow in found.starts], found.late)
        desk = replace(desk, elsewhere=brought.elsewhere)
        # Where an earlier attempt of this very job was cut short, what it has decided stands.
        given = [of_earlier_attempt(desk, step.job, each) for each in found.given]
        for delivery in given:
            starting.decide(step, desk, delivery)
        on, earlier = kept.go_on(brought.held), brought.earlier
        work = Work(step=step, desk=desk, given=given, history=kept, taken_up=on, earlier=earlier)
        untold, unkept = work.kept()
        views = work.views
        if not step.interruption.asked.is_set():
            kept.tidy()
    others = [each for each in starting.decisions(services, given) if not each.execution_id]
    site = pages.built(step, services) if views else None
    seen = _linked(services, views)
    return Results(
        views=[each for each in seen if each.execution.id not in brought.late],
        late=[each for each in seen if each.execution.id in brought.late],
        others=others,
        site=site,
        untold=untold,
        unkept=unkept,
    )


def _linked(services: Services, views: Mapping[str, ExecutionView]) -> list[ExecutionView]:
    from orchestrator.lifecycle.links import links

    return [replace(seen, links=links(services, seen.execution)) for seen in views.values()]
