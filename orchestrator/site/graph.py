"""The graph of an execution as an SVG drawing: boxes with rows, and edges as smooth threads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.execution.state import NodeRun, NodeStatus
from orchestrator.report.duration import human_duration
from orchestrator.report.figures import described, run_seconds, tolerated
from orchestrator.report.graph_layout import Box, Layout, Route, layout
from orchestrator.report.grouping import NodeGroup, node_edges, node_groups
from orchestrator.report.plain_text import clip, one_line
from orchestrator.report.view import ExecutionView

_HEAD, _ROW, _ROWS_SHOWN = 48.0, 26.0, 8
_UNTRAVELLED = frozenset({NodeStatus.PENDING, NodeStatus.SKIPPED, NodeStatus.CANCELLED})
_FITS_WIDTH = 1_200


@dataclass(frozen=True, kw_only=True, slots=True)
class GraphRow:
    """One run of a matrix node inside its box; `y` is its baseline."""

    label: str
    state: str
    href: str
    y: float
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class GraphBox:
    """A node as drawn. `title` is what assistive technology and hovering say."""

    place: Box
    label: str
    note: str
    took: str
    state: str
    href: str
    title: str
    rows: tuple[GraphRow, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class GraphEdge:
    """A thread: an SVG path, where it ends, and whether the execution went along it."""

    path: str
    x: float
    y: float
    travelled: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class GraphDrawing:
    """Everything the template draws. `fits`: narrow enough to shrink to the page instead of scrolling."""

    boxes: tuple[GraphBox, ...]
    edges: tuple[GraphEdge, ...]
    width: int
    height: int
    summary: str

    @property
    def fits(self) -> bool:
        return self.width <= _FITS_WIDTH


def state_of(run: NodeRun) -> str:
    """The state as pages colour it: a status, or `tolerated` for a failure that may be."""
    return "tolerated" if tolerated(run) else run.status.value


def drawing(view: ExecutionView, anchors: Mapping[int, str]) -> GraphDrawing:
    """`anchors` are the ids of the node sections, by index of node run."""
    groups = node_groups(view)
    placed = layout({group.node: _box_height(group) for group in groups}, node_edges(view))
    status = {group.node: group.status for group in groups}
    return GraphDrawing(
        boxes=tuple(_box(view, group, placed.boxes[group.node], anchors) for group in groups),
        edges=_edges(placed, status),
        width=round(placed.width),
        height=round(placed.height),
        summary=f"{len(groups)} nodes, {len(placed.routes)} edges",
    )


def _box_height(group: NodeGroup) -> float:
    rows = min(len(group.runs), _ROWS_SHOWN + 1) if group.is_matrix else 0
    return _HEAD + (rows * _ROW + 6 if rows else 0)


def _box(view: ExecutionView, group: NodeGroup, place: Box, anchors: Mapping[int, str]) -> GraphBox:
    first = group.runs[0]
    seconds = run_seconds(first, view) if not group.is_matrix else None
    took = human_duration(seconds) if seconds is not None else ""
    state = "tolerated" if group.tolerated and group.status is NodeStatus.FAILED else group.status.value
    settled = sum(1 for run in group.runs if run.status.settled)
    what = described(view.workflow.nodes.get(group.node)).removeprefix("agent ")
    note = f"{settled} of {len(group.runs)} done" if group.is_matrix else what
    label = one_line(group.node, 80)
    return GraphBox(
        place=place,
        label=clip(label, 13 if took else 18),
        note=clip(note, 20),
        took=took,
        state=state,
        href=f"#{anchors[first.index]}",
        title=f"{label}: {state}{', ' + took if took else ''}",
        rows=_rows(view, group, place, anchors) if group.is_matrix else (),
    )


def _rows(view: ExecutionView, group: NodeGroup, place: Box, anchors: Mapping[int, str]) -> tuple[GraphRow, ...]:
    shown = group.runs if len(group.runs) <= _ROWS_SHOWN + 1 else group.runs[:_ROWS_SHOWN]
    rows = [
        GraphRow(
            label=clip(_matrix_label(run), 14),
            state=state_of(run),
            href=f"#{anchors[run.index]}",
            y=place.y + _HEAD + number * _ROW + _ROW / 2,
            note=_seconds(view, run),
        )
        for number, run in enumerate(shown)
    ]
    hidden = group.runs[len(shown) :]
    if hidden:
        y = place.y + _HEAD + len(shown) * _ROW + _ROW / 2
        href = f"#{anchors[hidden[0].index]}"
        rows.append(GraphRow(label=f"{len(hidden)} more", state="more", href=href, y=y))
    return tuple(rows)


def _matrix_label(run: NodeRun) -> str:
    inside = run.key.removeprefix(run.node).strip()
    return one_line(inside.removeprefix("(").removesuffix(")") or run.key, 60)


def _seconds(view: ExecutionView, run: NodeRun) -> str:
    seconds = run_seconds(run, view)
    return human_duration(seconds) if seconds is not None else ""


def _edges(placed: Layout, status: Mapping[str, NodeStatus]) -> tuple[GraphEdge, ...]:
    edges = [_edge(route, status[route.source], status[route.target]) for route in placed.routes]
    return tuple(sorted(edges, key=lambda edge: edge.travelled))


def _edge(route: Route, source: NodeStatus, target: NodeStatus) -> GraphEdge:
    x, y = route.points[-1]
    return GraphEdge(path=_path(route.points), x=x, y=y, travelled=source.settled and target not in _UNTRAVELLED)


def _path(points: Sequence[tuple[float, float]]) -> str:
    """A curve between columns, a straight line through a column."""
    (x, y), *rest = points
    parts = [f"M{x:.1f} {y:.1f}"]
    for number, (to_x, to_y) in enumerate(rest):
        middle = (x + to_x) / 2
        straight = number % 2 == 1 or abs(to_y - y) < 0.5
        parts.append(
            f"L{to_x:.1f} {to_y:.1f}"
            if straight
            else f"C{middle:.1f} {y:.1f} {middle:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}"
        )
        x, y = to_x, to_y
    return "".join(parts)
