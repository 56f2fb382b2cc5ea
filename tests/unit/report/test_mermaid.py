from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.definition.model import Run
from orchestrator.execution.state import ExecutionStatus, NodeStatus
from orchestrator.report.mermaid import MAX_CHARACTERS, escaped, flowchart
from tests.fakes import views


def test_nodes_edges_and_colours() -> None:
    source = flowchart(views.failed())
    assert source.startswith("flowchart LR\n")
    assert 'subgraph n5["test"]' in source
    assert 'n5_6["✗ test (b)' in source
    assert ":::failed" in source
    assert "n5 --> n6" in source


@pytest.mark.parametrize(
    "key",
    [
        'x"]; click n0 "javascript:alert(1)"',
        "a\nend\nclick n0 call f()",
        "`markdown`",
        "<img src=x>",
        "%%{init: {}}%%",
        "#quot;",
    ],
)
def test_a_name_cannot_leave_its_label(key: str) -> None:
    shown = views.completed()
    source = flowchart(replace(shown, runs=(replace(shown.runs[0], key=key), *shown.runs[1:])))
    line = next(line for line in source.split("\n") if line.startswith("  n0["))
    assert re.fullmatch(r'  n0\["✓ [^"<>`%]*<br/>14s"\]:::completed', line)
    assert len(source.split("\n")) == len(flowchart(shown).split("\n"))


@given(st.text(max_size=80))
def test_labels_hold_no_sign_of_the_language(text: str) -> None:
    rest = re.sub(r"#\d+;", "", escaped(text))
    assert not set('"`<>#&[]{}|;:%\\\n') & set(rest)


def test_large_graphs_stay_under_the_limit_or_are_left_out() -> None:
    assert 0 < len(flowchart(views.large())) <= MAX_CHARACTERS
    assert flowchart(views.large(), limit=1_000) == ""


def test_many_matrix_runs_become_one_node() -> None:
    shown = views.completed()
    many = tuple(replace(shown.runs[5], index=index, key=f"test ({index})") for index in range(20))
    source = flowchart(replace(shown, runs=many, edges=()))
    assert "20 of 20" in source
    assert "subgraph" not in source


def test_many_nodes_between_the_same_ones_become_one_box() -> None:
    crowd = [views.node(f"shard-{index}", Run(script="x"), "plan") for index in range(40)]
    nodes = [views.node("plan", Run(script="x")), *crowd, views.node("join", Run(script="x"))]
    runs = [views.run(index, each.id, start=0, end=1) for index, each in enumerate(nodes)]
    runs[7] = views.run(7, nodes[7].id, NodeStatus.FAILED, start=0, end=1)
    between = [edge for index in range(1, 41) for edge in ((0, index), (index, 41))]
    made = views.execution("x", ExecutionStatus.FAILED, 3.0)
    source = flowchart(views.view(made, runs, between, nodes))
    assert 'n1["✗ shard-0 and 39 more<br/>1 failed, 39 completed"]:::failed' in source
    assert [line.strip() for line in source.split("\n") if "-->" in line] == ["n0 --> n1", "n1 --> n2"]
    few = flowchart(views.view(made, runs[:6], between[:10:2], nodes[:6]))
    assert few.count("-->") == 5


def test_a_failure_that_is_allowed_has_a_colour_of_its_own() -> None:
    assert re.search(r'"✗ lint<br/>1.2s"\]:::tolerated', flowchart(views.failed()))
