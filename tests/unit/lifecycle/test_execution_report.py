"""An execution as programs see it."""

from __future__ import annotations

import json

from orchestrator.definition.model import Matrix
from orchestrator.execution.state import FailureClass, Outcome
from orchestrator.lifecycle.report import as_json, view
from tests.fakes.world import World, node, workflow


def test_the_rest_shape(world: World) -> None:
    world.runner.deeds["test (2)"] = Outcome(failure=FailureClass.EXIT, message="exit code 1", exit_code=1)
    world.runner.deeds["test (1)"] = Outcome(outputs={"n": 1})
    definition = workflow(node("test", matrix=Matrix(axes={"v": [1, 2]})), node("after", "test"))
    execution = world.run(definition, triggered_by="alice")
    shown = as_json(view(world.services, execution.id))
    assert json.loads(json.dumps(shown)) == shown
    assert shown["status"] == "failed"
    assert shown["trigger"] == "manual"
    assert shown["triggered_by"] == "alice"
    assert shown["node_statuses"] == {"test": "failed", "after": "skipped"}
    assert shown["error_message"] == "node `test (2)` failed: exit code 1"
    assert shown["output_data"] == {"after": {}}
    runs = shown["node_runs"]
    assert isinstance(runs, list)
    failed = runs[1]
    assert isinstance(failed, dict)
    assert (failed["key"], failed["error_code"], failed["matrix"]) == ("test (2)", "RUN_EXIT", {"v": 2})


def test_the_tail_of_a_failed_run_is_at_hand(world: World) -> None:
    world.runner.deeds["a"] = Outcome(failure=FailureClass.EXIT, message="exit code 1")
    execution = world.run(workflow(node("a")))
    assert [line.text for line in view(world.services, execution.id).tails[0]] == ["exit code 1"]
