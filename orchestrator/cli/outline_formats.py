"""An outline as text for people, JSON for programs, and as the graph languages Mermaid and DOT."""

from __future__ import annotations

import re

from orchestrator.cli.console import Console, printable, printable_json
from orchestrator.cli.outline import Outline, PlannedNode
from orchestrator.definition.model import EdgeCondition, JsonValue, Need, Workflow
from orchestrator.gallery import is_template
from orchestrator.report.mermaid import escaped

_RUNS_SHOWN = 6
_INPUT = re.compile(r"\$\{\{ *inputs\.([\w-]+) *\}\}")
_WORDS = {EdgeCondition.ON_FAILURE: "on failure", EdgeCondition.ALWAYS: "always"}


def show(outline: Outline, console: Console) -> None:
    """Levels from top to bottom, and below each node what is special about it."""
    workflow = outline.workflow
    where = workflow.id if is_template(workflow.id) else workflow.path
    console.line(f"{console.styled(workflow.name, bold=True)} ({printable(where)})")
    least = "" if outline.complete else "at least "
    counts = (_count(len(outline.nodes), "node"), least + _count(outline.run_count, "node run"))
    console.line(f"{', '.join(counts)}, {_count(len(outline.levels), 'level')}")
    width = max(len(node.node.id) for node in outline.nodes)
    for number, level in enumerate(outline.levels, 1):
        console.line()
        console.line(console.styled(f"Level {number}", bold=True))
        for node in level:
            _show_node(console, node, workflow, width)


def _show_node(console: Console, node: PlannedNode, workflow: Workflow, width: int) -> None:
    name = console.styled(node.node.id.ljust(width), fg="cyan")
    engine = f" ({_engine(node, workflow)})" if node.engine else ""
    console.line(f"  {name}  {node.node.kind.value:<8}  {printable(node.does)}{printable(engine)}")
    details = [*_needs(node.node.needs), *_matrix(node), *node.traits]
    if details:
        console.line(console.styled(f"  {' ' * width}  {' ' * 8}  {'; '.join(details)}", dim=True))


def _engine(node: PlannedNode, workflow: Workflow) -> str:
    """Engine and model; an input stands for what it is without being given."""
    return ", ".join(filter(None, (_without_input(each, workflow) for each in (node.engine, node.model))))


def _without_input(text: str | None, workflow: Workflow) -> str:
    found = _INPUT.fullmatch(text or "")
    given = workflow.inputs.get(found[1]) if found else None
    return str(given.default or "") if given else text or ""


def _needs(needs: tuple[Need, ...]) -> list[str]:
    named = [need.node + (f" ({_WORDS[need.when]})" if need.when in _WORDS else "") for need in needs]
    return [f"after {', '.join(named)}"] if named else []


def _matrix(node: PlannedNode) -> list[str]:
    if node.node.matrix is None:
        return []
    if node.runs is None:
        return ["a matrix that depends on inputs"]
    more = len(node.runs) - _RUNS_SHOWN
    return [f"{len(node.runs)} runs: {', '.join(node.runs[:_RUNS_SHOWN])}{f', {more} more' if more > 0 else ''}"]


def as_json(outline: Outline) -> str:
    workflow = outline.workflow
    document: JsonValue = {
        "id": workflow.id,
        "path": workflow.path,
        "name": workflow.name,
        "node_runs": outline.run_count if outline.complete else None,
        "levels": [[node.node.id for node in level] for level in outline.levels],
        "nodes": [_object(node) for node in outline.nodes],
        "edges": [
            {"source": need.node, "target": node.node.id, "condition": need.when.value}
            for node in outline.nodes
            for need in node.node.needs
        ],
    }
    return printable_json(document)


def _object(node: PlannedNode) -> JsonValue:
    return {
        "id": node.node.id,
        "kind": node.node.kind.value,
        "level": node.level,
        "does": node.does,
        "runs": list(node.runs) if node.runs is not None else None,
        "agents": list(node.agents),
        "engine": node.engine,
        "model": node.model,
        "if": node.node.condition,
        "workspace": node.node.workspace.value,
        "queue": node.node.queue,
        "timeout_minutes": node.node.timeout_minutes,
        "attempts": node.node.retry.attempts,
        "continue_on_error": node.node.continue_on_error,
    }


def as_mermaid(outline: Outline) -> str:
    """https://mermaid.js.org/syntax/flowchart.html"""
    ids = _ids(outline, "n")
    lines = ["flowchart LR"]
    lines += [f'  {ids[node.node.id]}["{"<br/>".join(map(escaped, _label(node)))}"]' for node in outline.nodes]
    for node in outline.nodes:
        for need in node.node.needs:
            arrow = f"-->|{_WORDS[need.when]}|" if need.when in _WORDS else "-->"
            lines.append(f"  {ids[need.node]} {arrow} {ids[node.node.id]}")
    return "\n".join(lines)


def as_dot(outline: Outline) -> str:
    """https://graphviz.org/doc/info/lang.html"""
    lines = [f"digraph {_quoted(outline.workflow.id)} {{", "  rankdir=LR", "  node [shape=box]"]
    lines += [f"  {_quoted(node.node.id)} [label={_quoted(*_label(node))}]" for node in outline.nodes]
    for node in outline.nodes:
        for need in node.node.needs:
            label = f" [label={_quoted(_WORDS[need.when])}]" if need.when in _WORDS else ""
            lines.append(f"  {_quoted(need.node)} -> {_quoted(node.node.id)}{label}")
    return "\n".join([*lines, "}"])


def _ids(outline: Outline, prefix: str) -> dict[str, str]:
    return {node.node.id: f"{prefix}{number}" for number, node in enumerate(outline.nodes)}


def _label(node: PlannedNode) -> list[str]:
    label = [node.node.id, f"{node.node.kind.value}: {printable(node.does)}"]
    if node.node.matrix is not None:
        label.append("a matrix" if node.runs is None else f"{len(node.runs)} runs")
    return label


def _quoted(*lines: str) -> str:
    escaped_lines = (line.replace("\\", "\\\\").replace('"', '\\"') for line in lines)
    return '"' + "\\n".join(escaped_lines) + '"'


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
