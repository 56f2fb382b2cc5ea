"""Telling in a terminal what an execution has published."""

from __future__ import annotations

from orchestrator.cli.console import Console, printable
from orchestrator.report.published import published_lines
from orchestrator.report.view import ExecutionView


def say(console: Console, seen: ExecutionView) -> None:
    """A line for each thing that was to leave."""
    for label, text in published_lines(seen):
        console.line(printable(f"  {label.ljust(13)} {text}"))
