"""The exit codes that scripts rely on, from real processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def mycelium(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {"HOME": str(folder), "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
    command = [sys.executable, "-m", "orchestrator.cli", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--version",), 0, ""),
        (("validate",), 0, ""),
        (("frobnicate",), 2, "No such command 'frobnicate'"),
        (("plan",), 2, "plan needs a WORKFLOW"),
        (("plan", "nothing"), 2, "there is no workflow file or id `nothing`"),
        (("validate", "cycle.yaml"), 2, ""),
        (("agents", "show", "nobody"), 2, "no agent `nobody`"),
        (("doctor",), 2, ""),
    ],
)
def test_exit_codes(arguments: tuple[str, ...], code: int, message: str, tmp_path: Path) -> None:
    cycle = "nodes:\n  a: {run: 'true', needs: b}\n  b: {run: 'true', needs: a}\n"
    (tmp_path / "cycle.yaml").write_text(cycle, encoding="utf-8")
    done = mycelium(tmp_path, *arguments)
    assert done.returncode == code, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_setting_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    program = "import os; os.environ['MYCELIUM_CONCURRENCY'] = 'many'; from orchestrator.cli import main; main()"
    command = [sys.executable, "-c", program, "validate"]
    environ = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "error: MYCELIUM_CONCURRENCY is not a number: 'many'\n"
