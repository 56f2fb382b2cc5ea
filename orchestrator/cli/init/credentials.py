"""The variables that the agents' programs get their keys in, by what workflows name as their engine."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.definition.engines import engines
from orchestrator.definition.model import Workflow
from orchestrator.definition.project import Project
from orchestrator.runners import claude_access, codex_access

Alternatives = tuple[str, ...]
"""Variables of which one is enough; the first is what most people have."""


def needed(workflows: Iterable[Workflow], project: Project) -> tuple[Alternatives, ...]:
    """One entry for each engine that needs a key. Templates of the repository run nothing by themselves."""
    named = {name for each in workflows if not each.is_template for name in engines(each, {})}
    known = {
        "claude": claude_access.CREDENTIALS.sufficient,
        "codex": codex_access.CREDENTIALS.sufficient,
        **{name: each.credentials for name, each in project.engines.items()},
    }
    return tuple(dict.fromkeys(names for engine, names in known.items() if engine in named and names))
