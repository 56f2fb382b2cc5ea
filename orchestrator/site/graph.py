"""The graph of an execution as an SVG drawing: boxes with rows, and edges as smooth threads."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.definition.model import Agent
from orchestrator.execution.state import NodeRun, NodeStatus
from orchestrator.report.duration import human_duration
from orchestrator.report.figures import purpose, run_seconds, tolerated
from orchestrator.report.graph_layout import Box, Layout, Route, layout
from orchestrator.report.grouping import NodeGroup, node_edges, node_groups
from orchestrator.report.plain_text import clip, one_line
from orchestrator.report.view import ExecutionView

_HEAD, _ROW, _ROWS_SHOWN = 48.0, 26.0, 8
_UNTRAVELLED = frozenset({NodeStatus.PENDING, NodeStatus.SKIPPED, NodeStatus.CANCELLED})
_NARROWEST, _WIDEST, _TEXT, _GAP = 112.0, 212.0, 35.0, 11.0
_NAME_SIGN, _NOTE_SIGN = 9.4, 6.6
"""Generous widths of a sign in the fonts of names and notes: no browser is asked, so nothing may overflow."""
_SHRINKS_TO = 0.65


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
    """Everything the template draws, in pixels of its natural size."""

    boxes: tuple[GraphBox, ...]
    edges: tuple[GraphEdge, ...]
    width: int
    height: int
    summary: str

    @property
    def least_width(self) -> int:
        """How far it may shrink to fit its place; in narrower ones it scrolls."""
        return math.ceil(self.width * _SHRINKS_TO)


def state_of(run: NodeRun) -> str:
    """The state as pages colour it: a status, or `tolerated` for a failure that may be."""
    return "tolerated" if tolerated(run) else run.status.value


def drawing(view: ExecutionView, anchors: Mapping[int, str]) -> GraphDrawing:
    """`anchors` are the ids of the node sections, by index of node run."""
    groups = node_groups(view)
    texts = {group.node: _texts(view, group) for group in groups}
    heights = {group.node: _box_height(group) for group in groups}
    placed = layout(heights, node_edges(view), {node: text.width for node, text in texts.items()})
    status = {group.node: group.status for group in groups}
    return GraphDrawing(
        boxes=tuple(_box(view, group, texts[group.node], placed.boxes[group.node], anchors) for group in groups),
        edges=_edges(placed, status),
        width=round(placed.width),
        height=round(placed.height),
        summary=f"{len(groups)} nodes, {len(placed.routes)} edges",
    )


def _box_height(group: NodeGroup) -> float:
    rows = min(len(group.runs), _ROWS_SHOWN + 1) if group.is_matrix else 0
    return _HEAD + (rows * _ROW + 6 if rows else 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Texts:
    """What a box says, before it is cut to its width."""

    label: str
    note: str
    took: str
    rows: tuple[str, ...]

    @property
    def width(self) -> float:
        """What the texts would like to have, within bounds."""
        longest = max(
            self.name_room + len(self.label) * _NAME_SIGN,
            len(self.note) * _NOTE_SIGN,
            *(len(row) * _NOTE_SIGN for row in self.rows),
        )
        return min(_WIDEST, max(_NARROWEST, math.ceil(_TEXT + longest + _GAP)))

    @property
    def name_room(self) -> float:
        """What the duration takes away from the name."""
        return len(self.took) * _NOTE_SIGN + 8 if self.took else 0.0

    def cut(self, text: str, room: float, sign: float) -> str:
        # What exactly fits must not lose a sign to how floats are rounded.
        return clip(text, max(1, int((room - _TEXT - _GAP) / sign + 1e-6)))


def _texts(view: ExecutionView, group: NodeGroup) -> _Texts:
    seconds = run_seconds(group.runs[0], view) if not group.is_matrix else None
    settled = sum(1 for run in group.runs if run.status.settled)
    return _Texts(
        label=one_line(group.node, 80),
        note=f"{settled} of {len(group.runs)} done" if group.is_matrix else _caption(view, group),
        took=human_duration(seconds) if seconds is not None else "",
        rows=tuple(f"{_matrix_label(run)}  {_seconds(view, run)}" for run in _shown(group)) if group.is_matrix else (),
    )


def _caption(view: ExecutionView, group: NodeGroup) -> str:
    """An agent's name, or what another node is there for."""
    node = view.workflow.nodes.get(group.node)
    return one_line(node.action.agent, 60) if node and isinstance(node.action, Agent) else purpose(node)


def _box(view: ExecutionView, group: NodeGroup, texts: _Texts, place: Box, anchors: Mapping[int, str]) -> GraphBox:
    state = "tolerated" if group.tolerated and group.status is NodeStatus.FAILED else group.status.value
    said = purpose(view.workflow.nodes.get(group.node))
    return GraphBox(
        place=place,
        label=texts.cut(texts.label, place.width - texts.name_room, _NAME_SIGN),
        note=texts.cut(texts.note, place.width, _NOTE_SIGN),
        took=texts.took,
        state=state,
        href=f"#{anchors[group.runs[0].index]}",
        title=", ".join(text for text in (f"{texts.label}: {state}", texts.took, said) if text),
        rows=_rows(view, group, place, anchors) if group.is_matrix else (),
    )


def _shown(group: NodeGroup) -> tuple[NodeRun, ...]:
    return group.runs if len(group.runs) <= _ROWS_SHOWN + 1 else group.runs[:_ROWS_SHOWN]


def _rows(view: ExecutionView, group: NodeGroup, place: Box, anchors: Mapping[int, str]) -> tuple[GraphRow, ...]:
    shown = _shown(group)
    rows = [
        GraphRow(
            label=_row_label(view, run, place),
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


def _row_label(view: ExecutionView, run: NodeRun, place: Box) -> str:
    room = place.width - _TEXT - _GAP - (len(_seconds(view, run)) + 2) * _NOTE_SIGN
    return clip(_matrix_label(run), max(1, int(room / _NOTE_SIGN)))


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
