"""Text that an outsider or an agent can write, where it would become shell code.

Followed is what the event, the branch's name and the agents before bring, through `env` and `matrix`. What a `run` node
gives as its outputs is not: its script is the author's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from orchestrator.definition.expressions import Embedded, ExpressionError, Reference, references, split
from orchestrator.definition.model import Agent, JsonValue, Matrix, Merge, Node

_OF_GITHUB = frozenset({"event", "head_ref", "ref", "ref_name"})
_CLOSED_TYPES = frozenset({"boolean", "integer", "number"})


class Taint:
    """Answers where the text behind a path comes from; knows the workflow's `env` and its nodes."""

    def __init__(self, env: Mapping[str, str], nodes: Iterable[Node] = ()) -> None:
        self._agents = {node.id.lower(): node for node in nodes if _is_of_agent(node)}
        self._env = {name: path for name, text in env.items() if (path := self._first([text], {}))}

    def source(self, reference: Reference, node: Node | None) -> str | None:
        """The tainted path that `reference` brings into `node`, such as `github.event.issue.title`; None if clean."""
        if self._is_tainted(reference):
            return ".".join(reference.path)
        match tuple(part.lower() for part in reference.path[:2]):
            case ("env", *name):
                variables = self._variables(node)
                return next((path for known, path in variables.items() if not name or known.lower() == name[0]), None)
            case ("matrix", *_) if node and node.matrix:
                return self._first(_texts(_parts(node.matrix)), self._env)
            case _:
                return None

    def _is_tainted(self, reference: Reference) -> bool:
        match tuple(part.lower() for part in reference.path):
            case ("github",):
                return True
            case ("github", name, *_):
                return name in _OF_GITHUB
            case ("needs",):
                return bool(self._agents)
            case ("needs", name, *rest) if rest[:1] != ["result"]:
                return name in self._agents and not _is_closed(self._agents[name], rest[1:2])
            case _:
                return False

    def _variables(self, node: Node | None) -> dict[str, str]:
        own = node.env if node else {}
        return {
            **{name: path for name, path in self._env.items() if name not in own},
            **{name: path for name, text in own.items() if (path := self._first([text], self._env))},
        }

    def _first(self, texts: Iterable[str], variables: Mapping[str, str]) -> str | None:
        for text in texts:
            for reference in _references(text):
                if self._is_tainted(reference):
                    return ".".join(reference.path)
                path = tuple(part.lower() for part in reference.path[:2])
                for name, origin in variables.items():
                    if path in (("env",), ("env", name.lower())):
                        return origin
        return None


def _is_of_agent(node: Node) -> bool:
    return isinstance(node.action, Agent) or (isinstance(node.action, Merge) and node.action.resolver is not None)


def _is_closed(node: Node, output: list[str]) -> bool:
    """Whether the agent's answer leaves no choice of words for this output: a number, yes or no, one of a list."""
    schema = node.action.answer if isinstance(node.action, Agent) else None
    properties = schema.get("properties") if schema else None
    renamed = {name.lower() for name in node.outputs}
    if not isinstance(properties, dict) or not output or output[0] in renamed:
        return False
    shape = next((shape for name, shape in properties.items() if name.lower() == output[0]), None)
    return isinstance(shape, dict) and ("enum" in shape or "const" in shape or str(shape.get("type")) in _CLOSED_TYPES)


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
