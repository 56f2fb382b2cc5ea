"""The summary of a job's step: each execution has its share of what GitHub takes, and all of it is inert."""

from __future__ import annotations

import pytest

from orchestrator.report.answers import Answer
from orchestrator.report.step_summary import MAX_BYTES, step_summary
from tests.fakes import views

EVIL = "<!-- x --> @octo-org/all ![x](y) <img src=x>\n# Heading"


def answer(number: int = 1) -> Answer:
    return Answer(subject=f"flow-{number}", ruling="waiting", asked_by="sam", text=EVIL, lines=[f"type {EVIL}"])


def test_it_has_graph_table_results_and_what_did_not_start() -> None:
    said = step_summary([views.completed(), views.failed()], [answer()], notes=["A note."])
    assert said.count("```mermaid") == 2
    assert said.count("| | Node |") == 2
    assert "A note." in said
    assert r"- 🟡 `flow-1`: &lt;!-- x --&gt; @&#8203;octo-org/all !\[x\](y) &lt;img src=x&gt; # Heading" in said


@pytest.mark.parametrize("limit", [20_000, MAX_BYTES])
def test_it_is_never_longer_than_github_takes(limit: int) -> None:
    said = step_summary([views.large(), views.hostile()] * 20, [answer(number) for number in range(200)], limit=limit)
    assert len(said.encode()) <= limit
    assert "and 150 more" in said or limit < MAX_BYTES


def test_where_nothing_ran_it_says_so_alone() -> None:
    assert step_summary([], [], notes=["Nothing starts."]) == "Nothing starts.\n"
    assert step_summary([], []) == ""
