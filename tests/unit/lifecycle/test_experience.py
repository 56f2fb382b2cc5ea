"""What agents have done lately, put together from what was remembered."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from orchestrator.definition.model import Agent
from orchestrator.execution.outcome import Outcome, Usage
from orchestrator.lifecycle.experience import as_json, report, report_as_json, since
from orchestrator.lifecycle.ports import Scope
from orchestrator.report.experience import AgentsReport
from orchestrator.site.stored import StoredExecutions
from tests.fakes.world import World, agent, node, workflow

AGENTS = {name: agent(name) for name in ("writer", "tester")}
DEFINITION = workflow(node("fix", action=Agent(agent="writer")), node("test", action=Agent(agent="tester")))


def told(world: World, **scope: Any) -> AgentsReport:
    return report(world.store.history(), Scope(**scope), today=world.clock.now().date(), recent=2)


def test_days_begin_at_midnight_and_today_is_one_of_them() -> None:
    assert since(date(2026, 3, 1), 1) == datetime(2026, 3, 1, tzinfo=UTC)
    assert since(date(2026, 3, 1), 90) == datetime(2025, 12, 2, tzinfo=UTC)


def test_every_agent_is_reported_with_models_weeks_and_last_attempts(world: World) -> None:
    world.runner.deeds["fix"] = Outcome(usage=Usage(model="opus", cost_usd=0.5))
    for _ in range(3):
        world.run(DEFINITION, agents=AGENTS)
    found = told(world)
    assert [each.total.agent for each in found.agents] == ["tester", "writer"]
    writer = found.agents[1]
    assert (writer.total.runs, writer.total.cost_total) == (3, 1.5)
    assert [(each.engine, each.model) for each in writer.models] == [("claude", "opus")]
    assert [each.runs for each in writer.weeks] == [3]
    assert [row.execution_id for row in writer.recent] == ["00000003", "00000002"]
    assert (found.days, found.left_out) == (90, 0)


def test_what_is_older_is_not_reported(world: World) -> None:
    world.run(DEFINITION, agents=AGENTS)
    world.clock.advance(timedelta(days=91).total_seconds())
    assert told(world).agents == ()
    assert len(report(world.store.history(), Scope(), today=world.clock.now().date(), days=120).agents) == 2


def test_replays_are_counted_and_left_out(world: World) -> None:
    world.runner.deeds["fix"] = Outcome(usage=Usage(replayed=True))
    world.run(DEFINITION, agents=AGENTS)
    assert ([each.total.agent for each in told(world).agents], told(world).left_out) == (["tester"], 1)
    everything = told(world, replayed=True)
    assert ([each.total.agent for each in everything.agents], everything.left_out) == (["tester", "writer"], 0)


def test_the_json_has_every_figure(world: World) -> None:
    world.runner.deeds["fix"] = Outcome(usage=Usage(model="opus", cost_usd=0.5, input_tokens=7, output_tokens=3))
    world.run(DEFINITION, agents=AGENTS)
    writer = told(world).agents[1]
    shown = report_as_json(writer)
    assert shown["outcomes"] == {"success": 1}
    assert (shown["success_rate"], shown["flakiness"], shown["retries_per_run"]) == (1.0, 0.0, 0.0)
    assert shown["cost_usd"] == {"median": 0.5, "total": 0.5, "estimated": False}
    assert shown["tokens"] == {"median": 10.0, "input": 7, "output": 3, "cache_read": 0, "cache_write": 0}
    assert shown["models"] == [{"engine": "claude", "model": "opus", **as_json(writer.models[0])}]
    assert shown["weeks"] == [{"week": "2026-02-23", **as_json(writer.weeks[0])}]
    assert str(shown["last_at"]).endswith("Z")


def test_pages_read_what_was_remembered(world: World) -> None:
    source = StoredExecutions(world.services)
    before = source.agents_key()
    execution = world.run(DEFINITION, agents=AGENTS)
    assert source.agents_key() != before
    assert [each.total.agent for each in source.agents().agents] == ["tester", "writer"]
    view = source.view(execution.id)
    known = [view.experience_of(run) for run in view.runs]
    assert [each.agent for each in known if each] == ["writer", "tester"]


def test_what_pages_tell_changes_with_the_day(world: World) -> None:
    world.run(DEFINITION, agents=AGENTS)
    source = StoredExecutions(world.services)
    today = source.agents_key()
    assert source.agents_key() == today
    world.clock.advance(timedelta(days=1).total_seconds())
    assert source.agents_key() != today
