"""Answers that are not what GitHub documents, as our own error: whoever asked asks again later.

PyGithub reads a body when an attribute is asked for, so that a proxy's page or half an object shows at any line that
looks at it. Everything that the adapter offers is therefore called through here.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from functools import wraps
from types import FunctionType, TracebackType
from typing import Any, Final, TypeVar

from orchestrator.errors import Unavailable
from orchestrator.report.plain_text import one_line

_ROOM: Final = "orchestrator.github."
_READERS: Final = ("github.", *(f"{_ROOM}{name}" for name in ("shapes", "people", "tokens", "repository")))
"""Where bodies are read: a mistake anywhere else is one of ours, and stays what it is."""

_MISREAD: Final = (AttributeError, KeyError, IndexError, TypeError, ValueError)
Adapter = TypeVar("Adapter")


def guarded(adapter: type[Adapter]) -> type[Adapter]:
    """The class, with all that it offers raising `Unavailable` for an answer that cannot be read."""
    for name in dir(adapter):
        found = getattr(adapter, name)
        if not name.startswith("_") and isinstance(found, FunctionType):
            setattr(adapter, name, _guarded(found))
    return adapter


def _guarded(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def called(*arguments: Any, **named: Any) -> Any:
        try:
            answer = method(*arguments, **named)
        except Exception as error:
            if not _of_a_body(error):
                raise
            raise _undocumented(error) from error
        return _each(answer) if isinstance(answer, Generator) else answer

    return called


def _each(answers: Iterator[Any]) -> Iterator[Any]:
    try:
        yield from answers
    except Exception as error:
        if not _of_a_body(error):
            raise
        raise _undocumented(error) from error


def _undocumented(error: Exception) -> Unavailable:
    said = one_line(f"{type(error).__name__}: {error}", 200)
    return Unavailable(f"GitHub's answer is not what it documents: {said}", hint="see https://www.githubstatus.com")


def _of_a_body(error: Exception) -> bool:
    own = type(error).__module__.startswith("github.")
    return own or (isinstance(error, _MISREAD) and _place(error.__traceback__).startswith(_READERS))


def _place(trace: TracebackType | None) -> str:
    """The module that was at work."""
    while trace and trace.tb_next:
        trace = trace.tb_next
    return str(trace.tb_frame.f_globals.get("__name__", "")) if trace else ""
