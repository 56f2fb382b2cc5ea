"""All that runs in a job, to its end: watched, kept while it runs, and told what people say about it meanwhile."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Final

from action import pages, starting, telling
from action.hearing import Hearing, own_comments
from action.history import History
from action.results import Results
from action.shown import Untold
from action.step import Step
from action.unkept import Missing, missing
from orchestrator.errors import Conflict
from orchestrator.execution.state import Execution, ExecutionStatus

if TYPE_CHECKING:
    from orchestrator.lifecycle.intake.occasion import Delivery, Desk
    from orchestrator.report.view import ExecutionView

Views = dict[str, "ExecutionView"]

BY: Final = "the job of GitHub Actions, which ended"


@dataclass(frozen=True, kw_only=True)
class Work:
    """What the events came to, and what was `taken_up` of earlier jobs; `earlier` is what earlier attempts of this job
    came to on the same events, and have let go."""

    step: Step
    desk: Desk
    given: Sequence[Delivery]
    history: History
    taken_up: Sequence[str]
    earlier: Collection[str] = ()
    views: Views = field(default_factory=dict)

    def kept(self) -> tuple[list[Untold], list[Missing]]:
        """Until all of it is `done`, and kept, so that another job can go on with what waits: what GitHub does not
        show, and what is not kept. What waits, and nobody can go on with, is ended."""
        while True:
            untold = self.done()
            telling.answer(self.step, self.desk)
            found = missing(self.history.keep(list(self.views)), self.views)
            stranded = {each.of.execution_id: each for each in found if each.stranded}
            if self.step.interruption.asked.is_set() or not self._called_back(stranded):
                break
        if stranded and not self.step.interruption.asked.is_set():
            untold = self._end(stranded.values())
        return untold, found

    def done(self) -> list[Untold]:
        """Until all of it has ended or waits for a person, and GitHub shows that; what GitHub does not show. What is
        said until then is heard."""
        hearing, untold = self._hearing, list[Untold]()
        while ids := self._moving():
            self._watch(ids, hearing)
            if self.step.interruption.asked.is_set():
                return telling.wait_for_github(self.step, self.desk.services, self.views)
            if self._moving():
                continue
            untold = telling.wait_for_github(self.step, self.desk.services, self.views)
            self._hear(hearing)
        return untold

    def _called_back(self, stranded: Collection[str]) -> bool:
        """Whether somebody has said something since, whose job found that this one had the execution: then this one
        does it, unless another has gone on with it meanwhile. Who speaks after that finds that nobody has it."""
        if self.step.job.reads_only:
            return False
        called = self._hearing.called()
        ours = [each for each in called if each in stranded or self.history.take_back(each, self.desk)]
        if not ours or self._hearing.hear():
            return bool(ours)
        # GitHub does not say whether it counts, and would not the next time: so somebody else may try.
        self.history.keep(ours)
        return False

    def _end(self, stranded: Collection[Missing]) -> list[Untold]:
        from action.watching import watch
        from orchestrator.lifecycle.cancel import cancel

        step, services, ids = self.step, self.desk.services, [each.of.execution_id for each in stranded]
        for each in stranded:
            with suppress(Conflict):
                cancel(services, each.of.execution_id, BY, why=each.of.ended)
        seen = watch(services, ids, step.log, step.interruption, lambda _: None)
        self.views.update(zip(ids, seen, strict=True))
        self.history.keep([each.of.execution_id for each in stranded if each.of.bound])
        return telling.wait_for_github(step, services, self.views)

    @cached_property
    def _hearing(self) -> Hearing:
        return Hearing(self.desk, self.step.log, self.step.began, own_comments(self.given))

    def _watch(self, ids: Sequence[str], hearing: Hearing) -> None:
        from action.keeping import Keeping
        from action.watching import watch
        from orchestrator.lifecycle.intake.receive import release
        from orchestrator.lifecycle.projection.holding import let_show

        services, step = self.desk.services, self.step
        # So that others know of them, should this job be killed.
        keeping = Keeping(self.history, ids, partial(let_show, services))
        with keeping.going_on(), nullcontext() if step.job.reads_only else hearing.listening():
            pages.prepare()
            seen = watch(services, ids, step.log, step.interruption, keeping.note)
        self.views.update(zip(ids, seen, strict=True))
        if step.interruption.asked.is_set():
            # There may be no time left for more than this; the step that follows does the rest.
            telling.put_outputs(step, Results(views=list(self.views.values())))
            return
        keeping.wait()
        # What waited for one of these to end has its turn now.
        release(self.desk)
        self._hear(hearing)

    def _hear(self, hearing: Hearing) -> None:
        if not self.step.job.reads_only:
            hearing.hear()

    def _moving(self) -> list[str]:
        """Those that nobody has watched yet, or that have moved on since they were seen to wait."""
        services = self.desk.services
        # What another job started on the same event may have come with the history: it is not this one's.
        ours = [each for each in starting.started(services, self.given) if self._is_ours(each)]
        ids = dict.fromkeys((*self.taken_up, *ours))
        return [each for each in ids if each not in self.views or self._moved(self.views[each].execution)]

    def _is_ours(self, execution_id: str) -> bool:
        services = self.desk.services
        return execution_id in self.earlier or services.store.execution(execution_id).instance == services.instance

    def _moved(self, seen: Execution) -> bool:
        if seen.status is not ExecutionStatus.WAITING:
            return False
        now = self.desk.services.store.execution(seen.id)
        return (now.status, now.open_runs) != (seen.status, seen.open_runs)
