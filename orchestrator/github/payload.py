"""A check run as GitHub's API takes it, held against its limits before anything is sent. Pure.

https://docs.github.com/en/rest/checks/runs
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from orchestrator.errors import BadInput
from orchestrator.report.check_run import ANNOTATIONS_A_REQUEST, CheckAnnotation, CheckRun

MAX_OUTPUT: Final = 65_535
"""Bytes, though GitHub's pages say characters: https://github.com/github/docs/issues/35252."""

MAX_TITLE: Final = 255
MAX_MESSAGE_BYTES: Final = 64 * 1024
MAX_BUTTONS: Final = 3
MAX_COMMENT: Final = 65_536
MAX_DESCRIPTION: Final = 140
_BUTTON: Final = {"label": 20, "description": 40, "identifier": 20}


def fields(check: CheckRun) -> dict[str, Any]:
    """The arguments of PyGithub's methods, but for the output; it writes times as if they were UTC."""
    _demand(bool(check.name), "a name")
    _demand(bool(check.conclusion) == (check.status == "completed"), "a conclusion once it is completed")
    found = {
        "name": check.name,
        "external_id": check.external_id,
        "status": str(check.status),
        "conclusion": str(check.conclusion) if check.conclusion else None,
        "started_at": _utc(check.started_at),
        "completed_at": _utc(check.completed_at),
        "details_url": check.details_url or None,
        "actions": _buttons(check),
    }
    return {name: value for name, value in found.items() if value is not None}


def output(check: CheckRun, batch: Sequence[CheckAnnotation] = ()) -> dict[str, Any]:
    """Title, texts, and one batch of annotations, which GitHub adds to those that are there."""
    _demand(0 < len(check.title) <= MAX_TITLE, f"a title of at most {MAX_TITLE} characters")
    _demand(0 < len(check.summary.encode()) <= MAX_OUTPUT, f"a summary of at most {MAX_OUTPUT:,} bytes")
    _demand(len(check.text.encode()) <= MAX_OUTPUT, f"a text of at most {MAX_OUTPUT:,} bytes")
    _demand(len(batch) <= ANNOTATIONS_A_REQUEST, f"at most {ANNOTATIONS_A_REQUEST} annotations at a time")
    found: dict[str, Any] = {"title": check.title, "summary": check.summary}
    if check.text:
        found["text"] = check.text
    if batch:
        found["annotations"] = [_annotation(each) for each in batch]
    return found


def comment_body(text: str) -> str:
    """`BadInput` where GitHub would refuse it."""
    if not 0 < len(text) <= MAX_COMMENT:
        raise BadInput(f"a comment has between 1 and {MAX_COMMENT:,} characters, and this one {len(text):,}")
    return text


def _annotation(given: CheckAnnotation) -> dict[str, Any]:
    _demand(bool(given.path), "a path in each annotation")
    _demand(1 <= given.start_line <= given.end_line, "lines that count from 1")
    _demand(given.level in ("notice", "warning", "failure"), "the level notice, warning or failure")
    _demand(0 < len(given.message.encode()) <= MAX_MESSAGE_BYTES, "annotations of at most 64 KB, and not empty")
    _demand(len(given.title) <= MAX_TITLE, f"titles of at most {MAX_TITLE} characters")
    columns = (given.start_column, given.end_column)
    _demand(columns == (None, None) or given.start_line == given.end_line, "columns only within one line")
    found = {
        "path": given.path,
        "start_line": given.start_line,
        "end_line": given.end_line,
        "annotation_level": given.level,
        "message": given.message,
        "title": given.title or None,
        "start_column": given.start_column,
        "end_column": given.end_column,
    }
    return {name: value for name, value in found.items() if value is not None}


def _buttons(check: CheckRun) -> list[dict[str, str]] | None:
    _demand(len(check.actions) <= MAX_BUTTONS, f"at most {MAX_BUTTONS} buttons")
    found = [{name: getattr(each, name) for name in _BUTTON} for each in check.actions]
    for button in found:
        for name, most in _BUTTON.items():
            _demand(0 < len(button[name]) <= most, f"a {name} of at most {most} characters in each button")
    return found or None


def _utc(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC) if moment else None


def _demand(holds: bool, what: str) -> None:
    if not holds:
        raise BadInput(f"a check run has {what}")
