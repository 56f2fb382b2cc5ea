"""Whatever a process dies around, the execution ends as if nothing had happened."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.lifecycle import perform, transition
from orchestrator.lifecycle.ports import Store
from orchestrator.store.opening import open_store
from tests.fakes.clock import FakeClock
from tests.fakes.postgres import PostgresDatabases
from tests.fakes.store import MemoryStore
from tests.faults.mortals import Machine
from tests.faults.stories import STORIES, Story
from tests.faults.tripwire import Tripwire, deadly_effects

pytestmark = pytest.mark.no_cover
Run = Callable[..., Machine]
DATABASES = ("memory", "sqlite", "postgresql")
SUCCESSORS = ("seat", "other", "tree")
EVERYWHERE = bool(os.environ.get("FAULT_POINTS"))


@pytest.fixture(autouse=True)
def _effects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perform, "EFFECTS", deadly_effects(perform.EFFECTS))
    # Every skip that follows from a skip takes the way through the outbox.
    monkeypatch.setattr(transition, "MAX_SETTLED", 1)


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


@pytest.fixture
def run(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Run]:
    """Run a story on a new machine whose process dies at one point, or at none; all share one database.

    Who follows on the dead changes from point to point, and differently for each database.
    """
    clock = FakeClock()
    numbers = itertools.count(1)
    opened = _store(database, request, clock, tmp_path)
    shift = DATABASES.index(database)

    def run(story: Story, deadly: int | None = None) -> Machine:
        machine = Machine(
            story=story,
            folder=tmp_path / f"{next(numbers):05d}",
            store=opened,
            clock=clock,
            tripwire=Tripwire(deadly),
            successor=SUCCESSORS[((deadly or 0) + shift) % len(SUCCESSORS)],
        )
        machine.run()
        return machine

    yield run
    opened.close()


def _store(database: str, request: pytest.FixtureRequest, clock: FakeClock, folder: Path) -> Store:
    match database:
        case "memory":
            return MemoryStore(clock)
        case "sqlite":
            return open_store(f"sqlite:///{folder / 'state.db'}", home=folder)
        case _:
            databases: PostgresDatabases = request.getfixturevalue("postgres_databases")
            return open_store(databases.emptied(), home=folder)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_a_death_at_any_point_changes_nothing(database: str, run: Run, story: Story) -> None:
    undisturbed = run(story)
    expected, lines = undisturbed.left(), undisturbed.lines()
    assert expected["execution"]["status"] == story.status
    assert undisturbed.faults() == []
    wrong = {}
    for number, point in deadly_points(undisturbed, database):
        machine = run(story, number)
        assert (machine.tripwire.passed[number], machine.deaths) == (point, 1)
        faults = [*machine.faults(), *differences(machine.left(), expected)]
        if missing := lines - machine.lines():
            faults.append(f"lost from the log: {missing}")
        if faults:
            wrong[number, point, machine.successor] = faults
    assert wrong == {}


def deadly_points(undisturbed: Machine, database: str) -> list[tuple[int, str]]:
    """Every second in memory, before a deed here and after one there. Of those that tell databases apart each of the
    two, which take longer, has every eighth, and not the same. `make faults` tries them all."""
    points = list(enumerate(undisturbed.tripwire.passed))
    if database == "memory":
        return points if EVERYWHERE else [point for point in points if point[0] % 4 in (0, 3)]
    # What lies between two commits is the same to every database.
    telling = [(number, point) for number, point in points if point.split()[1] in ("commit", "effect")]
    return telling if EVERYWHERE else telling[3 * (database == "postgresql") :: 8]


def differences(here: Any, there: Any, path: str = "") -> Iterator[str]:
    """Where two values of plain lists and dictionaries differ."""
    if isinstance(here, dict) and isinstance(there, dict):
        for key in here.keys() | there.keys():
            yield from differences(here.get(key), there.get(key), f"{path}.{key}")
    elif isinstance(here, list) and isinstance(there, list) and len(here) == len(there):
        for number, pair in enumerate(zip(here, there, strict=True)):
            yield from differences(*pair, f"{path}[{number}]")
    elif here != there:
        yield f"{path} is {here!r} instead of {there!r}"


def test_every_kind_of_effect_is_among_the_points(run: Run) -> None:
    passed = {point for story in STORIES for point in run(story).tripwire.passed}
    for kind in perform.EFFECTS:
        assert {f"before effect {kind}", f"after effect {kind}"} <= passed
    for deed in ("commit", "git snapshot", "git commit", "git bundle", "blobs put", "logs append", "git create_branch"):
        assert {f"before {deed}", f"after {deed}"} <= passed
