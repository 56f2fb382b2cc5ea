"""What GitHub does not show of a job is said on the page of the run, and what to do about it."""

from __future__ import annotations

import io
from typing import Any, cast

import pytest

from action import shown
from action.commands import JobLog
from action.results import Results
from action.shown import Untold, of_changes, wait_for_executions, warn
from orchestrator.execution.showing import MISTAKE
from orchestrator.lifecycle.following import shown as following
from orchestrator.lifecycle.following.changes import TOO_LONG
from orchestrator.lifecycle.following.shown import Place
from tests.fakes.actions_runner import Heeded


@pytest.mark.parametrize(
    ("why", "hint"),
    [
        (f"{MISTAKE} its state cannot be shown (KeyError)", "please report it with the log of this job"),
        (TOO_LONG, "The log of this job may say why."),
        ("check runs are refused; it needs checks: write", "it needs checks: write."),
    ],
)
def test_a_warning_and_the_summary_say_what_to_do(why: str, hint: str) -> None:
    stream, untold = io.StringIO(), [Untold(what="execution 01", why=why)]
    log = JobLog(stream)
    with log.heeding_nothing():
        warn(log, untold)
    (warning,) = Heeded.of(stream.getvalue().split("\n")).named("warning")
    assert warning.startswith("GitHub does not show all of execution 01: ")
    assert hint in warning
    assert warning.endswith(shown.OF_EXECUTIONS)
    summary = Results(untold=untold).summary(notes=["Nothing else."])
    assert "⚠️ GitHub does not show all of execution 01" in summary
    assert "Nothing else." in summary


def test_only_what_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    places = {
        "whole": Place(url="https://github.example/pull/7", behind=False, trouble=""),
        "late": Place(url="", behind=True, trouble=""),
        "refused": Place(url="", behind=False, trouble="no comments"),
        "nowhere": None,
    }
    monkeypatch.setattr(following, "until_shown", lambda _services, each: places[each])
    stream = io.StringIO()
    found = wait_for_executions(cast(Any, None), places, JobLog(stream))
    assert [(each.what, each.why) for each in found] == [
        ("execution late", TOO_LONG),
        ("execution refused", "no comments"),
    ]
    assert stream.getvalue() == "Execution whole: https://github.example/pull/7\n"
    (told,) = of_changes({"pull/7": "x"})
    assert told.sentences == f"GitHub does not show all of what pull/7 changes in workflows: x. {shown.OF_CHANGES}"
