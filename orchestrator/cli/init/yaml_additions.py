"""Additions to a YAML text in place: every character that is there stays, with comments and ways of writing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from orchestrator.cli.init.yaml_words import Value, block, flow, scalar


@dataclass
class Additions:
    """`root` is what the text holds. Nothing is changed before `text` is asked for."""

    before: str
    root: Node = field(init=False)
    _keys: dict[int, Node] = field(init=False)
    _edits: list[tuple[int, int, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.root = YAML(typ="safe", pure=True).compose(self.before)
        self._keys = dict(_keyed(self.root))

    def text(self) -> str:
        """With all additions. Those at one place stand in the order in which they were made."""
        result, done = "", 0
        for start, end, new in sorted(self._edits, key=lambda each: each[0]):
            result, done = result + self.before[done:start] + new, end
        return result + self.before[done:]

    def replace(self, node: Node, new: str) -> None:
        self._edits.append((*self._span(node), new))

    def put(self, mapping: Node, key: str, value: Value, *, comment: str = "") -> None:
        """A key that the mapping does not have, at its end."""
        if not isinstance(mapping, MappingNode):
            self.fill(mapping, {key: value})
        elif mapping.flow_style:
            self._into_brackets(mapping, f"{key}: {flow(value)}")
        else:
            self._line_after(mapping, block(key, value, mapping.start_mark.column, comment))

    def put_before(self, mapping: Node, other: str, key: str, value: Value) -> None:
        """A key in front of another one; at the end where there is none, or all stand in one line."""
        at = next((name for name, _ in _pairs(mapping) if name.value == other), None)
        start = self.before.rfind("\n", 0, at.start_mark.index) + 1 if at else 0
        if at is None or self.before[start : at.start_mark.index].strip():
            self.put(mapping, key, value)
            return
        self._edits.append((start, start, block(key, value, mapping.start_mark.column)))

    def extend(self, listed: Node, values: Sequence[str]) -> None:
        """More values of a list, or of what stands for a list of one."""
        if not isinstance(listed, SequenceNode):
            there = [self.written(listed)] if listed.value else []
            self.replace(listed, f"{'' if there else ' '}[{', '.join([*there, *map(scalar, values)])}]")
        elif listed.flow_style:
            self._into_brackets(listed, ", ".join(map(scalar, values)))
        else:
            indent = " " * listed.start_mark.column
            self._line_after(listed, "".join(f"{indent}- {scalar(value)}\n" for value in values))

    def append(self, listed: Node, entries: Sequence[Mapping[str, str]]) -> None:
        """More mappings of a list, each with one key."""
        if not isinstance(listed, SequenceNode):
            self.fill(listed, entries)
        elif listed.flow_style:
            self._into_brackets(listed, ", ".join(map(flow, entries)))
        else:
            margin = f"{' ' * listed.start_mark.column}- "
            new = [f"{margin}{key}: {scalar(value)}\n" for entry in entries for key, value in entry.items()]
            self._line_after(listed, "".join(new))

    def fill(self, nothing: Node, values: Value) -> None:
        """Something where there is no value yet, or an empty one."""
        self.replace(nothing, flow(values) if self.written(nothing) else f" {flow(values)}")

    def written(self, node: Node) -> str:
        """As it stands there, without comments that follow it."""
        return self.before[self._span(node)[0] : self._end(node)]

    def behind(self, mapping: Node, lines: str) -> None:
        """Lines behind a mapping that is written as a block."""
        self._line_after(mapping, lines)

    def replace_block(self, node: Node, new: str) -> None:
        """All of a node, but for comments that follow it; what begins with a line leaves no space before that."""
        start, _ = self._span(node)
        start = len(self.before[:start].rstrip(" ")) if new.startswith("\n") else start
        self._edits.append((start, self._end(node), new))

    def _into_brackets(self, node: Node, new: str) -> None:
        at = node.end_mark.index - 1
        ahead = self.before[node.start_mark.index + 1 : at].rstrip()
        separator = "" if not ahead else " " if ahead.endswith(",") else " , " if ahead.endswith(":") else ", "
        start = node.start_mark.index + 1 + len(ahead)
        self._edits.append((start, start, separator + new))

    def _line_after(self, node: Node, line: str) -> None:
        end = self._end(node)
        at = end if self.before[:end].endswith("\n") else self.before.find("\n", end) + 1
        if not at:
            at, line = len(self.before), f"\n{line}"
        self._edits.append((at, at, line))

    def _end(self, node: Node) -> int:
        """Where what a node holds ends: its own mark may be behind comments."""
        while isinstance(node, (MappingNode, SequenceNode)) and not node.flow_style and node.value:
            node = node.value[-1][1] if isinstance(node, MappingNode) else node.value[-1]
        return self._span(node)[1]

    def _span(self, node: Node) -> tuple[int, int]:
        """Where a node begins and ends. What is not there is behind the colon of its key, not where the next begins."""
        start, end = node.start_mark.index, node.end_mark.index
        if start == end and (key := self._keys.get(id(node))):
            start = end = key.end_mark.index + self.before.startswith(":", key.end_mark.index)
        return start, end


def _keyed(node: Node) -> Iterator[tuple[int, Node]]:
    for key, value in _pairs(node):
        yield id(value), key
        yield from _keyed(value)
    for each in node.value if isinstance(node, SequenceNode) else ():
        yield from _keyed(each)


def _pairs(mapping: Node | None) -> list[tuple[Node, Node]]:
    return list(mapping.value) if isinstance(mapping, MappingNode) else []


def at(node: Node | None, *path: str | int) -> Node | None:
    """What lies below a node; None where nothing does."""
    for step in path:
        if isinstance(step, int):
            node = node.value[step] if isinstance(node, SequenceNode) and step < len(node.value) else None
        else:
            node = next((value for name, value in _pairs(node) if name.value == step), None)
    return node
