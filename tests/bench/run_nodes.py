"""Measures what a run costs: one trivial node from cold, and each further node of a chain.

Run with `make bench`. It prints medians and asserts nothing: machines differ.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

ROUNDS = 5
CHAIN = 20


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "repository")
        make_repository(root)
        git(root, "commit", "--quiet", "--allow-empty", "--message", "Begin")
        cold = [seconds(root, "one") for _ in range(ROUNDS)]
        node = [milliseconds_a_node(run(root, "chain")) for _ in range(ROUNDS)]
    print(f"{'mycelium run, one trivial node':<48} {statistics.median(cold) * 1000:8.0f} ms")
    print(f"{f'each node of a chain of {CHAIN}':<48} {statistics.median(node):8.1f} ms")


def make_repository(root: Path) -> None:
    nodes = ["  n0: {workspace: none, run: 'true'}"]
    nodes += [f"  n{number}: {{workspace: none, run: 'true', needs: n{number - 1}}}" for number in range(1, CHAIN)]
    (root / "workflows").mkdir(parents=True)
    (root / "workflows/one.yaml").write_text("\n".join(["name: One", "nodes:", nodes[0], ""]), encoding="utf-8")
    (root / "workflows/chain.yaml").write_text("\n".join(["name: Chain", "nodes:", *nodes, ""]), encoding="utf-8")
    git(root, "init", "--quiet")
    git(root, "config", "user.name", "Bench")
    git(root, "config", "user.email", "bench@example.invalid")
    git(root, "add", "--all")


def git(root: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=root, check=True)


def seconds(root: Path, workflow: str) -> float:
    begun = time.perf_counter()
    run(root, workflow)
    return time.perf_counter() - begun


def run(root: Path, workflow: str) -> dict[str, Any]:
    """The execution as JSON; caches lie beside the repository."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "orchestrator.cli", "run", workflow, "--json"],
        cwd=root,
        env={**os.environ, "HOME": str(root.parent)},
        check=True,
        capture_output=True,
    )
    shown: dict[str, Any] = json.loads(done.stdout)
    return shown


def milliseconds_a_node(shown: dict[str, Any]) -> float:
    """From the start of the first node to the start of the last, spread over those between."""
    starts = sorted(datetime.fromisoformat(run["started_at"]) for run in shown["node_runs"])
    return (starts[-1] - starts[0]).total_seconds() * 1000 / (len(starts) - 1)


if __name__ == "__main__":
    main()
