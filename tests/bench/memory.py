"""How much memory the processes have: those of `mycelium run`, and those of a server with workers apart."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from orchestrator import app
from orchestrator.lifecycle.start import start
from orchestrator.queue.server import EmbeddedServer, find_binary
from tests.bench.engine import run_to_end
from tests.bench.options import Options
from tests.bench.processes import memory
from tests.bench.scene import Scene, database, taken_on
from tests.bench.shapes import SHAPES, fan
from tests.bench.table import figure, table

LOOK_SECONDS = 0.2
LONGEST_SECONDS = 120.0
BUSY = "layered-500"
CLI = (sys.executable, "-P", "-m", "orchestrator.cli")
WARM_NODES = 20

Sample = dict[str, Any]


def measure(options: Options, scene: Scene) -> list[dict[str, Any]]:
    found = []
    for kind in options.databases:
        with database(kind, scene.folder) as url:
            settings = options.settings(scene, kind, url)
            found += [{"database": kind, **sample} for sample in (*_run(scene, settings), *_server(scene, settings))]
    return found


def show(found: Sequence[Mapping[str, Any]], _options: Options) -> str:
    tables = []
    for idle, busy in zip(found[::2], found[1::2], strict=True):
        before = {each["role"]: each for each in idle["roles"]}
        rows = [
            [f"{each['role']} × {each['processes']}", *_figures(before.get(each["role"], {})), *_figures(each)]
            for each in busy["roles"]
        ]
        rows.append(["together", *_figures(idle), *_figures(busy)])
        header = ["megabytes", "idle RSS", "idle PSS", "busy RSS", "busy PSS"]
        tables.append(table(f"Memory: {idle['what']} ({idle['database']})", header, rows))
    return "\n".join(tables)


def _figures(sample: Mapping[str, Any]) -> list[str]:
    return [figure(sample.get("rss_mb"), 0), figure(sample.get("pss_mb"), 0)]


def _run(scene: Scene, settings: Mapping[str, str]) -> Iterator[Sample]:
    """`mycelium run`: while its one node waits, and while it is at work."""
    with tempfile.TemporaryDirectory(dir=scene.folder) as folder:
        began, go = Path(folder, "began"), Path(folder, "go")
        script = f'touch "{began}"; until [ -e "{go}" ]; do sleep 0.1; done'
        scene.write("idle", {"name": "Idle", "nodes": {"one": {"workspace": "none", "run": script}}})
        with _started(scene, settings, "run", "idle") as process:
            _await(began.exists)
            yield {"what": "mycelium run", "state": "idle", **memory([process])}
            go.touch()
            process.wait(LONGEST_SECONDS)
    scene.write("busy", SHAPES[BUSY]().written())
    with _started(scene, settings, "run", "busy") as process:
        busy = _largest([process], lambda: process.poll() is not None)
        yield {"what": "mycelium run", "state": "busy", **busy}


def _server(scene: Scene, settings: Mapping[str, str]) -> Iterator[Sample]:
    """`mycelium serve`, `scheduler` and `worker`, beside a Valkey."""
    server = EmbeddedServer(find_binary())
    with ExitStack() as stack:
        stack.callback(server.stop)
        server.start()
        shared = {**settings, "REDIS_URL": server.url}
        commands = (("serve", "--port", "0"), ("scheduler",), ("worker",))
        processes = [stack.enter_context(_started(scene, shared, *words)) for words in commands]
        stack.enter_context(taken_on(scene.environment(**shared)))
        services = stack.enter_context(app.shared(scene.settings(**shared)))
        _await(lambda: bool(processes[0].net_connections("tcp")))
        run_to_end(services, fan(WARM_NODES).request())
        everything = [psutil.Process(server.pid), *processes]
        yield {"what": "server, scheduler, workers", "state": "idle", **memory(everything)}
        id = start(services, SHAPES[BUSY]().request()).id
        busy = _largest(everything, lambda: services.store.execution(id).status.ended)
        yield {"what": "server, scheduler, workers", "state": "busy", **busy}


@contextmanager
def _started(scene: Scene, settings: Mapping[str, str], *words: str) -> Iterator[psutil.Popen]:
    """A command, which is ended where it has not ended by itself."""
    process = psutil.Popen(
        [*CLI, *words],
        cwd=scene.repository,
        env=scene.environment(**settings),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(LONGEST_SECONDS)


def _largest(roots: Sequence[psutil.Process], ended: Callable[[], bool]) -> Sample:
    """The sample with the most memory of those taken now and then until the end."""
    samples = [memory(roots)]
    while not ended():
        time.sleep(LOOK_SECONDS)
        with suppress(psutil.NoSuchProcess):
            samples.append(memory(roots))
    return max(samples, key=lambda sample: float(sample["pss_mb"] or sample["rss_mb"]))


def _await(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONGEST_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("a command did not begin")
        time.sleep(LOOK_SECONDS)
