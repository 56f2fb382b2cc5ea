"""What an agent node costs above its program, which answers at once: a scripted model on loopback is behind it."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from orchestrator.definition.model import Agent, AgentDefinition, Node, Workflow, WorkspaceMode
from orchestrator.errors import Place
from orchestrator.lifecycle.ports.runner import AgentTask
from orchestrator.lifecycle.services import Services
from orchestrator.lifecycle.start import StartRequest
from orchestrator.runners.engine import Request
from orchestrator.runners.environment import base_environment, folder, passed
from tests.bench.engine import run_to_end
from tests.bench.options import Options
from tests.bench.scene import SQLITE, Scene, database, tree
from tests.bench.table import figure, table
from tests.fakes.agent_clis import CLIS, Claude, Cli
from tests.fakes.model_server import model_server, say, turns
from tests.fakes.running import task

TIMES = 10
"""At least so many rounds: a program's start varies by more than what is looked for."""
WARM = 3
MANY = 12
AGENT = AgentDefinition(id="bench", name="bench", description="Answers.", prompt="You answer.", tools=("Read",))
EVENTS = (
    {"type": "system", "subtype": "init", "model": "none"},
    {"type": "result", "subtype": "success", "is_error": False, "result": "All is well.", "num_turns": 1},
)
PROMPT = "Say that all is well."


def measure(options: Options, scene: Scene) -> dict[str, Any]:
    """By program; those that are not installed are left out."""
    clis = {"stand-in": _stand_in(scene.folder), **{name: cli for name, cli in CLIS.items() if cli.program}}
    return {name: _measured(cli, options, scene) for name, cli in clis.items()}


def show(found: Mapping[str, Any], _options: Options) -> str:
    rows = [
        [
            name,
            *(figure(each[key]["median_ms"], 0) for key in ("bare", "node")),
            figure(each["overhead_ms"], 0),
            *(figure(each[key], 0) for key in ("bare_many_ms", "node_many_ms")),
        ]
        for name, each in found.items()
    ]
    header = ["milliseconds", "program", "node", "overhead", f"{MANY} programs", f"{MANY} nodes"]
    return table("An agent that answers at once", header, rows)


def _stand_in(place: Path) -> Cli:
    """Nothing but what Claude Code would print: real programs vary by more than Mycelium costs."""
    program = place / "stand-in" / "claude"
    program.parent.mkdir()
    program.write_text("\n".join(("#!/bin/sh", "cat >/dev/null", *(f"echo '{json.dumps(each)}'" for each in EVENTS))))
    program.chmod(0o755)
    return replace(Claude(), program=str(program))


def _measured(cli: Cli, options: Options, scene: Scene) -> dict[str, Any]:
    with model_server(turns(say("All is well."))) as model, database(SQLITE, scene.folder) as url:
        bare, node = _in_turns(cli, model.url, options, scene, url)
        bare_many, node_many = _many(cli, model.url, options, scene, url)
    return {
        "bare": {"median_ms": median(bare), "all_ms": bare},
        "node": {"median_ms": median(node), "all_ms": node},
        "overhead_ms": median(node) - median(bare),
        "bare_many_ms": bare_many,
        "node_many_ms": node_many,
    }


def _in_turns(
    cli: Cli, model: str, options: Options, scene: Scene, database_url: str
) -> tuple[list[float], list[float]]:
    """The milliseconds of each program alone, and of each node."""
    bare, node = list[float](), list[float]()
    with _tree(cli, model, scene, options.settings(scene, cli.name, database_url)) as services:
        for round_ in range(-WARM, max(TIMES, options.rounds)):
            alone = _milliseconds(_prepared(cli, model, scene.folder))
            within = _nodes(services, cli, 1)
            if round_ >= 0:
                bare.append(alone)
                node.append(within)
    return bare, node


def _many(cli: Cli, model: str, options: Options, scene: Scene, database_url: str) -> tuple[float, float]:
    """The milliseconds of so many programs at once, and of as many nodes."""
    settings = {**options.settings(scene, cli.name, database_url), "CONCURRENCY": str(MANY)}
    starts = [_prepared(cli, model, scene.folder) for _ in range(MANY)]
    with ThreadPoolExecutor(MANY) as pool:
        bare = _milliseconds(lambda: list(pool.map(lambda start: start(), starts)))
    with _tree(cli, model, scene, settings) as services:
        _nodes(services, cli, MANY)  # as good as all workers have run something
        return bare, _nodes(services, cli, MANY)


@contextmanager
def _tree(cli: Cli, model: str, scene: Scene, settings: Mapping[str, str]) -> Iterator[Services]:
    """A process tree whose nodes find the program and the model."""
    environ = cli.environ(model)
    beside = {**environ, "PATH": f"{Path(cli.program).parent}:{environ['PATH']}"}
    with tree(scene, beside, **settings) as services:
        yield services


def _prepared(cli: Cli, url: str, folder_: Path) -> Callable[[], None]:
    """A start of the program alone, as its engine calls it, with everything it reads laid out."""
    place = Path(tempfile.mkdtemp(dir=folder_))
    environ = cli.environ(url)
    todo = task(place, AgentTask(definition=AGENT, engine=cli.name, prompt=PROMPT))
    home = folder(todo, "home")
    env = {**base_environment(todo, passed(environ)), **environ, "HOME": str(home)}
    assert isinstance(todo.action, AgentTask)
    call = cli.engine.call(Request(task=todo, action=todo.action, prompt=PROMPT, home=home, env=env))
    words = [cli.program, *call.arguments]

    def start() -> None:
        subprocess.run(
            words, cwd=todo.workspace, env=call.env, input=PROMPT, text=True, capture_output=True, check=True
        )

    return start


def _nodes(services: Services, cli: Cli, count: int) -> float:
    """The milliseconds from the request for so many agents at once to the end of the last one."""
    place = Place(file="workflows/agents.yaml")
    action = Agent(agent=AGENT.name, prompt=PROMPT, engine=cli.name)
    nodes = {
        name: Node(id=name, action=action, place=place, workspace=WorkspaceMode.NONE)
        for name in (f"n{number}" for number in range(count))
    }
    workflow = Workflow(id="agents", path=place.file, name="Agents", nodes=nodes)
    ended = run_to_end(services, StartRequest(workflow=workflow, source="", agents={AGENT.name: AGENT}))
    assert ended.completed_at is not None
    return (ended.completed_at - ended.created_at).total_seconds() * 1000


def _milliseconds(action: Callable[[], object]) -> float:
    begun = time.perf_counter()
    action()
    return (time.perf_counter() - begun) * 1000
