"""GitHub's own examples of events, each as the event of a job: what starts on it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from action import job
from action.forks import deliveries
from orchestrator.definition.triggers import EVENTS
from orchestrator.lifecycle.intake.in_job import startable
from orchestrator.lifecycle.intake.receive import receive
from tests.fakes.actions_runner.events import examples
from tests.fakes.garden import MEMBER, Garden
from tests.fakes.payloads import REPOSITORY, account

LABEL = "bug"
ON = {
    "comment": "{comment: {command: review}}",
    "label": f"{{label: {{name: {LABEL}}}}}",
    "pull_request": "{pull_request: {types: [opened, closed, labeled, locked, unassigned]}}",
    "schedule": "{schedule: [{cron: 0 6 * * 1}]}",
}
"""What the workflow of each event has for `on`, where it is more than the name."""
FILES = {f"workflows/{name}.yaml": f"on: {ON.get(name, name)}\nnodes: {{only: {{run: x}}}}\n" for name in EVENTS}
TYPES = ("opened", "closed", "labeled", "locked", "unassigned")


@pytest.fixture(scope="module")
def garden(tmp_path_factory: pytest.TempPathFactory) -> Garden:
    return Garden(tmp_path_factory.mktemp("garden"), FILES)


def here(garden: Garden, name: str, told: dict[str, Any]) -> dict[str, Any]:
    """The example as an event of this repository, by somebody who may do all that; every other field stays."""
    by = account(MEMBER.login, MEMBER.id)
    told.setdefault("repository", {}).update(full_name=REPOSITORY, default_branch="main")
    told["sender"] = by
    pull = next(iter(garden.github.repo.pull_requests.values()))
    if "pull_request" in told:
        there = {"full_name": REPOSITORY}
        told["pull_request"].update(number=pull.number, user=by)
        told["pull_request"]["head"].update(sha=pull.head_sha, ref=pull.head_ref, repo=there)
        told["pull_request"]["base"].update(sha=pull.base_sha, ref=pull.base_ref, repo=there)
    if name == "push" and not told["deleted"]:
        told["after"] = told["head_commit"]["id"] = garden.main
    if name == "merge_group":
        told["merge_group"].update(head_sha=garden.main, base_sha=garden.main)
    if name == "issue_comment":
        told["comment"].update(body="/mycelium review", user=by)
    if "pull_request" in told.get("issue", {}):
        told["issue"]["number"] = pull.number
    if name in ("workflow_dispatch", "repository_dispatch"):
        told.update(ref="refs/heads/main", branch="main")
    if "label" in told and name in ("pull_request", "issues"):
        told["label"]["name"] = LABEL
    return told


def expected(name: str, told: dict[str, Any]) -> set[str]:
    """The workflows that start, by what `docs/action.md` says of the events."""
    action = told.get("action", "")
    match name:
        case "pull_request":
            found = {name} if action in TYPES else set()
            return found | ({"label"} if action == "labeled" else set())
        case "issues":
            return {name} | ({"label"} if action == "labeled" else set())
        case "issue_comment":
            return {"comment"} if action == "created" else set()
        case "push":
            return set() if told["deleted"] else {name}
        case "label":  # of the repository, by whoever makes one: another thing than the trigger of that name
            return set()
        case _:
            return {name} & EVENTS.keys()


def kinds() -> Iterator[tuple[str, dict[str, Any]]]:
    """The first example of each event and activity."""
    seen: set[tuple[str, str]] = set()
    for name, told in examples():
        kind = (name, str(told.get("action")) + str(told.get("deleted")))
        if kind not in seen:
            seen.add(kind)
            yield name, told


def test_each_example_of_github_starts_what_names_it(garden: Garden, tmp_path: Path) -> None:
    garden.open(FILES)
    started: set[str] = set()
    for number, (name, told) in enumerate(kinds()):
        payload = here(garden, name, told)
        (tmp_path / "event.json").write_text(json.dumps(payload))
        given = {"EVENT_NAME": name, "EVENT_PATH": str(tmp_path / "event.json"), "RUN_ID": str(number)}
        here_ran = job.read({f"GITHUB_{key}": value for key, value in given.items()})
        desk = replace(garden.desk, job="https://github.example/runs/1", definitions=garden.fresh_definitions())
        (delivery,) = deliveries(here_ran, desk)
        what = f"{name} {told.get('action')}"
        wanted = expected(name, told)
        found = {workflow.id for workflow in startable(desk, delivery).workflows}
        # A comment may mean executions of any workflow.
        assert found == (set(EVENTS) if wanted == {"comment"} else wanted), what
        decided = {each.subject for each in receive(desk, delivery) if each.execution_id}
        assert decided == wanted, what
        started |= decided
    assert started == EVENTS.keys() - {"schedule"}
