"""Disks that fill up while nodes run: one clear error, nothing lost, and it goes on once there is room."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.checkout import Checkout, alive, eventually, family, nodes_of, runs, statuses

FILL = """
name: Fill
nodes:
  before: {run: echo before}
  fill:
    needs: before
    run: |
      echo $$ >> "$HOME/../pids"
      test -e "$HOME/../go" && exit 0
      until test -e "$HOME/../fill"; do sleep 0.05; done
      cat /dev/zero > "$DISK/filler" || sleep 600
  after: {needs: fill, run: echo after}
"""

CACHE = """
name: Fill
nodes:
  fill: {workspace: none, run: cat /dev/zero > "$DISK/filler" || true}
  after: {needs: fill, run: echo after}
"""


SAY = """
name: Say
nodes:
  say:
    workspace: none
    run: |
      echo first
      until test -e "$HOME/../fill"; do sleep 0.05; done
      cat /dev/zero > "$DISK/filler" || true
      until test -e "$HOME/../room"; do head -c 60000 /dev/urandom | base64 -w 0; echo; echo >> "$HOME/../said"; done
      echo last
  after: {needs: say, run: echo after}
"""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 20 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root may mount a small disk, on Linux")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_home_that_fills_up_during_a_run(checkout: Checkout, disk: Path) -> None:
    checkout.environ["MYCELIUM_HOME_DIR"] = str(disk)
    checkout.workflow("fill", FILL.replace("$DISK", str(disk)))
    process = checkout.start("run", "fill")
    pids = eventually(lambda: checkout.pids("pids"), "the node's start")
    tree = family(process.pid)
    id = checkout.show()["id"]
    (checkout.folder / "fill").touch()
    done = checkout.finish(process)
    assert done.code == 2, done.stderr
    (said, next_step) = done.stderr.strip().splitlines()
    assert f"{disk}/" in said
    assert "full" in said
    assert "make room" in next_step
    assert f"mycelium executions resume {id}" in next_step
    assert alive([*pids, *tree, *nodes_of(id)]) == []
    (disk / "filler").unlink()
    (checkout.folder / "go").touch()
    shown = checkout.mycelium("executions", "resume", id, "--json").json()
    assert statuses(shown) == {"before": "completed", "fill": "completed", "after": "completed"}
    assert runs(shown)["before"]["attempt"] == 1


def test_a_cache_that_fills_up_fails_the_node_that_needs_it(checkout: Checkout, disk: Path) -> None:
    checkout.environ["MYCELIUM_CACHE_DIR"] = str(disk)
    checkout.write("large.bin", "0" * 1_000_000)
    checkout.commit("Add what a workspace needs room for")
    checkout.workflow("fill", CACHE.replace("$DISK", str(disk)))
    shown = checkout.run("fill", code=1)
    assert statuses(shown) == {"fill": "completed", "after": "failed"}
    assert runs(shown)["after"]["error_code"] == "RUN_SETUP"
    (told,) = [line for line in checkout.log("--node", "after") if str(disk) in line]
    assert "make room" in told
    (disk / "filler").unlink()
    again = checkout.mycelium("executions", "rerun", shown["id"], "--failed", "--json").json()
    assert statuses(again) == {"fill": "completed", "after": "completed"}


def test_a_log_whose_disk_is_full_for_a_while_has_a_gap_and_says_so(checkout: Checkout, disk: Path) -> None:
    """The database is on another disk, so the node goes on."""
    checkout.environ["MYCELIUM_HOME_DIR"] = str(disk)
    checkout.environ["MYCELIUM_DATABASE_URL"] = f"sqlite:///{checkout.folder / 'state.db'}"
    checkout.workflow("say", SAY.replace("$DISK", str(disk)))
    process = checkout.start("run", "say", "--json")
    # Before the execution is stored there is none to be asked for.
    logs = ("executions", "logs", "latest", "--node", "say")
    eventually(lambda: "first" in checkout.mycelium(*logs, code=None).stdout, "the first line")
    before = checkout.log("--node", "say")
    (checkout.folder / "fill").touch()
    eventually(lambda: (disk / "filler").exists() and not free_bytes(disk), "the end of the disk")
    said = checkout.folder / "said"
    eventually(lambda: said.exists() and said.stat().st_size > 10, "lines for which there is no room")
    shown = checkout.log("--node", "say")
    (disk / "filler").unlink()
    (checkout.folder / "room").touch()
    done = checkout.finish(process)
    assert done.code == 0, done.stderr
    lines = checkout.log("--node", "say")
    assert lines[: len(shown)] == shown
    assert shown[: len(before)] == before
    assert lines[-1] == "last"
    assert [line for line in lines if "lines are missing here: they could not be written" in line]


def free_bytes(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
