"""Events that come at the same moment, on real databases: one execution for a delivery, one that runs for a group."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from orchestrator.lifecycle.intake.receive import release
from orchestrator.lifecycle.ports import Ruling
from orchestrator.store.opening import open_storage
from tests.fakes import sqlite
from tests.fakes.garden import Garden
from tests.fakes.postgres import PostgresDatabases

FLOW = {"workflows/r.yaml": "on: pull_request\nconcurrency: {group: one, queue: max}\nnodes: {look: {run: x}}\n"}
AT_ONCE = 8


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.xdist_group("postgresql"))])
def garden(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Garden]:
    if request.param == "postgresql":
        databases: PostgresDatabases = request.getfixturevalue("postgres_databases")
        url = databases.emptied()
    else:
        url = sqlite.with_tables(tmp_path)
    storage = open_storage(url, home=tmp_path)
    yield Garden(tmp_path, FLOW, storage=storage)
    storage.store.close()
    storage.logs.close()


def test_one_delivery_many_times_starts_one_execution(garden: Garden) -> None:
    pull = garden.open(FLOW)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        made = list(pool.map(lambda _: garden.pulled(pull, delivery="same"), range(AT_ONCE)))
    assert len(garden.executions) == 1
    assert {each.execution_id for (each,) in made} == {garden.executions[0].id}


def test_many_deliveries_for_one_group_start_one_after_the_other(garden: Garden) -> None:
    pull = garden.open(FLOW)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        made = list(pool.map(lambda n: garden.pulled(pull, "synchronize", delivery=f"d{n}"), range(AT_ONCE)))
    rulings = [each.ruling for (each,) in made]
    assert len(garden.executions) == 1
    assert rulings.count(Ruling.WAITING) == AT_ONCE - 1
    for number in range(2, AT_ONCE + 1):
        garden.world.work()
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda _: release(garden.desk), range(2)))
        assert len(garden.executions) == number
