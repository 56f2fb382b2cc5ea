"""The tests of the lifecycle again, with executions, logs and blobs in SQLite and in PostgreSQL.

They are the same functions; what differs is the `world` that this folder gives them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.definition.model import Workflow
from orchestrator.store.opening import Storage
from tests.fakes.world import World
from tests.unit.lifecycle import (
    test_any_graph,
    test_attempts,
    test_attendance,
    test_budgets,
    test_clean_up,
    test_conditions_as_written,
    test_execution_report,
    test_flow,
    test_logbook,
    test_people,
)


def functions(module: ModuleType) -> dict[str, Callable[..., Any]]:
    """The tests of a module, named so that those of several do not hide each other."""
    about = module.__name__.rpartition(".test_")[2]
    found = {name: value for name, value in vars(module).items() if name.startswith("test_")}
    return {f"test_{about}__{name.removeprefix('test_')}": function for name, function in found.items()}


for _module in (
    test_attempts,
    test_attendance,
    test_budgets,
    test_clean_up,
    test_conditions_as_written,
    test_execution_report,
    test_flow,
    test_logbook,
    test_people,
):
    globals().update(functions(_module))


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(definition=test_any_graph.graphs(), moves=st.lists(test_any_graph.MOVES, max_size=40), again=st.booleans())
def test_every_execution_ends_with_its_books_right(
    storage: Storage, definition: Workflow, moves: list[str], again: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        test_any_graph.play(World(Path(folder), storage=storage), definition, moves, again=again)
