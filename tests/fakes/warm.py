"""`mycelium` as a process of its own that has imported everything before: most of a command's CPU time is imports.

One server for each process of pytest imports the package and then forks for each command. Whatever a command does with
its arguments, environment, folder, streams, children and exit code, it does as one that the shell started; what it
imports, and when, is for tests that start it themselves.
"""

from __future__ import annotations

import atexit
import gc
import os
import pickle
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
COLD = ("orchestrator.store.migrations", "orchestrator.cli.__main__")


def command(
    words: Sequence[str], *, cwd: Path, env: Mapping[str, str], patience: float
) -> subprocess.CompletedProcess[str]:
    """Run `mycelium` with these arguments to its end; after `patience` seconds it is killed with its process group."""
    request, asked = os.pipe()
    told, answer = os.pipe()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, os.fdopen(told, "rb", 0) as answers:
        fds = [request, out.fileno(), err.fileno(), answer]
        socket.send_fds(_server(os.getpid()), [b"!"], fds)
        os.close(request)
        os.close(answer)
        with os.fdopen(asked, "wb") as question:
            pickle.dump((list(words), str(cwd), dict(env)), question)
        code = _outcome(answers, words, patience)
        said = []
        for stream in (out, err):
            stream.seek(0)
            said.append(stream.read().decode().replace("\r\n", "\n"))
    return subprocess.CompletedProcess(list(words), code, *said)


def _outcome(answers: Any, words: Sequence[str], patience: float) -> int:
    """The exit code, as `subprocess` has it."""
    from select import select

    process = int(answers.readline())
    if not select([answers], [], [], patience)[0]:
        with suppress(ProcessLookupError):
            os.killpg(process, signal.SIGKILL)
        raise subprocess.TimeoutExpired(list(words), patience)
    return int(answers.readline())


@cache
def _server(_of_process: int) -> socket.socket:
    """The line to this process's server, which ends with the line."""
    ours, theirs = socket.socketpair()
    with theirs:
        program = "from tests.fakes.warm import serve; serve()"
        environ = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        process = subprocess.Popen(
            [sys.executable, "-c", program], cwd=REPOSITORY, env=environ, stdin=theirs, start_new_session=True
        )

    def end() -> None:
        ours.close()
        process.kill()
        process.wait()

    atexit.register(end)
    return ours


def serve() -> None:
    """The server: forks for each message. A command leaves it by `SystemExit`, and Python ends as it always does."""
    sys.path[:] = [path for path in sys.path if path]
    _import_everything()
    gc.freeze()
    line = socket.socket(fileno=os.dup(0))
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    while True:
        message, fds, _, _ = socket.recv_fds(line, 1, 4)
        if not message:
            return
        if os.fork() == 0:
            line.close()
            _keep(*fds)
        for each in fds:
            os.close(each)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _keep(request: int, out: int, err: int, answer: int) -> None:
    """In a child of the server: start the command, and tell its number and how it ended."""
    if (process := os.fork()) == 0:
        os.close(answer)
        _become(request, out, err)
    for each in (request, out, err):
        os.close(each)
    os.write(answer, f"{process}\n".encode())
    os.write(answer, f"{os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])}\n".encode())
    os._exit(0)


def _become(request: int, out: int, err: int) -> None:
    """In the command's process: be as one that the shell has started, and end."""
    from orchestrator.cli import main

    os.setsid()
    with os.fdopen(request, "rb") as question:
        words, cwd, env = pickle.load(question)
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.closerange(3, max(out, err) + 1)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    tempfile.tempdir = None
    os.chdir(cwd)
    sys.argv[:] = ["mycelium", *words]
    main()


def _import_everything() -> None:
    import orchestrator

    for found in walk_packages(orchestrator.__path__, "orchestrator."):
        if not found.name.startswith(COLD):
            import_module(found.name)
