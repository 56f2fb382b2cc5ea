"""What is kept of changes to definitions: the fake, SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.execution.showing import Proposal, Shown
from orchestrator.lifecycle.ports import Store
from orchestrator.store.opening import open_store
from tests.fakes.postgres import PostgresDatabases
from tests.fakes.store import MemoryStore

PULL = Proposal(repository="octo/demo", number=7, instance="here")
PUSH = Proposal(repository="octo/demo", before="b" * 40, after="a" * 40, instance="here")


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.xdist_group("postgresql"))])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
        return
    url = f"sqlite:///{tmp_path}/state.db"
    if request.param == "postgresql":
        databases: PostgresDatabases = request.getfixturevalue("postgres_databases")
        url = databases.create()
    opened = open_store(url, home=tmp_path)
    yield opened
    opened.close()


def propose(store: Store, *found: Proposal) -> None:
    for each in found:
        with store.begin() as tx:
            tx.propose(each)


def test_what_is_proposed_is_behind_until_it_is_told(store: Store) -> None:
    propose(store, PULL, PUSH, replace(PULL, number=8, instance="there"))
    assert store.proposals("here") == [PUSH, PULL]
    shown = (Shown(place="check", github_id=2**40, digest="d", annotations=3, refused="no \ud800 \0"), Shown(place="x"))
    told = replace(PULL, told=1, refused=("check", "comment"), trouble="No.", shown=shown)
    with store.begin() as tx:
        tx.put_proposal(replace(told, instance="not told", changes=9))
    assert store.proposals("here") == [PUSH]
    assert store.proposal("octo/demo", "pull/7") == told
    assert store.proposal("octo/demo", f"commit/{'a' * 40}") == PUSH
    assert store.proposal("octo/other", "pull/7") is None


def test_what_is_proposed_again_is_looked_at_again_by_who_says_so_last(store: Store) -> None:
    propose(store, PULL)
    known = replace(PULL, told=1, refused=("check",), trouble="No.", shown=(Shown(place="check", github_id=3),))
    with store.begin() as tx:
        tx.put_proposal(known)
    propose(store, replace(PULL, instance="there"))
    assert store.proposals("here") == []
    assert store.proposals("there") == [replace(known, instance="there", changes=2, refused=(), trouble="")]


def test_who_looked_meanwhile_does_not_hide_what_came_since(store: Store) -> None:
    propose(store, PULL)
    (seen,) = store.proposals("here")
    propose(store, PULL)
    with store.begin() as tx:
        tx.put_proposal(replace(seen, told=seen.changes))
    (found,) = store.proposals("here")
    assert (found.changes, found.told) == (2, 1)
