"""An execution whose job was killed and that may not go on: it can be run again, with all of its budget."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.definition.model import Node
from orchestrator.execution.amounts import Unit
from orchestrator.lifecycle import budgets
from orchestrator.lifecycle.rerun import rerun
from tests.unit.lifecycle.archive.test_keeper import Jobs
from tests.unit.lifecycle.test_budgets import AGENTS, allowed, asks, budgeted, costs


@pytest.mark.parametrize("nodes", [[asks("a")], [asks("a", usd=1), asks("b", "a")]])
def test_what_was_reserved_when_its_job_was_killed_is_there_again(tmp_path: Path, nodes: list[Node]) -> None:
    jobs = Jobs(tmp_path)
    world = jobs.first.world
    execution = world.start(budgeted(*nodes, usd=1, minutes=9), agents=AGENTS)
    budgets.start(world.services, world.claim())
    jobs.first.keeper.save(execution.id)
    other = jobs.job("2/1")
    other.world.clock.advance(120)
    assert other.keeper.bury(execution.id, lambda _: True, "it may not")
    other.keeper.pull()
    (held,) = other.world.store.reservations(execution.id)
    assert held.reserved[Unit.USD] == (held.spent or {})[Unit.USD] == 1_000_000
    assert 0 < (held.spent or {})[Unit.MINUTES] < held.reserved[Unit.MINUTES]
    assert held.assumed
    rerun(other.world.services, execution.id, failed_only=True)
    other.world.runner.deeds |= dict.fromkeys("ab", costs(0.1))
    other.world.work()
    assert set(other.world.statuses(execution).values()) == {"completed"}
    assert allowed(other.world, "a") == [1]
