"""How GitHub says no: not now, or not at all with this credential."""

from __future__ import annotations

from datetime import datetime

from orchestrator.errors import Unavailable


class Busy(Unavailable):
    """Not now: `until` is when the budget has room again, or when GitHub wants to be asked again."""

    def __init__(self, message: str, *, until: datetime) -> None:
        super().__init__(message)
        self.until = until


class Forbidden(Unavailable):
    """The credential, or a setting of the repository, does not allow it; `needs` says which permission or setting."""

    def __init__(self, message: str, *, needs: str, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.needs = needs
