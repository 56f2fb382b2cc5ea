"""Mode `run`: the workflows that the event matches, or the one that is named, on embedded services in this job."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from action import pages, starting, telling
from action.equipping import install_agents
from action.forks import deliveries
from action.history import History, history, of_earlier_attempt
from action.results import Results
from action.step import Step
from orchestrator.definition.project import BLACKBOARD
from orchestrator.settings import MOST_CONCURRENCY

if TYPE_CHECKING:
    from orchestrator.definition.model import Workflow
    from orchestrator.lifecycle.intake.occasion import Delivery, Desk
    from orchestrator.lifecycle.services import Services
    from orchestrator.queue.launch import Supervisor
    from orchestrator.report.view import ExecutionView


def run(step: Step) -> int:
    """Run what the event starts, to its end; the exit code of the step."""
    from orchestrator.app import preload
    from orchestrator.queue.launch import launched

    # It imports what workers need while this process imports what it needs itself, and asks GitHub.
    with launched(preload(step.settings)) as supervisor:
        return _run(step, supervisor)


def _run(step: Step, supervisor: Supervisor) -> int:
    gc.disable()  # nothing that is imported goes away again
    found, untold = starting.looked_up(step)
    for startable in found:
        starting.tell_problems(step, startable)
    workflows = list({each.id: each for startable in found for each in startable.workflows}.values())
    if not workflows:
        step.log.line(f"No workflow starts on {step.job.event}: `on` of none names it, or its filters do not fit.")
        return telling.tell(step, Results(untold=untold), notes=["Mycelium: no workflow starts on this event."])
    install_agents(step, workflows)
    return telling.tell(step, _carried(step, supervisor, workflows))


def _carried(step: Step, supervisor: Supervisor, workflows: Sequence[Workflow]) -> Results:
    """Everything that runs: services live as long as this."""
    from dataclasses import replace

    from orchestrator import app

    queues = tuple(dict.fromkeys(queue for workflow in workflows for queue in workflow.queues))
    blackboard = any(BLACKBOARD in workflow.servers for workflow in workflows)
    workers = min(step.settings.concurrency, _useful_workers(workflows))
    ours = replace(step.settings, concurrency=workers)
    with app.embedded(ours, queues, supervisor, blackboard=blackboard) as services:
        gc.freeze()
        gc.enable()
        return _served(step, starting.desk_of(step, services), [workflow.id for workflow in workflows])


def _useful_workers(workflows: Iterable[Workflow]) -> int:
    """As many as can be at work at once, and one that takes over where one of them hangs."""
    if any(node.matrix for workflow in workflows for node in workflow.nodes.values()):
        return MOST_CONCURRENCY
    return sum(len(workflow.nodes) for workflow in workflows) + 1


def _served(step: Step, desk: Desk, workflows: Sequence[str]) -> Results:
    from dataclasses import replace

    services = desk.services
    with history(step.inputs, step.job, step.settings, services, step.log) as kept:
        desk = replace(desk, keeps=kept.keeps)
        given = deliveries(step.job, desk)
        taken_up = kept.bring(desk, given, workflows)
        # Where an earlier attempt of this very job was cut short, what it has decided stands.
        given = [of_earlier_attempt(desk, step.job, each) for each in given]
        for delivery in given:
            starting.decide(step, desk, delivery)
        views = _watched(step, desk, given, taken_up, kept)
        untold = telling.wait_for_github(step, services, views)
        telling.answer(step, desk)
        kept.keep(list(views))
    others = [each for each in starting.decisions(services, given) if not each.execution_id]
    site = pages.built(step, services) if views else None
    return Results(views=_linked(services, views), others=others, site=site, untold=untold)


def _watched(
    step: Step, desk: Desk, given: Sequence[Delivery], taken_up: Sequence[str], kept: History
) -> dict[str, ExecutionView]:
    """All that runs in this job, to its end; the last views by id."""
    from action.keeping import Keeping
    from action.watching import watch
    from orchestrator.lifecycle.intake.receive import release
    from orchestrator.lifecycle.projection.holding import let_show

    services = desk.services
    views: dict[str, ExecutionView] = {}
    while ids := [each for each in dict.fromkeys((*taken_up, *starting.started(services, given))) if each not in views]:
        # So that others know of them, should this job be killed.
        keeping = Keeping(kept, ids, partial(let_show, services))
        with keeping.going_on():
            pages.prepare()
            seen = watch(services, ids, step.log, step.interruption, keeping.note)
        views.update(zip(ids, seen, strict=True))
        if step.interruption.asked.is_set():
            # There may be no time left for more than this; the step that follows does the rest.
            telling.put_outputs(step, Results(views=list(views.values())))
            break
        keeping.wait()
        # What waited for one of these to end has its turn now.
        release(desk)
    return views


def _linked(services: Services, views: dict[str, ExecutionView]) -> list[ExecutionView]:
    from dataclasses import replace

    from orchestrator.lifecycle.report import links

    return [replace(seen, links=links(services, seen.execution)) for seen in views.values()]
