"""Logs are read in pages: all of an execution, or the lines of one node in the order they were written."""

from __future__ import annotations

import pytest

from orchestrator.definition.model import Matrix
from orchestrator.errors import NotFound
from orchestrator.execution.log_line import Level
from orchestrator.execution.state import Execution
from orchestrator.lifecycle import log_reading
from orchestrator.lifecycle.log_reading import lines
from orchestrator.lifecycle.ports.records import NewLogLine
from tests.fakes.world import World, node, workflow


@pytest.fixture
def execution(world: World, monkeypatch: pytest.MonkeyPatch) -> Execution:
    """Three node runs that write in turn, read two lines at a time."""
    monkeypatch.setattr(log_reading, "PAGE", 2)
    found = world.start(workflow(node("test", matrix=Matrix(axes={"v": [1, 2]})), node("other")))
    runs = world.store.runs(found.id)
    for number in range(3):
        written = [
            NewLogLine(
                run=run.index,
                key=run.key,
                attempt=1,
                at=world.clock.now(),
                level=Level.WARNING if number == 1 else Level.INFO,
                stream="stdout",
                text=f"{run.key} {number}",
            )
            for run in runs
        ]
        world.logs.append(found.id, written)
    return found


def test_all_lines_come_as_they_were_written(world: World, execution: Execution) -> None:
    found = [line.text for line in lines(world.services, execution.id)]
    assert len(found) == 9
    assert found[:3] == [f"{run.key} 0" for run in world.store.runs(execution.id)]


def test_the_runs_of_a_matrix_are_read_together(world: World, execution: Execution) -> None:
    found = list(lines(world.services, execution.id, node="test"))
    assert [line.text for line in found] == [f"test ({v}) {number}" for number in range(3) for v in (1, 2)]
    assert [line.id for line in found] == sorted(line.id for line in found)


def test_a_key_names_one_run_of_them(world: World, execution: Execution) -> None:
    found = lines(world.services, execution.id, node="test (2)", level=Level.WARNING)
    assert [line.text for line in found] == ["test (2) 1"]
    assert [line.text for line in lines(world.services, execution.id, query="OTHER 2")] == ["other 2"]


def test_a_node_that_is_none_is_told(world: World, execution: Execution) -> None:
    with pytest.raises(NotFound, match="no node `tests`"):
        lines(world.services, execution.id, node="tests")
