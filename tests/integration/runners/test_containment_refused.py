"""What kernels and containers refuse, refused by this kernel, and the next best way that is taken then."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
PROBE = """
import json, sys
from pathlib import Path
from orchestrator.runners import guard_pool, process
from tests.fakes.contained import Contained
contained = Contained(Path(sys.argv[1]))
found = process.containment()
ended, _ = contained.run("daemon()")
named = any(contained.mark in text for text in ended.left)
print(json.dumps({
    "way": found.way, "used": ended.contained_by, "why": dict(found.refused), "kept": dict(guard_pool.REFUSED),
    "named": named, "alive": contained.alive(),
}))
"""
NEXT_BEST = ("cgroup", "descendants")


def probed(folder: Path, *surroundings: Sequence[str]) -> dict[str, Any]:
    """What a process finds that runs below other programs; skips where those do not work."""
    before = [word for words in surroundings for word in words]
    if (
        shutil.which(before[0]) is None
        or subprocess.run([*before, "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip(f"{before[0]} does not work here")
    argv = [*before, sys.executable, "-c", PROBE, str(folder)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["used"] == found["way"]
    assert (found["named"], found["alive"]) == (True, [])
    return found


def after(command: str) -> list[str]:
    return ["sh", "-c", f'{command} && exec "$@"', "sh"]


def test_no_right_to_make_namespaces(tmp_path: Path) -> None:
    """Root in most containers."""
    if os.geteuid():
        pytest.skip("only root can lose the right")
    found = probed(tmp_path, ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"])
    assert found["way"] in NEXT_BEST
    assert "Operation not permitted" in found["kept"]["pid namespace"]


def test_no_namespaces_left(tmp_path: Path) -> None:
    """Machines whose administrator allows none, or that have too many; this may have changed the next time."""
    limit = after("echo 0 > /proc/sys/user/max_pid_namespaces")
    found = probed(tmp_path, ["unshare", "--user", "--map-root-user"], limit)
    assert found["way"] in NEXT_BEST
    assert "No space left" in found["why"]["pid namespace"]
    assert "pid namespace" not in found["kept"]


def test_no_new_proc(tmp_path: Path) -> None:
    """Containers that hide parts of /proc, which a new one would show."""
    apart = ["unshare", "--user", "--map-root-user", "--mount"]
    found = probed(tmp_path, apart, after("mount -t tmpfs none /proc/sys"), apart)
    assert found["way"] in NEXT_BEST
    assert found["kept"]["pid namespace"] == "[Errno 1] mount: Operation not permitted"


def test_root_of_a_user_namespace(tmp_path: Path) -> None:
    """A container of a plain user: the /proc there is inherited, and can be covered only."""
    assert probed(tmp_path, ["unshare", "--user", "--map-root-user"])["way"] == "pid namespace"
