"""Keeps executions in a branch of the repository, and takes them up from there.

Everything that a job of GitHub Actions needs of the history: `take_up` or `pull` what the event is about, run it,
`save` it at its start, now and then, and when it ends or waits. What is saved can go on in any other job.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from orchestrator.lifecycle.archive.entry import Entry
from orchestrator.lifecycle.intake.occasion import Desk
from orchestrator.lifecycle.services import Services

IsGone = Callable[[str], bool]
"""Whether the holder of this name has ended for good: Actions knows it of a run and its attempt."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Saved:
    """What saving an execution did.

    `changed` is false where the branch had it just so. `left_out` says, a line each, what was too large to be kept, and
    what that means: logs that are cut, artifacts, commits without which it cannot go on elsewhere.
    """

    entry: Entry
    changed: bool
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Squashed:
    """What squashing did: how many records the branch has now, and which were dropped for their age."""

    records: int
    dropped: tuple[str, ...] = ()
    done: bool = True


class Keeper:
    """The history of one repository, as one process sees it. `holder` is who this process is, in the words of `Entry`.

    All methods may raise `Unavailable` (the remote is out of reach, or busier than patience lasts), `Forbidden` (it
    does not let us push) and `SetupError` (what lies in the branch cannot be read, or was made by a later version).
    """

    def __init__(self, services: Services, *, holder: str, branch: str) -> None:
        self._services = services
        self._holder = holder
        self._branch = branch

    def entries(self) -> tuple[Entry, ...]:
        """All that the branch has, by id, the oldest first; none where there is no branch yet. Reads no record."""
        raise NotImplementedError

    def save(self, execution_id: str) -> Saved:
        """Keep the execution as the store has it now, with its log, commits and artifacts within limits.

        While it runs this process holds it. `Conflict` where somebody else holds it or has saved a later state of it:
        then nothing is written, and this process has to stop working on it.
        """
        raise NotImplementedError

    def pull(self, *, reference: str | None = None, thread: int | None = None) -> tuple[str, ...]:
        """Bring the store up to date with the branch; the ids of the executions that are new or changed here.

        All, or one execution (`reference` as in `Store.find`), or those shown at an issue or pull request (`thread`).
        What the store has as it is there is not read again. Nobody runs them then: `take_up` goes on with one.
        """
        raise NotImplementedError

    def take_up(self, execution_id: str, *, desk: Desk | None = None, gone: IsGone | None = None) -> None:
        """Go on with an execution that waits for a person or whose job was killed: from now on this process holds it.

        Call it before the decision is made that it waits for; it is pulled first. It may go on if its workflow, agents
        and project file are those of the commit that is trusted for its event, and its approvals can be found where
        people gave them: that takes a `desk`. `Conflict` where it has ended, where somebody holds it who is not `gone`,
        or where it may not go on; the message says what to do.
        """
        raise NotImplementedError

    def squash(self, *, drop_after_days: int | None = None, unless_within_days: int = 0) -> Squashed:
        """Make all commits of the branch one without a parent; the records stay, and those that come meanwhile too.

        Records that ended more than `drop_after_days` ago are left out. Nothing is done where the branch was squashed
        less than `unless_within_days` ago.
        """
        raise NotImplementedError
