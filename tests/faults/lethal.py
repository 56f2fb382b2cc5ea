"""Services of real workers and control loops that kill themselves at a point, once somebody has armed it.

`<folder>/armed` names role and point, as `worker: before commit`; whoever passes it first takes the file away and is
gone. Where there is a `<folder>/passed`, every point passed is written there.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from orchestrator import app
from orchestrator.lifecycle import perform, transition
from orchestrator.lifecycle.control import ControlLoop
from orchestrator.lifecycle.services import Services
from tests.faults.tripwire import Ledger, Process, Tripwire, deadly_effects


@dataclass
class Mine(Tripwire):
    """A tripwire that kills in earnest."""

    folder: Path = Path()
    role: str = "worker"

    def touch(self, point: str) -> bool:
        passage = f"{self.role}: {point}"
        with (
            suppress(FileNotFoundError),
            os.fdopen(os.open(self.folder / "passed", os.O_WRONLY | os.O_APPEND), "w") as log,
        ):
            log.write(f"{passage}\n")
        with suppress(FileNotFoundError):
            if (self.folder / "armed").read_text().strip() == passage:
                (self.folder / "armed").unlink()
                os.kill(os.getpid(), signal.SIGKILL)
        return False


def services(*, redis_url: str, instance: str, root: str, folder: str) -> Services:
    """As `app.build_in_child`, in a process that may have to die."""
    perform.EFFECTS = deadly_effects(perform.EFFECTS)  # type: ignore[misc]
    transition.MAX_SETTLED = 1  # type: ignore[misc]
    built = app.build_in_child(redis_url=redis_url, instance=instance, root=root)
    return Process(built, Mine(folder=Path(folder)), Ledger()).services


def control(services: Services, seat: str) -> ControlLoop:
    """The control loop, told apart from workers."""
    mine = services.store.process.tripwire  # type: ignore[attr-defined]  # our own
    mine.role = "control"
    return ControlLoop(services, seat)
