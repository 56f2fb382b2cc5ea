"""Nothing of a contained program outlives it, in each of the ways that the kernel may allow."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from orchestrator.lifecycle.ports.runner import StopReason
from orchestrator.runners import guard_pool, process
from orchestrator.runners.guards import cgroup
from orchestrator.runners.guards.kernel import LINUX
from orchestrator.runners.guards.process_table import start_time
from orchestrator.runners.guards.way import Way
from orchestrator.runners.supervise import Cause
from tests.fakes.checkout import eventually
from tests.fakes.contained import READY, Contained, Heard
from tests.fakes.processes import gone
from tests.fakes.running import PipeControl

pytestmark = pytest.mark.skipif(not LINUX, reason="what forks twice escapes where there is no subreaper")
WAYS = list(Way)
STRONG = [Way.PID_NAMESPACE, Way.CGROUP]
"""Those in which the kernel knows who belongs together."""


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Way:
    """Each way in turn, unless this machine refuses it to this user."""
    wanted: Way = request.param
    closed = WAYS[: WAYS.index(wanted)]
    monkeypatch.setattr(guard_pool, "REFUSED", dict.fromkeys(closed, "closed by the test"))
    found = process.containment()
    if found.way is not wanted:
        pytest.skip(f"{wanted}: {found.refused[wanted]}")
    return wanted


only_strong = pytest.mark.parametrize("way", STRONG, indirect=True)
in_namespace = pytest.mark.parametrize("way", [Way.PID_NAMESPACE], indirect=True)


@pytest.fixture
def contained(tmp_path: Path) -> Contained:
    return Contained(tmp_path)


def kill(*pids: int) -> None:
    """All of them, none of which can do anything in between."""
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in pids:
            os.kill(pid, number)


def kill_guard(heard: Heard, _control: PipeControl) -> None:
    kill(heard.guard)


def kill_nursery(heard: Heard, _control: PipeControl) -> None:
    kill(psutil.Process(heard.guard).ppid())


def kill_guard_and_nursery(heard: Heard, _control: PipeControl) -> None:
    kill(heard.guard, psutil.Process(heard.guard).ppid())


def test_what_is_left_running_is_found_named_and_ended(way: Way, contained: Contained) -> None:
    ended, _ = contained.run("daemon(); daemon()")
    assert (ended.cause, ended.code, ended.contained_by) == (Cause.EXITED, 0, way)
    assert len([text for text in ended.left if contained.mark in text]) == 2
    assert contained.alive() == []


@pytest.mark.parametrize("reason", StopReason)
def test_a_stop_leaves_nothing(way: Way, contained: Contained, reason: StopReason) -> None:
    ended, heard = contained.run(READY, lambda _heard, control: control.stop(reason))
    assert (ended.cause, ended.reason, heard.lines) == (Cause.STOPPED, reason, ["ready"])
    assert contained.alive() == []


def test_an_idle_program_leaves_nothing(way: Way, contained: Contained) -> None:
    ended, _ = contained.run(READY, idle=1.0)
    assert ended.cause is Cause.IDLE
    assert contained.alive() == []


def test_a_program_out_of_time_leaves_nothing(way: Way, contained: Contained) -> None:
    ended, _ = contained.run(READY, timeout_seconds=1.0)
    assert ended.cause is Cause.TIMEOUT
    assert contained.alive() == []


def test_a_polite_program_ends_politely(way: Way, contained: Contained) -> None:
    """SIGINT reaches the main process, although the guard is init of where it lives.

    The program waits for the signal itself: one that arrives just before a sleep begins would be slept through.
    """
    script = """
    signal.signal(signal.SIGINT, signal.SIG_DFL); signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    print("ready", flush=True); signal.sigwait([signal.SIGINT]); print("interrupted", flush=True); os._exit(3)
    """

    def on_line(heard: Heard, control: PipeControl) -> None:
        control.stop(StopReason.CANCELLED)

    ended, heard = contained.run("if True:" + script, on_line, steps=(("SIGINT", 60.0), ("SIGKILL", 0.0)))
    assert (ended.code, heard.lines) == (3, ["ready", "interrupted"])


@pytest.mark.parametrize("may_gain", [True, False])
def test_what_may_gain_no_rights_cannot(way: Way, contained: Contained, may_gain: bool) -> None:
    script = "print([line.split()[1] for line in open('/proc/self/status') if line.startswith('NoNewPrivs')][0])"
    _, heard = contained.run(script, may_gain=may_gain)
    assert heard.lines == ["0" if may_gain else "1"]


def test_the_program_is_known_by_our_numbers(way: Way, contained: Contained) -> None:
    """With them it is found when nobody holds it any more."""
    found = []

    def on_line(heard: Heard, control: PipeControl) -> None:
        found.append((psutil.Process(heard.pid).cmdline()[-1], heard.start_time == start_time(heard.pid)))
        control.stop(StopReason.CANCELLED)

    contained.run("print('ready', flush=True); time.sleep(1000)", on_line)
    assert found == [(contained.mark, True)]


def test_a_signal_that_ends_the_program_is_told(way: Way, contained: Contained) -> None:
    ended, _ = contained.run("os.kill(os.getpid(), signal.SIGKILL)")
    assert (ended.cause, ended.code) == (Cause.EXITED, -signal.SIGKILL)


def test_a_crowd_is_ended_at_once(way: Way, contained: Contained) -> None:
    script = """
    for number in range(200):
        if os.fork() == 0:
            os.setsid()
            time.sleep(1000)
    daemon()
    print("ready", flush=True); time.sleep(1000)
    """
    ended, _ = contained.run("if True:" + script, lambda _heard, control: control.stop(StopReason.CANCELLED))
    assert ended.cause is Cause.STOPPED
    assert contained.alive() == []


def test_processes_that_flee_do_not_get_away(way: Way, contained: Contained) -> None:
    """Each is gone by the time somebody has read its number."""
    script = """
    for number in range(8):
        if os.fork() == 0:
            while os.fork() == 0:
                os.setsid()
            os._exit(0)
    print("ready", flush=True); time.sleep(1000)
    """
    ended, _ = contained.run("if True:" + script, lambda _heard, control: control.stop(StopReason.CANCELLED))
    assert ended.cause is Cause.STOPPED
    assert contained.alive() == []


def test_what_was_left_is_named_up_to_a_number(way: Way, contained: Contained) -> None:
    ended, _ = contained.run("for number in range(150): os.fork() or time.sleep(1000)")
    assert len(ended.left) == 101
    assert ended.left[-1] == "50 more processes"
    assert contained.alive() == []


def test_nothing_outlives_its_guard(way: Way, contained: Contained) -> None:
    ended, heard = contained.run(READY, kill_guard)
    assert (ended.cause, heard.is_lost) == (Cause.LOST, True)
    assert contained.alive() == []


@only_strong
def test_nothing_outlives_guard_and_nursery(way: Way, contained: Contained) -> None:
    ended, _ = contained.run(READY, kill_guard_and_nursery)
    assert ended.cause is Cause.LOST
    assert contained.alive() == []
    again, _ = contained.run("pass")
    assert (again.cause, again.contained_by) == (Cause.EXITED, way), "another nursery serves"


def test_a_program_goes_on_without_the_nursery(way: Way, contained: Contained, tmp_path: Path) -> None:
    def on_line(heard: Heard, control: PipeControl) -> None:
        kill_nursery(heard, control)
        (tmp_path / "go").touch()

    wait = "while not os.path.exists('go'): time.sleep(0.01)"
    ended, _ = contained.run(f"daemon(); print('ready', flush=True)\n{wait}", on_line)
    assert (ended.cause, ended.code) == (Cause.EXITED, 0)
    assert any(contained.mark in text for text in ended.left)
    assert contained.alive() == []


WORKER = """
import sys
from pathlib import Path
from orchestrator.runners import guard_pool
from orchestrator.runners.guards.way import Way
from tests.fakes.contained import READY, Contained
folder, closed = sys.argv[1:]
guard_pool.REFUSED.update({Way(name): "closed" for name in closed.split(",") if name})
Contained(Path(folder)).run(READY, lambda heard, _: print(heard.pid, flush=True))
"""


@pytest.fixture
def worker(way: Way, tmp_path: Path) -> Callable[[], tuple[subprocess.Popen[str], int]]:
    """Starts a process that runs a program; both of them."""

    def begin() -> tuple[subprocess.Popen[str], int]:
        closed = ",".join(WAYS[: WAYS.index(way)])
        argv = [sys.executable, "-c", WORKER, str(tmp_path), closed]
        started = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3])
        assert started.stdout is not None
        return started, int(started.stdout.readline())

    return begin


Begin = Callable[[], tuple[subprocess.Popen[str], int]]


def test_nothing_outlives_the_worker(contained: Contained, worker: Begin) -> None:
    started, program = worker()
    with started:
        above = psutil.Process(program).parents()[:2]
        kill(started.pid)
    assert eventually(lambda: contained.alive() == [] and all(gone(each.pid) for each in above), "the end of all")


@only_strong
def test_nothing_outlives_worker_and_nursery(contained: Contained, worker: Begin) -> None:
    started, program = worker()
    with started:
        guard, nursery = psutil.Process(program).parents()[:2]
        kill(started.pid, nursery.pid)
    assert eventually(lambda: contained.alive() == [] and gone(guard.pid), "the end of all")


@in_namespace
def test_nothing_outlives_all_that_is_above_it(contained: Contained, worker: Begin) -> None:
    started, program = worker()
    with started:
        kill(started.pid, *(each.pid for each in psutil.Process(program).parents()[:2]))
    assert eventually(lambda: contained.alive() == [], "the end of all")


def test_no_zombie_stays(way: Way, contained: Contained) -> None:
    """Orphans end while the program still runs; whoever inherits them has to collect them."""
    script = """
    for number in range(20):
        if os.fork() == 0:
            os.fork()
            os._exit(0)
        os.wait()
    parent = os.getppid()
    while open(f"/proc/{parent}/task/{parent}/children").read().split() != [str(os.getpid())]:
        time.sleep(0.01)
    """
    ended, _ = contained.run("if True:" + script)
    assert (ended.cause, ended.code) == (Cause.EXITED, 0)


def test_a_program_has_its_streams_and_no_other_file(way: Way, contained: Contained) -> None:
    _, heard = contained.run("print(sorted(os.listdir('/proc/self/fd')))")
    assert heard.lines == ["['0', '1', '2', '3']"], "the last is the listing itself"


def test_a_program_that_cannot_be_started_is_told(way: Way, contained: Contained, tmp_path: Path) -> None:
    ended, _ = contained.run("", argv=[str(tmp_path / "missing")])
    assert (ended.cause, ended.contained_by) == (Cause.NOT_STARTED, way)
    assert "missing" in ended.detail


def test_files_belong_to_whom_they_always_did(way: Way, contained: Contained, tmp_path: Path) -> None:
    ended, heard = contained.run("open('new', 'w').close(); print(os.getuid(), os.getgid(), os.stat('.').st_uid)")
    made = (tmp_path / "new").stat()
    assert (made.st_uid, made.st_gid) == (os.geteuid(), os.getegid())
    assert heard.lines == [f"{os.geteuid()} {os.getegid()} {os.geteuid()}"]
    assert ended.code == 0


@pytest.mark.parametrize("way", [Way.CGROUP], indirect=True)
def test_no_group_stays(way: Way, contained: Contained) -> None:
    _, heard = contained.run("print(open('/proc/self/cgroup').read())")
    (name,) = (line.rpartition("/")[2] for line in heard.lines if line.startswith("0::"))
    assert name.startswith("mycelium-")
    eventually(lambda: not Path(cgroup.own(), name).exists(), "the end of the group")


@in_namespace
def test_a_program_sees_no_process_but_its_own(way: Way, contained: Contained) -> None:
    """Nor does root, by taking away what hides the others."""
    listing = "print('seen', *filter(str.isdigit, os.listdir('/proc')), flush=True)"
    _, heard = contained.run(f"{listing}; os.system('umount /proc || umount --lazy /proc'); {listing}")
    first, second = (line for line in heard.lines if line.startswith("seen"))
    assert first == "seen 1 2"
    assert second in ("seen 1 2", "seen")


def secret_seen(contained: Contained, *, inside: bool) -> bool:
    script = """
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if b"MYCELIUM_SECRET_OF_THE_TEST" in open(f"/proc/{pid}/environ", "rb").read():
                print("seen")
        except OSError:
            pass
    """
    _, heard = contained.run("if True:" + script, contained=inside)
    return "seen" in heard.lines


@in_namespace
def test_a_program_cannot_read_the_environment_of_who_started_it(way: Way, contained: Contained) -> None:
    with subprocess.Popen(["sleep", "1000"], env={"MYCELIUM_SECRET_OF_THE_TEST": "x"}) as holder:
        try:
            assert secret_seen(contained, inside=False)
            assert not secret_seen(contained, inside=True)
        finally:
            holder.kill()


@in_namespace
def test_a_program_cannot_end_its_guard(way: Way, contained: Contained) -> None:
    script = "[os.kill(os.getppid(), number) for number in (1, 2, 9, 15, 19)]; print(os.getppid())"
    ended, heard = contained.run(script)
    assert (ended.cause, ended.code, heard.lines) == (Cause.EXITED, 0, ["1"])


@in_namespace
def test_a_sandbox_works_inside(way: Way, contained: Contained) -> None:
    """Bubblewrap makes namespaces of its own, and what it starts ends with the rest."""
    if subprocess.run(["bwrap", "--ro-bind", "/", "/", "true"], check=False).returncode:
        pytest.skip("bubblewrap does not work here")
    wrap = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev"]
    argv = contained.command(READY).argv
    ended, heard = contained.run(
        "", lambda _heard, control: control.stop(StopReason.CANCELLED), argv=["/usr/bin/env", *wrap, *argv]
    )
    assert (ended.cause, heard.lines) == (Cause.STOPPED, ["ready"])
    assert contained.alive() == []


def test_programs_run_side_by_side(way: Way, tmp_path: Path) -> None:
    def one(number: int) -> list[str]:
        folder = tmp_path / str(number)
        folder.mkdir()
        contained = Contained(folder)
        ended, _ = contained.run("daemon()")
        named = any(contained.mark in text for text in ended.left)
        return [str(ended.contained_by), *(["named"] if named else []), *contained.alive()]

    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(one, range(12))) == [[way, "named"]] * 12


def test_shell_nodes_are_not_contained(contained: Contained) -> None:
    ended, _ = contained.run("pass", contained=False)
    assert ended.contained_by is Way.DESCENDANTS


def test_the_answer_of_the_kernel_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard_pool, "REFUSED", {Way.PID_NAMESPACE: "no", Way.CGROUP: "nor this"})
    assert process.containment() == guard_pool.Containment(
        way=Way.DESCENDANTS, refused={Way.PID_NAMESPACE: "no", Way.CGROUP: "nor this"}
    )
