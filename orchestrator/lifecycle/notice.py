"""What others should hear of a committed change: watchers, idle workers, the control loop, workers to be stopped.

A notice is told by whoever made the change, right after the commit, and lost with a process that dies in between. SQL
says the same, and whoever needs it looks there by itself: the control loop wakes workers and looks for timers every
two seconds, a worker looks for cancellations at each lease beat, a watcher reads a snapshot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from orchestrator.definition.model import JsonValue
from orchestrator.lifecycle import live
from orchestrator.lifecycle.services import Services


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """About one execution. `runs` are changed node runs as `live.described` gives them; `labels` says how many became
    ready, by queue label; `timer`: something is due later; `stop`: its running node runs should look for a word."""

    runs: Sequence[dict[str, JsonValue]] = ()
    labels: Mapping[str, int] = field(default_factory=dict)
    started: bool = False
    timer: bool = False
    stop: bool = False

    def payload(self) -> dict[str, JsonValue]:
        """As JSON, to be told by another process; `Notice(**payload)` reads it."""
        return {**asdict(self), "runs": list(self.runs)}


def tell(services: Services, execution_id: str, notice: Notice) -> None:
    """Pass a notice on; what cannot be reached is left out."""
    events = [live.status_of(services, execution_id, run) for run in notice.runs]
    if notice.started:
        events.append(live.started(services, execution_id))
    if events:
        services.events.publish(*events)
    for label, count in notice.labels.items():
        services.wake.workers(label, count)
    if notice.timer:
        services.wake.control()
    if notice.stop:
        services.wake.stop(execution_id)
