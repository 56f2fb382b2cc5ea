"""History that nodes compare with, where the checkout of a job leaves it out."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.definition.event import read_event
from orchestrator.definition.model import JsonValue, WorkspaceMode
from orchestrator.execution.log_line import Level
from orchestrator.lifecycle.attempts.compared import compared_with
from tests.fakes.git import MemoryGit
from tests.fakes.world import World, node, workflow

PULL: dict[str, JsonValue] = {"pull_request": {"number": 1, "base": {"sha": "b" * 40}}}


@pytest.mark.parametrize(
    ("name", "payload", "commit"),
    [
        ("pull_request", PULL, "b" * 40),
        ("issue_comment", {"issue": {"number": 1}, **PULL}, "b" * 40),
        ("pull_request", {"pull_request": {"number": 1}}, None),
        ("merge_group", {"merge_group": {"base_sha": "b" * 40}}, "b" * 40),
        ("push", {"before": "b" * 40, "after": "c" * 40}, None),
        ("schedule", {"schedule": "1 2 * * *"}, None),
    ],
)
def test_what_an_events_commits_would_be_merged_into(name: str, payload: dict[str, JsonValue], commit: str) -> None:
    assert compared_with(read_event(name, payload)) == commit


def test_nodes_of_an_event_find_its_history_and_others_find_what_the_clone_has(world: World) -> None:
    flow = workflow(node("reads"), node("bare", workspace=WorkspaceMode.NONE))
    world.run(flow, event={"inputs": {}})
    assert world.git.deepened == []
    execution = world.run(flow, event_name="schedule", event={"schedule": "1 2 * * *"})
    assert world.git.deepened == [(execution.base, None)]


def test_history_that_cannot_be_had_is_a_line_in_the_log_and_the_node_runs(world: World, tmp_path: Path) -> None:
    world.git.origin = MemoryGit(tmp_path / "origin")
    execution = world.run(workflow(node("reads")), event_name="pull_request", event=PULL)
    assert world.statuses(execution) == {"reads": "completed"}
    (said,) = [line for line in world.logs.read(execution.id) if line.level is Level.WARNING]
    assert said.text.startswith("History down to bbbbbbbbbbbb is not here and cannot be fetched: there is no commit")
