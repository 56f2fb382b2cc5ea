"""Every engine has a runner, and those nobody has written yet say so."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.execution.state import FailureClass
from orchestrator.lifecycle.ports.runner import AgentTask
from orchestrator.runners.registry import runners
from tests.fakes.running import REVIEWER, ListLog, pipe_control, task


@pytest.mark.parametrize("engine", ["gemini", "opencode", "command"])
def test_unsupported_engines(tmp_path: Path, engine: str) -> None:
    action = AgentTask(definition=REVIEWER, engine=engine, prompt="")
    with pipe_control() as control:
        outcome = runners({})[engine].run(task(tmp_path, action), ListLog(), control)
    assert outcome.failure is FailureClass.SETUP
    assert outcome.message.startswith(f"engine `{engine}` is not supported yet")
