"""What an agent node costs above its program, which answers at once: a scripted model on loopback is behind it."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
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
from tests.fakes.agent_clis import CLIS, Cli
from tests.fakes.model_server import model_server, say, turns
from tests.fakes.running import task

TIMES = 10
"""At least so many rounds: a program's start varies by more than what is looked for."""
MANY = 12
AGENT = AgentDefinition(id="bench", name="bench", description="Answers.", prompt="You answer.", tools=("Read",))
PROMPT = "Say that all is well."


def measure(options: Options, scene: Scene) -> dict[str, Any]:
    """By program; those that are not installed are left out."""
    return {name: _measured(cli, options, scene) for name, cli in CLIS.items() if cli.program}


def show(found: Mapping[str, Any], _options: Options) -> str:
    if not found:
        return "Agents: no program is installed (`make agents`).\n"
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


def _measured(cli: Cli, options: Options, scene: Scene) -> dict[str, Any]:
    bare, node = list[float](), list[float]()
    with model_server(turns(say("All is well."))) as model, _tree(cli, model.url, options, scene) as services:
        starts = [_prepared(cli, model.url, scene.folder) for _ in range(1 + max(TIMES, options.rounds) + MANY)]
        starts.pop()()
        _nodes(services, cli, MANY)  # every worker has run something
        for start in starts[MANY:]:
            bare.append(_milliseconds(start))
            node.append(_nodes(services, cli, 1))
        with ThreadPoolExecutor(MANY) as pool:
            bare_many = _milliseconds(lambda: list(pool.map(lambda start: start(), starts[:MANY])))
        node_many = _nodes(services, cli, MANY)
    return {
        "bare": {"median_ms": median(bare), "all_ms": bare},
        "node": {"median_ms": median(node), "all_ms": node},
        "overhead_ms": median(node) - median(bare),
        "bare_many_ms": bare_many,
        "node_many_ms": node_many,
    }


@contextmanager
def _tree(cli: Cli, url: str, options: Options, scene: Scene) -> Iterator[Services]:
    """A warm process tree with as many workers as nodes, whose nodes find the program and the model."""
    environ = cli.environ(url)
    beside = {**environ, "PATH": f"{Path(cli.program).parent}:{environ['PATH']}"}
    with database(SQLITE, scene.folder) as database_url:
        settings = {**options.settings(scene, cli.name, database_url), "CONCURRENCY": str(MANY)}
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
