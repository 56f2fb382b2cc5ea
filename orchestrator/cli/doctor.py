"""`mycelium doctor`: whether everything that Mycelium needs is there, and what to do where it is not."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

import click

from orchestrator.cli.checks import examine
from orchestrator.cli.console import Console
from orchestrator.cli.finding import Finding, Surroundings, Verdict
from orchestrator.cli.place import current_settings
from orchestrator.errors import ExitCode

_MARKS = {Verdict.OK: ("✓", "green"), Verdict.OPTIONAL: ("–", "yellow"), Verdict.FAILED: ("✗", "red")}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor(as_json: bool) -> int:
    """Check everything Mycelium needs on this machine.

    ✓ is fine, – is missing and needed only for some workflows, ✗ has to be put right. Ends with 2 when there is a ✗.
    """
    findings = examine(Surroundings(settings=current_settings(), cwd=Path.cwd(), environ=os.environ))
    failed = any(finding.verdict is Verdict.FAILED for finding in findings)
    if as_json:
        click.echo(json.dumps({"ok": not failed, "checks": [asdict(finding) for finding in findings]}, indent=2))
    else:
        _show(Console.stdout(), findings)
    return ExitCode.BAD_INPUT if failed else ExitCode.COMPLETED


def _show(console: Console, findings: list[Finding]) -> None:
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        mark, colour = _MARKS[finding.verdict]
        console.line(f"{console.styled(mark, fg=colour)} {finding.name.ljust(width)}  {finding.detail}")
        if finding.hint:
            console.line(f"  {' ' * width}  {console.styled(finding.hint, dim=True)}")
