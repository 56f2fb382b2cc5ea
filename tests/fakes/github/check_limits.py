"""What GitHub refuses of a check run's request: https://docs.github.com/rest/checks/runs#create-a-check-run.

Characters are counted first, with the whole request refused as invalid; then bytes, where what is stored would not fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.fakes.github.refusals import Refused, ill_formed
from tests.fakes.github.routing import Call

MOST_ANNOTATIONS = 50
MOST_ACTIONS = 3
MOST_TEXT = 65_535
MOST_ANNOTATION = 64 * 1024
MOST_TITLE = 255
MOST_OF_ACTION = {"label": 20, "description": 40, "identifier": 20}
STATUSES = ("queued", "in_progress", "completed")
CONCLUSIONS = ("action_required", "cancelled", "failure", "neutral", "success", "skipped", "timed_out")
LEVELS = ("notice", "warning", "failure")


def check_request(call: Call) -> None:
    """Refuse what breaks a limit or lacks what is required."""
    status, conclusion = call.given("status", str), call.given("conclusion", str)
    _member("status", status, STATUSES)
    _member("conclusion", conclusion, CONCLUSIONS)
    if conclusion is None and (status == "completed" or call.given("completed_at", str)):
        raise ill_formed('"conclusion" wasn\'t supplied.')
    if output := call.given("output", dict):
        _check_output(output)
    _check_actions(call.given("actions", list, []))


def _check_output(output: Mapping[str, Any]) -> None:
    for name in ("title", "summary"):
        if not isinstance(output.get(name), str):
            raise ill_formed(f'"{name}" wasn\'t supplied.')
    for name in ("summary", "text"):
        _characters(output.get(name), MOST_TEXT)
        if len(str(output.get(name) or "").encode()) > MOST_TEXT:
            problem = f"{name} exceeds a maximum bytesize of {MOST_TEXT}"
            error = {"resource": "CheckRun", "code": "custom", "field": name, "message": problem}
            raise Refused(422, "Validation Failed", errors=[error])
    annotations = output.get("annotations") or []
    _items(annotations, MOST_ANNOTATIONS)
    for annotation in annotations:
        _check_annotation(annotation)


def _check_annotation(annotation: Mapping[str, Any]) -> None:
    for name in ("path", "start_line", "end_line", "annotation_level", "message"):
        if annotation.get(name) in (None, ""):
            raise ill_formed(f'"{name}" wasn\'t supplied.')
    _member("annotation_level", annotation["annotation_level"], LEVELS)
    _characters(annotation.get("title"), MOST_TITLE)
    for name in ("message", "raw_details"):
        if len(str(annotation.get(name) or "").encode()) > MOST_ANNOTATION:
            raise ill_formed(f"{name} is longer than {MOST_ANNOTATION} bytes.")
    start, end = annotation["start_line"], annotation["end_line"]
    if start < 1 or end < start:
        raise ill_formed("start_line must be less than or equal to end_line.")
    if start != end and (annotation.get("start_column") or annotation.get("end_column")):
        raise ill_formed("start_column and end_column are only for annotations of one line.")


def _check_actions(actions: list[Any]) -> None:
    _items(actions, MOST_ACTIONS)
    for action in actions:
        for name, most in MOST_OF_ACTION.items():
            if not isinstance(action.get(name), str):
                raise ill_formed(f'"{name}" wasn\'t supplied.')
            _characters(action[name], most)


def _member(name: str, value: str | None, allowed: tuple[str, ...]) -> None:
    if value is not None and value not in allowed:
        raise ill_formed(f"For 'properties/{name}', {value} is not a member of {list(allowed)}.")


def _items(given: list[Any], most: int) -> None:
    if len(given) > most:
        raise ill_formed(f"No more than {most} items are allowed; {len(given)} were supplied.")


def _characters(text: str | None, most: int) -> None:
    if text is not None and len(text) > most:
        raise ill_formed(f"Only {most} characters are allowed; {len(text)} were supplied.")
