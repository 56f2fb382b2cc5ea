from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
