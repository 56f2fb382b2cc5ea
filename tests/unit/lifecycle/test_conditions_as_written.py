"""`needs` and `if` as they are written in YAML, down to what runs."""

from __future__ import annotations

import pytest

from orchestrator.definition.parse import load_workflow
from orchestrator.execution.outcome import FailureClass, Outcome
from tests.fakes.world import World


@pytest.mark.parametrize(
    ("keys", "status"),
    [
        ("needs: a", "skipped"),
        ("needs: a, if: always()", "completed"),
        ("needs: [a], if: failure()", "completed"),
        ("needs: [a], if: success()", "skipped"),
        ("needs: {a: on_failure}", "completed"),
        ("needs: {a: on_success}, if: always()", "skipped"),
        ("needs: {a: always}", "completed"),
    ],
)
def test_after_a_failure(world: World, keys: str, status: str) -> None:
    world.runner.deeds["a"] = Outcome(failure=FailureClass.EXIT, message="no")
    text = f"name: W\non: workflow_dispatch\nnodes:\n  a: {{run: x}}\n  b: {{run: y, {keys}}}\n"
    execution = world.run(load_workflow(text, "workflows/w.yaml"))
    assert world.statuses(execution)["b"] == status
