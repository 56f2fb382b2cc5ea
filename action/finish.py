"""After a job was cancelled, or its process killed: what was cut short is ended here, and GitHub is told, while the
runner still lets us."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Final

from action.commands import JobLog
from action.step import Step
from action.watching import cancel_all
from orchestrator.definition.project import BLACKBOARD
from orchestrator.errors import Conflict, ExitCode
from orchestrator.execution.state import Execution, ExecutionStatus
from orchestrator.lifecycle.services import Services

BY: Final = "the job of GitHub Actions, which was cut short"


def finish(step: Step) -> int:
    """End what the process of the step before left behind; the exit code."""
    from action.kept_history import history
    from orchestrator import app
    from orchestrator.store.opening import exists

    if not exists(step.settings.database_url):
        return ExitCode.COMPLETED
    with app.offline(step.settings) as services:
        left = left_behind(services)
        plans = [services.plan(each.id).definition for each in left]
        # Nothing of them starts again when they are taken up.
        cancel_all(services, [each.id for each in left if not each.status.ended], BY)
    if not left:
        return ExitCode.COMPLETED
    queues = tuple(dict.fromkeys(queue for plan in plans for queue in plan.queues))
    blackboard = any(BLACKBOARD in plan.servers for plan in plans)
    with app.embedded(step.settings, queues, blackboard=blackboard) as services:
        _end(services, left, step.log)
        with history(step.inputs, step.settings, services, step.log) as kept:
            kept.keep([each.id for each in left])
    return ExitCode.COMPLETED


def left_behind(services: Services) -> list[Execution]:
    """Those of this job that have not ended, or whose end GitHub was not told; what waits for a person waits on where
    it is kept.

    What came from the history and was not taken up is no more than a copy: another job may be running it, and of what
    this one held, without having begun anything, the next job finds that its holder is gone.
    """
    from orchestrator.lifecycle.archive.restoring import RESTORED
    from orchestrator.lifecycle.resume import owes

    ours = [each for each in services.store.executions(limit=100) if each.instance != RESTORED]
    found = [each for each in ours if each.status is not ExecutionStatus.WAITING or not services.history]
    return [each for each in found if not each.status.ended or owes(services, each)]


def _end(services: Services, left: Sequence[Execution], log: JobLog) -> None:
    from action.shown import wait_for_executions, warn
    from action.watching import LogWatcher
    from orchestrator.lifecycle.following.follow import follow
    from orchestrator.lifecycle.projection.holding import let_show
    from orchestrator.lifecycle.resume import resume

    for each in left:
        let_show(services, each.id)
        with contextlib.suppress(Conflict):
            resume(services, each.id, of=each.instance)
        follow(services, each.id, LogWatcher(log, ""))
        warn(log, wait_for_executions(services, [each.id], log))
