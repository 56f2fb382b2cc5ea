"""What the event starts: the workflows that may, the decision on each, and the executions that it came to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from action.changes import show_changes
from action.forks import ALLOWED_BY, deliveries
from action.kept_history import history
from action.shown import Untold, of_changes
from action.step import Step
from orchestrator.errors import BadInput, SetupError
from orchestrator.gallery import is_template

if TYPE_CHECKING:
    from orchestrator.definition.model import Workflow
    from orchestrator.lifecycle.archive.entry import Entry
    from orchestrator.lifecycle.intake.in_job import Startable
    from orchestrator.lifecycle.intake.occasion import Delivery, Desk
    from orchestrator.lifecycle.ports import Decision
    from orchestrator.lifecycle.services import Services

REFUSED_INPUTS: Final = ("inputs", "file", "concurrency")
"""Rules that refuse a workflow which the job names because the job asks for something that cannot be."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """`given` is what the job is about. `late` are executions of which an approval's time is over, `of_late` their
    workflows. `untold` is what GitHub does not show of changes to workflows, where there is nothing to run."""

    given: Sequence[Delivery] = ()
    startable: Sequence[Startable] = ()
    late: Sequence[Entry] = ()
    of_late: Sequence[Workflow] = ()
    untold: Sequence[Untold] = ()

    @property
    def starts(self) -> list[Workflow]:
        """Those that may start; each once."""
        return list({each.id: each for found in self.startable for each in found.workflows}.values())

    @property
    def workflows(self) -> list[Workflow]:
        """All whose nodes may run in this job; of one there may be several versions."""
        return [*self.starts, *self.of_late]


def looked_up(step: Step, desk: Desk) -> Found:
    """What may run on the event; nothing of it does yet.

    Where nothing may, GitHub is shown what the event changes in workflows: nobody else would do it.
    """
    from orchestrator.lifecycle.intake.in_job import startable

    services = desk.services
    with ThreadPoolExecutor(1, "history") as beside:
        with history(step.inputs, step.settings, services, step.log) as kept:
            # One fetch with git, beside what GitHub is asked over HTTP.
            fetched = beside.submit(kept.late)
            given = deliveries(step.job, desk, step.inputs.workflow)
            found = [startable(desk, each, name=step.inputs.workflow) for each in given]
            late = kept.bring_late(desk, fetched.result())
        plans = [services.plan(each.id).definition for each in late]
        looked = Found(given=given, startable=found, late=late, of_late=plans)
        if looked.workflows:
            return looked
        return replace(looked, untold=of_changes(show_changes(desk, given, step.log, step.interruption)))


def desk_of(step: Step, services: Services) -> Desk:
    """Where decisions are made in this job."""
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


def tell_problems(step: Step, found: Startable) -> None:
    """Name the files that are left out, in an annotation."""
    files = sorted({each.place.file for each in found.problems if each.place})
    if files:
        more = "mode `validate` of this action shows them on their lines"
        step.log.error(f"files with problems are left out: {', '.join(files)}; {more}", title="Mycelium")


def decide(step: Step, desk: Desk, delivery: Delivery) -> None:
    """Start what the event starts; `BadInput` where the job itself asks for what cannot be."""
    from orchestrator.lifecycle.intake.in_job import start_named
    from orchestrator.lifecycle.intake.receive import receive

    if not step.inputs.workflow or delivery.event == "issue_comment":
        receive(desk, delivery)
        return
    made = start_named(desk, delivery, step.inputs.workflow, step.inputs.inputs)
    if made and not made.execution_id and made.rule in REFUSED_INPUTS:
        raise BadInput(f"`{made.subject}` cannot start: {made.reason}")


def started(services: Services, given: Iterable[Delivery]) -> list[str]:
    """The ids of the executions that these events came to."""
    return list(dict.fromkeys(each.execution_id for each in decisions(services, given) if each.execution_id))


def decisions(services: Services, given: Iterable[Delivery]) -> list[Decision]:
    """On these events, as they are by now; of several on the same workflow the latest."""
    with services.store.begin() as tx:
        found = [made for each in given for made in tx.intake.decided(each.id)]
    return list({made.subject: made for made in found}.values())
