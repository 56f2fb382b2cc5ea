"""Hears an agent's program while it works: events become log lines and are recorded, figures kept, processes known."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from orchestrator.lifecycle.ports.runner import LogSink
from orchestrator.runners.attempt import Processes
from orchestrator.runners.engine import Reader
from orchestrator.runners.happenings import Happening, Spent, Started
from orchestrator.runners.meter import Meter
from orchestrator.runners.narration import narrate
from orchestrator.runners.recorder import Recorder

AtWork = Callable[[], None]


class Hearing:
    """One call of the program, heard line by line, counted by `meter` and kept by `recorder`; `at_work` is called when
    it says that it has started."""

    def __init__(
        self,
        reader: Reader,
        log: LogSink,
        processes: Processes,
        meter: Meter,
        at_work: AtWork,
        recorder: Recorder | None = None,
    ) -> None:
        self._reader = reader
        self._log = log
        self._recorder = recorder
        self._processes = processes
        self._meter = meter
        self._at_work = at_work
        self._hopeless = False

    def started(self, pid: int, start_time: int) -> None:
        """The program runs."""
        self._processes.started(pid, start_time)

    def lost(self) -> None:
        """Nobody guards it any more."""
        self._processes.reap()

    def line(self, text: str, stream: str) -> None:
        """Events on stdout, complaints on stderr."""
        self._take(self._reader.line(text) if stream == "stdout" else self._reader.complaint(text))

    def tick(self) -> None:
        """Time passes."""
        self._log.tick()

    def enough(self) -> bool:
        """Whether going on is of no use: it has what it may use, or a server that it was to have is not there."""
        return self._hopeless or self._meter.exceeded() is not None

    def _take(self, happenings: Iterable[Happening]) -> None:
        for happening in happenings:
            narrate(happening, self._log)
            if self._recorder:
                self._recorder.hear(happening)
            match happening:
                case Started(failed_servers=failed):
                    self._hopeless = bool(failed)
                    self._at_work()
                case Spent(usage=usage):
                    self._meter.now = usage
