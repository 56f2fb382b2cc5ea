"""The Jinja environment of the pages: everything is escaped, nothing undefined passes silently."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final, TypedDict

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from orchestrator.report.duration import human_duration
from orchestrator.report.failure_tail import failure_tail
from orchestrator.report.figures import replay_notice, version_notice
from orchestrator.report.numbers import human_cost, human_count, human_size, plural
from orchestrator.report.plain_text import clip, code_spans, one_line, visible
from orchestrator.resources import resource
from orchestrator.site.compiled import CompiledTemplates
from orchestrator.site.markdown import rendered, with_icons

CONTENT_POLICY = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'"


class _Shape(TypedDict):
    """What of the environment is in a compiled template."""

    trim_blocks: bool
    lstrip_blocks: bool


_SHAPE: Final = _Shape(trim_blocks=True, lstrip_blocks=True)


def templates_folder() -> Path:
    return resource("static-site/templates")


def assets_folder() -> Path:
    return resource("static-site/assets")


@cache
def environment() -> Environment:
    """One per process."""
    pages = Environment(
        loader=FileSystemLoader(templates_folder()),
        undefined=StrictUndefined,
        auto_reload=False,
        autoescape=True,
        bytecode_cache=CompiledTemplates(_SHAPE),
        **_SHAPE,
    )
    pages.filters |= {
        "duration": human_duration,
        "count": human_count,
        "size": human_size,
        "cost": human_cost,
        "plural": plural,
        "visible": visible,
        "one_line": one_line,
        "clip": clip,
        "markdown": rendered,
        "with_icons": with_icons,
        "day": _day,
        "minute": _minute,
        "second": _second,
        "iso": _iso,
        "pretty": _pretty,
        "subject": _subject,
        "message": _message,
    }
    pages.globals |= {
        "content_policy": CONTENT_POLICY,
        "replay_notice": replay_notice,
        "version_notice": version_notice,
        "failure_tail": failure_tail,
    }
    return pages


def warm_up() -> None:
    """Have all templates now rather than with the first page."""
    for template in environment().list_templates():
        environment().get_template(template)


def page(template: str, **values: object) -> str:
    """One rendered page."""
    return environment().get_template(template).render(values)


def _day(moment: datetime) -> str:
    utc = moment.astimezone(UTC)
    return f"{utc.day} {utc:%b %Y}"


def _minute(moment: datetime) -> str:
    return f"{_day(moment)}, {moment.astimezone(UTC):%H:%M} UTC"


def _second(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%H:%M:%S}"


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _subject(text: str, limit: int) -> Markup:
    """A commit's subject, with what it has in backticks as code."""
    return _with_code(one_line(text, limit))


def _message(text: str, limit: int) -> Markup:
    """What a failure or another sentence says, with what it has in backticks as code; line ends stay."""
    return _with_code(clip(visible(text), limit))


def _with_code(text: str) -> Markup:
    shapes = {True: Markup("<code>{}</code>"), False: Markup("{}")}
    return Markup("").join(shapes[is_code].format(piece) for piece, is_code in code_spans(text))


def _pretty(value: object) -> str:
    """JSON as people read it; texts without quotes."""
    if isinstance(value, str):
        return visible(value)
    return visible(json.dumps(value, indent=2, ensure_ascii=False))
