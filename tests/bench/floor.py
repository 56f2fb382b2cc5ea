"""What the machine itself costs: a pool of threads that starts as many programs as a graph has nodes."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.bench.shapes import PROGRAM, Shape

PLAIN = (PROGRAM,)


def through_bash(folder: Path) -> tuple[str, ...]:
    """The same program as a `run` node starts it: as the one line of a script."""
    script = folder / "floor.sh"
    script.write_text(f"{PROGRAM}\n", encoding="utf-8")
    return ("bash", "--noprofile", "--norc", "-eo", "pipefail", str(script))


def floor(shape: Shape, concurrency: int, command: Sequence[str] = PLAIN) -> float:
    """Seconds for all nodes of the shape; one after the other where it is a chain."""
    begun = time.perf_counter()
    with ThreadPoolExecutor(1 if shape.chain else concurrency) as pool:
        list(pool.map(lambda _: subprocess.run(command, check=True), range(shape.nodes)))
    return time.perf_counter() - begun
