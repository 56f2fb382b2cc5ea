"""Where the boxes and edges of a graph go: layers from left to right, as few crossings as cheap sweeps find.

The method of Sugiyama, Tagawa and Toda (1981): longest-path layers, bend points where an edge passes a layer,
barycentre sweeps, then heights by isotonic regression, which puts each box as near to its neighbours as their order
allows. Deterministic: equal input gives equal output.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

_SWEEPS = 12
_STRAIGHTENINGS = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """A placed box, in pixels from the top left corner."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """An edge as the points it passes, from the right side of its source to the left side of its target."""

    source: str
    target: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """A drawn graph; boxes keep the order of the input."""

    boxes: dict[str, Box]
    routes: tuple[Route, ...]
    width: float
    height: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Spacing:
    """The width of boxes of which none is given, and the gaps in pixels; `bend` is what a passing edge takes up."""

    box_width: float = 176
    layer_gap: float = 36
    box_gap: float = 18
    bend: float = 12
    margin: float = 8


Cell = str | tuple[int, int]
"""A box by its name, or a bend point by (number of its edge, layer)."""


def layout(
    heights: Mapping[str, float],
    edges: Sequence[tuple[str, str]],
    widths: Mapping[str, float] | None = None,
) -> Layout:
    """Place boxes of the given heights. `edges` form a directed acyclic graph over the keys of `heights`.

    The boxes of a layer are as wide as the widest of them wants to be by `widths`.
    """
    return _Drawing(heights, tuple(dict.fromkeys(edges)), Spacing()).result(widths or {})


@dataclass(frozen=True, kw_only=True, slots=True)
class _Column:
    """Where the boxes of a layer begin, and how wide they are."""

    x: float
    width: float


class _Drawing:
    """The steps of one layout over shared tables."""

    def __init__(self, heights: Mapping[str, float], edges: tuple[tuple[str, str], ...], spacing: Spacing) -> None:
        self.heights, self.edges, self.spacing = heights, edges, spacing
        self.depth = _depths(list(heights), edges)
        self.layers: list[list[Cell]] = [[] for _ in range(max(self.depth.values(), default=-1) + 1)]
        for name in heights:
            self.layers[self.depth[name]].append(name)
        self.left: dict[Cell, list[Cell]] = {}
        self.right: dict[Cell, list[Cell]] = {}
        self.chains = [self._chain(number, *edge) for number, edge in enumerate(edges)]

    def result(self, widths: Mapping[str, float]) -> Layout:
        self._reduce_crossings()
        columns = self._columns(widths)
        middles = self._middles()
        shift = self.spacing.margin - min((middles[c] - self._height(c) / 2 for c in middles), default=0)
        middles = {cell: middle + shift for cell, middle in middles.items()}
        boxes = {
            name: Box(
                x=columns[self.depth[name]].x,
                y=middles[name] - height / 2,
                width=columns[self.depth[name]].width,
                height=height,
            )
            for name, height in self.heights.items()
        }
        bottom = max((middles[cell] + self._height(cell) / 2 for cell in middles), default=0)
        return Layout(
            boxes=boxes,
            routes=tuple(self._route(chain, boxes, middles, columns) for chain in self.chains),
            width=self.spacing.margin + (columns[-1].x + columns[-1].width if columns else self.spacing.margin),
            height=bottom + self.spacing.margin,
        )

    def _columns(self, widths: Mapping[str, float]) -> list[_Column]:
        columns, x = list[_Column](), self.spacing.margin
        for layer in self.layers:
            names = [cell for cell in layer if isinstance(cell, str)]
            width = max((widths.get(name, self.spacing.box_width) for name in names), default=0.0)
            columns.append(_Column(x=x, width=width))
            x += width + self.spacing.layer_gap
        return columns

    def _chain(self, number: int, source: str, target: str) -> list[Cell]:
        """The cells of one edge, with a bend in each layer it passes."""
        between = range(self.depth[source] + 1, self.depth[target])
        bends: list[Cell] = [(number, layer) for layer in between]
        for layer, bend in zip(between, bends, strict=True):
            self.layers[layer].append(bend)
        chain: list[Cell] = [source, *bends, target]
        for near, far in pairwise(chain):
            self.right.setdefault(near, []).append(far)
            self.left.setdefault(far, []).append(near)
        return chain

    def _reduce_crossings(self) -> None:
        best, fewest = [list(layer) for layer in self.layers], self._crossings()
        for sweep in range(_SWEEPS):
            if fewest == 0:
                break
            forward = sweep % 2 == 0
            order = range(1, len(self.layers)) if forward else range(len(self.layers) - 2, -1, -1)
            for index in order:
                fixed = self.layers[index - 1 if forward else index + 1]
                self._sort_by_barycentre(index, fixed, self.left if forward else self.right)
            count = self._crossings()
            if count < fewest:
                best, fewest = [list(layer) for layer in self.layers], count
        self.layers = best

    def _sort_by_barycentre(self, index: int, fixed: list[Cell], neighbours: Mapping[Cell, list[Cell]]) -> None:
        rank = {cell: position for position, cell in enumerate(fixed)}
        layer = self.layers[index]
        weight = {
            cell: sum(rank[near] for near in neighbours[cell]) / len(neighbours[cell])
            if neighbours.get(cell)
            else position * max(1, len(fixed)) / len(layer)
            for position, cell in enumerate(layer)
        }
        layer.sort(key=weight.__getitem__)

    def _crossings(self) -> int:
        return sum(self._crossings_after(near, far) for near, far in pairwise(self.layers))

    def _crossings_after(self, near: list[Cell], far: list[Cell]) -> int:
        """Inversions between two layers, counted with a Fenwick tree in O(edges · log)."""
        rank = {cell: position for position, cell in enumerate(far)}
        ends = [end for cell in near for end in sorted(rank[other] for other in self.right.get(cell, ()))]
        tree, crossings = [0] * (len(far) + 1), 0
        for seen, end in enumerate(ends):
            crossings += seen - _prefix(tree, end + 1)
            _increment(tree, end + 1)
        return crossings

    def _height(self, cell: Cell) -> float:
        return self.heights[cell] if isinstance(cell, str) else self.spacing.bend

    def _middles(self) -> dict[Cell, float]:
        middles: dict[Cell, float] = {}
        for layer in self.layers:
            middles.update(self._settled(layer, dict.fromkeys(layer, 0.0)))
        for turn in range(_STRAIGHTENINGS):
            forward = turn % 2 == 0
            neighbours = self.left if forward else self.right
            for layer in self.layers if forward else reversed(self.layers):
                wanted = {cell: _mean([middles[n] for n in neighbours.get(cell, ())], middles[cell]) for cell in layer}
                middles.update(self._settled(layer, wanted))
        return middles

    def _settled(self, layer: list[Cell], wanted: Mapping[Cell, float]) -> dict[Cell, float]:
        """Middles nearest to `wanted` (least squares) that keep order and gaps: pool adjacent violators."""
        offsets, offset, previous = [], 0.0, 0.0
        for position, cell in enumerate(layer):
            half = self._height(cell) / 2
            offset += previous + half + (self.spacing.box_gap if position else 0.0)
            offsets.append(offset)
            previous = half
        pools: list[tuple[float, int]] = []
        for cell, distance in zip(layer, offsets, strict=True):
            value, size = wanted[cell] - distance, 1
            while pools and pools[-1][0] > value:
                other, others = pools.pop()
                value, size = (value * size + other * others) / (size + others), size + others
            pools.append((value, size))
        levels = [value for value, size in pools for _ in range(size)]
        return {cell: level + distance for cell, level, distance in zip(layer, levels, offsets, strict=True)}

    def _route(
        self,
        chain: list[Cell],
        boxes: Mapping[str, Box],
        middles: Mapping[Cell, float],
        columns: Sequence[_Column],
    ) -> Route:
        source, target = str(chain[0]), str(chain[-1])
        start, end = boxes[source], boxes[target]
        points = [(start.x + start.width, middles[source])]
        for bend in chain[1:-1]:
            column = columns[int(bend[1])]
            points += [(column.x, middles[bend]), (column.x + column.width, middles[bend])]
        return Route(source=source, target=target, points=(*points, (end.x, middles[target])))


def _depths(names: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Layer of each box: the longest way from any box without predecessors."""
    waiting, following = dict.fromkeys(names, 0), dict[str, list[str]]()
    for source, target in edges:
        waiting[target] += 1
        following.setdefault(source, []).append(target)
    depth = dict.fromkeys(names, 0)
    ready = [name for name in names if waiting[name] == 0]
    for name in ready:
        for target in following.get(name, ()):
            depth[target] = max(depth[target], depth[name] + 1)
            waiting[target] -= 1
            if waiting[target] == 0:
                ready.append(target)
    return depth


def _mean(values: Sequence[float], default: float) -> float:
    return sum(values) / len(values) if values else default


def _prefix(tree: list[int], position: int) -> int:
    total = 0
    while position:
        total += tree[position]
        position -= position & -position
    return total


def _increment(tree: list[int], position: int) -> None:
    while position < len(tree):
        tree[position] += 1
        position += position & -position
