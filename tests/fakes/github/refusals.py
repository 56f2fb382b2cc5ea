"""How GitHub refuses: the status, message and errors it answers with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

DOCUMENTATION = "https://docs.github.com/rest"


class Refused(Exception):
    """An answer of 4xx; the body follows GitHub's `basic-error` and `validation-error`."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        errors: Sequence[Any] | None = None,
        headers: Mapping[str, str] | None = None,
        documentation: str = DOCUMENTATION,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
        self.body: dict[str, Any] = {"message": message, "documentation_url": documentation, "status": str(status)}
        if errors is not None:
            self.body["errors"] = list(errors)


def not_found() -> Refused:
    """Also for what exists but may not be known to the asker."""
    return Refused(404, "Not Found")


def forbidden(message: str) -> Refused:
    return Refused(403, message)


def invalid(resource: str, field: str, code: str = "invalid", message: str | None = None) -> Refused:
    """A validation error of one field; `custom` ones come with a message."""
    error = {"resource": resource, "field": field, "code": code}
    if message is not None:
        error["message"] = message
    return Refused(422, "Validation Failed", errors=[error])


def custom(resource: str, message: str) -> Refused:
    """A validation error of the whole."""
    return Refused(422, "Validation Failed", errors=[{"resource": resource, "code": "custom", "message": message}])


def unprocessable(message: str) -> Refused:
    """A validation error in words alone."""
    return Refused(422, "Unprocessable Entity", errors=[message])


def ill_formed(message: str) -> Refused:
    """What a request's shape is refused with, before anything is looked at."""
    return Refused(422, f"Invalid request.\n\n{message}")
