"""What Codex refused its model stands on stderr alone."""

from __future__ import annotations

import pytest

from orchestrator.execution.outcome import FailureClass, Usage
from orchestrator.runners.codex_stream import CodexReader

PATCH = "patch rejected: writing is blocked by read-only sandbox; rejected by user approval settings"
ESCALATION = "approval policy is Never; reject command — you cannot ask for escalated permissions"
SHELL = '{"type": "item.completed", "item": {"id": "1", "type": "command_execution", "command": "ls", "exit_code": 0}}'


def heard(complaint: str, *lines: str) -> CodexReader:
    reader = CodexReader(model="", schema=None, spent=Usage())
    list(reader.complaint(f"2026-11-28T04:28:24Z ERROR codex_core::tools::router: error={complaint}"))
    for line in (*lines, '{"type": "turn.completed", "usage": {}}'):
        list(reader.line(line))
    return reader


@pytest.mark.parametrize(
    ("complaint", "name"), [(PATCH, "Edit"), (ESCALATION, "Shell"), ("unsupported call: Browse", "Browse")]
)
def test_a_denial_alone_is_no_success(complaint: str, name: str) -> None:
    ending = heard(complaint).ending(0)
    assert ending.failure is FailureClass.DENIED
    assert ending.denied == (name,)
    assert name in ending.message


def test_one_of_several_is() -> None:
    ending = heard(PATCH, SHELL).ending(0)
    assert ending.failure is None
    assert ending.denied == ("Edit",)


def test_a_tool_that_failed_was_not_denied() -> None:
    assert heard("Exit code: 1").ending(0).failure is None
