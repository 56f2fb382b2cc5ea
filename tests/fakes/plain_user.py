"""Tests that root runs once more as a user without rights."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import psutil

from orchestrator.runners.guards.cgroup import Cgroup, own
from tests.fakes.checkout import eventually

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class PlainUser:
    """`nobody`, with a folder of its own."""

    python: str
    folder: Path

    def pytest(self, *arguments: str, before: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
        """Run pytest; `before` are words of a command that root runs to begin with."""
        argv = [*before, *_dropping(), self.python, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
        own = [f"--basetemp={self.folder}/pytest"]
        return subprocess.run(
            [*argv, *own], env=_environment(self.folder), cwd=ROOT, capture_output=True, text=True, check=False
        )


@contextmanager
def plain_user() -> Iterator[PlainUser | str]:
    """The user, or why there is none. What it leaves in its folder is removed."""
    folder = Path(mkdtemp(prefix="plain-user-"))
    try:
        if os.geteuid():
            yield "only root can become somebody else"
        elif shutil.which("setpriv") is None:
            yield "setpriv is not installed"
        else:
            os.chown(folder, _nobody().pw_uid, _nobody().pw_gid)
            python = next((each for each in _interpreters() if _works(each, folder)), None)
            yield PlainUser(python=python, folder=folder) if python else "no Python that everybody may execute fits"
    finally:
        shutil.rmtree(folder)


@contextmanager
def delegated_group() -> Iterator[list[str]]:
    """Words of a command that runs the rest in a control group of the plain user; none where root has no group."""
    try:
        path = Path(own(), f"mycelium-test-{os.getpid()}")
        path.mkdir()
    except OSError:
        yield []
        return
    try:
        for name in (".", "cgroup.procs"):
            os.chown(path / name, _nobody().pw_uid, _nobody().pw_gid)
        yield ["sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', str(path)]
    finally:
        eventually(Cgroup(str(path)).remove, "the end of the group")


def _nobody() -> pwd.struct_passwd:
    return pwd.getpwnam("nobody")


def _dropping() -> list[str]:
    return ["setpriv", f"--reuid={_nobody().pw_uid}", f"--regid={_nobody().pw_gid}", "--clear-groups"]


def _interpreters() -> list[str]:
    """Our own, which may lie in a home folder, and the system's of the same version, for which our packages fit."""
    return [sys.executable, f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"]


def _environment(folder: Path) -> dict[str, str]:
    """Plugins may need what another patch of Python has not."""
    packages = str(Path(psutil.__file__).parents[1])
    own = {"HOME": str(folder), "PYTHONPATH": packages, "PYTHONDONTWRITEBYTECODE": "1"}
    return {"PATH": os.environ["PATH"], "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **own}


def _works(python: str, folder: Path) -> bool:
    """setpriv still has root's rights when it becomes the program; what the program starts has not."""
    tried = "import subprocess, sys, pytest, psutil, orchestrator.errors; subprocess.check_call([sys.executable, '-V'])"
    with suppress(OSError):
        argv = [*_dropping(), python, "-c", tried]
        return not subprocess.run(argv, env=_environment(folder), cwd=ROOT, capture_output=True, check=False).returncode
    return False
