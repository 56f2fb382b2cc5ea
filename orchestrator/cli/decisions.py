"""What to do about an execution that waits for a person: ask in the terminal, approve by order, or leave it."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import indent, wrap

import click

from orchestrator.cli.console import Console, printable
from orchestrator.lifecycle import decide
from orchestrator.lifecycle.services import Services
from orchestrator.report.attention import Decision, decisions
from orchestrator.report.view import ExecutionView

EXCERPT_LINES = 16
WIDTH = 96
ANSWERS = ("y", "yes", "n", "no", "l", "later")
UNATTENDED = "--approve-unattended"
"""Recorded as who decided where the option did: reads after "Approved by" as a name does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """Where decisions are taken. `person` decides in the terminal where `attended`; else `approve_unattended` does."""

    console: Console
    person: str
    attended: bool
    approve_unattended: bool

    def settle(self, services: Services, seen: ExecutionView) -> bool:
        """Decide what waits; whether anything was decided, so that the execution goes on."""
        decided = [self._settle(services, decision) for decision in decisions(seen)]
        return any(decided)

    def _settle(self, services: Services, decision: Decision) -> bool:
        execution_id, key = decision.run.execution_id, decision.run.key
        if self.attended:
            verdict = self._ask(decision)
            if verdict is None:
                return False
            (decide.approve if verdict else decide.reject)(services, execution_id, key, self.person)
            return True
        if not self.approve_unattended:
            return False
        self.console.line(
            f"[mycelium] {printable(key)}: {decision.question} Approved without asking: there is no terminal."
        )
        decide.approve(services, execution_id, key, UNATTENDED)
        return True

    def _ask(self, decision: Decision) -> bool | None:
        self.console.line()
        for key, text in decision.grounds:
            self.console.line(self.console.styled(f"  {key} says", bold=True))
            self.console.line(indent(printable(_excerpt(text)), "  │ ", lambda _: True))
            self.console.line()
        self.console.line(self.console.styled(f"◆ {decision.question}", fg="yellow", bold=True))
        if decision.deadline:
            self.console.line(f"  {decision.deadline}")
        try:
            answer = click.prompt(
                "  [y]es, [n]o, or [l]ater",
                type=click.Choice(ANSWERS, case_sensitive=False),
                show_choices=False,
                default="l",
            )
        except click.Abort:
            return None
        return {"y": True, "n": False}.get(answer[0].lower())


def _excerpt(text: str) -> str:
    """The beginning, wrapped for a terminal; the page has all of it."""
    lines = [part for line in text.splitlines() for part in wrap(line, WIDTH) or [""]]
    return "\n".join(lines if len(lines) <= EXCERPT_LINES else [*lines[:EXCERPT_LINES], "…"])


def person(environ: Mapping[str, str]) -> str:
    """The name under which what is done here is recorded: the environment's, else the system's for this user."""
    named = environ.get("LOGNAME") or environ.get("USER")
    if named:
        return named
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"user {os.getuid()}"
