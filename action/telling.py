"""Who is told how it ended: GitHub on what the event was about, and the job by its summary, outputs and exit code."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from action.forks import OF_A_FORK
from action.results import Results, leave
from action.shown import Untold, of_changes, wait_for_executions, warn
from action.step import Step
from orchestrator.errors import ExitCode, MyceliumError

if TYPE_CHECKING:
    from orchestrator.lifecycle.intake.occasion import Desk
    from orchestrator.lifecycle.services import Services

ANSWERING_SECONDS: Final = 30.0
ANSWERING_PAUSE_SECONDS: Final = 0.3


def wait_for_github(step: Step, services: Services, ids: Iterable[str]) -> list[Untold]:
    """Until GitHub shows all that happened here; what it does not."""
    from orchestrator.lifecycle.following.changes import until_changes_shown

    untold = wait_for_executions(services, ids, step.log)
    if step.job.reads_only:
        return untold
    return [*untold, *of_changes(until_changes_shown(services, interrupted=step.interruption.asked.is_set))]


def answer(step: Step, desk: Desk) -> None:
    """Tell those who are owed an answer; who may only read tells nobody."""
    from orchestrator.lifecycle.intake import answering
    from orchestrator.lifecycle.ports.github import Busy

    give_up = time.monotonic() + ANSWERING_SECONDS
    while not step.job.reads_only:
        try:
            answering.answer(desk)
        except Busy as error:
            # The control loop writes too, and all of us have to let a second pass in between.
            if time.monotonic() < give_up and not step.interruption.asked.wait(ANSWERING_PAUSE_SECONDS):
                continue
            step.log.line(f"GitHub was not told what became of the event: {error}")
        except MyceliumError as error:
            step.log.line(f"GitHub was not told what became of the event: {error}")
        return


def put_outputs(step: Step, results: Results) -> None:
    for name, value in results.outputs().items():
        step.job.put(name, value)


def tell(step: Step, results: Results, *, notes: Sequence[str] = ()) -> int:
    """Outputs and summary; the exit code. Where nobody else can be told, a folder for an artifact too."""
    summary = results.summary(notes=[*notes, *([OF_A_FORK] if step.job.reads_only else [])])
    step.job.summarize(summary)
    put_outputs(step, results)
    if step.job.reads_only:
        folder = step.job.temporary / "report"
        leave(results, folder, step.job, summary)
        step.job.put("artifact-path", str(folder))
    warn(step.log, results.untold)
    for each in results.unkept:
        (step.log.error if each.stranded else step.log.warning)(each.sentences, title="Mycelium")
    for other in results.others:
        step.log.line(f"{other.subject} {other.ruling.value}: {other.reason}")
    return ExitCode.FAILED if results.failed else ExitCode.COMPLETED
