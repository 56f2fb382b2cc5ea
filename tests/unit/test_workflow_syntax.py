"""The page of examples shows every key of a workflow file, and each example is a whole, valid file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from orchestrator.agents.collection import library
from orchestrator.definition.parse import load_workflow
from orchestrator.definition.schema import json_schema

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "workflow-syntax.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^## ([^\n]+)\n\n```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
# A key that people choose themselves, such as the id of a node.
CHOSEN = "*"


def keys(schema: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of all keys that a schema knows."""
    if not isinstance(schema, dict):
        return
    for key, value in schema.get("properties", {}).items():
        yield (*path, key)
        yield from keys(value, (*path, key))
    yield from keys(schema.get("items"), path)
    yield from keys(schema.get("additionalProperties"), (*path, CHOSEN))
    for choice in schema.get("anyOf", ()):
        yield from keys(choice, path)


KNOWN = set(keys(json_schema()))


def shown(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of the keys in a file, those that people choose as the schema calls them."""
    if isinstance(value, list):
        for item in value:
            yield from shown(item, path)
    if isinstance(value, Mapping):
        for key, inner in value.items():
            place = (*path, key) if (*path, key) in KNOWN else (*path, CHOSEN)
            yield place
            yield from shown(inner, place)


@pytest.mark.parametrize(("title", "text"), EXAMPLES, ids=[title for title, _ in EXAMPLES])
def test_an_example_is_a_valid_file(title: str, text: str) -> None:
    assert load_workflow(text, f"workflows/{title}.yaml", agents=library(ROOT).agents).nodes


def test_every_key_has_an_example() -> None:
    read: list[Any] = [YAML(typ="safe").load(text) for _, text in EXAMPLES]
    assert len(KNOWN) > 150
    assert len(EXAMPLES) == PAGE.count("```yaml")
    assert sorted(".".join(path) for path in KNOWN - {path for text in read for path in shown(text)}) == []
