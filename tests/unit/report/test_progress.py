from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from orchestrator.report.figures import REPLAY_NOTICE, purpose, replay_notice, sentence
from orchestrator.report.plain import plain_lines
from orchestrator.report.terminal import terminal_view
from orchestrator.report.view import ExecutionView
from tests.fakes import views


def drawn(shown: ExecutionView, *, width: int = 80, height: int = 24, colour: bool = False) -> str:
    out = io.StringIO()
    console = Console(
        file=out,
        width=width,
        force_terminal=colour,
        no_color=not colour,
        legacy_windows=False,
        _environ={"TERM": "xterm"},  # not that of whoever runs the tests
    )
    lines = [line for run in shown.runs for line in views.demo_log(shown, run.index)[-1:]]
    console.print(terminal_view(shown, lines=lines, width=width, height=height))
    return out.getvalue()


def test_a_node_has_one_line_for_each_change() -> None:
    before, after = views.running(), views.completed()
    assert plain_lines(after, after) == ()
    lines = plain_lines(before, after)
    assert sum(line.startswith("[mycelium] lint ") for line in lines) == 1
    assert not any(line.startswith("[mycelium] docs ") for line in lines)
    assert lines[-1] == "[mycelium] completed in 1m 2s: All 10 node runs completed."


def test_the_first_lines_introduce_the_execution() -> None:
    lines = plain_lines(None, views.running())
    assert lines[0].startswith("[mycelium] Three agents, one repository: execution 14, 8 nodes, 10 node runs, ")
    assert f"[mycelium] {REPLAY_NOTICE}" in lines


def test_a_replay_is_announced_when_its_first_agent_begins() -> None:
    shown = views.running()
    docs = replace(shown.runs[1], index=0, key="docs", node="docs")
    begun = replace(shown, runs=(docs, replace(shown.runs[3], index=1)), engines={0: "replay"}, edges=())
    assert plain_lines(None, begun)[1] == f"[mycelium] {REPLAY_NOTICE}"
    assert not any(REPLAY_NOTICE in line for line in plain_lines(begun, begun))
    assert REPLAY_NOTICE in drawn(begun)
    assert replay_notice(replace(begun, engines={0: "claude"})) == ""


def test_a_replay_beside_a_model_is_claimed_for_its_own_agents_only() -> None:
    shown = replace(views.running(), engines={1: "claude", 2: "replay"})
    assert replay_notice(shown) == "Replayed transcripts: no model was called for docs and simplify."
    assert REPLAY_NOTICE not in "\n".join(plain_lines(None, shown))


def test_the_name_of_a_node_says_what_it_is_there_for() -> None:
    nodes = views.completed().workflow.nodes
    assert purpose(nodes["docs"]) == "Explain the rounding (documentation-engineer)"
    assert purpose(nodes["lint"]) == "Check the style"
    assert purpose(nodes["tests"]) == "agent test-writer"
    assert purpose(nodes["integrate"]) == "merge of docs, tests, simplify"
    assert purpose(None) == ""


def test_lines_tell_what_to_type_and_what_failed() -> None:
    asked = "\n".join(plain_lines(None, views.waiting()))
    assert "mycelium executions approve 01K5DEMO00WAITING publish" in asked
    assert "failed     9.0s  Exit code 1: 2 of 412" in "\n".join(plain_lines(None, views.failed()))
    assert "(allowed to fail)" in "\n".join(plain_lines(None, views.failed()))


def test_a_line_tells_what_a_node_left_behind() -> None:
    shown = views.completed()
    docs = shown.runs[0]
    assert docs.outcome is not None
    assert f"1 file, {views.sha('docs')[:8]}" in "\n".join(plain_lines(None, shown))
    careless = replace(docs, outcome=replace(docs.outcome, commit=None, changes=(), discarded=2))
    lines = plain_lines(None, replace(shown, runs=(careless, *shown.runs[1:])))
    assert any(line.startswith("[mycelium] docs ") and line.endswith("2 changed files discarded") for line in lines)


def test_nodes_are_counted_as_nodes_where_each_runs_once() -> None:
    shown = views.completed()
    once = replace(shown, runs=shown.runs[:3])
    assert sentence(once) == "All 3 nodes completed."
    assert ", 3 nodes, " in plain_lines(None, once)[0]


def test_hostile_names_stay_on_one_line_and_act_on_no_terminal() -> None:
    for text in [*plain_lines(None, views.hostile()), drawn(views.hostile())]:
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert all("\n" not in line for line in plain_lines(None, views.hostile()))


@pytest.mark.parametrize("width", [30, 60, 80, 200])
@pytest.mark.parametrize("height", [8, 24])
def test_the_tree_keeps_to_the_terminal(width: int, height: int) -> None:
    for shown in (views.running(), views.large(), views.failed()):
        rows = drawn(shown, width=width, height=height).rstrip("\n").split("\n")
        assert all(len(row) <= width for row in rows)
        assert len(rows) <= height + 2


def test_the_tree_shows_states_progress_and_the_command() -> None:
    text = drawn(views.waiting(), width=100)
    assert REPLAY_NOTICE in text
    assert "✓ docs" in text
    assert "9 of 10" in text
    assert "mycelium executions approve 01K5DEMO00WAITING publish" in text
    assert "attempt 2" in drawn(views.running())


def test_colour_is_the_terminals_choice() -> None:
    assert "\x1b[" in drawn(views.completed(), colour=True)
    assert "\x1b[" not in drawn(views.completed())


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (views.completed(), "All 10 node runs completed."),
        (views.failed(), "test (b) failed, 2 nodes did not run."),
        (views.waiting(), "A person has to decide on publish."),
        (views.running(), "1 of 10 node runs done, running tests and simplify."),
    ],
)
def test_a_sentence_says_where_it_stands(shown: ExecutionView, said: str) -> None:
    assert sentence(shown) == said
