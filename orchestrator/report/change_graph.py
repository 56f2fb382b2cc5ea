"""The graph of a workflow before and after a change, as two Mermaid flowcharts.

What became of a node is told three times: by a word in it, by its shape, and by colours that hold on light and on dark
ground. Of a graph that is too large only what differs is drawn, with its neighbours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from orchestrator.definition.changes import Mark, MarkedEdge, MarkedGraph, MarkedNode
from orchestrator.definition.model import EdgeCondition, Node
from orchestrator.report.figures import described
from orchestrator.report.mermaid import MAX_EDGES, escaped

_SHAPES = {
    Mark.SAME: ('["', '"]'),
    Mark.ADDED: ('(["', '"])'),
    Mark.REMOVED: ('{{"', '"}}'),
    Mark.CHANGED: ('[["', '"]]'),
    Mark.RENAMED: ('[["', '"]]'),
}
_SIGNS = {Mark.SAME: "", Mark.ADDED: "+ ", Mark.REMOVED: "− ", Mark.CHANGED: "~ ", Mark.RENAMED: "~ "}
_CONDITIONS = {EdgeCondition.ON_SUCCESS: "", EdgeCondition.ON_FAILURE: "on failure", EdgeCondition.ALWAYS: "always"}
_CLASSES = """\
  classDef same fill:#f4f2ee,stroke:#8a8378,color:#3d3830
  classDef added fill:#dff3e4,stroke:#2c7a4b,color:#14492a,stroke-width:2px
  classDef removed fill:#fde4e1,stroke:#c0392b,color:#7a1b12,stroke-width:2px,stroke-dasharray:5 3
  classDef changed fill:#fdf0d3,stroke:#b7791f,color:#6b430a,stroke-width:2px
  classDef renamed fill:#fdf0d3,stroke:#b7791f,color:#6b430a,stroke-width:2px"""
_GREEN, _RED, _AMBER = "#2c9a5b", "#d0493b", "#b7791f"


@dataclass(frozen=True, kw_only=True, slots=True)
class Charts:
    """Mermaid sources; empty where there is nothing to draw, or too much. `whole` is false where parts are left out."""

    before: str = ""
    after: str = ""
    whole: bool = True


def charts(graph: MarkedGraph, *, limit: int = 15_000) -> Charts:
    """Both graphs, at most `limit` characters each. One alone where the other could show nothing else: of a new
    workflow, of one that is gone, and where only what nodes do differs."""
    drawn = _charts(graph, limit)
    if drawn:
        return drawn
    near = _around_changes(graph)
    return replace(_charts(near, limit) or Charts(), whole=False)


def _charts(graph: MarkedGraph, limit: int) -> Charts | None:
    marks = {node.mark for node in graph.nodes}
    before = _chart(graph, after=False) if graph.is_rewired and marks != {Mark.ADDED} else ""
    after = _chart(graph, after=True) if marks != {Mark.REMOVED} else ""
    fits = max(len(before), len(after)) <= limit and len(graph.edges) <= MAX_EDGES
    return Charts(before=before, after=after) if fits else None


def _around_changes(graph: MarkedGraph) -> MarkedGraph:
    """What differs, and the nodes next to it."""
    core = {node.id for node in graph.nodes if node.mark is not Mark.SAME}
    core |= {end for edge in graph.edges if edge.before != edge.after for end in (edge.source, edge.target)}
    edges = tuple(edge for edge in graph.edges if edge.source in core or edge.target in core)
    kept = core | {end for edge in edges for end in (edge.source, edge.target)}
    return MarkedGraph(nodes=tuple(node for node in graph.nodes if node.id in kept), edges=edges)


def _chart(graph: MarkedGraph, *, after: bool) -> str:
    nodes = [node for node in graph.nodes if (node.after if after else node.before)]
    ids = {node.id: f"n{number}" for number, node in enumerate(nodes)}
    edges = [edge for edge in graph.edges if (edge.after if after else edge.before)]
    title = "after" if after else "before"
    lines = ["flowchart LR", f"  accTitle: The graph {title} the change", f"  accDescr: {_counted(nodes)}"]
    lines += [_node(node, ids[node.id], after=after) for node in nodes]
    lines += [f"  {ids[edge.source]} {_arrow(edge, after=after)} {ids[edge.target]}" for edge in edges]
    return "\n".join([*lines, _CLASSES, *_colours(edges)])


def _counted(nodes: list[MarkedNode]) -> str:
    counts = Counter(node.mark for node in nodes)
    marks = [f"{counts[mark]} {mark}" for mark in Mark if counts[mark] and mark is not Mark.SAME]
    return ", ".join([f"{len(nodes)} node{'' if len(nodes) == 1 else 's'}", *marks])


def _node(node: MarkedNode, ident: str, *, after: bool) -> str:
    opening, closing = _SHAPES[node.mark]
    shown = node.after if after else node.before
    name = node.id if after else node.previous_id
    rows = [escaped(f"{_SIGNS[node.mark]}{name}"), escaped(_kind(shown)), escaped(_word(node, after=after))]
    return f"  {ident}{opening}{'<br/>'.join(row for row in rows if row)}{closing}:::{node.mark.value}"


def _kind(node: Node | None) -> str:
    if node is None or node.kind.value == node.id:
        return ""
    words = described(node)
    return words if words.startswith(node.kind.value) else f"{node.kind.value} {words}"


def _word(node: MarkedNode, *, after: bool) -> str:
    match node.mark:
        case Mark.ADDED:
            return "(new)"
        case Mark.REMOVED:
            return "(removed)"
        case Mark.CHANGED:
            return "(changed)"
        case Mark.RENAMED:
            return f"(was {node.previous_id})" if after else f"(now {node.id})"
        case _:
            return ""


def _arrow(edge: MarkedEdge, *, after: bool) -> str:
    condition = _CONDITIONS[(edge.after if after else edge.before) or EdgeCondition.ON_SUCCESS]
    if edge.before == edge.after:
        line, words = "-->", [condition]
    elif edge.before is None:
        line, words = "==>", [condition, "new"]
    elif edge.after is None:
        line, words = "-.->", [condition, "removed"]
    else:
        line, words = "==>" if after else "-.->", [condition or "on success", "changed"]
    label = ", ".join(word for word in words if word)
    return f"{line}|{label}|" if label else line


def _colours(edges: list[MarkedEdge]) -> Iterator[str]:
    for number, edge in enumerate(edges):
        if edge.before != edge.after:
            colour = _GREEN if edge.before is None else _RED if edge.after is None else _AMBER
            yield f"  linkStyle {number} stroke:{colour},stroke-width:2px"
