"""Measures what people wait for on the command line: starting, and validating many workflows.

Run with `make bench`. It prints medians and asserts nothing: machines differ.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROUNDS = 10
FILES = 200
NODES = 20


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / ".git").mkdir()
        write_workflows(root / "workflows")
        rows = {
            "python -c pass": measured(lambda: run(root, "-c", "pass")),
            "mycelium --help": measured(lambda: mycelium(root, "--help")),
            "mycelium plan": measured(lambda: mycelium(root, "plan", "w0")),
            f"mycelium validate ({FILES} files of {NODES} nodes)": measured(
                lambda: mycelium(root, "validate"), rounds=3
            ),
        }
    for name, milliseconds in rows.items():
        print(f"{name:<48} {milliseconds:8.0f} ms")


def write_workflows(folder: Path) -> None:
    folder.mkdir()
    for number in range(FILES):
        lines = [f"name: Workflow {number}", "nodes:"]
        lines += [
            f'  n{node}: {{run: "echo ${{{{ needs.n{node - 1}.result }}}}", needs: n{node - 1}}}'
            if node
            else "  n0: {run: pytest}"
            for node in range(NODES)
        ]
        (folder / f"w{number}.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def measured(action: Callable[[], None], rounds: int = ROUNDS) -> float:
    """The median of `rounds`, in milliseconds, after one to warm up."""
    action()
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        action()
        times.append(time.perf_counter() - begun)
    return statistics.median(times) * 1000


def mycelium(root: Path, *arguments: str) -> None:
    run(root, "-m", "orchestrator.cli", *arguments)


def run(root: Path, *arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], cwd=root, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
