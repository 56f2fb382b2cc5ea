"""Wake and Events for a process without Redis: nobody runs nodes, nobody watches, and SQL keeps what was decided."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager

from orchestrator.lifecycle.ports import LiveEvent


class NobodyToWake:
    """Tokens that go nowhere: whoever starts workers for this instance later finds the work in SQL."""

    def workers(self, label: str, count: int) -> None:
        """Nothing to wake."""

    def control(self) -> None:
        """Nothing to wake."""

    def stop(self, execution_id: str) -> None:
        """Nothing runs."""


class NobodyWatching:
    """Events that nobody hears."""

    def publish(self, *events: LiveEvent) -> None:
        """Nobody listens."""

    @contextmanager
    def subscribe(self, execution_id: str) -> Generator[Iterator[LiveEvent | None]]:  # noqa: ARG002 - as the port has it
        """A subscription that ends at once."""
        yield iter(())
