"""Which job of Actions ends which: the generated `concurrency`, by GitHub's rules, loses no work.

At most one run of a group is at work and one waits. One that comes to a group where another is at work waits, and takes
the place of the one that waited; with `cancel-in-progress` it ends the one at work too.
https://docs.github.com/en/actions/how-tos/write-workflows/choose-when-workflows-run/control-workflow-concurrency
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import pytest
from ruamel.yaml import YAML

from orchestrator.cli.init.actions_file import ActionsFile
from orchestrator.cli.init.asked_of_actions import asked
from orchestrator.cli.init.existing import read
from orchestrator.definition.expressions import interpolate_text
from orchestrator.definition.matching import DEFAULT_TYPES
from orchestrator.definition.parse import load_workflow

REVIEW = "{pull_request: {types: [opened, synchronize, reopened, ready_for_review], draft: false}}"
FLOWS = {
    "one like the others": {"review": REVIEW},
    "a check beside a review": {"own": "pull_request", "review": REVIEW},
    "the first head alone": {"improve": "{pull_request: {types: [opened]}}", "own": "pull_request"},
    "no push": {"improve": "{pull_request: {types: [opened, ready_for_review]}}"},
    "pushes alone": {"own": "{pull_request: {types: [synchronize, edited]}}", "go": "{label: {name: go}}"},
}
HAPPENINGS = (
    *(("pull_request", action) for action in ("opened", "ready_for_review", "reopened", "synchronize", "labeled")),
    *(("pull_request", "edited"), ("issue_comment", "created"), ("pull_request_review", "submitted")),
    *(("issues", "opened"), ("repository_dispatch", "synchronize"), ("push", ""), ("schedule", "")),
)


@dataclass(frozen=True, kw_only=True)
class Run:
    """One of a file; `starts` are the workflows that the event starts."""

    number: int
    event: str
    action: str
    starts: frozenset[str]
    group: str
    ends_others: bool


@dataclass
class GitHub:
    """Its groups: who is at work in each, who waits, and who was ended or left out, by whom."""

    concurrency: Mapping[str, Any]
    types: Mapping[str, Sequence[str]]
    at_work: dict[str, Run] = field(default_factory=dict)
    waiting: dict[str, Run] = field(default_factory=dict)
    lost: list[tuple[Run, Run]] = field(default_factory=list)
    count: int = 0

    def happens(self, event: str, action: str) -> Run:
        self.count += 1
        about = {"pull_request": {"number": 7}} if event in ("pull_request", "pull_request_review") else {}
        contexts = {"github": {"run_id": str(self.count), "event": {"action": action, **about}}}
        starts = [name for name, types in self.types.items() if event == "pull_request" and action in types]
        run = Run(
            number=self.count,
            event=event,
            action=action,
            starts=frozenset(starts),
            group=interpolate_text(self.concurrency["group"], contexts),
            ends_others=interpolate_text(str(self.concurrency.get("cancel-in-progress", "false")), contexts) == "true",
        )
        self._queue(run)
        return run

    def _queue(self, run: Run) -> None:
        if run.group in self.waiting:
            self.lost.append((self.waiting.pop(run.group), run))
        if run.group in self.at_work and not run.ends_others:
            self.waiting[run.group] = run
            return
        if run.group in self.at_work:
            self.lost.append((self.at_work[run.group], run))
        self.at_work[run.group] = run


def github(flows: Mapping[str, str]) -> GitHub:
    nodes = "nodes: {a: {run: 'true'}}"
    workflows = [load_workflow(f"on: {on}\n{nodes}\n", f"workflows/{name}.yaml") for name, on in flows.items()]
    file = ActionsFile(asked=asked(workflows, history_branch="kept"))
    there = read(file.text())
    assert there is not None
    assert there.untouched
    types = {
        each.id: trigger.filters.get("types") or DEFAULT_TYPES["pull_request"]
        for each in workflows
        for trigger in each.triggers
        if trigger.event == "pull_request"
    }
    return GitHub(YAML(typ="safe", pure=True).load(file.text())["concurrency"], types)  # type: ignore[arg-type]


@pytest.mark.parametrize("flows", FLOWS.values(), ids=FLOWS)
def test_nothing_is_ended_or_left_out_that_the_one_in_its_place_does_not_start(flows: Mapping[str, str]) -> None:
    hub = github(flows)
    for story in (*product(HAPPENINGS, repeat=2), *product(HAPPENINGS[:4], repeat=4)):
        hub.at_work, hub.waiting, hub.lost = {}, {}, []
        for event, action in story:
            hub.happens(event, action)
        assert [(old, new) for old, new in hub.lost if not old.starts <= new.starts] == [], story
        ended = {new.action for old, new in hub.lost if hub.at_work.get(old.group) is new}
        assert ended <= {"synchronize"}, story
        moved = [*hub.waiting.values(), *(run for each in hub.lost for run in each)]
        assert [run for run in moved if run.event != "pull_request"] == [], story


@pytest.mark.parametrize(
    ("flows", "before", "ended"),
    [
        ("one like the others", ["opened"], True),
        ("one like the others", ["ready_for_review"], True),
        ("one like the others", ["synchronize", "ready_for_review"], True),
        ("a check beside a review", ["opened"], True),
        ("a check beside a review", ["synchronize"], True),
        ("a check beside a review", ["ready_for_review"], False),
        ("the first head alone", ["opened"], False),
        ("the first head alone", ["synchronize"], True),
        ("pushes alone", ["edited"], False),
        ("pushes alone", ["labeled"], False),
    ],
)
def test_a_push_ends_what_it_starts_again(flows: str, before: list[str], ended: bool) -> None:
    hub = github(FLOWS[flows])
    older = [hub.happens("pull_request", action) for action in before]
    newer = hub.happens("pull_request", "synchronize")
    assert ({old.number for old, new in hub.lost if new is newer} == {run.number for run in older}) is ended
    assert hub.at_work[newer.group] is newer


def test_a_draft_that_is_ready_keeps_the_check_of_its_head() -> None:
    hub = github(FLOWS["a check beside a review"])
    check = hub.happens("pull_request", "opened")
    review = hub.happens("pull_request", "ready_for_review")
    assert hub.lost == []
    assert {run.number for run in hub.at_work.values()} == {check.number, review.number}
