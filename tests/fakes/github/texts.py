"""How long texts may be, and how GitHub refuses longer ones."""

from __future__ import annotations

from tests.fakes.github.refusals import Refused

MOST_BODY = 65_536
"""Characters in the body of a comment, issue, pull request or review."""


def check_body(text: str | None, resource: str) -> None:
    if text is not None and len(text) > MOST_BODY:
        problem = f"Body is too long (maximum is {MOST_BODY} characters)"
        error = {"resource": resource, "code": "unprocessable", "field": "data", "message": problem}
        raise Refused(422, "Validation Failed", errors=[error])
