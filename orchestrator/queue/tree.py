"""The process tree of `run` and `serve --embedded`, as whoever starts it sees it."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import asdict
from types import TracebackType
from typing import TYPE_CHECKING, Any

from orchestrator.errors import Conflict, SetupError
from orchestrator.queue import mortal
from orchestrator.queue.launch import Supervisor

if TYPE_CHECKING:
    from orchestrator.queue.instance import Instance
    from orchestrator.queue.supervisor import Plan

STOP_SECONDS = 40.0


class ProcessTree:
    """Valkey, workers and control loop below one supervisor; `with ProcessTree(plan, instance) as tree: …`.

    Everything ends with the block, drained, in a hurry where Ctrl-C ended it; and everything ends when this process
    dies, however it dies. Other threads of this process are no obstacle: nothing is forked here.
    """

    def __init__(self, plan: Plan, instance: Instance | None = None, supervisor: Supervisor | None = None) -> None:
        """With a `supervisor` that was launched before, the tree is up sooner."""
        self._plan = plan
        self._instance = instance
        self._supervisor = supervisor
        self._begun = False
        self._answer: dict[str, Any] = {}

    def begin(self) -> None:
        """Have everything started, without waiting for it; `start` follows."""
        if self._supervisor is None:
            self._supervisor = Supervisor(self._plan.preload)
        self._begun = True
        # The instance's lock goes along: the instance lives as long as any process of the tree.
        self._supervisor.begin(asdict(self._plan), [self._instance.fileno()] if self._instance else [])

    def start(self) -> None:
        """Returns once Valkey answers and the workers are forked; `SetupError` says why it did not come to that."""
        if not self._begun:
            self.begin()
        assert self._supervisor is not None  # noqa: S101 - `begin` saw to it
        self._answer = self._supervisor.heard() or {"error": "the supervisor ended at once"}
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
        if not self._answer or self._supervisor is None:
            raise Conflict("the process tree is not running")
        servers = {name: self._answer[name] for name in ("server", "blackboard") if self._answer[name]}
        return {"supervisor": self._supervisor.process.pid, **servers, **self._answer["children"]}

    def alive(self) -> bool:
        return self._supervisor is not None and self._supervisor.process.poll() is None

    def check(self) -> None:
        """`SetupError` once the tree has ended without having been told to; it says why."""
        if self._supervisor is None or (code := self._supervisor.process.poll()) is None:
            return
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        told = {"error": f"the processes that run the nodes have ended ({how})", **self._supervisor.heard()}
        raise _failure(told)

    def stop(self, *, hurry: bool = False) -> None:
        """Drain and end everything; whatever is left after `STOP_SECONDS` is killed. Twice is no error.

        In a `hurry` the nodes at work are not waited for: they are stopped and go back to the queue.
        """
        if self._supervisor is None:
            return
        if self._begun:
            self._supervisor.process.send_signal(mortal.HURRY if hurry else signal.SIGTERM)
            self._supervisor.wait(STOP_SECONDS)
        self._supervisor.close()
        self._supervisor = None

    def __enter__(self) -> ProcessTree:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(hurry=kind is KeyboardInterrupt)


def _failure(answer: Mapping[str, Any]) -> SetupError:
    return SetupError(answer["error"], hint=answer.get("hint"))
