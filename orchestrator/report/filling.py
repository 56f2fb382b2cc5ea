"""Texts of `publish`, filled in: what the author wrote stays, and what others wrote is made harmless."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from orchestrator.definition.expressions import Embedded, as_text, evaluate, split
from orchestrator.definition.model import JsonValue
from orchestrator.definition.publish import PublishKind
from orchestrator.execution.publish_plan import Planned
from orchestrator.report.markdown_safety import safe_markdown
from orchestrator.report.numbers import plural
from orchestrator.report.plain_text import clip, one_line, visible

LONGEST_TITLE: Final = 200
"""Characters; GitHub refuses titles of more than 256."""

_VALUE_BYTES: Final = 40_000
_NAMING: Final = re.compile(r"@[A-Za-z0-9/-]*$|(?:#|\bGH-)$", re.IGNORECASE)
_ZERO_WIDTH: Final = "&#8203;"


def filled(template: str, contexts: Mapping[str, JsonValue]) -> str:
    """`template` as Markdown. Raises `ExpressionError`.

    Every value is written as inert Markdown, so that none notifies, links or hides; nor does one complete what the
    author began with `@` or `#`, unless it is a number.
    """
    return "".join(_markdown(template, contexts)).strip()


def filled_title(template: str, contexts: Mapping[str, JsonValue]) -> str:
    """`template` as one line of plain text; values lose what GitHub would take for a mention or a reference."""
    parts = [
        part if isinstance(part, str) else _bare(as_text(evaluate(part.expression, contexts)))
        for part in split(template)
    ]
    return clip(one_line(" ".join("".join(parts).split()), LONGEST_TITLE), LONGEST_TITLE)


def headline(planned: Planned, contexts: Mapping[str, JsonValue], otherwise: str) -> str:
    """What is to be published, in a line; `otherwise` is the title of what has none. Raises `ExpressionError`."""
    match planned.kind:
        case PublishKind.PULL_REQUEST | PublishKind.ISSUE:
            return filled_title(planned.target.title, contexts) or otherwise
        case PublishKind.PUSH:
            return planned.commit[:12]
        case PublishKind.REVIEW:
            remarks = len(planned.review.remarks) if planned.review else 0
            said = planned.review.opinion.value if planned.review else ""
            return f"{said}, {plural(remarks, 'remark')}" if remarks else said
        case PublishKind.COMMENT:
            return clip(filled_title(planned.target.body, contexts), 80)
        case PublishKind.LABELS:
            return " ".join([*(f"+{label}" for label in planned.labels), *(f"-{label}" for label in planned.remove)])


def _markdown(template: str, contexts: Mapping[str, JsonValue]) -> Iterator[str]:
    before = ""
    for part in split(template):
        text = _value(part, before, contexts) if isinstance(part, Embedded) else part
        before = text
        yield text


def _value(part: Embedded, before: str, contexts: Mapping[str, JsonValue]) -> str:
    value = evaluate(part.expression, contexts)
    if isinstance(value, (int, float)):
        return as_text(value)
    text = safe_markdown(as_text(value), limit=_VALUE_BYTES).strip("\n")
    return f"{_ZERO_WIDTH}{text}" if _NAMING.search(before) else text


def _bare(text: str) -> str:
    return re.sub(r"[@#]|\bGH-(?=\d)", "", " ".join(visible(text).split()), flags=re.IGNORECASE)
