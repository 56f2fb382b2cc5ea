"""What `make demo` promises: three agents change a clone of this repository, and pages show it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
NOTICE = "no model was called"
AUTHORS = {"python-pro", "documentation-engineer", "test-writer"}


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of this repository as it is committed."""
    folder = tmp_path_factory.mktemp("demo")
    _git(folder, "clone", "--quiet", str(REPOSITORY), "clone")
    return folder / "clone"


@pytest.fixture(scope="module")
def demo(clone: Path) -> subprocess.CompletedProcess[str]:
    """The demo in a folder of its own, with nobody at the terminal."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MYCELIUM_")}
    environ |= {
        "HOME": str(clone.parent),
        "XDG_CACHE_HOME": str(clone.parent / "cache"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    return subprocess.run(
        [
            *(sys.executable, "-P", "-m", "orchestrator.cli", "run", "workflows/demo/three-agents.yaml"),
            *("--approve-unattended", "--json"),
        ],
        cwd=clone,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_completes_and_says_that_no_model_was_called(demo: subprocess.CompletedProcess[str]) -> None:
    assert demo.returncode == 0, demo.stderr
    assert NOTICE in demo.stderr
    assert "Approved without asking" in demo.stderr
    shown = json.loads(demo.stdout)
    assert set(shown["node_statuses"].values()) == {"completed"}
    assert shown["replayed"]


def test_the_result_is_a_branch_with_a_commit_of_each_agent(
    demo: subprocess.CompletedProcess[str], clone: Path
) -> None:
    shown = json.loads(demo.stdout)
    log = _git(
        clone,
        "log",
        "--format=%an|%(trailers:key=Mycelium-Agent,valueonly,separator=)",
        f"{shown['base']}..{shown['result_branch']}",
    )
    commits = [line.split("|") for line in log.splitlines()]
    assert {agent for _, agent in commits} >= AUTHORS
    assert all(agent in author for author, agent in commits if agent)


def test_both_intentions_survive_the_conflict(demo: subprocess.CompletedProcess[str], clone: Path) -> None:
    branch = json.loads(demo.stdout)["result_branch"]
    merged = _git(clone, "show", f"{branch}:orchestrator/report/duration.py")
    assert merged.startswith('"""Durations as people read them, from `0.4s` to `2w 3d`."""')
    assert ">>> human_duration(72)" in merged
    assert '("w", 604_800)' in merged


def test_the_checkout_stays_as_it_was(demo: subprocess.CompletedProcess[str], clone: Path) -> None:
    assert demo.returncode == 0
    assert _git(clone, "status", "--porcelain") == ""
    assert _git(clone, "stash", "list") == ""


@pytest.mark.parametrize("page", ["index.html", "pull-request.html"])
def test_the_links_lead_to_pages_that_say_it_too(
    demo: subprocess.CompletedProcess[str], clone: Path, page: str
) -> None:
    path = clone / ".mycelium" / "site" / "executions" / json.loads(demo.stdout)["id"] / page
    assert path.as_uri() in demo.stderr
    assert NOTICE in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("code", "status", "error", "created", "ends", "said"),
    [
        (4, "waiting", None, "9999", 0, "mycelium executions approve e1 gate"),
        (1, "failed", "APPROVAL_REJECTED", "9999", 0, "nothing was merged"),
        (1, "failed", "EXIT_CODE", "9999", 1, ""),
        (1, "failed", "APPROVAL_REJECTED", "2020", 1, ""),
        (2, "failed", "APPROVAL_REJECTED", "9999", 2, ""),
        (0, "completed", None, "9999", 0, ""),
    ],
)
def test_an_answer_is_no_failure_of_the_demo(
    code: int, status: str, error: str | None, created: str, ends: int, said: str, tmp_path: Path
) -> None:
    run = {"key": "gate", "status": status, "error_code": error}
    shown = {"id": "e1", "status": status, "created_at": created, "node_runs": [run]}
    program = tmp_path / "mycelium"
    program.write_text(f"#!/bin/sh\n[ $1 = executions ] || exit {code}\necho '{json.dumps(shown)}'\n", encoding="utf-8")
    program.chmod(0o755)
    done = subprocess.run(
        [REPOSITORY / "requirements/demo.sh", "replay", "/the/bin"],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}:{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (ends, "")
    _, _, after = done.stdout.partition(f'export PATH="/the/bin:$PATH"; cd "{tmp_path}"\n')
    assert said in after
    assert bool(said) == bool(after)


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True)
    return done.stdout
