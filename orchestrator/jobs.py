"""The functions that a token may call, by a literal registry. Nothing connects at import."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from orchestrator.errors import Conflict, MyceliumError, SetupError
from orchestrator.lifecycle.ports import StopSignals
from orchestrator.lifecycle.services import Services

Work = Callable[..., int]

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Application:
    """What this process works with: set once by a worker process when it starts.

    `work` is `lifecycle.attempts.execute.work`. `rest` makes it known that the worker will look no further;
    `give_up` ends the worker, because whoever operates the machine must act first.
    """

    services: Services
    signals: StopSignals
    worker: str
    labels: tuple[str, ...]
    work: Work
    rest: Callable[[], None]
    give_up: Callable[[SetupError], None]


_slot: list[Application] = []


def bind(application: Application) -> None:
    """Make `take` use this application from now on."""
    _slot[:] = [application]


def take(label: str) -> int:
    """Run ready node runs of the queue label until there are none; how many it ran.

    `Conflict` when this process does not serve the label, or serves none because nothing was bound.
    """
    if not _slot or label not in _slot[0].labels:
        raise Conflict(f"this worker does not serve the queue {label!r}")
    application = _slot[0]
    try:
        ran = _work(application, [label])
        # Whoever makes a run ready after our last look must see us free, or nobody would be woken for it: so say that
        # we are free, and look once more.
        application.rest()
        return ran + _work(application, [label])
    except SetupError as error:
        application.give_up(error)
    except MyceliumError as error:
        # What was claimed is not attended any more, and so goes back to the queue.
        log.warning("a look for work was broken off: %s", error)
    return 0


def _work(application: Application, labels: Sequence[str]) -> int:
    if application.signals.draining():
        return 0
    return application.work(application.services, labels=labels, worker=application.worker, signals=application.signals)


REGISTRY: dict[str, Callable[[str], int]] = {"orchestrator.jobs.take": take}
