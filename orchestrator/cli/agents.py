"""`mycelium agents`: the agents that workflows of this repository may name."""

from __future__ import annotations

from collections.abc import Iterable

import click

from orchestrator.agents.collection import library
from orchestrator.agents.library import Library
from orchestrator.cli.console import Console, printable, printable_json
from orchestrator.cli.place import current_settings
from orchestrator.definition.model import AgentDefinition, JsonValue

_WIDTH = 80


@click.group()
def agents() -> None:
    """List, show and search the agent library.

    A repository's own agents (.claude/agents, agents, plugins/*/agents) win over those that ship with Mycelium.
    """


@agents.command("list")
@click.option("--category", help="Only agents of this category.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def list_(category: str | None, as_json: bool) -> None:
    """List all agents."""
    found = [agent for agent in _library().agents.values() if category in (None, agent.category)]
    _print(found, as_json=as_json, nothing="There are no agents here.")


@agents.command()
@click.argument("query", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def search(query: tuple[str, ...], as_json: bool) -> None:
    """Find agents by words, best first."""
    _print(_library().search(" ".join(query)), as_json=as_json, nothing="No agent fits these words.")


@agents.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(name: str, as_json: bool) -> None:
    """Show one agent with its prompt."""
    agent = _library().find(name)
    if as_json:
        shown: JsonValue = {
            **_object(agent),
            "tools": list(agent.tools) if agent.tools is not None else None,
            "model": agent.model,
            "source": agent.source,
            "prompt": agent.prompt,
        }
        click.echo(printable_json(shown))
    else:
        _show(Console.stdout(), agent)


def _library() -> Library:
    found = library(current_settings().root)
    console = Console.stderr()
    for problem in found.problems:
        console.problem(problem)
    return found


def _print(found: Iterable[AgentDefinition], *, as_json: bool, nothing: str) -> None:
    found = list(found)
    if as_json:
        click.echo(printable_json([_object(agent) for agent in found]))
    elif not found:
        Console.stderr().line(nothing)
    else:
        rows = [(agent.id, agent.category or "–", _short(agent.description)) for agent in found]
        Console.stdout().table(("AGENT", "CATEGORY", "DESCRIPTION"), rows)


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
    console.line(printable(agent.prompt.strip()))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…"
