"""Engines that the workflow format knows and nobody has written a runner for yet."""

from __future__ import annotations

from orchestrator.execution.state import FailureClass, Outcome
from orchestrator.lifecycle.ports.runner import Control, LogSink, Task


class UnsupportedRunner:
    """Fails its node and says so."""

    def __init__(self, engine: str) -> None:
        self._engine = engine

    def run(self, task: Task, log: LogSink, control: Control) -> Outcome:  # noqa: ARG002 - as the port has it
        message = f"engine `{self._engine}` is not supported yet; use `claude`, `codex` or `replay`"
        return Outcome(failure=FailureClass.SETUP, message=message)
