"""The graphs that are measured: each is a list of the indexes that every node waits for."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.definition.model import Need, Node, Run, Workflow, WorkspaceMode
from orchestrator.errors import Place
from orchestrator.lifecycle.start import StartRequest

PROGRAM = "/bin/true"
SEED = 20_250_101
CHAIN = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """A graph. `parents[i]` are the nodes that node `i` waits for, all of them below `i`."""

    name: str
    title: str
    parents: Sequence[Sequence[int]]

    @property
    def nodes(self) -> int:
        return len(self.parents)

    @property
    def edges(self) -> int:
        return sum(map(len, self.parents))

    @property
    def chain(self) -> bool:
        """Whether no two nodes can ever run at once."""
        return all(list(parents) == [index - 1] for index, parents in enumerate(self.parents) if index)

    def request(self, script: str = PROGRAM) -> StartRequest:
        """An execution in which every node runs `script` in an empty folder."""
        place = Place(file=f"workflows/{self.name}.yaml")
        nodes = {
            f"n{index}": Node(
                id=f"n{index}",
                action=Run(script=script),
                place=place,
                needs=tuple(Need(node=f"n{parent}") for parent in parents),
                workspace=WorkspaceMode.NONE,
            )
            for index, parents in enumerate(self.parents)
        }
        return StartRequest(
            workflow=Workflow(id=self.name, path=place.file, name=self.title, nodes=nodes),
            source="",
            triggered_by="bench",
        )

    def written(self) -> dict[str, object]:
        """The same as a workflow file has it."""
        nodes = {
            f"n{index}": {"workspace": "none", "run": PROGRAM, "needs": [f"n{parent}" for parent in parents]}
            for index, parents in enumerate(self.parents)
        }
        return {"name": self.title, "nodes": nodes}


def chain(nodes: int = CHAIN) -> Shape:
    return Shape(
        name="chain", title=f"chain of {nodes}", parents=[[index - 1] if index else [] for index in range(nodes)]
    )


def fan(width: int = 200) -> Shape:
    """One node, `width` that wait for it, and one that waits for them all."""
    middle = range(1, width + 1)
    return Shape(name="fan", title=f"1 → {width} → 1", parents=[[], *([0] for _ in middle), list(middle)])


def layered(name: str, *, layers: int, width: int, edges: int) -> Shape:
    """Every node waits for one or more of the layer before; the same graph each time."""
    draw = random.Random(SEED)
    parents: list[set[int]] = [set() for _ in range(layers * width)]
    for index in range(width, layers * width):
        parents[index].add(draw.choice(_layer_before(index, width)))
    for _ in range(edges - (layers - 1) * width):
        index = draw.randrange(width, layers * width)
        while len(parents[index]) == width:
            index = draw.randrange(width, layers * width)
        parents[index].add(draw.choice([each for each in _layer_before(index, width) if each not in parents[index]]))
    title = f"layered, {layers * width:,} nodes, {edges:,} edges"
    return Shape(name=name, title=title, parents=[sorted(each) for each in parents])


def _layer_before(index: int, width: int) -> range:
    first = (index // width - 1) * width
    return range(first, first + width)


SHAPES: Mapping[str, Callable[[], Shape]] = {
    "chain": chain,
    "fan": fan,
    "layered-500": lambda: layered("layered-500", layers=20, width=25, edges=1_200),
    "layered-10000": lambda: layered("layered-10000", layers=100, width=100, edges=24_000),
}
