"""A program that tries everything, in the real bubblewrap: as whoever runs the tests, as a plain user, and where the
worker's guard stands in namespaces of its own already."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from orchestrator.runners.sandbox import usable
from orchestrator.runners.seccomp import seccomp_filter
from tests.fakes import prisoner
from tests.fakes.confined import REPOSITORY, Sentence, Served, serve_elsewhere

pytestmark = pytest.mark.skipif(not usable().works, reason=f"no sandbox on this machine: {usable().detail}")
needs_filter = pytest.mark.skipif(not seccomp_filter(), reason="no filter of system calls for this kind of processor")

NOBODY = 65534
AS_NOBODY = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
IN_NAMESPACE = ("unshare", "--pid", "--fork", "--mount-proc")
IN_USER_NAMESPACE = ("unshare", "--user", "--map-current-user", "--pid", "--fork", "--mount-proc")
WORKERS = {
    "as we are": (),
    "as nobody": AS_NOBODY,
    "in a namespace": IN_NAMESPACE if os.getuid() == 0 else IN_USER_NAMESPACE,
    "as nobody in a namespace": (*AS_NOBODY, *IN_USER_NAMESPACE),
}
KEY = "the worker's own key"


_TRIAL = """
import os, sys, orchestrator.runners.sandbox, orchestrator.runners.supervise
sys.exit(not os.access(sys.executable, os.X_OK))
"""


@cache
def python_for(before: tuple[str, ...]) -> str:
    """An interpreter that whoever `before` makes us may execute, with what is installed for ours; empty for none."""
    path = os.pathsep.join([str(REPOSITORY), *(place for place in sys.path if place.endswith("site-packages"))])
    for candidate in (os.path.realpath(sys.executable), "/usr/bin/python3"):
        argv = [*before, candidate, "-c", _TRIAL]
        try:
            done = subprocess.run(argv, env={"PATH": os.defpath, "PYTHONPATH": path}, capture_output=True, check=False)
        except OSError:
            continue
        if done.returncode == 0:
            return candidate
    return ""


@dataclass(frozen=True, kw_only=True)
class Prison:
    """A worker's folders, and what is on its machine; `owner` has them all."""

    folder: Path
    before: tuple[str, ...]
    python: str
    owner: int
    model: int
    other: int

    @property
    def workspace(self) -> Path:
        return self.folder / "cache/workspaces/mine"

    def run(self, *argv: str, **given: Any) -> Served:
        (served,) = self.run_each(argv, **given)
        return served

    def run_each(self, *programs: Sequence[str], **given: Any) -> list[Served]:
        """One after the other, by one worker: it takes that a while to come up."""
        env = {"PATH": os.defpath, "HOME": f"{self.folder}/scratch/home", "TMPDIR": f"{self.folder}/scratch/tmp"}
        sentences = [
            Sentence(
                argv=argv,
                workspace=str(self.workspace),
                writable=[env["HOME"], env["TMPDIR"]],
                env=env,
                hosts=[("127.0.0.1", self.model), ("model.test", self.model)],
                **given,
            )
            for argv in programs
        ]
        environ = {"HOME": f"{self.folder}/home", "TMPDIR": f"{self.folder}/tmp", "MYCELIUM_SECRET_KEY": KEY}
        return serve_elsewhere(sentences, self.before, self.python, environ)


class _Model(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"I am the model")

    def log_message(self, format: str, *args: Any) -> None: ...


@contextmanager
def _model() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Model) as http:
        threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield http.server_port
        http.shutdown()


@contextmanager
def _folder(owner: int) -> Iterator[Path]:
    """Where another user may go, too."""
    folder = Path(tempfile.mkdtemp(prefix="mycelium-test-"))
    try:
        for name in ("cache/workspaces/mine", "scratch/home", "scratch/tmp", "tmp"):
            (folder / name).mkdir(parents=True)
        for name in SECRETS:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text("secret")
        shutil.copy(prisoner.__file__, folder / "cache/workspaces/mine/prisoner.py")
        for place, _, files in os.walk(folder):
            for path in (place, *(f"{place}/{name}" for name in files)):
                os.chown(path, owner, owner if owner == NOBODY else -1)
        yield folder
    finally:
        shutil.rmtree(folder)


SECRETS = (
    *("home/.ssh/id_ed25519", "home/.netrc", "home/repository/.env", "home/repository/.mycelium/state.db"),
    *("cache/workspaces/other/code.py", "cache/mirror.git/config", "scratch/handed-over.json", "tmp/others"),
)


@pytest.fixture(scope="module", params=WORKERS)
def prison(request: pytest.FixtureRequest) -> Iterator[Prison]:
    before = WORKERS[request.param]
    if AS_NOBODY[0] in before and os.getuid() != 0:
        pytest.skip("only root can be somebody else")
    python = python_for(before)
    if not python:
        pytest.skip(f"there is no Python that can be used {request.param}")
    owner = NOBODY if AS_NOBODY[0] in before else os.getuid()
    with _folder(owner) as folder, _model() as model, socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        yield Prison(folder=folder, before=before, python=python, owner=owner, model=model, other=port)


@pytest.fixture(scope="module")
def tried(prison: Prison) -> dict[str, Any]:
    """What a program got that tried everything."""
    with socket.socket(socket.AF_UNIX) as valkey, socket.socket(socket.AF_UNIX) as bus:
        place, name = str(prison.folder / "valkey.sock"), f"mycelium-test-{os.getpid()}"
        for listener, address in ((valkey, place), (bus, f"\0{name}")):
            listener.bind(address)
            listener.listen()
        Path(place).chmod(0o777)
        outside = {
            "secrets": [str(prison.folder / name) for name in SECRETS],
            "folders": [str(prison.folder / name) for name in ("home", "cache", "cache/workspaces", ".")],
            "tcp": [prison.other],
            "unix": [place, "/run/docker.sock", "/run/dbus/system_bus_socket"],
            "abstract": name,
            "pid": os.getpid(),
            "offered": prison.model,
        }
        served = prison.run(prison.python, str(prison.workspace / "prisoner.py"), json.dumps(outside))
    assert (served.code, served.used) == (0, "bwrap"), served.stderr
    return {**json.loads(served.stdout), "news": served.news}


def test_files_outside_are_not_there(tried: dict[str, Any]) -> None:
    assert tried["secrets"] == ["ENOENT"] * len(SECRETS)
    assert tried["folders"] == ["ENOENT", ["workspaces"], ["mine"], ["cache", "scratch"]]
    assert (
        set(tried["etc"]) & {"shadow", "gshadow", "ssh", "sudoers", "resolv.conf", "machine-id", "environment"} == set()
    )


def test_nothing_outside_can_be_written(tried: dict[str, Any], prison: Prison) -> None:
    assert tried["written"] == ["EROFS"] * 5
    assert tried["beside"] == 1, "this folder is one of its own `/tmp`"
    assert [path.name for path in prison.workspace.parent.iterdir() if path.is_file()] == []
    assert tried["setting"] in ("EROFS", "EACCES")


def test_nothing_is_writable_but_what_is_its_own(tried: dict[str, Any], prison: Prison) -> None:
    devices = {f"/dev/{name}" for name in ("full", "null", "ptmx", "random", "tty", "urandom", "zero")}
    own = ("/dev/shm", "/dev/pts", "/tmp", str(prison.folder / "scratch/home"), str(prison.folder / "scratch/tmp"))
    shut = "/run/mycelium/egress"
    assert [path for path in tried["writable"] if path not in {*devices, shut} and not path.startswith(own)] == []
    assert (tried["temporary"], tried["shared memory"], tried["null"]) == (1, 1, 1)


def test_other_processes_are_not_there(tried: dict[str, Any]) -> None:
    assert tried["processes"][:2] == [1, 2]
    assert len(tried["processes"]) == 2
    assert tried["kill"] in ("ESRCH", "EPERM")
    assert KEY not in tried["environments"]


def test_it_has_no_rights_and_gets_none(tried: dict[str, Any]) -> None:
    assert int(tried["capabilities"], 16) == 0
    assert tried["no new privileges"] == "1"
    assert (tried["mount namespace"], tried["mount"]) == ("EPERM", "EPERM")
    assert tried["controlling terminal"] == "ENXIO"


@needs_filter
def test_calls_that_lead_out_are_refused(tried: dict[str, Any]) -> None:
    assert tried["filtered"] == "2"
    assert (tried["user namespace"], tried["typed ahead"], tried["vsock"]) == ("EPERM", "EPERM", "EAFNOSUPPORT")


def test_sockets_outside_are_out_of_reach(tried: dict[str, Any]) -> None:
    assert tried["tcp"] == ["ECONNREFUSED"]
    assert tried["unix"] == ["ENOENT"] * 3
    assert tried["abstract"] == "ECONNREFUSED"
    assert tried["metadata"] == "ENETUNREACH"


def test_names_are_not_looked_up(tried: dict[str, Any]) -> None:
    assert tried["name"] == "gaierror"
    assert tried["localhost"] == "127.0.0.1"


def test_the_model_is_reached_and_nobody_else(tried: dict[str, Any]) -> None:
    assert (tried["offered"], tried["proxied"]) == ("I am the model", "I am the model")
    assert tried["refused"] == "HTTP/1.1 403"
    assert tried["news"] == ["the sandbox refused example.com:443"]


def test_servers_of_its_own_are_reached(tried: dict[str, Any]) -> None:
    assert tried["own server"] == "connected"


def test_it_is_at_home_in_its_own_folder(tried: dict[str, Any], prison: Prison) -> None:
    assert tried["home"] == str(prison.folder / "scratch/home")


def test_what_it_made_is_there_and_has_the_right_owner(tried: dict[str, Any], prison: Prison) -> None:
    made = prison.workspace / "made.txt"
    assert made.read_text() == "by the agent\n"
    assert made.stat().st_uid == prison.owner


def test_the_program_s_end_is_told(prison: Prison) -> None:
    """An exit code that looks like a signal is one of the program."""
    ends = {"exit 0": 0, "exit 7": 7, "kill -9 $$": -9, "kill -15 $$": -15, "exit 143": 143}
    served = prison.run_each(*(("/bin/sh", "-c", script) for script in ends))
    assert {script: each.code for script, each in zip(ends, served, strict=True)} == ends


def test_what_it_leaves_behind_is_ended_and_named(prison: Prison) -> None:
    script = f"setsid sleep 1001 & setsid sh -c 'sleep 0.02; echo late > {prison.workspace}/late.txt' & exit 3"
    served = prison.run("/bin/sh", "-c", script)
    assert (served.code, served.news) == (3, ["left running, now ended: sleep 1001"])
    assert (prison.workspace / "late.txt").read_text() == "late\n"


def test_folders_that_are_hidden_show_nothing(prison: Prison) -> None:
    """The cache lies in a folder that is shown, as under `/opt`; of it the workspace shows alone."""
    served = prison.run(
        *("/bin/sh", "-c", f"ls {prison.folder} {prison.folder}/cache {prison.folder}/cache/workspaces; pwd"),
        readable=[str(prison.folder)],
        hidden=[str(prison.folder / "cache"), str(prison.folder / "scratch"), str(prison.folder / "tmp")],
    )
    assert served.code == 0, served.stderr
    words = served.stdout.split()
    assert {"mine", "home"} <= set(words)
    assert {"other", "mirror.git"}.isdisjoint(words)
