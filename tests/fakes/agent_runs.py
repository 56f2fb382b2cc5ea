"""One attempt of an agent by its real program, with a scripted model, and what is left of it afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from orchestrator.definition.model import AgentDefinition
from orchestrator.execution.outcome import Outcome
from orchestrator.lifecycle.ports.runner import AgentTask, StopReason, Task
from orchestrator.runners.agent import AgentRunner
from orchestrator.runners.environment import MARKER
from tests.fakes.agent_clis import Cli
from tests.fakes.model_server import Asked, ModelServer, Script, Turn, model_server
from tests.fakes.running import ListLog, PipeControl, pipe_control, task


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """When an attempt is cancelled: before it begins, when the model is asked, at a line of the log that has a text, or
    when a file is there."""

    at_once: bool = False
    asked: bool = False
    line: str = ""
    file: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ran:
    outcome: Outcome
    log: ListLog
    model: ModelServer
    task: Task

    @property
    def everything(self) -> str:
        """All that the model was ever told."""
        return json.dumps([asked.body for asked in self.model.asked])

    @property
    def workspace(self) -> Path:
        return self.task.workspace


def run(
    cli: Cli,
    folder: Path,
    script: Script,
    *,
    cancel: Moment | None = None,
    environ: Mapping[str, str] | None = None,
    **given: Any,
) -> Ran:
    """Run an agent in `folder` to its end, or to its cancellation. `action` has keys of the `AgentTask`, `environ` is
    added to the worker's environment, other keys are those of the `Task`."""
    definition = AgentDefinition(id="worker", name="worker", description="Works.", prompt="You work.", tools=cli.tools)
    action = AgentTask(definition=definition, engine=cli.name, **{"prompt": "Do it.", **given.pop("action", {})})
    todo = task(folder, action, **given)
    with pipe_control() as control:
        canceller = _Canceller(cancel or Moment(), control, todo.workspace)
        with model_server(canceller.watched(script)) as model:
            runner = AgentRunner(
                cli.engine, environ={**cli.environ(model.url), **(environ or {})}, program=Path(cli.program)
            )
            outcome = runner.run(todo, canceller, control)
    return Ran(outcome=outcome, log=canceller, model=model, task=todo)


class _Canceller(ListLog):
    """A log that cancels its attempt when the moment has come."""

    def __init__(self, moment: Moment, control: PipeControl, workspace: Path) -> None:
        super().__init__()
        self._moment, self._control, self._workspace = moment, control, workspace
        self._cancel_if(moment.at_once)
        self.on_line = lambda text: self._cancel_if(moment.line != "" and moment.line in text)

    def tick(self) -> None:
        self._cancel_if(self._moment.file != "" and (self._workspace / self._moment.file).exists())

    def watched(self, script: Script) -> Script:
        """`script`, but that the first request may be the moment."""

        def asked(request: Asked) -> Turn:
            self._cancel_if(self._moment.asked)
            return script(request)

        return asked

    def _cancel_if(self, due: bool) -> None:
        if due:
            self._control.stop(StopReason.CANCELLED)


@contextmanager
def nothing_left(folder: Path) -> Iterator[None]:
    """No process that carries a mark of an attempt in `folder`, or works below it, is alive afterwards, whatever
    session, parent and environment it took."""
    yield
    left = [each for each in psutil.process_iter() if _is_of(each, folder)]
    assert not left, left


def asleep(seconds: str) -> list[psutil.Process]:
    """The processes that are `sleep` for so many seconds: a number that nobody else sleeps for tells whose they are,
    wherever they went."""
    return [each for each in psutil.process_iter() if _words(each)[1:] == [seconds]]


def _words(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except (psutil.Error, OSError):
        return []


def _is_of(process: psutil.Process, folder: Path) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        marked = str(process.environ().get(MARKER, "")).startswith(f"{folder}/")
        return marked or Path(process.cwd()).is_relative_to(folder)
    except (psutil.Error, OSError):
        return False
