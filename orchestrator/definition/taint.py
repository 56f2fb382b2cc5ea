"""Text that an outsider can write, where it would become shell code.

Only what the event and the head branch's name bring is followed, through `env` and `matrix`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from orchestrator.definition.expressions import Embedded, ExpressionError, Reference, references, split
from orchestrator.definition.model import JsonValue, Matrix, Node

_TAINTED = (("github", "event"), ("github", "head_ref"))


class Taint:
    """Answers where the text behind a path comes from; knows the workflow's `env`."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = {name: path for name, text in env.items() if (path := self._first([text], {}))}

    def source(self, reference: Reference, node: Node | None) -> str | None:
        """The tainted path that `reference` brings into `node`, such as `github.event.issue.title`; None if clean."""
        match tuple(part.lower() for part in reference.path[:2]):
            case ("github",) | ("github", "event") | ("github", "head_ref"):
                return ".".join(reference.path)
            case ("env", *name):
                variables = self._variables(node)
                return next((path for known, path in variables.items() if not name or known.lower() == name[0]), None)
            case ("matrix", *_) if node and node.matrix:
                return self._first(_texts(_parts(node.matrix)), self._env)
            case _:
                return None

    def _variables(self, node: Node | None) -> dict[str, str]:
        own = node.env if node else {}
        return {
            **{name: path for name, path in self._env.items() if name not in own},
            **{name: path for name, text in own.items() if (path := self._first([text], self._env))},
        }

    @staticmethod
    def _first(texts: Iterable[str], variables: Mapping[str, str]) -> str | None:
        for text in texts:
            for reference in _references(text):
                path = tuple(part.lower() for part in reference.path[:2])
                if path in ((("github",)), *_TAINTED):
                    return ".".join(reference.path)
                for name, origin in variables.items():
                    if path in (("env",), ("env", name.lower())):
                        return origin
        return None


def _references(text: str) -> Iterable[Reference]:
    try:
        parts = split(text)
    except ExpressionError:
        return
    for part in parts:
        if isinstance(part, Embedded):
            yield from references(part.expression)


def _parts(matrix: Matrix) -> JsonValue:
    return [matrix.expression, *matrix.axes.values(), *matrix.include, *matrix.exclude]


def _texts(value: JsonValue) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for child in value.values() if isinstance(value, dict) else value:
            yield from _texts(child)
