"""A workflow that a commit breaks goes on as it last was valid, and everybody is told; a proposal that breaks one does
not run."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from orchestrator.lifecycle.intake.schedules import fire
from orchestrator.lifecycle.ports import Decision, Ruling
from orchestrator.lifecycle.report import as_json, view
from orchestrator.report.comment import comment
from tests.fakes.garden import MEMBER, OWNER, STRANGER, Garden

ON = "{pull_request: , push: , workflow_dispatch: , comment: {command: look}, schedule: [{cron: '30 * * * *'}]}"
FLOW = f"on: {ON}\ntrust: {{forks: approve}}\nnodes: {{look: {{run: echo valid}}}}\n"
VALID = {"workflows/flow.yaml": FLOW, "README.md": "one"}
BROKEN = {"workflows/flow.yaml": FLOW.replace("run:", "ran:"), "README.md": "one"}


@pytest.fixture
def garden(tmp_path: Path) -> Garden:
    return Garden(tmp_path, VALID)


def goes_on(garden: Garden, made: Decision, valid: str) -> bool:
    """Whether the execution that came of it follows the valid version, and the decision says so."""
    plan = garden.world.store.plan(made.execution_id)
    tip = garden.github.repo.branches["main"]
    told = f"the file is invalid at {tip[:12]}, and its last valid version counts, of {valid[:12]}"
    return (plan.source, plan.last_valid) == (FLOW, valid) and told in made.reason


def test_the_push_that_breaks_it_and_all_that_comes_after(garden: Garden) -> None:
    valid, tip = garden.main, garden.push(BROKEN)
    (pushed,) = garden.pushes(OWNER, "refs/heads/main", valid, tip)
    assert goes_on(garden, pushed, valid)
    assert garden.executions[-1].base == tip
    for line in ("/mycelium look", "/mycelium run flow"):
        (commanded,) = garden.says(MEMBER, line, 77, on="issue")
        assert goes_on(garden, commanded, valid)
    fire(garden.desk)
    garden.world.clock.advance(timedelta(minutes=30).total_seconds())
    (fired,) = fire(garden.desk)
    assert goes_on(garden, fired, valid)
    seen = view(garden.world.services, fired.execution_id)
    assert as_json(seen)["last_valid"] == valid
    assert f"this is its last valid version, of commit {valid[:12]}" in comment(seen)


def test_of_a_strangers_pull_request_the_bases_last_valid_version_counts(garden: Garden) -> None:
    valid = garden.main
    garden.push(BROKEN)
    pull = garden.open({**VALID, "README.md": "two"}, author=STRANGER, fork=True)
    (waits,) = garden.pulled(pull)
    assert waits.ruling is Ruling.WAITING
    (allowed,) = garden.says(MEMBER, f"/mycelium allow {pull.head_sha[:12]}", pull.number)
    assert allowed.ruling is Ruling.MATCHED
    (execution,) = garden.executions
    assert garden.world.store.plan(execution.id).last_valid == valid


def test_a_pull_request_that_breaks_it_itself_does_not_run(garden: Garden) -> None:
    assert garden.pulled(garden.open(BROKEN)) == []
    (asked,) = garden.says(MEMBER, "/mycelium run flow", 1)
    assert "there are problems in `workflows/flow.yaml`" in asked.reason
    assert garden.executions == []


def test_and_one_that_only_builds_on_what_is_broken_does(garden: Garden) -> None:
    valid = garden.main
    garden.push(BROKEN)
    (made,) = garden.pulled(garden.open({**BROKEN, "README.md": "two"}))
    assert made.ruling is Ruling.MATCHED
    assert garden.world.store.plan(made.execution_id).last_valid == valid
    (mended,) = garden.pulled(garden.open(VALID))
    assert garden.world.store.plan(mended.execution_id).last_valid == ""


def test_a_branch_of_ones_own_has_no_last_valid_version(garden: Garden) -> None:
    tip = garden.push(BROKEN, branch="mine")
    assert garden.pushes(MEMBER, "refs/heads/mine", garden.main, tip) == []
