"""The graph of an execution as a Mermaid flowchart in the colours of its states.

Node names come from a repository, so labels are written as entity codes except for letters, digits and a few signs
(https://mermaid.js.org/syntax/flowchart.html#entity-codes-to-escape-characters), and ids are our own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from orchestrator.execution.state import NodeRun, NodeStatus
from orchestrator.report.duration import human_duration
from orchestrator.report.figures import SUMMARY_ORDER, run_seconds, tolerated
from orchestrator.report.grouping import NodeGroup, crowds, node_edges, node_groups
from orchestrator.report.plain_text import one_line
from orchestrator.report.view import ExecutionView

MAX_CHARACTERS = 40_000
"""Mermaid refuses more than 50,000 (`maxTextSize`), and GitHub does not raise it."""
MAX_EDGES = 500
"""Mermaid's `maxEdges`."""

_ROWS_SHOWN = 8
_CROWD = 16
"""So many nodes with the same neighbours are one box: GitHub would draw them below each other, page after page."""
_SAFE = frozenset(" .,-_()")
_MARKS = {
    NodeStatus.PENDING: "○",
    NodeStatus.QUEUED: "○",
    NodeStatus.RUNNING: "●",
    NodeStatus.WAITING: "◆",
    NodeStatus.COMPLETED: "✓",
    NodeStatus.FAILED: "✗",
    NodeStatus.SKIPPED: "–",
    NodeStatus.CANCELLED: "⊘",
}
_CLASSES = """\
  classDef pending fill:#f4f2ee,stroke:#b8b2a8,color:#5d574e
  classDef queued fill:#f4f2ee,stroke:#b8b2a8,color:#5d574e
  classDef running fill:#e9e3fa,stroke:#6a4bbf,color:#3c2488
  classDef waiting fill:#fdf0d3,stroke:#b7791f,color:#6b430a
  classDef completed fill:#dff3e4,stroke:#2c7a4b,color:#14492a
  classDef failed fill:#fde4e1,stroke:#c0392b,color:#7a1b12
  classDef tolerated fill:#fdf0d3,stroke:#b7791f,color:#6b430a
  classDef skipped fill:#f4f2ee,stroke:#b8b2a8,color:#7a746a,stroke-dasharray:4 3
  classDef cancelled fill:#f4f2ee,stroke:#b8b2a8,color:#7a746a,stroke-dasharray:4 3"""


def flowchart(view: ExecutionView, *, limit: int = MAX_CHARACTERS) -> str:
    """Mermaid source, or an empty text when the graph is too large for what GitHub draws."""
    edges = node_edges(view)
    boxes = crowds(node_groups(view), edges, _CROWD)
    ids = {group.node: f"n{position}" for position, members in enumerate(boxes) for group in members}
    threads = tuple(dict.fromkeys((ids[source], ids[target]) for source, target in edges))
    if not boxes or len(threads) > MAX_EDGES:
        return ""
    for rows in (_ROWS_SHOWN, 0):
        source = _source(view, boxes, threads, rows)
        if len(source) <= limit:
            return source
    return ""


def _source(
    view: ExecutionView, boxes: Sequence[tuple[NodeGroup, ...]], threads: Sequence[tuple[str, str]], rows: int
) -> str:
    lines = ["flowchart LR"]
    for position, members in enumerate(boxes):
        drawn = _group_lines(view, members[0], f"n{position}", rows)
        lines += drawn if len(members) == 1 else _crowd_lines(members, f"n{position}")
    lines += [f"  {source} --> {target}" for source, target in threads]
    return "\n".join([*lines, _CLASSES])


def _crowd_lines(members: Sequence[NodeGroup], ident: str) -> list[str]:
    whole = NodeGroup(node=members[0].node, runs=tuple(run for group in members for run in group.runs))
    counted = Counter(run.status for run in whole.runs)
    states = ", ".join(f"{counted[status]} {status.value}" for status in SUMMARY_ORDER if counted[status])
    text = f"{_MARKS[whole.status]} {escaped(whole.node)} and {len(members) - 1} more<br/>{states}"
    return [f'  {ident}["{text}"]:::{_class(whole)}']


def _group_lines(view: ExecutionView, group: NodeGroup, ident: str, rows: int) -> list[str]:
    if not group.is_matrix:
        return [f'  {ident}["{_run_label(view, group.runs[0])}"]:::{_class(group)}']
    if len(group.runs) > rows:
        settled = sum(1 for run in group.runs if run.status.settled)
        text = f"{_MARKS[group.status]} {escaped(group.node)}<br/>{settled} of {len(group.runs)}"
        return [f'  {ident}["{text}"]:::{_class(group)}']
    inner = [f'    {ident}_{run.index}["{_run_label(view, run)}"]:::{_run_class(run)}' for run in group.runs]
    frame = f"  style {ident} fill:none,stroke:#b8b2a8"
    return [f'  subgraph {ident}["{escaped(group.node)}"]', "    direction TB", *inner, "  end", frame]


def _class(group: NodeGroup) -> str:
    return "tolerated" if group.status is NodeStatus.FAILED and group.tolerated else group.status.value


def _run_class(run: NodeRun) -> str:
    return "tolerated" if tolerated(run) else run.status.value


def _run_label(view: ExecutionView, run: NodeRun) -> str:
    seconds = run_seconds(run, view)
    took = f"<br/>{escaped(human_duration(seconds))}" if seconds is not None else ""
    return f"{_MARKS[run.status]} {escaped(run.key)}{took}"


def escaped(text: str) -> str:
    """`text` as the inside of a quoted Mermaid label; cannot end it or start markup."""
    return "".join(sign if sign.isalnum() or sign in _SAFE else f"#{ord(sign)};" for sign in one_line(text, 60))
