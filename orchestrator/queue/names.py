"""The names of everything kept in Redis; all of them are cheap to lose."""

from __future__ import annotations

from dataclasses import dataclass

PREFIX = "mycelium"


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """Keys and channels of one instance, so that instances can share a server without waking each other."""

    instance: str

    def tokens(self, label: str) -> str:
        """The RQ queue in which tokens for a queue label wait."""
        return f"{PREFIX}.{self.instance}.{label}"

    @property
    def nudge(self) -> str:
        """The list whose one element wakes the control loop."""
        return f"{PREFIX}:{self.instance}:nudge"

    @property
    def stop(self) -> str:
        """The channel on which workers hear that an execution should stop."""
        return f"{PREFIX}:{self.instance}:stop"


def events(execution_id: str) -> str:
    """The channel of an execution's live events."""
    return f"{PREFIX}:events:{execution_id}"
