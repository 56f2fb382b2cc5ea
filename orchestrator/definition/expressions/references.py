"""What an expression reads and calls, for the checks that need no values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.definition.expressions.functions import STATUS_FUNCTIONS
from orchestrator.definition.expressions.syntax import Call, Expression, Index, Literal, Name, Node, children
from orchestrator.definition.expressions.values import to_text


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """A path into the contexts, as `("needs", "lint", "outputs", "summary")`, as far as it is known without values.

    The first part, the context's name, is in lower case; the rest as written. `exact` is false where a computed
    index follows, so that the path stands for everything below it. `column` counts from 1 in the expression.
    """

    path: tuple[str, ...]
    column: int
    exact: bool = True


def references(expression: Expression) -> tuple[Reference, ...]:
    """Every path `expression` reads, in order of appearance."""
    return tuple(_references(expression.root))


def _references(node: Node) -> Iterator[Reference]:
    keys: list[Node] = []
    while isinstance(node, Index):
        keys.append(node.key)
        node = node.target
    keys.reverse()
    if isinstance(node, Name):
        yield _path(node, keys)
    else:
        for child in children(node):
            yield from _references(child)
    for key in keys:
        yield from _references(key)


def _path(name: Name, keys: list[Node]) -> Reference:
    path = [name.name.lower()]
    for key in keys:
        if not isinstance(key, Literal):
            return Reference(path=tuple(path), column=name.column, exact=False)
        path.append(to_text(key.value))
    return Reference(path=tuple(path), column=name.column)


def status_functions(expression: Expression) -> frozenset[str]:
    """The status functions that `expression` calls, by name."""
    return frozenset(_called(expression.root) & STATUS_FUNCTIONS)


def uses_status_function(expression: Expression) -> bool:
    """Whether it calls `success failure always` or `cancelled`, which turns the implied `success()` off."""
    return bool(status_functions(expression))


def _called(node: Node) -> set[str]:
    here = {node.function} if isinstance(node, Call) else set()
    return here.union(*(_called(child) for child in children(node)))
