"""Text that an outsider or an agent can write, where it would become shell code, or decide what is published where.

Followed is what the event, the branch's name and the agents before bring, and inputs where people may give them who may
not write to the repository, through `env`, `matrix` and the `outputs` map of nodes. What a `run` node itself gives as
its outputs is not: its script is the author's own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from orchestrator.definition.expressions import Embedded, Reference, pieces, references
from orchestrator.definition.model import Agent, Input, InputType, JsonValue, Matrix, Merge, Node
from orchestrator.definition.roles import Role, Trust

_OF_GITHUB = frozenset({"event", "head_ref", "ref", "ref_name"})
_CLOSED_TYPES = frozenset({"boolean", "integer", "number"})
MOST_STATIONS = 3
_WHOLE = "*"

Spot: TypeAlias = tuple[str, str, str]
"""A text of the file that others read: `env`, `matrix`, `needs` or `outputs`, its node ('' for the workflow), its name
or `*`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """How tainted text reaches a reader: `source` is where it comes from, `through` the first paths between them."""

    source: str
    through: tuple[str, ...] = ()


class Taint:
    """Answers where the text behind a path comes from; knows the workflow's `env`, its nodes and its open inputs.

    A path that reads all of a map reads the spot `*` of that map, which each of its texts leads to. So the work
    follows the size of the file, and not how many texts read how many others.
    """

    def __init__(
        self, env: Mapping[str, str], nodes: Iterable[Node] = (), open_inputs: Collection[str] = frozenset()
    ) -> None:
        self._env = env
        self._open_inputs = {name.lower() for name in open_inputs}
        self._env_names = _by_lower(env)
        self._nodes = {node.id.lower(): node for node in nodes}
        self._needed = {node.id: _needed(node, self._nodes) for node in self._nodes.values()}
        self._own_names = {node.id: _by_lower(node.env) for node in self._nodes.values()}
        self._agents_say = {
            node.id: any(_is_of_agent(each) and _says_freely(each, []) for each in self._needed[node.id].values())
            for node in self._nodes.values()
        }
        self._parts = dict(self._wholes())
        self._firsts: dict[Spot, Way | None] = {}
        self._ways = self._spread()

    def way(self, reference: Reference, node: Node | None) -> Way | None:
        """The shortest way on which tainted text reaches `reference`, read in `node`; None if it is clean."""
        if self._is_source(reference, node):
            return Way(source=".".join(reference.path))
        return next((way for spot in self._read(reference, node) if (way := self._first(spot))), None)

    def _first(self, spot: Spot) -> Way | None:
        """The way to a spot; of a whole, that to the first of its parts in the order of the file."""
        if spot not in self._ways or spot not in self._parts:
            return self._ways.get(spot)
        if spot not in self._firsts:
            self._firsts[spot] = next((way for part in self._parts[spot] if (way := self._first(part))), None)
        return self._firsts[spot]

    def _spread(self) -> dict[Spot, Way]:
        """The tainted spots: first those that read a source, then what reads them, and so on."""
        ways: dict[Spot, Way] = {}
        readers: dict[Spot, list[tuple[Spot, str]]] = {}
        for whole, parts in self._parts.items():
            for part in parts:
                readers.setdefault(part, []).append((whole, ""))
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
                    through = (path, *way.through) if path else way.through
                    ways[spot] = Way(source=way.source, through=through[: MOST_STATIONS + 1])
                    # What only leads to a whole is no station: as near as what led to it.
                    ahead.append(spot) if path else ahead.appendleft(spot)
        return ways

    def _wholes(self) -> Iterator[tuple[Spot, list[Spot]]]:
        """Each `*` with the spots that it stands for."""
        yield ("env", "", _WHOLE), [("env", "", name) for name in self._env]
        for node in self._nodes.values():
            yield ("outputs", node.id, _WHOLE), [("outputs", node.id, name.lower()) for name in node.outputs]
            yield ("needs", node.id, _WHOLE), [("outputs", each.id, _WHOLE) for each in self._needed[node.id].values()]
            own: list[Spot] = [("env", node.id, name) for name in node.env]
            overridden = any(name in self._env for name in node.env)
            rest = [("env", "", name) for name in self._env if name not in node.env] if overridden else None
            yield ("env", node.id, _WHOLE), own + (rest if rest is not None else [("env", "", _WHOLE)])

    def _spots(self) -> Iterator[tuple[Spot, Node | None, str]]:
        for name, text in self._env.items():
            yield ("env", "", name), None, text
        for node in self._nodes.values():
            for name, text in node.env.items():
                yield ("env", node.id, name), node, text
            for name, text in node.outputs.items():
                yield ("outputs", node.id, name.lower()), node, text
            for text in _texts(_parts(node.matrix)) if node.matrix else ():
                yield ("matrix", node.id, _WHOLE), node, text

    def _is_source(self, reference: Reference, node: Node | None) -> bool:
        match tuple(part.lower() for part in reference.path):
            case ("github",):
                return True
            case ("github", name, *_):
                return name in _OF_GITHUB
            case ("inputs", *name):
                return bool(self._open_inputs) if not name else name[0] in self._open_inputs
            case ("outputs", *name):
                return node is not None and _is_of_agent(node) and not _is_closed(node, name[:1])
            case ("needs",):
                return node is not None and self._agents_say[node.id]
            case ("needs", name, *rest) if node and rest[:1] != ["result"]:
                before = self._needed[node.id].get(name)
                return before is not None and _is_of_agent(before) and _says_freely(before, rest[1:2])
            case _:
                return False

    def _read(self, reference: Reference, node: Node | None) -> Iterator[Spot]:
        """The spots whose text `reference` brings into `node`, or into the workflow's `env`."""
        match tuple(part.lower() for part in reference.path):
            case ("env",):
                yield ("env", node.id if node else "", _WHOLE)
            case ("env", name, *_):
                yield from self._variables(name, node)
            case ("matrix", *_) if node and node.matrix:
                yield ("matrix", node.id, _WHOLE)
            case ("needs",) if node:
                yield ("needs", node.id, _WHOLE)
            case ("needs", name, *rest) if node and rest[:1] != ["result"] and name in self._needed[node.id]:
                yield ("outputs", self._needed[node.id][name].id, rest[1] if len(rest) > 1 else _WHOLE)

    def _variables(self, name: str, node: Node | None) -> Iterator[Spot]:
        """The variables called `name` that `node` sees: its own, and those of the workflow without those."""
        own = self._own_names[node.id].get(name, ()) if node else ()
        yield from (("env", node.id if node else "", known) for known in own)
        yield from (("env", "", known) for known in self._env_names.get(name, ()) if known not in own)


def open_inputs(inputs: Iterable[Input], trust: Trust) -> frozenset[str]:
    """The inputs whose text is free, of a workflow that people may start who may not write to the repository."""
    free = (each.name for each in inputs if each.type is InputType.STRING)
    return frozenset(free) if trust.actors < Role.WRITE else frozenset()


def _needed(node: Node, nodes: Mapping[str, Node]) -> dict[str, Node]:
    """The direct predecessors of `node` that exist, by their ids in lower case."""
    names = (need.node.lower() for need in node.needs)
    return {name: nodes[name] for name in names if name in nodes}


def _by_lower(names: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(name.lower(), []).append(name)
    return found


def _is_of_agent(node: Node) -> bool:
    return isinstance(node.action, Agent) or (isinstance(node.action, Merge) and node.action.resolver is not None)


def _says_freely(node: Node, output: list[str]) -> bool:
    # A failed agent's own output stands where its map would have put another, so a mapped name is never closed.
    mapped = bool(node.outputs) if not output else any(name.lower() == output[0] for name in node.outputs)
    return mapped or not _is_closed(node, output)


def _is_closed(node: Node, output: list[str]) -> bool:
    """Whether the agent's answer leaves no choice of words for this output: numbers, yes or no, some of a list."""
    schema = node.action.answer if isinstance(node.action, Agent) else None
    properties = schema.get("properties") if schema else None
    if not isinstance(properties, dict) or not output:
        return False
    return _leaves_no_choice(next((shape for name, shape in properties.items() if name.lower() == output[0]), None))


def _leaves_no_choice(shape: JsonValue) -> bool:
    if not isinstance(shape, dict):
        return False
    if "enum" in shape or "const" in shape:
        return True
    if shape.get("type") == "array" and "prefixItems" not in shape:
        return _leaves_no_choice(shape.get("items"))
    return str(shape.get("type")) in _CLOSED_TYPES


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
