"""Programs in a sandbox under the worker's usual supervision: signals, streams, git, many at once, and a worker that is
killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

import psutil
import pytest

from orchestrator.definition.model import SandboxMode
from orchestrator.errors import SetupError
from orchestrator.git.repository import GitRepository
from orchestrator.lifecycle.ports.runner import StopReason
from orchestrator.runners import sandbox
from orchestrator.runners.process import Command
from orchestrator.runners.sandbox import Ability, Reach, confined, confines, probe, usable
from orchestrator.runners.supervise import Cause, Ended, Limits, supervise
from tests.fakes.checkout import Checkout, eventually
from tests.fakes.confined import REPOSITORY, Heard, Sentence
from tests.fakes.running import pipe_control

confining = pytest.mark.skipif(not usable().works, reason=f"no sandbox on this machine: {usable().detail}")

STEPS = (("SIGINT", 1.0), ("SIGTERM", 1.0), ("SIGKILL", 0.0))
PYTHON = os.path.realpath(sys.executable)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


class Talk(Heard):
    """Calls `on_line` with each line."""

    on_line: Callable[[str], object] = staticmethod(lambda _text: None)

    def line(self, text: str, stream: str) -> None:
        super().line(text, stream)
        self.on_line(text)


def run(
    workspace: Path,
    argv: Sequence[str],
    *,
    stdin: Path | None = None,
    readable: tuple[Path, ...] = (),
    writable: tuple[Path, ...] = (),
    hosts: tuple[tuple[str, int], ...] = (),
    stop_at: str = "",
) -> tuple[Ended, Talk, list[str]]:
    """Run it, and stop it politely when it says `stop_at`; how it ended, what it said, and what the log would say."""
    talk = Talk()
    env = {"PATH": os.defpath, "HOME": str(workspace)}
    command = Command(argv=argv, env=env, cwd=workspace, stdin=stdin, steps=STEPS, contained=True)
    reach = Reach(workspace=workspace, readable=readable, writable=writable, hosts=hosts)
    with confined(SandboxMode.BWRAP, reach, command) as place, pipe_control() as control:
        if stop_at:
            talk.on_line = lambda text: text == stop_at and control.stop(StopReason.CANCELLED)
        ended = supervise(place.command, Limits(timeout_seconds=120), talk, control)
        code = place.ended(ended.code)
        return Ended(cause=ended.cause, code=code, left=ended.left), talk, place.news()


def shell(script: str) -> list[str]:
    return ["/bin/sh", "-c", script]


@confining
def test_what_comes_on_stdin_and_goes_to_both_outputs(workspace: Path) -> None:
    stdin = workspace.parent / "prompt.md"
    stdin.write_text("the prompt\n" * 30_000)
    ended, talk, news = run(workspace, shell("wc -l; pwd; echo aside >&2"), stdin=stdin)
    assert (ended.cause, ended.code, ended.left, news) == (Cause.EXITED, 0, (), [])
    assert talk.lines == {"stdout": ["30000", str(workspace)], "stderr": ["aside"]}


@confining
@pytest.mark.parametrize(
    ("signals", "code"), [((signal.SIGINT,), 41), ((signal.SIGTERM,), 42)], ids=["sigint", "only sigterm"]
)
def test_a_polite_stop_reaches_the_program(workspace: Path, signals: Sequence[int], code: int) -> None:
    """Bubblewrap itself would die of either, and take the program along before it could say goodbye."""
    script = f"""
import os, signal
signals = {[int(number) for number in signals]}
for number in (2, 15):
    signal.signal(number, signal.SIG_DFL if number in signals else signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, signals)
print("ready", flush=True)
signal.sigwait(signals)
open("goodbye", "w").close()
os._exit({code})
"""
    ended, _, _ = run(workspace, [PYTHON, "-c", script], stop_at="ready")
    assert (ended.cause, ended.code) == (Cause.STOPPED, code)
    assert (workspace / "goodbye").exists()


@confining
def test_what_does_not_hear_is_killed_with_all_it_started(workspace: Path) -> None:
    script = 'trap "" INT TERM; setsid sleep 1002 & echo ready; while :; do sleep 1; done'
    ended, _, _ = run(workspace, shell(script), stop_at="ready")
    assert (ended.cause, ended.code) == (Cause.STOPPED, -9)
    assert not [each for each in psutil.process_iter(["cmdline"]) if each.info["cmdline"] == ["sleep", "1002"]]


@confining
@pytest.mark.parametrize("argv", [["/no/such/program"], ["/etc/hosts"]])
def test_a_program_that_cannot_be_started_is_a_matter_of_setup(workspace: Path, argv: list[str]) -> None:
    with pytest.raises(SetupError, match="could not be made, or the program not be started"):
        run(workspace, argv)


@confining
def test_a_folder_that_is_gone_is_a_matter_of_setup(workspace: Path) -> None:
    with pytest.raises(SetupError, match="could not be made"):
        run(workspace, shell("exit 0"), writable=(workspace.parent / "gone",))


@confining
def test_a_server_of_this_machine_below_1024_cannot_be_offered(workspace: Path) -> None:
    with pytest.raises(SetupError, match="localhost:80 cannot be offered in a sandbox"):
        run(workspace, shell("exit 0"), hosts=(("localhost", 80),))


@confining
@pytest.mark.skipif(os.getuid() != 0, reason="only root owns the machine's devices")
def test_the_machine_s_devices_are_as_before(workspace: Path) -> None:
    ended, _, _ = run(workspace, shell("chmod 600 /dev/zero"))
    assert ended.code == 0
    assert Path("/dev/zero").stat().st_mode & 0o777 == 0o666


@confining
def test_git_works_inside_and_its_objects_are_safe(tmp_path: Path) -> None:
    """The workspace borrows objects of the mirror, and that one those of the checkout."""
    checkout = Checkout.create(tmp_path / "user")
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    repository = GitRepository(root=checkout.root, cache_dir=tmp_path / "cache", environ=environ)
    workspace = repository.prepare("mine", repository.snapshot().base)
    (workspace.path / "new.txt").write_text("new\n")
    script = """
        set -e
        git status --porcelain; git log --format=%s; git show --stat HEAD >/dev/null; git diff HEAD
        git add new.txt; git commit -q -m Mine; git log -1 --format=%s; git fsck --no-dangling 2>&1
    """
    ended, talk, _ = run(workspace.path, shell(script), readable=workspace.borrowed)
    assert ended.code == 0, talk.lines
    assert talk.lines["stdout"][0] == "?? new.txt"
    assert "Mine" in talk.lines["stdout"]
    stores = " ".join(map(str, workspace.borrowed))
    ended, talk, _ = run(workspace.path, shell(f"touch {stores}; rm -rf {stores}"), readable=workspace.borrowed)
    assert "Read-only file system" in "\n".join(talk.lines["stderr"])
    assert checkout.git("fsck", "--no-dangling") == ""
    mirror = workspace.borrowed[0].parent
    _, talk, _ = run(
        workspace.path, shell(f"ls {mirror} {checkout.root} {checkout.root}/.git"), readable=workspace.borrowed
    )
    assert set(talk.lines["stdout"]) & {"config", "refs", "HEAD", "hooks", "index", "packed-refs", "logs"} == set()


@confining
def test_twelve_at_once_leave_no_thread_and_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = set(threading.enumerate())
    folders = [tmp_path / str(number) for number in range(12)]
    for folder in folders:
        folder.mkdir()
    with ThreadPoolExecutor(12) as pool:
        ended = list(pool.map(lambda folder: run(folder, shell("echo x > made; exit 4"))[0], folders))
    assert [each.code for each in ended] == [4] * 12
    assert all((folder / "made").exists() for folder in folders)
    eventually(lambda: set(threading.enumerate()) <= before, "all threads end")
    assert sorted(tmp_path.iterdir()) == sorted(folders)


@confining
def test_a_worker_that_is_killed_takes_the_sandbox_along(workspace: Path) -> None:
    mark = f"MYCELIUM_TEST_MARK={workspace}"
    env = {"PATH": os.defpath, "HOME": str(workspace), "MYCELIUM_TEST_MARK": str(workspace)}
    script = f"setsid sleep 1003 & echo > {workspace}/ready; exec sleep 1004"
    sentence = Sentence(argv=shell(script), workspace=str(workspace), env=env)
    argv = [sys.executable, "-m", "tests.fakes.confined", json.dumps([asdict(sentence)])]
    worker = subprocess.Popen(argv, cwd=REPOSITORY, stdout=subprocess.DEVNULL)
    try:
        eventually((workspace / "ready").exists, "it runs")
        assert len(_marked(mark)) >= 4
    finally:
        worker.kill()
        worker.wait()
    eventually(lambda: not _marked(mark), "nothing is left of it")


def _marked(mark: str) -> list[int]:
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if mark in {f"{name}={value}" for name, value in process.environ().items()}:
                found.append(process.pid)
    return found


@pytest.fixture
def unable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without bubblewrap."""
    missing = Ability(works=False, detail="bubblewrap is not installed", hint="install it")
    monkeypatch.setattr(sandbox, "usable", lambda: missing)


@pytest.mark.usefixtures("unable")
def test_where_it_does_not_work_auto_says_so_and_bwrap_fails(workspace: Path) -> None:
    command, reach = Command(argv=["/bin/true"], env={}, cwd=workspace), Reach(workspace=workspace)
    with confined(SandboxMode.AUTO, reach, command) as place:
        assert (place.command, place.used, place.ended(1)) == (replace(command, may_gain=False), "none", 1)
        (said,) = place.news()
        assert place.news() == []
    assert said.startswith("not confined: bubblewrap is not installed (install it); the agent's commands can read")
    with pytest.raises(SetupError, match="`sandbox: bwrap` does not work here: bubblewrap is not installed"):
        confined(SandboxMode.BWRAP, reach, command).__enter__()
    assert [confines(mode) for mode in SandboxMode] == [False, False, False]


def test_none_is_none_without_a_word(workspace: Path) -> None:
    command = Command(argv=["/bin/true"], env={}, cwd=workspace)
    with confined(SandboxMode.NONE, Reach(workspace=workspace), command) as place:
        assert (place.command, place.used, place.news()) == (replace(command, may_gain=False), "none", [])


@pytest.mark.parametrize(
    ("script", "detail", "hint"),
    [
        ("echo 'bwrap: No permissions to create new namespace' >&2; exit 1", "No permissions to create", "allow user"),
        ("echo 'bwrap: Unknown option --x' >&2; exit 1", "Unknown option --x", "bwrap --unshare-all"),
        ("exit 3", "it ended with 3", "bwrap --unshare-all"),
    ],
)
def test_a_bubblewrap_that_does_not_work_is_explained(tmp_path: Path, script: str, detail: str, hint: str) -> None:
    program = tmp_path / "bwrap"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    found = probe(program)
    assert not found.works
    assert detail in found.detail
    assert hint in found.hint


def test_a_bubblewrap_that_is_none_is_explained(tmp_path: Path) -> None:
    found = probe(tmp_path / "bwrap")
    assert not found.works
    assert "bwrap" in found.detail


def test_without_bubblewrap_there_is_a_word_on_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    usable.cache_clear()
    try:
        assert usable().hint == "install the package `bubblewrap`"
    finally:
        usable.cache_clear()
