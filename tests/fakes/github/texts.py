"""How long texts may be, and how GitHub refuses longer ones."""

from __future__ import annotations

from tests.fakes.github.refusals import Refused

MOST_BODY = 65_536
"""Characters in the body of a comment, issue, pull request or review."""


def check_body(text: str | None, resource: str) -> None:
    """Comments are refused in other words than the rest."""
    if text is None or len(text) <= MOST_BODY:
        return
    if resource == "IssueComment":
        where, problem = {"code": "unprocessable", "field": "data"}, "Body is too long"
    else:
        where, problem = {"code": "custom", "field": "body"}, "body is too long"
    error = {"resource": resource, **where, "message": f"{problem} (maximum is {MOST_BODY} characters)"}
    raise Refused(422, "Validation Failed", errors=[error])
