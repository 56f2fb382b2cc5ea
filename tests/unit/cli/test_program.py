"""The table of verbs tells the truth, and listing it imports none of them."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from orchestrator.cli.lazy import LazyGroup
from orchestrator.cli.program import SECTIONS, mycelium

HEAVY = {"sqlalchemy", "rq", "redis", "github", "rich", "pydantic", "fastapi", "ruamel", "networkx", "lark", "jinja2"}
VERBS = [name for verbs in SECTIONS.values() for name in verbs]


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_loads_and_its_summary_is_its_help(name: str) -> None:
    context = click.Context(mycelium)
    command = mycelium.get_command(context, name)
    assert command is not None
    assert command.name == name
    summary = next(verbs[name].summary for verbs in SECTIONS.values() if name in verbs)
    assert (command.help or "").splitlines()[0] == summary


def test_every_option_says_what_it_does() -> None:
    silent = []
    for path, command in commands(mycelium, ""):
        options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
        silent += [f"{path} {option.opts[0]}" for option in options if not option.help]
    assert not silent


def commands(group: click.Group, path: str) -> list[tuple[str, click.Command]]:
    context = click.Context(group)
    found: list[tuple[str, click.Command]] = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found.append((f"{path} {name}".strip(), command))
        if isinstance(command, click.Group):
            found += commands(command, f"{path} {name}".strip())
    return found


def imported_by(*words: str) -> set[str]:
    """The modules that a command has imported when it has ended."""
    program = f"""
import sys
sys.argv = {["mycelium", *words]!r}
from orchestrator.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print("modules:", *sys.modules, sep="\\n")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.partition("modules:\n")[2].split())


def test_help_imports_no_verb_and_nothing_heavy() -> None:
    modules = imported_by("--help")
    assert "orchestrator.cli.program" in modules
    assert not HEAVY & modules
    targets = {verb.target.partition(":")[0] for verbs in SECTIONS.values() for verb in verbs.values()}
    assert not targets & modules


def test_agents_are_listed_without_what_stores_workflows() -> None:
    modules = imported_by("agents", "list")
    assert "orchestrator.agents.library" in modules
    assert not {"pydantic", "sqlalchemy", "jinja2"} & modules


def test_the_group_lists_in_the_order_of_the_table() -> None:
    assert isinstance(mycelium, LazyGroup)
    assert mycelium.list_commands(click.Context(mycelium)) == VERBS
