"""An application whose truth is a folder, for tests of the processes around it.

A file `ready/<label>/<name>` is a node run that waits; claiming is renaming it to `running/<name>`, and `done/<name>`
says who ran it. Its text says what it does: `note` ends at once, `stop` ends when a stop message comes, `drain` when
the worker drains, `hang` never; `full` finds the disk full.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from orchestrator.errors import SetupError
from orchestrator.lifecycle.ports import StopSignals
from orchestrator.queue.connection import connect
from orchestrator.queue.names import Names
from orchestrator.queue.tokens import RedisWake


def services(*, redis_url: str, instance: str, folder: str, blackboard_url: str = "") -> Any:
    """What stands for `Services` here; it notes the blackboard that it was told of."""
    if blackboard_url:
        _write(Path(folder) / "blackboard", blackboard_url)
    return SimpleNamespace(folder=Path(folder), wake=RedisWake(connect(redis_url), Names(instance=instance)))


def add(folder: Path, name: str, text: str = "note", *, label: str = "default") -> None:
    """Make a node run ready; nobody is woken."""
    place = folder / "ready" / label
    place.mkdir(parents=True, exist_ok=True)
    for other in ("running", "done"):
        (folder / other).mkdir(exist_ok=True)
    draft = folder / f"{name}.draft"
    draft.write_text(text)
    draft.rename(place / name)


def done(folder: Path, name: str) -> str | None:
    """The worker that ran it."""
    path = folder / "done" / name
    return path.read_text() if path.exists() else None


def running(folder: Path, name: str) -> int | None:
    """The process that runs it now."""
    path = folder / "running" / f"{name}.pid"
    return int(path.read_text()) if path.exists() else None


def work(application: Any, *, labels: Sequence[str], worker: str, signals: StopSignals) -> int:
    """What stands for `lifecycle.attempts.execute.work`."""
    ran = 0
    for label in labels:
        for path in sorted((application.folder / "ready" / label).glob("*")):
            ran += _run(application.folder, path, worker, signals)
    return ran


def lose(application: Any, seat: str) -> None:
    """What stands for `lifecycle.advance.lose_all_of`: it notes who was asked about."""
    with (application.folder / "seats").open("a") as seats:
        seats.write(f"{seat}\n")


class Sweep:
    """What stands for `lifecycle.control.ControlLoop`."""

    def __init__(self, application: Any, seat: str) -> None:
        self._application = application
        _write(application.folder / "swept", str(os.getpid()))

    def step(self) -> float:
        if (self._application.folder / "full").exists():
            raise SetupError("the disk is full", hint="make room")
        for place in (self._application.folder / "ready").glob("*"):
            self._application.wake.workers(place.name, len(list(place.iterdir())))
        return 0.1

    def close(self) -> None:
        _write(self._application.folder / "closed", "")


def _run(folder: Path, path: Path, worker: str, signals: StopSignals) -> int:
    claimed = folder / "running" / path.name
    try:
        path.rename(claimed)
    except FileNotFoundError:
        return 0
    told = threading.Event()
    with signals.listen(told.set):
        _write(folder / "running" / f"{path.name}.pid", str(os.getpid()))
        match claimed.read_text():
            case "stop":
                told.wait()
            case "drain":
                while not signals.draining():
                    told.wait()
                    told.clear()
            case "full":
                raise SetupError("the disk is full", hint="make room")
            case "hang":
                threading.Event().wait()
    _write(folder / "done" / path.name, worker)
    return 1


def _write(path: Path, text: str) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    draft.write_text(text)
    draft.rename(path)
