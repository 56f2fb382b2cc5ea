"""Whole executions beside the floor and plain RQ, every graph in one run."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from statistics import median
from typing import Any

from orchestrator.lifecycle.services import Services
from tests.bench import raw_rq
from tests.bench.engine import execution_seconds
from tests.bench.floor import floor, through_bash
from tests.bench.options import Options
from tests.bench.scene import Scene, database, tree
from tests.bench.shapes import Shape, chain, fan
from tests.bench.table import figure, table

SMALL, LARGE = "layered-500", "layered-10000"
# Plain RQ stalls on some graphs until its maintenance looks at them, ten minutes later.
RQ_LEAST_SECONDS = 10.0
RQ_SECONDS_A_NODE = 0.02
WARM_NODES = 20
MANY = 5_000


def measure(options: Options, scene: Scene) -> dict[str, Any]:
    with ExitStack() as stack:
        systems: dict[str, Services] = {}
        for kind in options.databases:
            url = stack.enter_context(database(kind, scene.folder))
            systems[kind] = stack.enter_context(tree(scene, **options.settings(scene, kind, url)))
            execution_seconds(systems[kind], fan(WARM_NODES))
        shapes = [_shape(shape, options, systems, scene) for shape in options.shapes]
    return {"shapes": shapes, "large_to_small": _ratios(shapes)}


def _shape(shape: Shape, options: Options, systems: Mapping[str, Services], scene: Scene) -> dict[str, Any]:
    rounds = 1 if shape.nodes >= MANY else options.rounds
    print(f"{shape.title} …", file=sys.stderr)
    script = through_bash(scene.folder)
    plain, bash = [], []
    times: dict[str, list[float]] = {kind: [] for kind in systems}
    for _ in range(rounds):
        plain.append(floor(shape, options.concurrency))
        bash.append(floor(shape, options.concurrency, script))
        for kind, services in systems.items():
            times[kind].append(execution_seconds(services, shape))
    base = median(plain)
    return {
        "shape": shape.name,
        "title": shape.title,
        "nodes": shape.nodes,
        "edges": shape.edges,
        "rounds": rounds,
        "floor": _figures(shape, plain, base),
        "bash": _figures(shape, bash, base),
        "rq": _figures(shape, _rq(shape, options, rounds), base),
        "databases": {kind: _figures(shape, each, base) for kind, each in times.items()},
    }


def _rq(shape: Shape, options: Options, rounds: int) -> list[float]:
    """The seconds of every round, or nothing where RQ stalled."""
    limit = RQ_LEAST_SECONDS + RQ_SECONDS_A_NODE * min(shape.nodes, 1000)
    with raw_rq.workers(options.concurrency) as client:
        raw_rq.seconds(client, chain(WARM_NODES), limit)
        times = []
        for _ in range(rounds):
            seconds = raw_rq.seconds(client, shape, limit)
            if seconds is None:
                return []
            times.append(seconds)
    return times


def _figures(shape: Shape, times: Sequence[float], base: float) -> dict[str, Any]:
    seconds = median(times) if times else None
    return {
        "seconds": seconds,
        "all_seconds": list(times),
        "ms_a_node": None if seconds is None else seconds * 1000 / shape.nodes,
        "ms_a_node_above_floor": None if seconds is None else (seconds - base) * 1000 / shape.nodes,
    }


def _ratios(shapes: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """What a node of the large layered graph costs above the floor, compared with one of the small graph."""
    by_name = {each["shape"]: each["databases"] for each in shapes}
    if not by_name.keys() >= {SMALL, LARGE}:
        return {}
    return {
        kind: by_name[LARGE][kind]["ms_a_node_above_floor"] / by_name[SMALL][kind]["ms_a_node_above_floor"]
        for kind in by_name[LARGE]
    }


def show(found: Mapping[str, Any], options: Options) -> str:
    header = ["milliseconds a node", "floor", "bash", "RQ", *(_with_floor(kind) for kind in options.databases)]
    rows = [
        [
            each["title"],
            *(figure(each[name]["ms_a_node"]) for name in ("floor", "bash")),
            *(
                f"{figure(cell['ms_a_node'])} ({figure(cell['ms_a_node_above_floor'])})" if cell["seconds"] else "–"
                for cell in (each["rq"], *each["databases"].values())
            ),
        ]
        for each in found["shapes"]
    ]
    shown = table(f"Executions, {options.concurrency} at once", header, rows)
    shown += "In brackets: above the floor, which is a pool of threads that does nothing but start the program.\n"
    if any(each["rq"]["seconds"] is None for each in found["shapes"]):
        shown += "– : RQ's depends_on stalls where jobs wait for several others.\n"
    for kind, ratio in found["large_to_small"].items():
        shown += f"A node of the largest graph costs {ratio:.2f} times one of 500 nodes ({kind}).\n"
    return shown


def _with_floor(kind: str) -> str:
    return f"{kind} (above)"
