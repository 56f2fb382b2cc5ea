"""Identities of process trees as real processes hold and lose them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.errors import SetupError
from orchestrator.queue.instance import FOLDER, Instance, dead
from tests.fakes.processes import Eventually, gone

HOLDER = """
import os, subprocess, sys
from pathlib import Path
from orchestrator.queue.instance import Instance

instance = Instance.acquire(Path(sys.argv[1]))
program = subprocess.Popen(["sleep", "1000"], stdout=subprocess.DEVNULL)
child = os.fork()
if child == 0:
    sys.stdin.read()
    os._exit(0)
print(instance.id, child, program.pid, flush=True)
sys.stdin.read()
"""


def test_an_instance_is_alive_until_it_is_released(tmp_path: Path) -> None:
    instance = Instance.acquire(tmp_path)
    other = Instance.acquire(tmp_path)
    assert instance.id != other.id
    assert dead(tmp_path, {instance.id, other.id}) == set()
    instance.release()
    assert dead(tmp_path, {instance.id, other.id}) == {instance.id}
    instance.release()
    other.release()


def test_a_child_keeps_it_alive_and_a_program_does_not(tmp_path: Path, eventually: Eventually) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    assert holder.stdout is not None
    id, child, program = holder.stdout.readline().split()
    holder.kill()
    holder.wait()
    assert dead(tmp_path, {id}) == set()
    # The child ends with its standard input, and so does its hold; the program lives on and counts for nothing.
    holder.communicate()
    eventually(lambda: gone(int(child)))
    assert dead(tmp_path, {id}) == {id}
    os.kill(int(program), signal.SIGKILL)


@pytest.mark.parametrize("id", ["", "..", "../x", "0a1b2c3d-00000000", "elsewhere"])
def test_what_this_home_did_not_give_out_is_never_judged(tmp_path: Path, id: str) -> None:
    Instance.acquire(tmp_path).release()
    assert dead(tmp_path, {id}) == set()


def test_two_homes_do_not_judge_each_other(tmp_path: Path) -> None:
    there = Instance.acquire(tmp_path / "there")
    there.release()
    assert dead(tmp_path / "here", {there.id}) == set()
    assert dead(tmp_path / "there", {there.id}) == {there.id}


def test_files_of_the_dead_are_cleared_away(tmp_path: Path) -> None:
    first = Instance.acquire(tmp_path)
    os.close(first.fileno())
    second = Instance.acquire(tmp_path)
    assert [path.name for path in (tmp_path / FOLDER).glob("*.lock")] == [f"{second.id}.lock"]
    assert dead(tmp_path, {first.id, second.id}) == {first.id}
    second.release()


def test_a_home_that_cannot_be_made_is_a_setup_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="MYCELIUM_HOME_DIR"):
        Instance.acquire(tmp_path / "file")
