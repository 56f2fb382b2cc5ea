"""Mode `run`: the workflows that the event matches, or the one that is named, on embedded services in this job."""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from action import agents, place
from action.commands import JobLog
from action.forks import ALLOWED_BY, OF_A_FORK, deliveries
from action.history import History, history
from action.inputs import Inputs
from action.interruption import Interruption
from action.job import Job
from action.results import Results, leave
from orchestrator.definition.project import BLACKBOARD
from orchestrator.errors import BadInput, ExitCode, MyceliumError, SetupError
from orchestrator.gallery import is_template
from orchestrator.settings import MOST_CONCURRENCY, Settings

if TYPE_CHECKING:
    from orchestrator.definition.model import Workflow
    from orchestrator.lifecycle.intake.in_job import Startable
    from orchestrator.lifecycle.intake.occasion import Delivery, Desk
    from orchestrator.lifecycle.ports import Decision
    from orchestrator.lifecycle.services import Services
    from orchestrator.queue.launch import Supervisor
    from orchestrator.report.view import ExecutionView

REFUSED_INPUTS = ("inputs", "file", "concurrency")
"""Rules that refuse a workflow which the job names because the job asks for something that cannot be."""

SAVING_SECONDS = 60.0
ANSWERING_SECONDS = 30.0
ANSWERING_PAUSE_SECONDS = 0.3


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """Everything that one run of the action works with."""

    inputs: Inputs
    job: Job
    settings: Settings
    log: JobLog
    interruption: Interruption


def run(step: Step) -> int:
    """Run what the event starts, to its end; the exit code of the step."""
    from orchestrator.app import preload
    from orchestrator.queue.launch import launched

    # It imports what workers need while this process imports what it needs itself, and asks GitHub.
    with launched(preload(step.settings)) as supervisor:
        return _run(step, supervisor)


def _run(step: Step, supervisor: Supervisor) -> int:
    gc.disable()  # nothing that is imported goes away again
    found = _looked_up(step)
    for startable in found:
        _tell_problems(step, startable)
    workflows = list({each.id: each for startable in found for each in startable.workflows}.values())
    if not workflows:
        step.log.line(f"No workflow starts on {step.job.event}: `on` of none names it, or its filters do not fit.")
        return _tell(step, Results(), notes=["Mycelium: no workflow starts on this event."])
    _install_agents(step, workflows)
    return _tell(step, _carried(step, supervisor, workflows))


def _looked_up(step: Step) -> list[Startable]:
    """What may start."""
    from orchestrator import app
    from orchestrator.lifecycle.intake.in_job import startable

    with app.offline(step.settings) as services:
        desk = _desk(step, services)
        return [startable(desk, each, name=step.inputs.workflow) for each in deliveries(step.job, desk)]


def _desk(step: Step, services: Services) -> Desk:
    from orchestrator import app
    from orchestrator.lifecycle.intake.occasion import Desk

    if services.github is None:
        raise SetupError("there is no access to GitHub", hint="leave `token` as it is, or give it an App's")
    name = step.inputs.workflow
    templates = [name] if is_template(name) else []
    definitions = app.definitions(step.settings, services.git, templates=templates)
    return Desk(
        services=services,
        github=services.github,
        definitions=definitions,
        job=step.job.page,
        silent=step.job.reads_only,
        allowed_by=ALLOWED_BY if step.job.reads_only and step.inputs.forks_run else "",
    )


def _tell_problems(step: Step, found: Startable) -> None:
    files = sorted({each.place.file for each in found.problems if each.place})
    if files:
        more = "mode `validate` of this action shows them on their lines"
        step.log.error(f"files with problems are left out: {', '.join(files)}; {more}", title="Mycelium")


def _install_agents(step: Step, workflows: Sequence[Workflow]) -> None:
    """What their nodes need and nobody has installed. A node whose agent is missing says so itself."""
    wanted = agents.missing(agents.needed(workflows, step.inputs.inputs), os.environ["PATH"])
    if not wanted:
        return
    began = time.monotonic()
    try:
        made = agents.install(wanted, step.inputs.agents, place.agents_folder(step.job))
    except SetupError as error:
        step.log.error(str(error), title="Mycelium")
        return
    names = ", ".join(f"{name} {version}" for name, version in made.items())
    step.log.line(f"Installed {names} in {time.monotonic() - began:.1f} s.")
    step.job.put("agents-installed", "true")


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
        return _served(step, _desk(step, services))


def _useful_workers(workflows: Iterable[Workflow]) -> int:
    """As many as can be at work at once, and one that takes over where one of them hangs."""
    if any(node.matrix for workflow in workflows for node in workflow.nodes.values()):
        return MOST_CONCURRENCY
    return sum(len(workflow.nodes) for workflow in workflows) + 1


def _served(step: Step, desk: Desk) -> Results:
    services = desk.services
    with history(step.inputs, step.job, step.settings, services, step.log) as kept:
        given = deliveries(step.job, desk)
        taken_up = kept.bring(desk, given)
        if not taken_up or step.job.event == "issue_comment":
            # Else an earlier attempt of this very job was cut short, and what it began goes on.
            for delivery in given:
                _decide(step, desk, delivery)
        views = _watched(step, desk, given, taken_up, kept)
        for each in views:
            _wait_for_github(step, services, each)
        _answer(step, desk)
        kept.keep(list(views))
    others = [each for each in _decisions(services, given) if not each.execution_id]
    return Results(views=_linked(services, views), others=others, site=_pages(step, services) if views else None)


def _watched(
    step: Step, desk: Desk, given: Sequence[Delivery], taken_up: Sequence[str], kept: History
) -> dict[str, ExecutionView]:
    """All that runs in this job, to its end; the last views by id."""
    from action.watching import watch
    from orchestrator.lifecycle.intake.receive import release

    services = desk.services
    views: dict[str, ExecutionView] = {}
    while ids := [each for each in dict.fromkeys((*taken_up, *_started(services, given))) if each not in views]:
        # So that others know of them, should this job be killed.
        saving = threading.Thread(target=kept.keep, args=(ids,), daemon=True)
        saving.start()
        _prepare_pages()
        views.update(zip(ids, watch(services, ids, step.log, step.interruption), strict=True))
        if step.interruption.asked.is_set():
            # There may be no time left for more than this; the step that follows does the rest.
            _put_outputs(step, Results(views=list(views.values())))
            break
        saving.join(SAVING_SECONDS)
        # What waited for one of these to end has its turn now.
        release(desk)
    return views


def _wait_for_github(step: Step, services: Services, execution_id: str) -> None:
    from orchestrator.lifecycle.following.shown import until_shown

    shown = until_shown(services, execution_id)
    if shown and (shown.behind or shown.trouble):
        step.log.line(f"GitHub does not show all of execution {execution_id}: {shown.trouble or 'it takes too long'}")
    elif shown and shown.url:
        step.log.line(f"Execution {execution_id}: {shown.url}")


def _decide(step: Step, desk: Desk, delivery: Delivery) -> None:
    from orchestrator.lifecycle.intake.in_job import start_named
    from orchestrator.lifecycle.intake.receive import receive

    if not step.inputs.workflow or delivery.event == "issue_comment":
        receive(desk, delivery)
        return
    made = start_named(desk, delivery, step.inputs.workflow, step.inputs.inputs)
    if made and not made.execution_id and made.rule in REFUSED_INPUTS:
        raise BadInput(f"`{made.subject}` cannot start: {made.reason}")


def _started(services: Services, given: Iterable[Delivery]) -> list[str]:
    return list(dict.fromkeys(each.execution_id for each in _decisions(services, given) if each.execution_id))


def _decisions(services: Services, given: Iterable[Delivery]) -> list[Decision]:
    """On these events, as they are by now; of several on the same workflow the latest."""
    with services.store.begin() as tx:
        found = [made for each in given for made in tx.intake.decided(each.id)]
    return list({made.subject: made for made in found}.values())


def _answer(step: Step, desk: Desk) -> None:
    """Tell those who are owed an answer; who may only read tells nobody."""
    from orchestrator.lifecycle.intake.answering import answer
    from orchestrator.lifecycle.ports.github import Busy

    give_up = time.monotonic() + ANSWERING_SECONDS
    while not step.job.reads_only:
        try:
            answer(desk)
        except Busy as error:
            # The control loop writes too, and all of us have to let a second pass in between.
            if time.monotonic() < give_up and not step.interruption.asked.wait(ANSWERING_PAUSE_SECONDS):
                continue
            step.log.line(f"GitHub was not told what became of the event: {error}")
        except MyceliumError as error:
            step.log.line(f"GitHub was not told what became of the event: {error}")
        return


def _linked(services: Services, views: dict[str, ExecutionView]) -> list[ExecutionView]:
    from dataclasses import replace

    from orchestrator.lifecycle.report import links

    return [replace(seen, links=links(services, seen.execution)) for seen in views.values()]


def _prepare_pages() -> None:
    """Import and compile what builds pages, while the first nodes are at work."""
    import_module("orchestrator.site.build")
    from orchestrator.site.pages import warm_up

    warm_up()


def _pages(step: Step, services: Services) -> Path | None:
    from orchestrator.site.build import build
    from orchestrator.site.stored import StoredExecutions

    output = step.job.temporary / "site"
    try:
        build(StoredExecutions(services), output)
    except MyceliumError as error:
        step.log.line(f"There are no pages: {error}")
        return None
    return output


def _put_outputs(step: Step, results: Results) -> None:
    for name, value in results.outputs().items():
        step.job.put(name, value)


def _tell(step: Step, results: Results, *, notes: Sequence[str] = ()) -> int:
    """Outputs and summary; the exit code. Where nobody else can be told, a folder for an artifact too."""
    summary = results.summary(notes=[*notes, *([OF_A_FORK] if step.job.reads_only else [])])
    step.job.summarize(summary)
    _put_outputs(step, results)
    if step.job.reads_only:
        folder = step.job.temporary / "report"
        leave(results, folder, step.job, summary)
        step.job.put("artifact-path", str(folder))
    for each in results.others:
        step.log.line(f"{each.subject} {each.ruling.value}: {each.reason}")
    return ExitCode.FAILED if results.failed else ExitCode.COMPLETED
