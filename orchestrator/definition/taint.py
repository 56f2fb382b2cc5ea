"""Text that an outsider or an agent can write, where it would become shell code.

Followed is what the event, the branch's name and the agents before bring, through `env`, `matrix` and the `outputs` map
of nodes. What a `run` node itself gives as its outputs is not: its script is the author's own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from orchestrator.definition.expressions import Embedded, Reference, pieces, references
from orchestrator.definition.model import Agent, JsonValue, Matrix, Merge, Node

_OF_GITHUB = frozenset({"event", "head_ref", "ref", "ref_name"})
_CLOSED_TYPES = frozenset({"boolean", "integer", "number"})
MOST_STATIONS = 3

Spot: TypeAlias = tuple[str, str, str]
"""A text of the file that others read: `env`, `matrix` or `outputs`, its node ('' for the workflow), its name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """How tainted text reaches a reader: `source` is where it comes from, `through` the first paths between them."""

    source: str
    through: tuple[str, ...] = ()


class Taint:
    """Answers where the text behind a path comes from; knows the workflow's `env` and its nodes."""

    def __init__(self, env: Mapping[str, str], nodes: Iterable[Node] = ()) -> None:
        self._env = env
        self._nodes = {node.id.lower(): node for node in nodes}
        self._ways = self._spread()

    def way(self, reference: Reference, node: Node | None) -> Way | None:
        """The shortest way on which tainted text reaches `reference`, read in `node`; None if it is clean."""
        if self._is_source(reference, node):
            return Way(source=".".join(reference.path))
        return next((self._ways[spot] for spot in self._read(reference, node) if spot in self._ways), None)

    def _spread(self) -> dict[Spot, Way]:
        """The tainted spots: first those that read a source, then what reads them, and so on."""
        ways: dict[Spot, Way] = {}
        readers: dict[Spot, list[tuple[Spot, str]]] = {}
        for spot, node, text in self._spots():
            for reference in _references(text):
                path = ".".join(reference.path)
                if self._is_source(reference, node):
                    ways.setdefault(spot, Way(source=path))
                # A node's `env` sees the workflow's variables, and not its own.
                scope = None if spot[0] == reference.path[0] == "env" else node
                for read in self._read(reference, scope):
                    readers.setdefault(read, []).append((spot, path))
        ahead = deque(ways)
        while ahead:
            way = ways[tainted := ahead.popleft()]
            for spot, path in readers.get(tainted, ()):
                if spot not in ways:
                    ways[spot] = Way(source=way.source, through=(path, *way.through)[: MOST_STATIONS + 1])
                    ahead.append(spot)
        return ways

    def _spots(self) -> Iterator[tuple[Spot, Node | None, str]]:
        for name, text in self._env.items():
            yield ("env", "", name), None, text
        for node in self._nodes.values():
            for name, text in node.env.items():
                yield ("env", node.id, name), node, text
            for name, text in node.outputs.items():
                yield ("outputs", node.id, name), node, text
            for text in _texts(_parts(node.matrix)) if node.matrix else ():
                yield ("matrix", node.id, ""), node, text

    def _is_source(self, reference: Reference, node: Node | None) -> bool:
        match tuple(part.lower() for part in reference.path):
            case ("github",):
                return True
            case ("github", name, *_):
                return name in _OF_GITHUB
            case ("outputs", *name):
                return node is not None and _is_of_agent(node) and not _is_closed(node, name[:1])
            case ("needs", *rest) if rest[1:2] != ["result"]:
                before = [need for need in self._needed(node, rest[:1]) if _is_of_agent(need)]
                return any(_says_freely(need, rest[2:3]) for need in before)
            case _:
                return False

    def _read(self, reference: Reference, node: Node | None) -> Iterator[Spot]:
        """The spots whose text `reference` brings into `node`, or into the workflow's `env`."""
        match tuple(part.lower() for part in reference.path):
            case ("env", *name):
                own = node.env if node else {}
                variables = {**dict.fromkeys(self._env, ""), **dict.fromkeys(own, node.id if node else "")}
                yield from (("env", owner, known) for known, owner in variables.items() if _is_named(known, name))
            case ("matrix", *_) if node and node.matrix:
                yield ("matrix", node.id, "")
            case ("needs", *rest) if rest[1:2] != ["result"]:
                for before in self._needed(node, rest[:1]):
                    yield from (("outputs", before.id, known) for known in before.outputs if _is_named(known, rest[2:]))

    def _needed(self, node: Node | None, name: list[str]) -> list[Node]:
        """The direct predecessors of `node` that exist; only the one with `name`, where there is one."""
        names = [need.node.lower() for need in node.needs] if node else []
        return [self._nodes[known] for known in names if known in self._nodes and _is_named(known, name)]


def _is_named(known: str, name: list[str]) -> bool:
    """Whether a path that goes on with `name`, or ends before it, reads what is called `known`."""
    return not name or known.lower() == name[0]


def _is_of_agent(node: Node) -> bool:
    return isinstance(node.action, Agent) or (isinstance(node.action, Merge) and node.action.resolver is not None)


def _says_freely(node: Node, output: list[str]) -> bool:
    # A failed agent's own output stands where its map would have put another, so a mapped name is never closed.
    return any(_is_named(name, output) for name in node.outputs) or not _is_closed(node, output)


def _is_closed(node: Node, output: list[str]) -> bool:
    """Whether the agent's answer leaves no choice of words for this output: a number, yes or no, one of a list."""
    schema = node.action.answer if isinstance(node.action, Agent) else None
    properties = schema.get("properties") if schema else None
    if not isinstance(properties, dict) or not output:
        return False
    shape = next((shape for name, shape in properties.items() if name.lower() == output[0]), None)
    return isinstance(shape, dict) and ("enum" in shape or "const" in shape or str(shape.get("type")) in _CLOSED_TYPES)


def _references(text: str) -> Iterable[Reference]:
    for piece in pieces(text):
        if isinstance(piece, Embedded):
            yield from references(piece.expression)


def _parts(matrix: Matrix) -> JsonValue:
    return [matrix.expression, *matrix.axes.values(), *matrix.include, *matrix.exclude]


def _texts(value: JsonValue) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for child in value.values() if isinstance(value, dict) else value:
            yield from _texts(child)
