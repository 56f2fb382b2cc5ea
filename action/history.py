"""What a job knows of executions that outlive their job: brought back, gone on with, and kept."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from action.unkept import Unkept, of_choice

if TYPE_CHECKING:
    from orchestrator.lifecycle.archive.entry import Entry
    from orchestrator.lifecycle.intake.elsewhere import Elsewhere
    from orchestrator.lifecycle.intake.occasion import Delivery, Desk


@dataclass(frozen=True, kw_only=True, slots=True)
class Brought:
    """What came from the history for the events of this job.

    `held` are executions that this job may go on with; nothing of them starts before `go_on`. `late` are those of them
    that the events are not about: an approval's time is over, and no other job came. `earlier` are those that earlier
    attempts of this job have let go, ended or waiting. `elsewhere` are those that a command is about and that this job
    can do nothing with.
    """

    held: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()


class History(Protocol):
    """Of one repository, as one job sees it. What it cannot do it tells, and never keeps an execution from running."""

    keeps: bool
    """Whether it keeps anything."""

    def late(self) -> list[Entry]:
        """The executions of which an approval's time is over, and that nobody runs."""
        ...

    def bring_late(self, desk: Desk, late: Sequence[Entry]) -> list[Entry]:
        """Hold those of them that may go on here; nothing is decided yet, and nothing is made ready for the others."""
        ...

    def bring(
        self, desk: Desk, deliveries: Sequence[Delivery], workflows: Collection[str], late: Sequence[Entry]
    ) -> Brought:
        """Bring back the executions that the events may be about, of these workflows those of jobs that were killed,
        beside what is `late` and held."""
        ...

    def go_on(self, ids: Sequence[str]) -> list[str]:
        """Have what is held run in this job; the ids of those that do."""
        ...

    def bring_all(self) -> None:
        """Bring back every execution, for their pages."""
        ...

    def keep(self, ids: Sequence[str], *, letting_go: bool = True) -> list[Unkept]:
        """Keep these executions as they are now; this job holds what waits, unless it is `letting_go`. What is not
        kept, or not so that it can go on elsewhere."""
        ...

    def take_back(self, execution_id: str, desk: Desk) -> bool:
        """Hold again what this job has let go, as another would take it up; false where another has, or it is not
        kept."""
        ...

    def tidy(self) -> None:
        """Once a week, forget what nobody looks for any more. Call it after `keep`, where there is time."""
        ...


class NoHistory:
    """Where a job's executions end with it: its own choice, or because it is that of a `fork`."""

    keeps = False

    def __init__(self, *, fork: bool = False) -> None:
        self._fork = fork

    def late(self) -> list[Entry]:
        return []

    def bring_late(self, desk: Desk, late: Sequence[Entry]) -> list[Entry]:  # noqa: ARG002 - there is nothing
        return []

    def bring(
        self,
        desk: Desk,  # noqa: ARG002 - there is nothing
        deliveries: Sequence[Delivery],  # noqa: ARG002
        workflows: Collection[str],  # noqa: ARG002
        late: Sequence[Entry],  # noqa: ARG002
    ) -> Brought:
        return Brought()

    def go_on(self, ids: Sequence[str]) -> list[str]:  # noqa: ARG002 - there is nothing
        return []

    def bring_all(self) -> None:
        """There is nothing."""

    def keep(self, ids: Sequence[str], *, letting_go: bool = True) -> list[Unkept]:  # noqa: ARG002 - always
        return [of_choice(each, fork=self._fork) for each in ids]

    def take_back(self, execution_id: str, desk: Desk) -> bool:  # noqa: ARG002 - nobody has it
        return False

    def tidy(self) -> None:
        """There is nothing."""
