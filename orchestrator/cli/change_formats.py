"""Changes of definitions as text for people, as JSON for programs, and as Mermaid graphs."""

from __future__ import annotations

from orchestrator.cli.console import Console, printable_json
from orchestrator.definition.changes import Change, ChangedFile, DefinitionChanges, FileState, MarkedGraph, Subject
from orchestrator.definition.model import JsonValue
from orchestrator.report.change_graph import charts
from orchestrator.report.change_text import text_diff
from orchestrator.report.change_words import Told, told
from orchestrator.report.parts import to_markdown
from orchestrator.report.workflow_changes import changes_parts, headline, state_words

_ORDER = {subject: number for number, subject in enumerate(Subject)}
_MARKDOWN_BYTES = 900_000
"""It is for the summary of a job of Actions, which holds 1 MiB."""

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def show(changes: DefinitionChanges, console: Console) -> None:
    """File by file; `!` stands before what allows more than before."""
    console.line(console.styled(headline(changes), bold=True))
    for file in changes.files:
        console.line()
        colour = "red" if file.state is FileState.BROKEN else None
        console.line(f"{console.styled(file.path, fg='cyan')} {console.styled(state_words(file), fg=colour)}")
        for problem in file.problems:
            console.problem(problem)
        for each in sorted(told(file.changes), key=lambda each: (not each.change.widens, _ORDER[each.change.subject])):
            _show(each, console)


def _show(each: Told, console: Console) -> None:
    mark = console.styled("!", fg="yellow", bold=True) if each.change.widens else "-"
    console.line(f"  {mark} {console.styled(each.sentence)}")
    for line in text_diff(each.change).splitlines():
        console.line(f"      {console.styled(line, fg=_COLOURS.get(line[:1]))}")


def as_mermaid(changes: DefinitionChanges) -> str:
    """The graphs of every workflow whose nodes or edges differ, before and after, each behind a comment."""
    sources = []
    for file in changes.files:
        drawn = charts(file.graph, limit=40_000) if file.graph and file.graph.differs else None
        for title, source in (("before", drawn.before), ("after", drawn.after)) if drawn else ():
            sources += [f"%% {_commented(file.name)} {title}\n{source}"] if source else []
    return "\n\n".join(sources) or "%% no graph differs"


def _commented(name: str) -> str:
    return "".join(sign if sign.isalnum() or sign in "-_/. " else "?" for sign in name)


def as_markdown(changes: DefinitionChanges) -> str:
    """As a pull request's comment shows it, with graphs."""
    return to_markdown(changes_parts(changes), limit=_MARKDOWN_BYTES) if changes.files else headline(changes)


def as_json(changes: DefinitionChanges) -> str:
    """One object with every file that differs."""
    return printable_json({"summary": headline(changes), "files": [_file(file) for file in changes.files]})


def _file(file: ChangedFile) -> JsonValue:
    return {
        "kind": file.kind.value,
        "name": file.name,
        "path": file.path,
        "previous_path": file.previous_path or None,
        "state": file.state.value,
        "used_by": [*file.used_by],
        "problems": [str(problem) for problem in file.problems],
        "changes": [_change(change) for change in file.changes],
        "graph": _graph(file.graph) if file.graph else None,
    }


def _change(change: Change) -> JsonValue:
    return {
        "key": [*change.key],
        "kind": change.kind.value,
        "subject": change.subject.value,
        "widens": change.widens,
        "before": change.before,
        "after": change.after,
        "line": change.place.line if change.place else None,
        "sentence": told([change])[0].sentence,
    }


def _graph(graph: MarkedGraph) -> JsonValue:
    return {
        "nodes": [{"id": node.id, "mark": node.mark.value, "previous_id": node.previous_id} for node in graph.nodes],
        "edges": [
            {
                "source": edge.source,
                "target": edge.target,
                "before": edge.before.value if edge.before else None,
                "after": edge.after.value if edge.after else None,
            }
            for edge in graph.edges
        ],
    }
