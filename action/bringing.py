"""Taking executions of earlier jobs in hand, one by one, and noting of each what came of that."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from orchestrator.errors import MyceliumError

if TYPE_CHECKING:
    from orchestrator.lifecycle.archive.entry import Entry
    from orchestrator.lifecycle.intake.elsewhere import Elsewhere
    from orchestrator.lifecycle.intake.occasion import Desk


class Holding(Protocol):
    """As much of a history as that takes."""

    def hold(self, execution_id: str, desk: Desk) -> None:
        """From now on this job has it; `Conflict` or `Damaged` where it may not."""
        ...

    def bury(self, entry: Entry, desk: Desk, why: MyceliumError) -> None:
        """See that it does not stand on GitHub as at work for ever."""
        ...

    def tell(self, line: str) -> None:
        """In the log."""
        ...


@dataclass
class Bringing:
    """What came of each execution so far."""

    history: Holding
    desk: Desk
    held: list[str] = field(default_factory=list)
    elsewhere: dict[str, Elsewhere] = field(default_factory=dict)

    def hold(self, entries: Iterable[Entry], *, told: Collection[str] = ()) -> None:
        """Hold what can be; a command is `told` of what cannot."""
        from orchestrator.errors import Conflict
        from orchestrator.lifecycle.archive.holders import Held
        from orchestrator.lifecycle.archive.record import Damaged

        for entry in entries:
            try:
                self.history.hold(entry.id, self.desk)
            except (Conflict, Damaged) as error:
                self.history.tell(f"Execution {entry.id} does not go on here: {error}")
                if not isinstance(error, Held):
                    self.history.bury(entry, self.desk, error)
                if entry.id in told:
                    self.pass_over(entry, error)
            else:
                self.held.append(entry.id)
                self.elsewhere.pop(entry.id, None)

    def pass_over(self, entry: Entry, error: MyceliumError) -> None:
        from orchestrator.lifecycle.archive.holders import Held, run_of
        from orchestrator.lifecycle.intake.elsewhere import Elsewhere

        run = run_of(error.holder) if isinstance(error, Held) else ""
        at_work = f"execution {entry.id} is at work in run {run} of GitHub Actions, which reads such commands itself"
        self.elsewhere[entry.id] = Elsewhere(
            execution_id=entry.id,
            workflow_id=entry.workflow_id,
            number=entry.number,
            status=entry.status,
            why=at_work if run else str(error),
            heard=bool(run),
        )
