"""`python -m action`: what the step of `action.yml` runs. Inputs are environment, results go to the runner's files."""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import suppress
from io import TextIOWrapper
from typing import TYPE_CHECKING

from action.commands import JobLog
from action.interruption import Interruption
from orchestrator.errors import ExitCode, InvalidDefinition, MyceliumError

if TYPE_CHECKING:
    from action.step import Step
from orchestrator.queue.mortal import close_to_others

MASKED = ("TOKEN", "KEY", "SECRET", "PASSWORD")
"""Values of variables whose names end so are hidden in the log."""


def main() -> int:
    # Token and keys are in the environment that this process was started with, and stay readable there.
    close_to_others()
    interruption = Interruption()
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    log = JobLog(sys.stdout)
    log.mask(_secrets())
    with log.heeding_nothing():
        try:
            return _modes(log, interruption)
        except KeyboardInterrupt:
            log.line("The job is cancelled, and there is no time left.")
            sys.stdout.flush()
            # Threads of ours may wait for what will never come.
            os._exit(ExitCode.INTERRUPTED)
        except MyceliumError as error:
            _tell(log, error)
            _put_failed()
            return error.exit_code
        except Exception as error:
            _put_failed()
            log.line("".join(traceback.format_exception(error)))
            log.error(f"This is a bug in Mycelium: {type(error).__name__}: {error}", title="Mycelium")
            return ExitCode.BUG


def _modes(log: JobLog, interruption: Interruption) -> int:
    from action import inputs, job, place
    from action.step import Step

    given, here = inputs.read(os.environ), job.read(os.environ)
    settings = place.settle(os.environ, given, here)
    step = Step(inputs=given, job=here, settings=settings, log=log, interruption=interruption)
    if sys.argv[1:]:
        return _besides(step, sys.argv[1])
    match given.mode:
        case inputs.Mode.RUN:
            from action.run import run

            return run(step)
        case inputs.Mode.VALIDATE:
            from action.validate import validate

            return validate(step)
        case inputs.Mode.SITE:
            from action.site import site

            return site(step)


def _besides(step: Step, what: str) -> int:
    """What steps before and after the one that runs do for it."""
    if what == "finish":
        from action.finish import finish

        return finish(step)
    from action import equipping

    return {"find-agents": equipping.find_agents, "install-agents": equipping.install_found}[what](step)


def _tell(log: JobLog, error: MyceliumError) -> None:
    if isinstance(error, InvalidDefinition):
        for problem in error.problems:
            log.error(str(problem), title="Mycelium")
    else:
        log.error(str(error), title="Mycelium")


def _put_failed() -> None:
    from action import job

    # A disk that is full must not hide what is wrong.
    with suppress(OSError):
        job.put_failed(os.environ)


def _secrets() -> list[str]:
    found = [value for name, value in os.environ.items() if name.startswith("MYCELIUM_SECRET_")]
    return [*found, *(value for name, value in os.environ.items() if name.rpartition("_")[2] in MASKED)]


if __name__ == "__main__":
    sys.exit(main())
