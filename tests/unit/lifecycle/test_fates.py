"""Looking after what was published: at events, and once an hour as long as it is open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from orchestrator.definition.publish import PublishKind
from orchestrator.execution.publication import Fate, Fates
from orchestrator.lifecycle.definitions.committed import CommittedDefinitions
from orchestrator.lifecycle.intake.occasion import Delivery, Desk
from orchestrator.lifecycle.intake.receive import receive
from orchestrator.lifecycle.ports import Scope
from orchestrator.lifecycle.publishing.fates import heard, look_after
from tests.fakes.garden import reader_of
from tests.fakes.world import World
from tests.unit.lifecycle.test_publishing import Setting, set_up


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
    assert look_after(services) == 0
    number = setting.published(execution)["pull-request"].number
    settle(setting, number, state="closed")
    reviews = setting.github.repo.reviews[setting.pull.number]
    reviews[0] = replace(reviews[0], state="DISMISSED")
    issue = next(iter(setting.github.repo.issues.values()))
    setting.github.repo.issues[issue.number] = replace(issue, state="closed")
    clock.advance(3601)
    assert look_after(services) == 3
    targets = ("pull-request", "review", "issue", "comment")
    found = [fate(setting, execution.id, target) for target in targets]
    assert found == [Fate.DISMISSED, Fate.DISMISSED, Fate.DONE, None]
    clock.advance(3601)
    assert look_after(services) == 0
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
