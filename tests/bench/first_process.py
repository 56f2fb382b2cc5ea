"""How soon a node's process runs on a warm, idle process tree, counted from the call that starts the execution."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestrator.lifecycle.services import Services
from tests.bench.engine import run_to_end
from tests.bench.options import Options
from tests.bench.scene import Scene, database, tree
from tests.bench.shapes import chain, fan
from tests.bench.table import figure, table

TIMES = 30
REST_SECONDS = 0.03
WARM_NODES = 20


def measure(options: Options, scene: Scene) -> dict[str, Any]:
    found = {}
    for kind in options.databases:
        with database(kind, scene.folder) as url, tree(scene, **options.settings(scene, kind, url)) as services:
            run_to_end(services, fan(WARM_NODES).request())  # all workers have run something
            times = sorted(milliseconds(services, scene.folder))
        found[kind] = {"p50_ms": _percentile(times, 50), "p95_ms": _percentile(times, 95), "all_ms": times}
    return found


def show(found: Mapping[str, Any], _options: Options) -> str:
    rows = [[kind, figure(each["p50_ms"], 1), figure(each["p95_ms"], 1)] for kind, each in found.items()]
    return table(f"From the request to the first process, {TIMES} times", ["milliseconds", "p50", "p95"], rows)


def milliseconds(services: Services, folder: Path) -> list[float]:
    """Each of `TIMES` executions of one node, which writes down when it runs; bash knows without starting anything."""
    written = folder / "began"
    request = chain(1).request(f'echo "$EPOCHREALTIME" > "{written}"')
    times = []
    for _ in range(TIMES):
        time.sleep(REST_SECONDS)  # the worker goes back to waiting
        asked = time.time()
        run_to_end(services, request)
        # Some languages have a decimal comma.
        began = float(written.read_text(encoding="ascii").replace(",", "."))
        times.append((began - asked) * 1000)
    return times


def _percentile(ordered: list[float], percent: int) -> float:
    """The smallest value that so many of a hundred do not exceed."""
    return ordered[-(-len(ordered) * percent // 100) - 1]
