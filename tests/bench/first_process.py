"""How soon a node's process runs on a warm, idle process tree, counted from the call that starts the execution."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
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
            times = sorted(milliseconds(services))
        found[kind] = {"p50_ms": _percentile(times, 50), "p95_ms": _percentile(times, 95), "all_ms": times}
    return found


def show(found: Mapping[str, Any], _options: Options) -> str:
    rows = [[kind, figure(each["p50_ms"], 1), figure(each["p95_ms"], 1)] for kind, each in found.items()]
    return table(f"From the request to the first process, {TIMES} times", ["milliseconds", "p50", "p95"], rows)


def milliseconds(services: Services) -> list[float]:
    """Each of `TIMES` executions of one node, a program that says what time it is."""
    request = chain(1).request(f"{shutil.which('date')} +%s.%N")
    times = []
    for _ in range(TIMES):
        time.sleep(REST_SECONDS)  # the worker goes back to waiting
        asked = time.time()
        (line,) = services.logs.read(run_to_end(services, request).id)
        times.append((float(line.text) - asked) * 1000)
    return times


def _percentile(ordered: list[float], percent: int) -> float:
    """The smallest value that so many of a hundred do not exceed."""
    return ordered[-(-len(ordered) * percent // 100) - 1]
