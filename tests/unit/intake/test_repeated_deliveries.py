"""A delivery that is cut short anywhere, and comes again, has been dealt with once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from orchestrator.errors import Unavailable
from orchestrator.lifecycle.intake.answering import answer
from orchestrator.lifecycle.intake.receive import release
from orchestrator.lifecycle.ports import Hold, Ruling, Transaction
from tests.fakes.garden import MEMBER, STRANGER, Garden

FLOWS = {
    "workflows/a.yaml": "on: [pull_request]\nnodes: {look: {run: x}}\n",
    "workflows/b.yaml": "on: {pull_request: , comment: {command: go}}\nconcurrency: one\nnodes: {look: {run: x}}\n",
}
CUTS = range(1, 9)


@contextmanager
def cut_at(garden: Garden, transaction: int, *, after: bool) -> Iterator[None]:
    """The store goes away at the n-th transaction: before it, or right after its commit."""
    store, begin, calls = garden.world.store, garden.world.store.begin, 0

    @contextmanager
    def failing() -> Iterator[Transaction]:
        nonlocal calls
        calls += 1
        if calls == transaction and not after:
            raise Unavailable("the database is away")
        with begin() as tx:
            yield tx
        if calls == transaction and after:
            raise Unavailable("the database is away")

    store.begin = failing  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        store.begin = begin  # type: ignore[method-assign]


def tried(garden: Garden, cut: int, after: bool, deed: Callable[[], object]) -> None:
    with cut_at(garden, cut, after=after), suppress(Unavailable):
        deed()
    deed()


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("cut", CUTS)
def test_executions_start_once(tmp_path: Path, cut: int, after: bool) -> None:
    garden = Garden(tmp_path, FLOWS)
    pull = garden.open(FLOWS)
    tried(garden, cut, after, lambda: garden.pulled(pull, delivery="d"))
    assert sorted(execution.workflow_id for execution in garden.executions) == ["a", "b"]
    with garden.world.store.begin() as tx:
        decided = tx.intake.decided("d")
    assert {each.subject: each.execution_id for each in decided} == {
        execution.workflow_id: execution.id for execution in garden.executions
    }


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("cut", CUTS)
def test_what_was_allowed_and_queued_starts_once(tmp_path: Path, cut: int, after: bool) -> None:
    garden = Garden(tmp_path, {"workflows/b.yaml": FLOWS["workflows/b.yaml"]})
    mine = garden.open({"workflows/b.yaml": FLOWS["workflows/b.yaml"]})
    garden.pulled(mine)
    theirs = garden.open({}, author=STRANGER, fork=True)
    garden.pulled(theirs, delivery="theirs")
    line = f"/mycelium allow {theirs.head_sha}"
    tried(garden, cut, after, lambda: garden.says(MEMBER, line, theirs.number, delivery="allow"))
    with garden.world.store.begin() as tx:
        (held,) = tx.intake.held([Hold.WAITING, Hold.QUEUED])
    assert held.state is Hold.QUEUED
    garden.world.work()
    tried(garden, cut, after, lambda: release(garden.desk))
    assert [execution.base for execution in garden.executions] == [mine.head_sha, theirs.head_sha]
    with garden.world.store.begin() as tx:
        (made,) = tx.intake.decided("theirs")
    assert (made.ruling, made.execution_id) == (Ruling.MATCHED, garden.executions[1].id)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("cut", CUTS)
def test_whoever_asked_is_told_in_one_comment(tmp_path: Path, cut: int, after: bool) -> None:
    garden = Garden(tmp_path, FLOWS)
    pull = garden.open(FLOWS)
    tried(garden, cut, after, lambda: garden.says(MEMBER, "/mycelium go", pull.number, delivery="d"))
    tried(garden, cut, after, lambda: answer(garden.desk))
    replies = [body for body in garden.github.comment_bodies(pull.number) if "mycelium:answers" in body]
    assert len(replies) == 1
    assert len(garden.executions) == 1
    with garden.world.store.begin() as tx:
        assert tx.intake.untold() == []
