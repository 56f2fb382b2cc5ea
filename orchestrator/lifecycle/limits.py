"""What an outcome may hold, so that everything after it can store it, send it and read it again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Final

from orchestrator.definition.model import JsonValue
from orchestrator.execution.outcome import Annotation, Artifact, FailureClass, Outcome
from orchestrator.report.plain_text import clip

MAX_OUTPUTS_BYTES: Final = 1_000_000
MAX_OUTPUTS_DEPTH: Final = 100
"""Levels of lists and maps: whoever reads outputs later, to mask, show or send them, recurses."""

MAX_MESSAGE: Final = 10_000
MAX_SUMMARY: Final = 1_048_576
MAX_ANNOTATIONS: Final = 1_000_000
"""Characters of a message and of a summary, and of all remarks together."""

MAX_ARTIFACT_BYTES: Final = 100_000_000
"""What the artifacts of one execution may come to."""

MAX_TRANSCRIPT_BYTES: Final = 20_000_000
"""What may be recorded of one call of an agent, and played."""

MAX_ARTIFACTS: Final = 1_000
MAX_CHANGES: Final = 3_000
"""Files that one node run may keep, and changed files that are told one by one."""


def within_limits(outcome: Outcome) -> Outcome:
    """`outcome` with texts cut to their limits.

    Outputs that break theirs are left out, and the message says which: a failure with class `bad_output`, unless the
    attempt failed or was cancelled anyhow.
    """
    short = replace(
        outcome,
        message=clip(outcome.message, MAX_MESSAGE),
        summary=clip(outcome.summary, MAX_SUMMARY),
        annotations=_first(outcome.annotations),
    )
    problem = _too_deep(outcome.outputs) or _too_large(outcome.outputs)
    if not problem:
        return short
    if not outcome.succeeded:
        return replace(short, outputs={})
    return replace(short, outputs={}, failure=FailureClass.BAD_OUTPUT, message=problem)


def within_room(outcome: Outcome, taken: int) -> Outcome:
    """`outcome` with those of its artifacts that fit into an execution which has `taken` bytes of them already.

    Each one left out becomes a warning: nodes that ran side by side each saw the same room.
    """
    room = MAX_ARTIFACT_BYTES - taken
    if sum(artifact.size for artifact in outcome.artifacts) <= room:
        return outcome
    kept: list[Artifact] = []
    left_out: list[Annotation] = []
    for artifact in outcome.artifacts:
        if artifact.size <= room:
            room -= artifact.size
            kept.append(artifact)
        else:
            left_out.append(Annotation(level="warning", message=left_out_because(artifact.name, artifact.size)))
    return replace(outcome, artifacts=tuple(kept), annotations=(*outcome.annotations, *left_out))


def left_out_because(name: str, size: int) -> str:
    """What is said about an artifact that does not fit."""
    return f"artifact {name} ({size:,} bytes) is left out: an execution may keep {MAX_ARTIFACT_BYTES:,} bytes"


def _first(annotations: Sequence[Annotation]) -> tuple[Annotation, ...]:
    sizes = accumulate(len(each.message) + len(each.title) + len(each.path) for each in annotations)
    return tuple(each for each, size in zip(annotations, sizes, strict=True) if size <= MAX_ANNOTATIONS)


def _too_deep(outputs: Mapping[str, JsonValue]) -> str:
    level: list[JsonValue] = list(outputs.values())
    for _ in range(MAX_OUTPUTS_DEPTH):
        level = [inner for value in level for inner in _inside(value)]
        if not level:
            return ""
    return f"the outputs are nested deeper than {MAX_OUTPUTS_DEPTH} levels"


def _inside(value: JsonValue) -> Iterable[JsonValue]:
    match value:
        case dict():
            return value.values()
        case list():
            return value
        case _:
            return ()


def _too_large(outputs: Mapping[str, JsonValue]) -> str:
    size = len(json.dumps(outputs))
    if size <= MAX_OUTPUTS_BYTES:
        return ""
    largest = max(outputs, key=lambda name: len(json.dumps(outputs[name])))
    return (
        f"the outputs are {size:,} bytes, and {MAX_OUTPUTS_BYTES:,} are allowed; the largest is `{clip(largest, 100)}` "
        "(keep large results as `artifacts`)"
    )
