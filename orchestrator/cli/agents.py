"""`mycelium agents`: the agents that workflows of this repository may name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from orchestrator.agents.collection import library
from orchestrator.agents.library import Library
from orchestrator.cli import experience
from orchestrator.cli.console import Console, printable, printable_json
from orchestrator.cli.experience import period
from orchestrator.cli.place import current_settings
from orchestrator.definition.model import AgentDefinition, JsonValue
from orchestrator.settings import Settings

if TYPE_CHECKING:
    from orchestrator.execution.experience import Experience
    from orchestrator.report.experience import AgentReport

_WIDTH = 80


@click.group()
def agents() -> None:
    """List, show and search the agent library.

    A repository's own agents (.claude/agents, agents, plugins/*/agents) win over those that ship with Mycelium.
    """


@agents.command("list")
@click.option("--category", help="Only agents of this category.")
@click.option("--stats", is_flag=True, help="With what the agents have done so far.")
@period
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def list_(category: str | None, stats: bool, days: int, replayed: bool, as_json: bool) -> None:
    """List all agents."""
    settings = current_settings()
    found = [agent for agent in _library(settings).agents.values() if category in (None, agent.category)]
    done = experience.of_all(settings, days=days, replayed=replayed) if stats else None
    _print(found, done, as_json=as_json, nothing="There are no agents here.")


@agents.command()
@click.argument("query", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def search(query: tuple[str, ...], as_json: bool) -> None:
    """Find agents by words, best first."""
    found = _library(current_settings()).search(" ".join(query))
    _print(found, None, as_json=as_json, nothing="No agent fits these words.")


@agents.command()
@click.argument("name")
@period
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(name: str, days: int, replayed: bool, as_json: bool) -> None:
    """Show one agent with its prompt, and what it has done so far."""
    settings = current_settings()
    agent = _library(settings).find(name)
    done = experience.of_one(settings, agent.id, days=days, replayed=replayed)
    if as_json:
        shown: JsonValue = {
            **_object(agent),
            "tools": list(agent.tools) if agent.tools is not None else None,
            "model": agent.model,
            "source": agent.source,
            "prompt": agent.prompt,
            "experience": _told(done),
        }
        click.echo(printable_json(shown))
    else:
        console = Console.stdout()
        _show(console, agent)
        if done:
            experience.show(console, done, days)
            console.line()
        console.line(printable(agent.prompt.strip()))


def _library(settings: Settings) -> Library:
    found = library(settings.root)
    console = Console.stderr()
    for problem in found.problems:
        console.problem(problem)
    return found


def _print(
    found: Sequence[AgentDefinition], done: Mapping[str, Experience] | None, *, as_json: bool, nothing: str
) -> None:
    """`done` is what they have done, where that is asked for."""
    if as_json:
        click.echo(printable_json([_object(agent) | _counted(agent, done) for agent in found]))
    elif not found:
        Console.stderr().line(nothing)
    elif done is None:
        rows = [(agent.id, agent.category or "–", _short(agent.description)) for agent in found]
        Console.stdout().table(("AGENT", "CATEGORY", "DESCRIPTION"), rows)
    else:
        _table(found, done)


def _table(found: Sequence[AgentDefinition], done: Mapping[str, Experience]) -> None:
    from orchestrator.report.experience import columns

    rows = [(agent.id, *columns(done.get(agent.id)), _short(agent.description)) for agent in found]
    Console.stdout().table(("AGENT", *experience.HEAD, "DESCRIPTION"), rows)


def _counted(agent: AgentDefinition, done: Mapping[str, Experience] | None) -> dict[str, JsonValue]:
    if done is None:
        return {}
    from orchestrator.lifecycle.experience import as_json

    return {"experience": as_json(done[agent.id]) if agent.id in done else None}


def _told(done: AgentReport | None) -> JsonValue:
    from orchestrator.lifecycle.experience import report_as_json

    return report_as_json(done) if done else None


def _object(agent: AgentDefinition) -> dict[str, JsonValue]:
    """An agent as the REST API shows it."""
    return {
        "id": agent.id,
        "name": agent.name,
        "category": agent.category,
        "description": agent.description,
        "keywords": list(agent.keywords),
    }


def _show(console: Console, agent: AgentDefinition) -> None:
    console.line(console.styled(agent.id, bold=True))
    facts = {
        "Description": agent.description,
        "Category": agent.category,
        "Keywords": ", ".join(agent.keywords),
        "Tools": ", ".join(agent.tools or ()) or "all of its engine",
        "Model": agent.model or "that of the workflow or engine",
        "Source": agent.source,
    }
    for fact, value in facts.items():
        if value:
            console.line(f"  {fact.ljust(11)}  {printable(' '.join(value.split()))}")
    console.line()


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…"
