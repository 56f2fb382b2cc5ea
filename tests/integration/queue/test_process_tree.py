"""Trees of real processes, and what is left of them when parts are killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from redis import Redis

from orchestrator.errors import SetupError, Unavailable
from orchestrator.queue.connection import connect, translated
from orchestrator.queue.instance import Instance, dead
from orchestrator.queue.launch import launched
from orchestrator.queue.link import Link
from orchestrator.queue.names import Names
from orchestrator.queue.server import find_binary
from orchestrator.queue.supervisor import Plan
from orchestrator.queue.tokens import RedisWake
from orchestrator.queue.tree import ProcessTree
from tests.fakes import folder_application as application
from tests.fakes.processes import Eventually, Plant, gone

PARENT = """
import json, sys
from dataclasses import asdict
from pathlib import Path
from orchestrator.queue.instance import Instance
from orchestrator.queue.link import Link
from orchestrator.queue.supervisor import Plan
from orchestrator.queue.tree import ProcessTree

told = json.loads(sys.argv[1])
instance = Instance.acquire(Path(told["home"]))
tree = ProcessTree(Plan(link=Link(**told["link"]), workers=2), instance)
tree.start()
print(json.dumps({"pids": dict(tree.pids), "instance": instance.id, "url": tree.redis_url}), flush=True)
sys.stdin.read()
"""


def wake_of(tree: ProcessTree, instance: str = "test") -> RedisWake:
    return RedisWake(connect(tree.redis_url), Names(instance=instance))


def socket_folder(url: str) -> Path:
    return Path(url.partition("@")[2]).parent


def children(tree: ProcessTree) -> list[psutil.Process]:
    return psutil.Process(tree.pids["supervisor"]).children(recursive=True)


def test_work_that_was_ready_before_the_workers_came_is_done(
    plant: Plant, tmp_path: Path, eventually: Eventually
) -> None:
    application.add(tmp_path, "early")
    plant()
    assert eventually(lambda: application.done(tmp_path, "early"))


def test_a_token_wakes_a_worker(plant: Plant, tmp_path: Path, eventually: Eventually) -> None:
    application.add(tmp_path, "early")
    tree = plant()
    eventually(lambda: application.done(tmp_path, "early"))
    application.add(tmp_path, "late")
    wake = wake_of(tree)

    def woken() -> str | None:
        wake.workers("default", 1)
        return application.done(tmp_path, "late")

    assert eventually(woken) == application.done(tmp_path, "early")


def test_the_control_loop_wakes_workers_for_what_nobody_announced(
    plant: Plant, tmp_path: Path, eventually: Eventually
) -> None:
    plant(control=True)
    eventually((tmp_path / "swept").exists)
    application.add(tmp_path, "unannounced")
    assert eventually(lambda: application.done(tmp_path, "unannounced"))


def test_a_stop_message_reaches_a_running_node(plant: Plant, tmp_path: Path, eventually: Eventually) -> None:
    application.add(tmp_path, "long", "stop")
    tree = plant()
    eventually(lambda: application.running(tmp_path, "long"))
    assert application.done(tmp_path, "long") is None
    wake_of(tree).stop("any")
    assert eventually(lambda: application.done(tmp_path, "long"))


def test_a_killed_worker_is_replaced_and_what_waits_goes_on(
    plant: Plant, tmp_path: Path, eventually: Eventually
) -> None:
    application.add(tmp_path, "fatal", "hang")
    plant(control=True)
    pid = eventually(lambda: application.running(tmp_path, "fatal"))
    assert isinstance(pid, int)
    application.add(tmp_path, "next")
    os.kill(pid, signal.SIGKILL)
    successor = eventually(lambda: application.done(tmp_path, "next"))
    assert str(successor).rpartition(".")[2] != str(pid)
    assert gone(pid)


def test_a_blackboard_is_another_server_which_is_kept_up_and_ends_with_the_tree(
    link: Link, tmp_path: Path, eventually: Eventually
) -> None:
    with ProcessTree(Plan(link=link, workers=1, control=False, blackboard=True)) as tree:
        pids = tree.pids
        assert pids["blackboard"] != pids["server"]
        eventually((tmp_path / "blackboard").exists)
        url = (tmp_path / "blackboard").read_text()
        assert url != tree.redis_url
        with connect(url) as client:
            assert client.config_get("maxmemory*")["maxmemory-policy"] == "noeviction"
            client.set("a", "1")
            os.kill(pids["blackboard"], signal.SIGKILL)
            assert eventually(lambda: _emptied(client))
    assert all(gone(pid) for pid in pids.values())
    assert not socket_folder(url).exists()


def _emptied(client: Redis) -> bool:
    try:
        with translated("waiting"):
            return client.get("a") is None
    except Unavailable:
        return False


def test_draining_lets_the_running_node_end_and_starts_no_other(
    plant: Plant, tmp_path: Path, eventually: Eventually
) -> None:
    application.add(tmp_path, "a-last", "drain")
    tree = plant(control=True)
    eventually(lambda: application.running(tmp_path, "a-last"))
    application.add(tmp_path, "b-left-behind")
    tree.stop()
    assert application.done(tmp_path, "a-last")
    assert (tmp_path / "ready" / "default" / "b-left-behind").exists()
    assert (tmp_path / "closed").exists()


def test_stopping_leaves_neither_processes_nor_a_socket_folder(plant: Plant, tmp_path: Path) -> None:
    tree = plant(workers=2, control=True)
    pids, folder = list(tree.pids.values()), socket_folder(tree.redis_url)
    assert folder.is_dir()
    assert folder.stat().st_mode & 0o777 == 0o700
    tree.stop()
    assert all(gone(pid) for pid in pids)
    assert not folder.exists()
    tree.stop()


def test_a_killed_server_comes_back_and_everything_goes_on(
    plant: Plant, tmp_path: Path, eventually: Eventually
) -> None:
    application.add(tmp_path, "before")
    tree = plant(control=True)
    eventually(lambda: application.done(tmp_path, "before"))
    os.kill(tree.pids["server"], signal.SIGKILL)
    application.add(tmp_path, "after")
    assert eventually(lambda: application.done(tmp_path, "after"))
    assert connect(tree.redis_url).ping()


def test_a_server_that_is_killed_while_it_comes_back_is_started_again(
    plant: Plant, tmp_path: Path, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = tmp_path / "starts"
    program = tmp_path / "bin" / "valkey-server"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\necho >> "{starts}"\n[ "$(wc -l < "{starts}")" = 2 ] && kill -9 $$\nexec "{find_binary()}" "$@"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    tree = plant(control=True)
    os.kill(tree.pids["server"], signal.SIGKILL)
    eventually(lambda: starts.read_text().count("\n") == 3)
    application.add(tmp_path, "after")
    assert eventually(lambda: application.done(tmp_path, "after"))


def test_nothing_survives_the_killing_of_the_parent(link: Link, tmp_path: Path, eventually: Eventually) -> None:
    parent, said = _parent(link, tmp_path)
    assert len(said["pids"]) == 5
    assert not any(gone(pid) for pid in said["pids"].values())
    assert dead(tmp_path, {said["instance"]}) == set()
    parent.kill()
    parent.communicate()
    eventually(lambda: all(gone(pid) for pid in said["pids"].values()))
    assert not socket_folder(said["url"]).exists()
    assert dead(tmp_path, {said["instance"]}) == {said["instance"]}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the server's guard looks twice a second")
def test_nothing_survives_the_killing_of_the_supervisor(plant: Plant, tmp_path: Path, eventually: Eventually) -> None:
    tree = plant(workers=2, control=True)
    folder = socket_folder(tree.redis_url)
    below = children(tree)
    assert len(below) == 4
    os.kill(tree.pids["supervisor"], signal.SIGKILL)
    eventually(lambda: not tree.alive())
    eventually(lambda: all(gone(process.pid) for process in below))
    for leftover in folder.iterdir():
        leftover.unlink()
    folder.rmdir()


def test_an_instance_lives_as_long_as_any_process_of_its_tree(
    plant: Plant, tmp_path: Path, eventually: Eventually
) -> None:
    instance = Instance.acquire(tmp_path)
    tree = plant(instance=instance)
    instance.release()
    assert dead(tmp_path, {instance.id}) == set()
    # Programs that a child starts must not hold the lock: the server is one.
    tree.stop()
    assert dead(tmp_path, {instance.id}) == {instance.id}


def test_a_server_that_does_not_start_is_a_setup_error(
    link: Link, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "valkey-server"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'no memory left' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    with pytest.raises(SetupError, match="ended at once: no memory left"):
        ProcessTree(Plan(link=link, workers=1)).start()


def _parent(link: Link, home: Path) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    told = {
        "home": str(home),
        "link": {
            "redis_url": "",
            "instance": link.instance,
            "services": link.services,
            "arguments": dict(link.arguments),
            "work": link.work,
            "control": link.control,
        },
    }
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, json.dumps(told)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    assert parent.stdout is not None
    said = json.loads(parent.stdout.readline())
    return parent, said


def ended(tree: ProcessTree) -> SetupError | None:
    """Why a tree ended by itself; None as long as it has not."""
    try:
        tree.check()
    except SetupError as error:
        return error
    return None


@pytest.mark.parametrize("where", ["worker", "control"])
def test_a_tree_in_which_somebody_must_act_ends_and_says_why(
    where: str, plant: Plant, tmp_path: Path, eventually: Eventually
) -> None:
    tree = plant(workers=2, control=True)
    processes = children(tree)
    tree.check()
    if where == "worker":
        application.add(tmp_path, "node", "full")
    else:
        (tmp_path / "full").touch()
    error = eventually(lambda: ended(tree))
    assert isinstance(error, SetupError)
    assert (error.message, error.hint) == ("the disk is full", "make room")
    assert all(gone(process.pid) for process in processes)


def test_a_killed_tree_is_told_from_one_that_runs(plant: Plant, eventually: Eventually) -> None:
    tree = plant()
    processes = children(tree)
    os.kill(tree.pids["supervisor"], signal.SIGKILL)
    assert "signal 9" in str(eventually(lambda: ended(tree)))
    assert eventually(lambda: all(gone(process.pid) for process in processes))


def test_a_supervisor_that_was_launched_for_nothing_is_gone_afterwards() -> None:
    with launched(()) as supervisor:
        assert supervisor.process.poll() is None
    assert supervisor.process.returncode == -signal.SIGKILL


def test_a_supervisor_ends_when_whoever_launched_it_dies_before_the_plan(eventually: Eventually) -> None:
    program = (
        "import sys; from orchestrator.queue.launch import Supervisor; "
        "print(Supervisor(()).process.pid, flush=True); sys.stdin.read()"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert not gone(pid)
        parent.kill()
    eventually(lambda: gone(pid))


def test_a_tree_below_a_supervisor_that_was_launched_before(link: Link, tmp_path: Path, eventually: Eventually) -> None:
    application.add(tmp_path, "early")
    with launched(()) as supervisor, ProcessTree(Plan(link=link, workers=1), supervisor=supervisor) as tree:
        assert tree.pids["supervisor"] == supervisor.process.pid
        worker = eventually(lambda: application.done(tmp_path, "early"))
        assert str(worker).endswith(f".{tree.pids['worker-1']}")
    assert supervisor.process.returncode == 0
