"""How a guard starts a program."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable

# What Python ignores, and a program expects to die of.
RESTORED = [getattr(signal, name) for name in ("SIGPIPE", "SIGXFZ", "SIGXFSZ") if hasattr(signal, name)]


def spawn(
    argv: list[str], env: dict[str, str], cwd: str, streams: list[int], *, step: Callable[[], None] | None = None
) -> int:
    """Start a program in a session of its own; its pid. `OSError` or `ValueError` where it cannot be started.

    The child takes the `step`, where there is one, before it becomes the program; that is slower.
    """
    os.chdir(cwd)
    try:
        if step is not None:
            return _popen(argv, env, streams, step)
        redirected = [(os.POSIX_SPAWN_DUP2, stream, number) for number, stream in enumerate(streams)]
        return os.posix_spawn(argv[0], argv, env, file_actions=redirected, setsid=True, setsigdef=RESTORED)
    except NotImplementedError:  # a C library without sessions in posix_spawn
        return _popen(argv, env, streams, None)
    finally:
        os.chdir("/")


def _popen(argv: list[str], env: dict[str, str], streams: list[int], step: Callable[[], None] | None) -> int:
    stdin, stdout, stderr = streams
    try:
        started = subprocess.Popen(
            argv,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            env=env,
            start_new_session=True,
            preexec_fn=step,  # noqa: PLW1509 - there is one thread
        )
    except subprocess.SubprocessError as error:  # the step failed
        raise OSError(str(error)) from error
    started.returncode = 0  # the guard collects the exit status; the object must not
    return started.pid
