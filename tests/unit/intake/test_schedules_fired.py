"""Schedules start what is due, once, and make up for what was missed as the workflow says."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from orchestrator.execution.state import TriggerKind
from orchestrator.lifecycle.conduct import control_loop
from orchestrator.lifecycle.intake.reception import Reception
from orchestrator.lifecycle.intake.schedules import fire
from orchestrator.lifecycle.ports import Ruling
from orchestrator.report.answers import MARKER
from tests.fakes.checkout import eventually
from tests.fakes.garden import MEMBER, Garden

FLOW = "on: {{schedule: [{{cron: '30 * * * *', catch-up: {catch_up}}}]}}\nnodes: {{look: {{run: x}}}}\n"
FILES = {
    "workflows/all.yaml": FLOW.format(catch_up="all"),
    "workflows/none.yaml": FLOW.format(catch_up="none"),
    "workflows/templates/t.yaml": FLOW.format(catch_up="all"),
    "workflows/other.yaml": "on: push\nnodes: {look: {run: x}}\n",
}


def passed(garden: Garden, minutes: float) -> list[str]:
    """What starts after that time."""
    garden.world.clock.advance(timedelta(minutes=minutes).total_seconds())
    return [made.subject for made in fire(garden.desk)]


def test_what_is_due_starts_once(tmp_path: Path) -> None:
    garden = Garden(tmp_path, FILES)
    assert passed(garden, 0) == []
    assert passed(garden, 29) == []
    assert passed(garden, 1) == ["all", "none"]
    assert passed(garden, 0) == []
    assert passed(garden, 1) == []
    first = garden.executions[0]
    assert (first.trigger, first.base, first.triggered_by) == (TriggerKind.SCHEDULED, garden.main, "")
    assert first.event["scheduled_at"] == "2026-03-01T12:30:00+00:00"


def test_what_was_missed_is_made_up_for_as_the_workflow_says(tmp_path: Path) -> None:
    garden = Garden(tmp_path, FILES)
    passed(garden, 0)
    assert passed(garden, 180) == ["all", "all", "all"]


def test_a_loop_that_died_before_it_noted_it_starts_nothing_twice(tmp_path: Path) -> None:
    garden = Garden(tmp_path, FILES)
    passed(garden, 0)
    with garden.world.store.begin() as tx:
        before = tx.intake.mark("schedules")
    passed(garden, 30)
    assert before is not None
    with garden.world.store.begin() as tx:
        tx.intake.put_mark("schedules", before)
    assert all(made.ruling is Ruling.MATCHED for made in fire(garden.desk))
    assert len(garden.executions) == 2


def test_the_reception_looks_once_a_minute(tmp_path: Path) -> None:
    garden = Garden(tmp_path, FILES)
    reception = Reception(garden.desk)
    reception.step()
    garden.world.clock.advance(30 * 60)
    for _ in range(3):
        reception.step()
    assert len(garden.executions) == 2
    assert [sent.method for sent in garden.github.sent].count("branch") <= 3


def test_beside_the_control_loop_of_a_process_that_deals_with_events(tmp_path: Path) -> None:
    garden = Garden(tmp_path, {"workflows/r.yaml": "on: {comment: {command: go}}\nnodes: {look: {run: x}}\n"})
    pull = garden.open({"workflows/r.yaml": "on: {comment: {command: go}}\nnodes: {look: {run: x}}\n"})
    garden.says(MEMBER, "/mycelium go", pull.number)
    services = replace(garden.world.services, github=garden.github, definitions=garden.desk.definitions)
    loop = control_loop(services, "seat")
    loop.step()
    eventually(lambda: [b for b in garden.github.comment_bodies(pull.number) if b.startswith(MARKER)], "an answer")
    loop.close()
