"""Looking after what was published: at events, and once an hour as long as it is open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from orchestrator.definition.publish import PublishKind
from orchestrator.execution.fates import look_at_labels, looked_at
from orchestrator.execution.publication import Fate, Fates, Publication
from orchestrator.lifecycle.definitions.committed import CommittedDefinitions
from orchestrator.lifecycle.intake.occasion import Delivery, Desk
from orchestrator.lifecycle.intake.receive import receive
from orchestrator.lifecycle.ports import Scope
from orchestrator.lifecycle.publishing.fates import heard, look_after
from orchestrator.lifecycle.rerun import rerun
from orchestrator.site.stored import StoredExecutions
from tests.fakes.garden import reader_of
from tests.fakes.world import World
from tests.unit.lifecycle.test_publishing import Setting, set_up

LABELS = Publication(
    execution_id="1",
    target="labels",
    kind=PublishKind.LABELS,
    workflow_id="w",
    ended_at=datetime(2026, 3, 1, tzinfo=UTC),
)


@pytest.fixture
def setting(world_with: Callable[..., World]) -> Setting:
    return set_up(world_with)


def settle(setting: Setting, number: int | None, **changes: Any) -> None:
    pulls = setting.github.repo.pull_requests
    pulls[number or 0] = replace(pulls[number or 0], **changes)


def event(setting: Setting, number: int | None, *, repository: str = "octo/demo") -> dict[str, Any]:
    return {"action": "closed", "pull_request": {"number": number}, "repository": {"full_name": repository}}


def fate(setting: Setting, execution_id: str, target: str) -> Fate | None:
    return {each.target: each.fate for each in setting.world.store.publications(execution_id)}[target]


def test_an_event_is_the_occasion_to_look(setting: Setting) -> None:
    execution = setting.run("  pull-request: fix")
    number = setting.published(execution)["pull-request"].number
    settle(setting, number, state="closed", merged=True)
    services = setting.world.services
    assert heard(services, "issue_comment", event(setting, number)) == 0
    assert heard(services, "pull_request", event(setting, 99)) == 0
    assert heard(services, "pull_request", event(setting, number, repository="octo/other")) == 0
    assert fate(setting, execution.id, "pull-request") is Fate.OPEN
    assert look_after(services) == 0
    assert heard(services, "pull_request", event(setting, number)) == 1
    assert look_after(services) == 1
    assert fate(setting, execution.id, "pull-request") is Fate.MERGED
    assert heard(services, "pull_request", event(setting, number)) == 0


def test_a_delivery_is_such_an_occasion(setting: Setting) -> None:
    execution = setting.run("  issue: {title: T}")
    number = setting.published(execution)["issue"].number
    definitions = CommittedDefinitions(reader_of(setting.world.git))
    desk = Desk(services=setting.world.services, github=setting.github, definitions=definitions)
    payload: dict[str, Any] = {
        "action": "edited",
        "issue": {"number": number},
        "repository": {"full_name": "octo/demo"},
    }
    assert look_after(setting.world.services) == 0
    assert receive(desk, Delivery(id="1", event="issues", payload=payload)) == []
    assert look_after(setting.world.services) == 1


def test_what_is_open_is_looked_at_once_an_hour(setting: Setting) -> None:
    execution = setting.run("  pull-request: fix\n  review: review\n  issue: {title: T}\n  comment: x")
    services, clock = setting.world.services, setting.world.clock
    assert look_after(services) == 0
    clock.advance(3601)
    assert look_after(services) == 3
    assert look_after(services) == 1
    assert look_after(services) == 0
    number = setting.published(execution)["pull-request"].number
    settle(setting, number, state="closed")
    reviews = setting.github.repo.reviews[setting.pull.number]
    reviews[0] = replace(reviews[0], state="DISMISSED")
    issue = next(iter(setting.github.repo.issues.values()))
    setting.github.repo.issues[issue.number] = replace(issue, state="closed")
    clock.advance(3601)
    assert look_after(services) == 3
    assert look_after(services) == 1
    targets = ("pull-request", "review", "issue", "comment")
    found = [fate(setting, execution.id, target) for target in targets]
    assert found == [Fate.DISMISSED, Fate.DISMISSED, Fate.DONE, Fate.OPEN]
    clock.advance(3601)
    assert look_after(services) == 1
    assert setting.world.store.history().fates(Scope(agent="python-pro")) == [
        Fates(agent="python-pro", kind=PublishKind.PULL_REQUEST, published=1, fates={Fate.DISMISSED: 1})
    ]


def test_the_control_loop_looks_now_and_then(setting: Setting) -> None:
    execution = setting.run("  pull-request: fix")
    settle(setting, setting.published(execution)["pull-request"].number, state="closed", merged=True)
    setting.world.clock.advance(3601)
    setting.world.control.step()
    assert fate(setting, execution.id, "pull-request") is Fate.MERGED


def test_what_is_gone_was_dismissed(setting: Setting) -> None:
    execution = setting.run("  issue: {title: T}")
    setting.github.repo.issues.clear()
    setting.world.clock.advance(3601)
    assert look_after(setting.world.services) == 1
    assert fate(setting, execution.id, "issue") is Fate.DISMISSED


def test_a_comment_is_edited_or_removed(setting: Setting) -> None:
    execution = setting.run("  comment: All is well")
    comments, services = setting.github.repo.comments, setting.world.services
    (ident,) = [each.remote_id for each in setting.world.store.publications(execution.id)]
    number, said = comments[ident or 0]
    telling = {
        "issue": {"number": number, "pull_request": {}},
        "comment": {"id": ident},
        "repository": {"full_name": "octo/demo"},
    }

    def told(action: str) -> Fate | None:
        assert heard(services, "issue_comment", {**telling, "action": action}) == 1
        assert look_after(services) == 1
        return fate(setting, execution.id, "comment")

    assert heard(services, "issue_comment", {**telling, "action": "created"}) == 0
    comments[ident or 0] = number, replace(said, body=said.body.replace("\n", "\r\n") + "\n")
    assert told("edited") is Fate.OPEN, "as GitHub may give it back"
    comments[ident or 0] = number, replace(said, body=said.body.replace("well", "bad"))
    assert told("edited") is Fate.EDITED
    comments[ident or 0] = number, said
    settle(setting, number, state="closed")
    del comments[ident or 0]
    assert told("deleted") is Fate.DISMISSED
    assert heard(services, "issue_comment", {**telling, "action": "deleted"}) == 0


@pytest.mark.parametrize(
    ("labels", "closed", "seen"),
    [
        (["bug", "Good first"], False, Fate.OPEN),
        (["BUG", "good first", "more"], True, Fate.DONE),
        (["bug"], False, Fate.EDITED),
        (["bug", "good first", "old"], True, Fate.EDITED),
        (["more"], False, Fate.DISMISSED),
    ],
)
def test_labels_are_kept_or_taken_off(labels: list[str], closed: bool, seen: Fate) -> None:
    found = looked_at(LABELS, look_at_labels("+bug +good first -old", labels, closed=closed), LABELS.ended_at)
    assert found.fate is seen
    assert found.final == (closed or seen is Fate.DISMISSED)


def test_what_was_published_before_a_rerun_keeps_its_fate(setting: Setting) -> None:
    execution = setting.run("  pull-request: fix")
    first = setting.published(execution)["pull-request"]
    settle(setting, first.number, state="closed")
    setting.world.clock.advance(3601)
    assert look_after(setting.world.services) == 1
    rerun(setting.world.services, execution.id, failed_only=False, node="fix")
    while setting.world.work():
        pass
    setting.world.control.step()
    found = setting.published(execution)
    assert found[f"pull-request #{first.number}"].fate is Fate.DISMISSED
    assert found["pull-request"].number != first.number
    assert found["pull-request"].fate is Fate.OPEN
    (fates,) = setting.world.store.history().fates(Scope(agent="python-pro"))
    assert (fates.published, fates.fates) == (2, {Fate.OPEN: 1, Fate.DISMISSED: 1})


def test_pages_of_agents_are_made_anew_for_a_fate(setting: Setting) -> None:
    execution = setting.run("  pull-request: fix")
    source = StoredExecutions(setting.world.services)
    before = source.agents_key()
    assert source.agents_key() == before
    settle(setting, setting.published(execution)["pull-request"].number, state="closed", merged=True)
    setting.world.clock.advance(3601)
    look_after(setting.world.services)
    assert source.agents_key() != before
