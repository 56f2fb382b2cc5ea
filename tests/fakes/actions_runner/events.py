"""Events as GitHub sent them once, from npm `@octokit/webhooks-examples`, put into a repository of a stand-in."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

PLACE = Path(__file__).resolve().parents[3] / ".venv" / "github" / "webhooks.json"


@cache
def _examples() -> dict[str, list[dict[str, Any]]]:
    if not PLACE.exists():
        pytest.skip("needs the examples of webhooks: make github")
    return {each["name"]: each["examples"] for each in json.loads(PLACE.read_bytes())}


def examples() -> Iterator[tuple[str, dict[str, Any]]]:
    """All of them, with the names of their events."""
    for name, found in _examples().items():
        yield from ((name, copy.deepcopy(each)) for each in found)


def example(name: str, action: str = "", **changes: Any) -> dict[str, Any]:
    """One of GitHub's own payloads; `changes` are laid over it, key by key, however deep."""
    found = next(each for each in _examples()[name] if not action or each.get("action") == action)
    made: dict[str, Any] = copy.deepcopy(found)
    _lay_over(made, changes)
    return made


def _lay_over(below: dict[str, Any], above: dict[str, Any]) -> None:
    for key, value in above.items():
        if isinstance(value, dict) and isinstance(below.get(key), dict):
            _lay_over(below[key], value)
        else:
            below[key] = value
