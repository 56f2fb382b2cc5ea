"""What people wait for on the command line: starting, validating many workflows, listing many agents, and running one
workflow from cold."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.bench.options import Options
from tests.bench.scene import Scene
from tests.bench.table import figure, table

FILES = 200
NODES = 20
AGENTS = 130
AGENT_BYTES = 4_000
CLI = ("-P", "-m", "orchestrator.cli")
ONE = {"name": "One", "nodes": {"one": {"workspace": "none", "run": "/bin/true"}}}


def measure(options: Options, scene: Scene) -> dict[str, Any]:
    many = scene.folder / "many"
    write_workflows(many / "workflows")
    write_agents(many / ".claude" / "agents")
    (many / ".git").mkdir()
    scene.write("one", ONE)
    places = (tempfile.mkdtemp(dir=scene.folder, prefix="home-") for _ in iter(int, 1))

    def python(*words: str, folder: Path = many, **settings: str) -> Callable[[], None]:
        command = [sys.executable, *words]
        environ = scene.environment(**settings)
        return lambda: _run(command, folder, environ)

    def first_run() -> None:
        python(*CLI, "run", "one", folder=scene.repository, HOME_DIR=next(places))()

    rounds = options.rounds
    found = {
        "python -c pass": measured(python("-c", "pass"), 2 * rounds),
        "mycelium --help": measured(python(*CLI, "--help"), 2 * rounds),
        "mycelium plan": measured(python(*CLI, "plan", "w0"), rounds),
        f"mycelium validate, {FILES} files of {NODES} nodes": measured(python(*CLI, "validate"), min(3, rounds)),
        f"mycelium agents list, {AGENTS} files of {AGENT_BYTES:,} bytes": measured(
            python(*CLI, "agents", "list"), 2 * rounds
        ),
        "mycelium run, one node": measured(python(*CLI, "run", "one", folder=scene.repository), rounds),
        "mycelium run, one node, with a new database": measured(first_run, rounds),
    }
    return {name: {"median_ms": statistics.median(times), "all_ms": times} for name, times in found.items()}


def show(found: Mapping[str, Any], _options: Options) -> str:
    rows = [[name, figure(each["median_ms"], 0), figure(max(each["all_ms"]), 0)] for name, each in found.items()]
    return table("Commands, from their start to their end", ["milliseconds", "median", "longest"], rows)


def write_workflows(folder: Path) -> None:
    folder.mkdir(parents=True)
    for number in range(FILES):
        nodes: dict[str, object] = {"n0": {"run": "pytest"}}
        for node in range(1, NODES):
            nodes[f"n{node}"] = {"run": f"echo ${{{{ needs.n{node - 1}.result }}}}", "needs": f"n{node - 1}"}
        text = json.dumps({"name": f"Workflow {number}", "nodes": nodes}, indent=1)
        (folder / f"w{number}.yaml").write_text(text, encoding="utf-8")


def write_agents(folder: Path) -> None:
    """As people write them: names of tools, a description with colons in it, a long prompt."""
    folder.mkdir(parents=True)
    for number in range(AGENTS):
        head = (
            f"---\nname: agent-{number}\n"
            "description: Reviews changes. Use it when: something changed, context: before a merge\n"
            "tools: Read, Grep, Glob, Edit, Write, Bash(git log:*)\nmodel: sonnet\n---\n\n"
        )
        text = head + "Say what is wrong, where, and what to do next.\n" * (AGENT_BYTES // 47)
        (folder / f"agent-{number}.md").write_text(text[:AGENT_BYTES], encoding="utf-8")


def measured(action: Callable[[], None], rounds: int) -> list[float]:
    """The milliseconds of `rounds`, after one to warm up."""
    action()
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        action()
        times.append((time.perf_counter() - begun) * 1000)
    return times


def _run(command: list[str], folder: Path, environ: Mapping[str, str]) -> None:
    subprocess.run(command, cwd=folder, env=environ, check=True, stdout=subprocess.DEVNULL)
