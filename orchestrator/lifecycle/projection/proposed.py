"""What GitHub should show of changes to definitions: decided from values, with nothing asked and nothing sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from orchestrator.definition.changes import DefinitionChanges
from orchestrator.execution.showing import COMMENT, Shown, Target
from orchestrator.lifecycle.ports.github import Urgency
from orchestrator.lifecycle.projection.wanted import Kind, Means, Wanted, digest_of, thing
from orchestrator.report.workflow_changes import changes_check, changes_comment


def check_place(head_sha: str) -> str:
    """A check run belongs to its commit: another head has another one."""
    return f"check {head_sha}"


def proposed(
    changes: DefinitionChanges, target: Target, means: Means, known: Mapping[str, Shown]
) -> tuple[Wanted, ...]:
    """Of a pull request all that it changes; of a commit of the default branch, which has no number, only what it
    breaks. What is shown already is kept right, also where nothing is changed any more."""
    return tuple(_proposed(changes, target, means, known))


def _proposed(changes: DefinitionChanges, target: Target, means: Means, known: Mapping[str, Shown]) -> Iterator[Wanted]:
    place, kind = check_place(target.head_sha), means.kind
    told = changes.broken if target.number is None else changes.files
    if kind and (told or place in known):
        yield replace(thing(place, kind, changes_check(changes)), urgency=Urgency.FINAL)
    if target.number is not None and Kind.COMMENT not in means.refused and (told or COMMENT in known):
        text = changes_comment(changes)
        yield Wanted(
            place=COMMENT, kind=Kind.COMMENT, content=text, digest=digest_of(text), urgency=Urgency.FINAL, rank=1
        )
