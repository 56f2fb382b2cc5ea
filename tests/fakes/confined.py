"""Runs a program in a sandbox as a worker does, and prints what came of it: a process of its own, so that it may belong
to another user, or stand in namespaces of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from orchestrator.definition.model import SandboxMode
from orchestrator.runners.process import Command
from orchestrator.runners.sandbox import Reach, confined
from orchestrator.runners.supervise import Limits, supervise
from tests.fakes.running import pipe_control

REPOSITORY = Path(__file__).resolve().parents[2]
SECONDS = 120.0


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """What to run, and what it reaches; paths are texts. `environ` is all of the worker's environment."""

    argv: Sequence[str]
    workspace: str
    writable: Sequence[str] = ()
    readable: Sequence[str] = ()
    hidden: Sequence[str] = ()
    hosts: Sequence[tuple[str, int]] = ()
    env: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Served:
    """How it ended, and what the log would say."""

    code: int | None
    stdout: str
    stderr: str
    used: str
    news: list[str]


class Heard:
    """What the program says."""

    def __init__(self) -> None:
        self.lines: dict[str, list[str]] = {"stdout": [], "stderr": []}

    def started(self, pid: int, start_time: int) -> None: ...

    def line(self, text: str, stream: str) -> None:
        self.lines[stream].append(text)

    def lost(self) -> None: ...

    def tick(self) -> None: ...

    def enough(self) -> bool:
        return False


def serve(sentence: Sentence) -> Served:
    """In this process."""
    reach = Reach(
        workspace=Path(sentence.workspace),
        writable=tuple(map(Path, sentence.writable)),
        readable=tuple(map(Path, sentence.readable)),
        hidden=tuple(map(Path, sentence.hidden)),
        hosts=tuple((host, port) for host, port in sentence.hosts),
    )
    command = Command(argv=sentence.argv, env=sentence.env, cwd=reach.workspace, contained=True)
    heard = Heard()
    with confined(SandboxMode.BWRAP, reach, command) as place, pipe_control() as control:
        ended = supervise(place.command, Limits(timeout_seconds=SECONDS), heard, control)
        code = place.ended(ended.code)
        said = {stream: "\n".join(lines) for stream, lines in heard.lines.items()}
        return Served(code=code, **said, used=place.used, news=place.news())


def serve_elsewhere(
    sentences: Sequence[Sentence], before: Sequence[str], python: str, environ: dict[str, str]
) -> list[Served]:
    """One after the other in a process that `before` starts: as another user, in other namespaces."""
    path = os.pathsep.join([str(REPOSITORY), *(place for place in sys.path if place.endswith("site-packages"))])
    done = subprocess.run(
        [*before, python, "-m", "tests.fakes.confined", json.dumps([asdict(each) for each in sentences])],
        cwd=REPOSITORY,
        env={"PATH": os.defpath, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=2 * SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return [Served(**each) for each in json.loads(done.stdout)]


def _names_end_here() -> None:
    """`model.test` is this machine."""
    real: Any = socket.getaddrinfo
    socket.getaddrinfo = lambda host, *rest, **more: real("127.0.0.1" if host == "model.test" else host, *rest, **more)


if __name__ == "__main__":
    _names_end_here()
    print(json.dumps([asdict(serve(Sentence(**each))) for each in json.loads(sys.argv[1])]))
