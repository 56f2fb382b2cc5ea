"""Reads an `index.json` beside agent files: categories and keywords by agent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.agents.front_matter import SIZE_LIMIT
from orchestrator.errors import Place, Problem


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """What an index says about an agent."""

    category: str = ""
    keywords: tuple[str, ...] = ()


def read_indexes(files: Mapping[str, str]) -> tuple[dict[str, Entry], list[Problem]]:
    """Entries by id and by name, of all indexes together; broken ones are problems and change nothing else."""
    entries: dict[str, Entry] = {}
    problems: list[Problem] = []
    for path, text in files.items():
        if len(text.encode("utf-8", "replace")) > SIZE_LIMIT:
            problems.append(Problem(message=f"larger than {SIZE_LIMIT // 1000} KB", place=Place(file=path)))
            continue
        try:
            listed = json.loads(text)
        except RecursionError:
            problems.append(Problem(message="nested too deeply", place=Place(file=path)))
            continue
        except ValueError as error:
            line = error.lineno if isinstance(error, json.JSONDecodeError) else 1
            problems.append(Problem(message=f"not JSON: {error}", place=Place(file=path, line=line)))
            continue
        agents = listed.get("agents") if isinstance(listed, dict) else None
        if not isinstance(agents, list):
            problems.append(Problem(message="`agents` is not a list", place=Place(file=path)))
            continue
        for agent in agents:
            if isinstance(agent, dict):
                entries.update(_named(agent))
    return entries, problems


def _named(agent: Mapping[str, object]) -> dict[str, Entry]:
    keywords = agent.get("keywords")
    entry = Entry(
        category=str(agent.get("category") or ""),
        keywords=tuple(str(word) for word in keywords) if isinstance(keywords, list) else (),
    )
    names = (agent.get("name"), agent.get("id"))
    return {name: entry for name in names if isinstance(name, str) and name}
