"""Wake-up tokens for workers and live events for watchers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from orchestrator.definition.model import JsonValue


class LiveEventKind(StrEnum):
    """Live events, as the WebSocket names them."""

    EXECUTION_STARTED = "execution_started"
    NODE_STATUS_UPDATE = "node_status_update"
    LOG = "log"
    EXECUTION_COMPLETED = "execution_completed"
    EXECUTION_FAILED = "execution_failed"
    EXECUTION_CANCELLED = "execution_cancelled"


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveEvent:
    """Something a watcher may want to know now. `seq` grows within an execution."""

    seq: int
    event: LiveEventKind
    execution_id: str
    timestamp: datetime
    node_id: str | None = None
    status: str | None = None
    data: dict[str, JsonValue] = field(default_factory=dict)


class Events(Protocol):
    """Live events, lossy: whoever watches reads a snapshot from the store after subscribing."""

    def publish(self, *events: LiveEvent) -> None:
        """Send events, in this order; what cannot be sent is lost."""
        ...

    def subscribe(self, execution_id: str) -> AbstractContextManager[Iterator[LiveEvent | None]]:
        """Events as they come; None about once a second when there is none, so that the reader can look up."""
        ...


class Wake(Protocol):
    """Wake-up tokens; losing one only costs time, because the sweep pushes it again."""

    def workers(self, label: str, count: int) -> None:
        """Push up to `count` tokens, no more than there are idle workers for the label."""
        ...

    def control(self) -> None:
        """The control loop has something to do."""
        ...

    def stop(self, execution_id: str) -> None:
        """Workers that run a node of this execution should look at its cancel flag now."""
        ...


class StopSignals(Protocol):
    """What a worker process hears from outside while it runs a node."""

    def listen(self, notify: Callable[[], None]) -> AbstractContextManager[None]:
        """Call `notify`, from any thread, whenever a stop message or a drain arrives."""
        ...

    def draining(self) -> bool:
        """No new claims; the running node ends soon and goes back to the queue."""
        ...

    def hurried(self) -> bool:
        """Draining, and the running node is not waited for: it goes back to the queue now."""
        ...
