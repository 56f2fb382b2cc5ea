"""What the history has not got of this job: said where somebody sees it, as what GitHub does not show is.

An approval that no later job could act on must not be asked for: an execution that waits, and of which the history has
nothing, ends with its job, and the step fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from orchestrator.execution.state import ExecutionStatus
from orchestrator.lifecycle.ports.github import Forbidden

if TYPE_CHECKING:
    from orchestrator.errors import MyceliumError
    from orchestrator.report.view import ExecutionView

NO_BRANCH: Final = "this job keeps no history, since `history-branch` is empty"
OF_A_FORK: Final = "the job of a fork's pull request can keep nothing"
_NAME_ONE: Final = "Name a branch in `history-branch`."
_WAIT: Final = (
    "Leave `forks` at `wait`: then `/mycelium allow COMMIT` starts it in a job of the repository, which keeps it."
)
_WRITE: Final = "Give the job `contents: write`, and let it push to that branch."
_AGAIN: Final = "Start the job again once that is mended."


@dataclass(frozen=True, kw_only=True, slots=True)
class Unkept:
    """An execution that the history has not got as it is now, `why`, and what to do about it. `earlier` says that it
    has an earlier state of it, or that somebody else keeps it; `chosen` that nothing was to be kept here; `bound` that
    it is kept, and cannot go on on another machine.
    """

    execution_id: str
    why: str
    hint: str = _AGAIN
    earlier: bool = False
    chosen: bool = False
    bound: bool = False

    def strands(self, seen: ExecutionView | None) -> bool:
        """Whether it waits, seen so, for what nobody can give it."""
        return seen is not None and seen.execution.status is ExecutionStatus.WAITING and not self.earlier

    @property
    def ended(self) -> str:
        """Why it was ended, as part of a sentence."""
        return f"it waited for a person, and no later job could have gone on with it: {self.why.rstrip('.')}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Missing:
    """One that is said. `stranded` is one that could not go on."""

    of: Unkept
    stranded: bool

    @property
    def sentences(self) -> str:
        found = self.of
        if self.stranded:
            return f"Execution {found.execution_id} is cancelled: {found.ended}. {found.hint}"
        rest = "A later job goes on with what was kept before." if found.earlier else "No page or command knows of it."
        return f"Execution {found.execution_id} is not kept: {found.why.rstrip('.')}. {rest} {found.hint}"


def of_error(execution_id: str, error: MyceliumError, *, earlier: bool) -> Unkept:
    hint = _WRITE if isinstance(error, Forbidden) else _AGAIN
    return Unkept(execution_id=execution_id, why=str(error), hint=hint, earlier=earlier)


def of_rest(execution_id: str, left_out: str) -> Unkept:
    """Of an execution that is kept without what is `left_out`."""
    return Unkept(execution_id=execution_id, why=left_out, bound=True)


def of_choice(execution_id: str, *, fork: bool) -> Unkept:
    why, hint = (OF_A_FORK, _WAIT) if fork else (NO_BRANCH, _NAME_ONE)
    return Unkept(execution_id=execution_id, why=why, hint=hint, chosen=True)


def missing(unkept: Iterable[Unkept], views: Mapping[str, ExecutionView]) -> list[Missing]:
    """What somebody should know of: all but what ended, and is kept, or was not to be."""
    found = [Missing(of=each, stranded=each.strands(views.get(each.execution_id))) for each in unkept]
    return [each for each in found if each.stranded or not (each.of.chosen or each.of.bound)]
