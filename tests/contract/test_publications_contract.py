"""What is kept of publications: the fake, SQLite, and PostgreSQL where a server and a driver are installed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestrator.definition.model import Workflow
from orchestrator.definition.publish import PublishKind
from orchestrator.execution.publication import Fate, Fates, Publication, PublicationState
from orchestrator.execution.state import Execution, Plan
from orchestrator.lifecycle.ports import Scope, Store
from orchestrator.store.opening import open_store
from tests.fakes import sqlite
from tests.fakes.postgres import PostgresDatabases
from tests.fakes.store import MemoryStore

NOW = datetime(2026, 3, 4, 12, 30, 15, 123457, tzinfo=UTC)
HOUR = timedelta(hours=1)
ALL = Scope(replayed=True)


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.xdist_group("postgresql"))])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "memory":
        opened: Store = MemoryStore()
    elif request.param == "sqlite":
        opened = open_store(sqlite.with_tables(tmp_path), home=tmp_path)
    else:
        databases: PostgresDatabases = request.getfixturevalue("postgres_databases")
        opened = open_store(databases.emptied(), home=tmp_path)
    for number, (execution_id, instance) in enumerate((("01a", "here"), ("01b", "here"), ("01c", "there")), 1):
        execution = Execution(
            id=execution_id,
            number=number,
            workflow_id="review",
            workflow_name="Review",
            instance=instance,
            created_at=NOW,
        )
        definition = Workflow(id="review", path="workflows/review.yaml", name="Review", nodes={})
        with opened.begin() as tx:
            tx.insert(execution, Plan(definition=definition, source=""), [], [])
    yield opened
    opened.close()


def publication(execution_id: str = "01a", target: str = "pull-request", **changes: object) -> Publication:
    values: dict[str, object] = {
        "execution_id": execution_id,
        "target": target,
        "kind": PublishKind.PULL_REQUEST,
        "node": "fix",
        "agents": ("python-pro", "test-writer"),
        "workflow_id": "review",
        "repository": "octo/demo",
        "ended_at": NOW,
    }
    return Publication(**(values | changes))  # type: ignore[arg-type]


def published(execution_id: str = "01a", target: str = "pull-request", **changes: object) -> Publication:
    values: dict[str, object] = {
        "state": PublicationState.PUBLISHED,
        "fate": Fate.OPEN,
        "number": 7,
        "published_at": NOW,
    }
    return publication(execution_id, target, **(values | changes))


def put(store: Store, *found: Publication) -> None:
    for each in found:
        with store.begin() as tx:
            tx.lock(each.execution_id)
            tx.put_publication(each)


def test_all_that_a_publication_says_comes_back_and_is_replaced(store: Store) -> None:
    whole = publication(
        reason="Draft pull requests are not supported ✗",
        title="Fix “it”",
        number=12,
        remote_id=2**40,
        url="https://github.example/octo/demo/pull/12",
        branch="mycelium/review/1",
        commit="a" * 40,
        not_before=NOW + HOUR,
        tries=3,
        published_at=NOW,
        fate=Fate.EDITED,
        final=True,
        checked_at=NOW,
        replayed=True,
    )
    bare = publication(target="comment:2", kind=PublishKind.COMMENT, agents=())
    put(store, whole, bare)
    assert store.publications("01a") == [bare, whole]
    changed = replace(whole, state=PublicationState.PUBLISHED, agents=("python-pro",), not_before=None)
    put(store, changed)
    assert store.publications("01a") == [bare, changed]
    with store.begin() as tx:
        assert tx.publications("01a") == [bare, changed]
    assert store.publications("01b") == []


def failed(store: Store) -> None:
    with store.begin() as tx:
        tx.lock("01a")
        tx.put_publication(publication())
        _ = 1 / 0


def test_nothing_is_written_without_the_lock_or_after_an_error(store: Store) -> None:
    with pytest.raises(RuntimeError), store.begin() as tx:
        tx.put_publication(publication())
    with pytest.raises(ZeroDivisionError):
        failed(store)
    assert store.publications("01a") == []


def test_what_is_due_is_planned_of_this_instance_and_not_put_off(store: Store) -> None:
    put(
        store,
        publication("01a", "comment"),
        publication("01a", "issue", not_before=NOW + HOUR),
        publication("01b", "labels", not_before=NOW - HOUR),
        publication("01b", "push", state=PublicationState.REFUSED),
        publication("01c", "comment"),
    )
    due = store.due_publications("here", NOW)
    assert [(each.execution_id, each.target) for each in due] == [("01a", "comment"), ("01b", "labels")]
    assert store.due_publications("here", NOW, limit=1) == due[:1]
    assert due[0].agents == ("python-pro", "test-writer")
    assert len(store.due_publications("here", NOW + HOUR)) == 3
    assert store.next_due("here") == NOW - HOUR
    put(store, publication("01b", "labels", state=PublicationState.PUBLISHED))
    assert store.next_due("here") == NOW + HOUR
    assert store.next_due("there") is None


def test_those_longest_not_looked_at_are_followed_first(store: Store) -> None:
    put(
        store,
        published("01a", "review", checked_at=NOW - 2 * HOUR),
        published("01a", "issue", checked_at=NOW - 3 * HOUR, number=8),
        published("01b", "pull-request"),
        published("01b", "push", checked_at=NOW),
        published("01b", "labels", fate=None),
        published("01b", "merged", fate=Fate.MERGED, final=True),
        published("01c", "elsewhere", repository="octo/other"),
        publication("01c", "planned", fate=Fate.OPEN),
    )
    found = store.followed("octo/demo", before=NOW - HOUR, limit=10)
    assert [each.target for each in found] == ["pull-request", "issue", "review"]
    assert store.followed("octo/demo", before=NOW - HOUR, limit=1) == found[:1]
    assert [each.target for each in store.followed_at("octo/demo", 7)] == ["review", "pull-request", "push"]
    assert store.followed_at("octo/demo", 9) == []


def test_fates_are_counted_for_each_agent_that_had_a_part(store: Store) -> None:
    put(
        store,
        published("01a", "one", fate=Fate.MERGED, final=True),
        published("01a", "two", fate=Fate.MERGED, agents=("python-pro",)),
        published("01b", "three", fate=Fate.DISMISSED, published_at=NOW - HOUR),
        published("01b", "four", kind=PublishKind.COMMENT, fate=None),
        published("01b", "five", replayed=True),
        publication("01b", "six"),
    )
    history = store.history()
    pro, writer = "python-pro", "test-writer"
    assert history.fates(Scope()) == [
        Fates(agent=pro, kind=PublishKind.COMMENT, published=1, fates={}),
        Fates(agent=pro, kind=PublishKind.PULL_REQUEST, published=3, fates={Fate.MERGED: 2, Fate.DISMISSED: 1}),
        Fates(agent=writer, kind=PublishKind.COMMENT, published=1, fates={}),
        Fates(agent=writer, kind=PublishKind.PULL_REQUEST, published=2, fates={Fate.MERGED: 1, Fate.DISMISSED: 1}),
    ]
    assert [found.published for found in history.fates(Scope(agent=writer, since=NOW))] == [1, 1]
    assert history.fates(Scope(workflow_id="other")) == []
    assert sum(found.published for found in history.fates(ALL)) == 9
