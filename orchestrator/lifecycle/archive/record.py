"""One execution on its way through the branch: all that a store has of it, and what its digests name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from orchestrator.errors import SetupError
from orchestrator.lifecycle.ports import Dossier, NewLogLine


class Damaged(SetupError):
    """What lies in the branch is not what Mycelium writes there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """Self-contained. `saved_at` tells it from earlier records of the same execution.

    `blobs` are by digest. `left_out` says, a line each, what was too large to be in here.
    """

    dossier: Dossier
    saved_at: datetime
    log: tuple[NewLogLine, ...] = ()
    blobs: Mapping[str, bytes] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
