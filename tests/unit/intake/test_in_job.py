"""In a job of Actions: what an event may start, and a workflow that the job names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import InvalidDefinition, NotFound
from orchestrator.execution.commit import FileChange
from orchestrator.execution.state import TriggerKind
from orchestrator.lifecycle.intake.in_job import start_named, startable
from orchestrator.lifecycle.intake.occasion import Delivery, Desk
from orchestrator.lifecycle.ports import Ruling
from tests.fakes.garden import MEMBER, STRANGER, Garden
from tests.fakes.payloads import account, commented, opened, pushed

NODES = "nodes: {look: {run: x}}\n"
FILES = {
    "workflows/review.yaml": f"on: {{pull_request: {{types: [opened]}}}}\n{NODES}",
    "workflows/site.yaml": f"on: {{push: {{branches: [main]}}}}\ninputs: {{depth: {{default: '1'}}}}\n{NODES}",
    "workflows/broken.yaml": "nodes: 5\n",
}
JOB = "https://github.example/octo-org/garden/actions/runs/77"


@pytest.fixture
def garden(tmp_path: Path) -> Garden:
    return Garden(tmp_path, FILES)


def desk_of(garden: Garden) -> Desk:
    return replace(garden.desk, job=JOB)


def push(garden: Garden, by: str = "mia", number: int = 2) -> Delivery:
    return Delivery(id="77", event="push", payload=pushed(after=garden.main, sender=account(by, number)))


def test_only_what_the_triggers_fit_may_start(garden: Garden) -> None:
    pull = garden.open(FILES)

    def names(event: str, payload: dict[str, object]) -> list[str]:
        found = startable(garden.desk, Delivery(id="1", event=event, payload=payload))
        return [each.id for each in found.workflows]

    assert names("push", push(garden).payload) == ["site"]
    head = {"number": pull.number, "head": pull.head_sha, "sender": account("mia", 2), "author": account("mia", 2)}
    assert names("pull_request", opened("opened", **head)) == ["review"]
    assert names("pull_request", opened("closed", **head)) == []
    assert names("issue_comment", commented("Nice.", number=pull.number)) == []
    assert names("issue_comment", commented("/mycelium status", number=pull.number)) == ["review", "site"]
    assert names("release", {}) == []
    found = startable(garden.desk, push(garden))
    assert [str(each.place) for each in found.problems] == ["workflows/broken.yaml:1:8"]
    assert [each.id for each in startable(garden.desk, push(garden), name="review").workflows] == ["review"]
    assert garden.executions == []


def test_a_named_workflow_starts_whatever_its_triggers_say(garden: Garden) -> None:
    made = start_named(desk_of(garden), push(garden), "review", {})
    assert made
    assert made.ruling is Ruling.MATCHED
    assert start_named(desk_of(garden), push(garden), "review", {}) == made
    (execution,) = garden.executions
    assert (execution.trigger, execution.triggered_by) == (TriggerKind.GITHUB_ACTION, "mia")
    assert execution.target
    assert execution.target.job_url == JOB


def test_what_the_event_changes_in_workflows_is_noted_all_the_same(garden: Garden) -> None:
    pull = garden.open({**FILES, "workflows/broken.yaml": NODES})
    garden.github.repo.files[pull.number] = [FileChange(path="workflows/broken.yaml", status="modified")]
    event = opened(number=pull.number, head=pull.head_sha, sender=account("mia", MEMBER.id))
    start_named(desk_of(garden), Delivery(id="78", event="pull_request", payload=event), "review", {})
    assert [each.number for each in garden.world.store.proposals("here")] == [pull.number]


def test_but_not_for_those_whom_it_does_not_trust(garden: Garden) -> None:
    made = start_named(desk_of(garden), push(garden, STRANGER.login, STRANGER.id), "review", {})
    assert made
    assert made.ruling is Ruling.DENIED
    pull = garden.open(FILES, author=STRANGER, fork=True)
    event = opened(number=pull.number, head=pull.head_sha, fork=True, sender=account("mia", MEMBER.id))
    waiting = start_named(desk_of(garden), Delivery(id="78", event="pull_request", payload=event), "site", {})
    assert waiting
    assert waiting.ruling is Ruling.WAITING
    assert garden.executions == []


@pytest.mark.parametrize(("name", "inputs", "error"), [("reviews", {}, NotFound), ("broken", {}, InvalidDefinition)])
def test_what_cannot_be_named(garden: Garden, name: str, inputs: dict[str, str], error: type[Exception]) -> None:
    with pytest.raises(error):
        start_named(garden.desk, push(garden), name, inputs)


def test_inputs_reach_it_and_those_that_do_not_fit_are_denied(garden: Garden) -> None:
    made = start_named(garden.desk, push(garden), "workflows/site.yaml", {"depth": "3"})
    assert made
    assert garden.executions[0].inputs == {"depth": "3"}
    refused = start_named(garden.desk, replace(push(garden), id="79"), "site", {"width": "3"})
    assert refused
    assert (refused.ruling, refused.rule) == (Ruling.DENIED, "inputs")


def test_who_lets_strangers_start_once_and_for_all_and_shows_nothing(garden: Garden) -> None:
    pull = garden.open(FILES, author=STRANGER, fork=True)
    sender = account(STRANGER.login, STRANGER.id)
    event = opened(number=pull.number, head=pull.head_sha, fork=True, sender=sender, author=sender)
    desk = replace(desk_of(garden), silent=True, allowed_by="GitHub")
    made = start_named(desk, Delivery(id="80", event="pull_request", payload=event), "review", {})
    assert made
    assert made.ruling is Ruling.MATCHED
    assert garden.executions[0].target is None
