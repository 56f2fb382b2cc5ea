"""How soon the published Action runs a node's process, counted from the beginning of its first step.

The stand-in answers for GitHub, within a millisecond or two; packages come from wherever pip gets them here. No agent
is installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.bench.options import Options
from tests.bench.scene import Scene as BenchScene
from tests.bench.table import figure, table
from tests.fakes.actions_runner.runner import ROOT
from tests.fakes.actions_runner.scene import Scene
from tests.fakes.github import GitHubStandIn

FIRST_STEPS = ("Find Python", "Restore packages", "Install packages", "Compile packages", "Keep packages")


def measure(options: Options, scene: BenchScene) -> dict[str, Any]:
    (scene.folder / "github").mkdir()
    github = GitHubStandIn(scene.folder / "github")
    clock = scene.folder / "clock"
    flow = f"on: pull_request\nnodes: {{only: {{run: 'date +%s.%N >{clock}'}}}}\n"
    made = Scene(github, scene.folder / "runner", {"workflows/flow.yaml": flow}, packages=False)
    try:
        return {
            "cold": [_once(made, clock, f"{number}", keep=False) for number in range(options.rounds)],
            "warm": [_once(made, clock, f"{number}", keep=True) for number in range(options.rounds)],
        }
    finally:
        github.close()


def show(found: Mapping[str, Any], _options: Options) -> str:
    parts = ("first process", *FIRST_STEPS, "Mycelium, to its first process")
    rows = [[kind, *(figure(_median(runs, part), 2) for part in parts)] for kind, runs in found.items()]
    return table("From the Action's first step to the first process", ["seconds", *parts], rows)


def _once(scene: Scene, clock: Path, number: str, *, keep: bool) -> dict[str, float]:
    if not keep:
        scene.runner.forget()
    scene.runner.action = _downloaded(scene.runner.folder / "action")
    done = scene.pulled(env={"GITHUB_RUN_ATTEMPT": number})
    assert done.conclusion == "success", done.raw
    whole = float(clock.read_text()) - done.began
    before = {name: done.took[name] for name in FIRST_STEPS}
    return {"first process": whole, **before, "Mycelium, to its first process": whole - sum(before.values())}


def _downloaded(folder: Path) -> Path:
    """The files of the action, as the runner gets them anew for each job: nothing of them is compiled."""
    shutil.rmtree(folder, ignore_errors=True)
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout
    for name in os.fsdecode(names).rstrip("\0").split("\0"):
        if not name.startswith("tests/") and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def _median(runs: list[dict[str, float]], part: str) -> float:
    return sorted(run[part] for run in runs)[len(runs) // 2]
