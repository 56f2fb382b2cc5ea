"""The syntax tree of an expression. Every node knows its depth, so that no tree can exhaust the stack."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, kw_only=True, slots=True)
class Literal:
    """null, a boolean, a number or a string."""

    value: None | bool | int | float | str
    depth: int = field(default=1, compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Name:
    """A context, such as `github`; `column` counts from 1."""

    name: str
    column: int = field(default=1, compare=False)
    depth: int = field(default=1, compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Index:
    """`target.key` or `target[key]`."""

    target: Node
    key: Node
    depth: int = field(default=1, compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A function call; `function` is spelled as in the table of functions."""

    function: str
    arguments: tuple[Node, ...]
    depth: int = field(default=1, compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Not:
    """`!operand`."""

    operand: Node
    depth: int = field(default=1, compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """`left operator right`."""

    operator: str
    left: Node
    right: Node
    depth: int = field(default=1, compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Logic:
    """`a && b && c` or `a || b || c`, flat as GitHub keeps it, so that long chains are not deep."""

    operator: str
    operands: tuple[Node, ...]
    depth: int = field(default=1, compare=False)


Node: TypeAlias = Literal | Name | Index | Call | Not | Comparison | Logic


@dataclass(frozen=True, kw_only=True, slots=True)
class Expression:
    """A parsed expression; `text` is what stood between `${{` and `}}`."""

    text: str
    root: Node


def children(node: Node) -> tuple[Node, ...]:
    """The direct operands of `node`."""
    match node:
        case Index(target=target, key=key):
            return (target, key)
        case Call(arguments=arguments):
            return arguments
        case Not(operand=operand):
            return (operand,)
        case Comparison(left=left, right=right):
            return (left, right)
        case Logic(operands=operands):
            return operands
        case _:
            return ()
