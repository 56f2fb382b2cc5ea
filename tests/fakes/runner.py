"""A runner that does what a test says, and checks what every runner may rely on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from orchestrator.errors import SetupError
from orchestrator.execution.outcome import FailureClass, Outcome
from orchestrator.lifecycle.ports import Control, LogSink, Task

Deed = Callable[[Task, LogSink, Control], Outcome]


class FakeRunner:
    """Implements `Runner`. `deeds` are by node run key; what has none succeeds. `tasks` keeps every task."""

    def __init__(self, deeds: Mapping[str, Deed | Outcome | list[Outcome]] | None = None) -> None:
        self.deeds = dict(deeds or {})
        self.tasks: list[Task] = []

    def run(self, task: Task, log: LogSink, control: Control) -> Outcome:
        assert task.workspace.is_dir()
        assert task.scratch.is_dir()
        assert not list(task.temp.iterdir())
        assert task.scratch not in (task.workspace, *task.workspace.parents)
        assert not list(task.scratch.iterdir())
        assert task.timeout_seconds > 0
        self.tasks.append(task)
        deed = self.deeds.get(task.key, Outcome())
        if isinstance(deed, list):
            return deed.pop(0) if len(deed) > 1 else deed[0]
        if isinstance(deed, Outcome):
            return deed
        try:
            return deed(task, log, control)
        except SetupError as error:
            return Outcome(failure=FailureClass.SETUP, message=str(error))

    def task(self, key: str) -> Task:
        """The last task of a node run."""
        return next(task for task in reversed(self.tasks) if task.key == key)


def writes(**files: str) -> Deed:
    """A deed that writes files; `__` in a name stands for `/`, and a trailing `_txt` for `.txt`."""

    def deed(task: Task, log: LogSink, control: Control) -> Outcome:
        for name, text in files.items():
            place = Path(task.workspace, name.replace("__", "/").replace("_txt", ".txt"))
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        return Outcome(outputs={"text": f"Wrote {', '.join(files)}"})

    return deed
