"""What agents have done so far, for `mycelium agents`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

import click

from orchestrator.cli.console import Console, printable
from orchestrator.errors import MyceliumError
from orchestrator.settings import Settings

if TYPE_CHECKING:
    from orchestrator.execution.experience import Experience
    from orchestrator.report.experience import AgentReport

Command = TypeVar("Command", bound=Callable[..., object])
HEAD = ("RUNS", "SUCCESS", "TIME", "COST", "FLAKY")


def period(command: Command) -> Command:
    """The options that say which runs are meant."""
    days = click.option("--days", default=90, show_default=True, type=click.IntRange(1, 36_500), help="How far back.")
    replayed = click.option("--replayed", is_flag=True, help="With runs that were only replayed.")
    return days(replayed(command))


def of_all(settings: Settings, *, days: int, replayed: bool) -> dict[str, Experience]:
    """What each agent's runs come to, by name; empty where nothing has run."""
    from orchestrator import app
    from orchestrator.lifecycle.experience import by_agent, since
    from orchestrator.lifecycle.ports import Scope

    with app.history(settings) as history:
        scope = Scope(since=since(datetime.now(UTC).date(), days), replayed=replayed)
        return by_agent(history, scope) if history else {}


def of_one(settings: Settings, agent: str, *, days: int, replayed: bool) -> AgentReport | None:
    """The same of one agent, with its models and weeks. An agent can be shown without: trouble is only told."""
    from orchestrator import app
    from orchestrator.lifecycle.experience import report
    from orchestrator.lifecycle.ports import Scope

    try:
        with app.history(settings) as history:
            if history is None:
                return None
            scope = Scope(agent=agent, replayed=replayed)
            found = report(history, scope, today=datetime.now(UTC).date(), days=days)
    except MyceliumError as error:
        Console.stderr().line(printable(f"what `{agent}` has done cannot be told: {error}"))
        return None
    return found.agents[0] if found.agents else None


def show(console: Console, told: AgentReport, days: int) -> None:
    """A paragraph about one agent, and a table of its models."""
    from orchestrator.report.experience import columns, facts, published

    console.line(console.styled(f"Experience, last {days} days", bold=True))
    for name, value in (*facts(told.total), *published(told.fates)):
        console.line(f"  {name.ljust(13)}  {printable(value)}")
    console.line()
    rows = [(model.engine or "–", model.model or "–", *columns(model)) for model in told.models]
    console.table(("ENGINE", "MODEL", *HEAD), rows)
