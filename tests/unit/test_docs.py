"""What users can set, type or write is documented, links lead somewhere, and nothing private is committed."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import click
import pytest

from orchestrator.agents.collection import library
from orchestrator.cli.program import mycelium
from orchestrator.definition.parse import load_workflow
from orchestrator.definition.schema import json_schema

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
# Split, so that this file does not find itself.
PRIVATE = re.compile(
    "|".join(
        ("py" + r"pi\.org", "python" + r"hosted", "npm" + r"js\.", r"(?<![\w.])/wo" + "rk/", r"(?<![\w.])/ro" + "ot/")
    )
)


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def settings() -> Iterator[str]:
    """The variables that settings.py reads, by the literals it hands to its readers."""
    tree = ast.parse((ROOT / "orchestrator" / "settings.py").read_text(encoding="utf-8"))
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        match call:
            case ast.Call(
                func=ast.Name(id="_text" | "_number" | "_choice"), args=[_, ast.Constant(value=str(name)), *_]
            ):
                yield f"MYCELIUM_{name}"
    yield from ("MYCELIUM_REDIS_URL", "MYCELIUM_BLACKBOARD_URL", "MYCELIUM_HISTORY_BRANCH", "MYCELIUM_SECRET_<NAME>")


def commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")


@cache
def committed() -> tuple[Path, ...]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return tuple(ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file())


def test_every_setting_is_documented() -> None:
    names = set(settings())
    assert len(names) >= 8
    assert {name for name in names if f"| `{name}` |" not in page("settings.md")} == set()


def test_every_documented_setting_exists() -> None:
    documented = set(re.findall(r"^\| `(MYCELIUM_[A-Z_<>]+)`", page("settings.md"), re.MULTILINE))
    assert documented == set(settings())


def test_every_verb_is_documented() -> None:
    text = page("cli.md")
    found = [path for path, _ in commands(mycelium, "mycelium")]
    assert found
    assert [path for path in found if f"`{path}" not in text] == []


def test_every_option_is_documented_with_its_verb() -> None:
    text = page("cli.md")
    missing = []
    for path, command in commands(mycelium, "mycelium"):
        section = text[text.index(f"`{path}") :].split("\n\n`mycelium ")[0]
        options = (parameter for parameter in command.params if isinstance(parameter, click.Option))
        missing += [f"{path} {option.opts[-1]}" for option in options if option.opts[-1] not in section]
    assert missing == []


def workflow_keys() -> Iterator[str]:
    """The keys of workflow files, from the JSON Schema that parsing and validation share."""
    pending: list[object] = [json_schema()]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            yield from item.get("properties", {})
            pending += item.values()
        elif isinstance(item, list):
            pending += item


def test_every_workflow_key_is_documented() -> None:
    keys = set(workflow_keys())
    assert {"nodes", "needs", "prompt"} <= keys
    text = page("workflow-format.md")
    assert sorted(key for key in keys if not re.search(rf"\b{re.escape(key)}\b", text)) == []


@pytest.mark.parametrize(
    "file", [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))], ids=lambda p: p.name
)
def test_links_lead_somewhere(file: Path) -> None:
    broken = []
    for match in LINK.finditer(file.read_text(encoding="utf-8")):
        target = unquote(match[1] or match[2])
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        place = (file.parent / path).resolve() if path else file
        if not place.exists() or (anchor and place.suffix == ".md" and anchor not in anchors(place)):
            broken.append(target)
    assert broken == []


def test_the_index_names_every_page() -> None:
    named = {match[1] for match in LINK.finditer(page("README.md")) if match[1]}
    pages = {file.name for file in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert pages - named == set()


def anchors(file: Path) -> set[str]:
    """As GitHub makes them from headings."""
    headings = HEADING.findall(file.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="only a checkout knows what is committed")
def test_no_committed_text_names_an_index_or_a_machine() -> None:
    assert len(committed()) > 50
    found = []
    for file in committed():
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{file.relative_to(ROOT)}: {match[0]}" for match in PRIVATE.finditer(text)]
    assert found == []


def test_the_workflow_of_the_readme_is_valid() -> None:
    (text, _) = re.findall(r"^```yaml\n(.*?)^```$", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S)
    workflow = load_workflow(text, "workflows/improve.yaml", agents=library(ROOT).agents)
    assert len(text.splitlines()) <= 10
    assert len(workflow.nodes) == 5
