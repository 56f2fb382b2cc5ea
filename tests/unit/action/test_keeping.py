"""When executions are kept while they run."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from action import keeping as module
from action.keeping import Keeping, pause
from orchestrator.errors import Unavailable
from orchestrator.execution.state import ExecutionStatus, NodeStatus
from tests.fakes.checkout import eventually


class Branch:
    """Writes down what is kept; `reached` once something was, and `go` lets it go on."""

    def __init__(self) -> None:
        self.kept: list[str] = []
        self.reached, self.go = threading.Semaphore(0), threading.Semaphore(0)

    def keep(self, ids: Sequence[str], *, letting_go: bool = True) -> None:
        assert not letting_go
        self.kept += ids
        self.reached.release()
        assert self.go.acquire(timeout=30)


def seen(*statuses: NodeStatus, status: ExecutionStatus = ExecutionStatus.RUNNING) -> Any:
    runs = [SimpleNamespace(status=each) for each in statuses]
    return SimpleNamespace(execution=SimpleNamespace(id="one", status=status), runs=runs)


@pytest.fixture
def branch() -> Branch:
    return Branch()


def test_an_execution_is_kept_at_once_and_when_a_node_ends(branch: Branch) -> None:
    told: list[str] = []
    keeping = Keeping(cast(Any, branch), ["one", "two"], told.append, rest=lambda *_: 0.0)
    with keeping.going_on():
        assert branch.reached.acquire(timeout=30)
        keeping.note(seen(NodeStatus.RUNNING, NodeStatus.PENDING))
        branch.go.release(2)
        assert branch.reached.acquire(timeout=30)
        keeping.note(seen(NodeStatus.COMPLETED, NodeStatus.RUNNING))
        assert branch.reached.acquire(timeout=30)
        # While that is kept, nothing ends that nobody keeps.
        keeping.note(seen(NodeStatus.COMPLETED, NodeStatus.WAITING))
        keeping.note(seen(NodeStatus.COMPLETED, NodeStatus.WAITING))
        branch.go.release()
        assert branch.reached.acquire(timeout=30)
        keeping.note(seen(NodeStatus.COMPLETED, NodeStatus.COMPLETED, status=ExecutionStatus.COMPLETED))
    branch.go.release()
    keeping.wait()
    assert branch.kept == ["one", "two", "one", "one"]
    assert told == ["one", "two"]


def test_what_ends_before_it_was_kept_is_kept_once_all_the_same(branch: Branch) -> None:
    branch.go.release()
    keeping = Keeping(cast(Any, branch), ["one"], [].append)
    with keeping.going_on():
        pass
    keeping.wait()
    assert branch.kept == ["one"]


def test_a_mistake_with_one_execution_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Neither where it is kept nor where it is told of: the next is, and the same one the next time."""
    kept, told, again = list[str](), list[str](), threading.Event()

    def keep(ids: Sequence[str], **_: bool) -> None:
        kept.extend(ids)
        if kept == ["one"]:
            raise ZeroDivisionError
        if len(kept) == 3:
            again.set()

    def tell(execution_id: str) -> None:
        told.append(execution_id)
        if execution_id == "one":
            raise KeyError(execution_id)

    keeping = Keeping(cast(Any, SimpleNamespace(keep=keep)), ["one", "two"], tell, rest=lambda *_: 0.0)
    with keeping.going_on():
        eventually(lambda: len(told) == 2, "the first time")
        keeping.note(seen(NodeStatus.COMPLETED))
        assert again.wait(30)
    keeping.wait()
    assert (kept, told) == (["one", "two", "one"], ["one", "two"])
    assert [each.getMessage() for each in caplog.records] == [
        "execution one cannot be kept now",
        "execution one is shown late",
    ]


@pytest.mark.parametrize(("outage", "tries"), [(120.0, 3), (-1.0, 1)], ids=["soon back", "given up"])
def test_a_database_that_is_away_is_waited_for(
    outage: float, tries: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "OUTAGE_SECONDS", outage)
    monkeypatch.setattr(module, "AFTER_ERROR_SECONDS", 0.001)
    told, over = list[str](), threading.Event()

    def tell(execution_id: str) -> None:
        told.append(execution_id)
        if execution_id == "two":
            over.set()
        elif len(told) < 3:
            raise Unavailable("the database is away")

    keeping = Keeping(cast(Any, SimpleNamespace(keep=lambda *_, **__: None)), ["one", "two"], tell)
    with keeping.going_on():
        assert over.wait(30)
    keeping.wait()
    assert told == ["one"] * tries + ["two"]
    assert len(caplog.records) == (tries == 1)


@pytest.mark.parametrize(
    ("took", "age", "seconds"), [(0.1, 1.0, 1.0), (2.0, 5.0, 8.0), (2.0, 3600.0, 360.0)], ids=["least", "slow", "old"]
)
def test_keeping_leaves_most_of_the_time_to_others(took: float, age: float, seconds: float) -> None:
    assert pause(took, age) == seconds
