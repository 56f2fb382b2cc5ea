"""Orders, levels and cycles of small graphs."""

from __future__ import annotations

import pytest

from orchestrator.definition.graph import ancestors, cycles, descendants, levels, topological_order
from orchestrator.definition.model import Need, Node, Run
from orchestrator.errors import Place


def graph(**edges: str) -> dict[str, Node]:
    """Nodes by id; the value names the predecessors, one letter each."""
    return {
        name: Node(id=name, action=Run(script="x"), place=Place(file="w"), needs=tuple(Need(node=n) for n in needs))
        for name, needs in edges.items()
    }


DIAMOND = graph(d="bc", c="a", b="a", a="", e="")


def test_orders_follow_the_file_where_they_may() -> None:
    assert topological_order(DIAMOND) == ["a", "c", "b", "d", "e"]
    assert levels(DIAMOND) == [["a", "e"], ["c", "b"], ["d"]]


def test_neighbours() -> None:
    assert ancestors(DIAMOND, "d") == {"a", "b", "c"}
    assert descendants(DIAMOND, "a") == {"b", "c", "d"}
    assert ancestors(DIAMOND, "e") == descendants(DIAMOND, "e") == frozenset()


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        ({"a": [], "b": ["a"]}, []),
        ({"a": ["b"], "b": ["a"]}, [["a", "b", "a"]]),
        ({"a": ["c"], "b": ["a"], "c": ["b", "a"]}, [["a", "c", "a"]]),
        ({"x": ["a"], "a": ["b"], "b": ["a"], "p": ["q"], "q": ["p"]}, [["a", "b", "a"], ["p", "q", "p"]]),
        ({"a": ["unknown"]}, []),
    ],
)
def test_cycles(edges: dict[str, list[str]], expected: list[list[str]]) -> None:
    assert cycles(edges) == expected


def test_long_chains_do_not_exhaust_the_stack() -> None:
    edges = {f"n{i}": [f"n{(i - 1) % 5000}"] for i in range(5000)}
    (cycle,) = cycles(edges)
    assert len(cycle) == 5001
