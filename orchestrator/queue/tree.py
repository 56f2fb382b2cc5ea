"""The process tree of `run` and `serve --embedded`, as whoever starts it sees it."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from types import TracebackType
from typing import IO, Any

from orchestrator.errors import Conflict, SetupError
from orchestrator.queue import mortal
from orchestrator.queue.instance import Instance
from orchestrator.queue.supervisor import Plan

STOP_SECONDS = 40.0
PROGRAM = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[1]); "
    "from orchestrator.queue.supervisor import main; sys.exit(main())"
)


class ProcessTree:
    """Valkey, workers and control loop below one supervisor; `with ProcessTree(plan, instance) as tree: …`.

    Everything ends with the block, drained, in a hurry where Ctrl-C ended it; and everything ends when this process
    dies, however it dies. Other threads of this process are no obstacle: nothing is forked here.
    """

    def __init__(self, plan: Plan, instance: Instance | None = None) -> None:
        self._plan = plan
        self._instance = instance
        self._process: subprocess.Popen[bytes] | None = None
        self._started = False
        self._lifeline = -1
        self._answers: IO[str] = io.StringIO()
        self._answer: dict[str, Any] = {}

    def launch(self) -> None:
        """Begin with what takes time and starts nothing, while the caller prepares itself; `start` follows."""
        # The instance's lock goes along: the instance lives as long as any process of the tree.
        keep = (self._instance.fileno(),) if self._instance else ()
        orders, self._lifeline = os.pipe()
        answers, answering = os.pipe()
        self._process = subprocess.Popen(
            # The same modules as here, and none from the working directory, which is somebody's repository.
            [sys.executable, "-P", "-c", PROGRAM, json.dumps([path for path in sys.path if path])],
            stdin=orders,
            stdout=answering,
            pass_fds=keep,
        )
        os.close(orders)
        os.close(answering)
        message = json.dumps({"plan": asdict(self._plan), "keep": keep}) + "\n"
        os.write(self._lifeline, message.encode())
        self._answers = os.fdopen(answers)

    def start(self) -> None:
        """Returns once Valkey answers and the workers are forked; `SetupError` says why it did not come to that."""
        if self._process is None:
            self.launch()
        self._started = True
        with suppress(BrokenPipeError):
            os.write(self._lifeline, b"go\n")
        self._answer = self._heard() or {"error": "the supervisor ended at once"}
        if "error" in self._answer:
            self.stop()
            raise _failure(self._answer)

    @property
    def redis_url(self) -> str:
        """The address of the tree's Valkey, with its password."""
        return str(self._answer["redis_url"])

    @property
    def pids(self) -> Mapping[str, int]:
        """Process ids by name, as they were at the start; `Conflict` before it."""
        if self._process is None:
            raise Conflict("the process tree is not running")
        server = {"server": self._answer["server"]} if self._answer["server"] else {}
        return {"supervisor": self._process.pid, **server, **self._answer["children"]}

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def check(self) -> None:
        """`SetupError` once the tree has ended without having been told to; it says why."""
        if self._process is None or (code := self._process.poll()) is None:
            return
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        raise _failure({"error": f"the processes that run the nodes have ended ({how})", **self._heard()})

    def stop(self, *, hurry: bool = False) -> None:
        """Drain and end everything; whatever is left after `STOP_SECONDS` is killed. Twice is no error.

        In a `hurry` the nodes at work are not waited for: they are stopped and go back to the queue.
        """
        if self._process is None:
            return
        if self._started:
            self._process.send_signal(mortal.HURRY if hurry else signal.SIGTERM)
        else:
            self._process.kill()  # it has no children yet
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
        self._answers.close()
        os.close(self._lifeline)

    def __enter__(self) -> ProcessTree:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(hurry=kind is KeyboardInterrupt)

    def _heard(self) -> dict[str, Any]:
        """What the supervisor says next; empty where it, and all that it started, ended without a word."""
        answer: dict[str, Any] = json.loads(self._answers.readline() or "{}")
        return answer


def _failure(answer: Mapping[str, Any]) -> SetupError:
    return SetupError(answer["error"], hint=answer.get("hint"))
