"""Hears an agent's program while it works: events become log lines and are recorded, figures kept, processes known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from orchestrator.execution.log_line import Level
from orchestrator.lifecycle.ports.runner import LogSink
from orchestrator.runners.attempt import Processes
from orchestrator.runners.engine import Reader
from orchestrator.runners.happenings import Happening, Spent, Started
from orchestrator.runners.meter import Meter
from orchestrator.runners.narration import narrate
from orchestrator.runners.prices import priced

Ear = Callable[[Happening], None]
News = Callable[[], Iterable[str]]


class Hearing:
    """One call of the program, heard line by line and counted by `meter`. All `ears` hear what happens, which is
    counted by then; `news` is asked for warnings as time passes."""

    def __init__(
        self,
        reader: Reader,
        log: LogSink,
        processes: Processes,
        meter: Meter,
        *,
        ears: Sequence[Ear],
        news: News = tuple,
    ) -> None:
        self._reader = reader
        self._log = log
        self._processes = processes
        self._meter = meter
        self._ears = ears
        self._news = news
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
        for text in self._news():
            self._log.line(text, level=Level.WARNING, stream="mycelium")
        self._log.tick()

    def enough(self) -> bool:
        """Whether going on is of no use: it has what it may use, or a server that it was to have is not there."""
        return self._hopeless or self._meter.exceeded() is not None

    def _take(self, happenings: Iterable[Happening]) -> None:
        for happening in happenings:
            narrate(happening, self._log)
            match happening:
                case Started(failed_servers=failed):
                    self._hopeless = bool(failed)
                case Spent(usage=usage):
                    self._meter.now = priced(usage)
            for ear in self._ears:
                ear(happening)
