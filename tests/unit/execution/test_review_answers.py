"""Agents' answers as reviews, and where on a diff their remarks stand."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.definition.review_answer import Opinion, misfits
from orchestrator.execution.diff_lines import LEFT, RIGHT, diff_lines
from orchestrator.execution.review import MOST_REMARKS, NoReview, Remark, placed, read_review

PATCH = """@@ -10,4 +10,5 @@ def main():
 context
-gone
+new
+newer
 after
@@ -40,2 +41,2 @@
 far
+end
\\ No newline at end of file"""


def read(**outputs: Any) -> Any:
    return read_review({"text": "Words.", **outputs}, answered=True)


def test_without_an_answer_the_words_are_the_review() -> None:
    found = read_review({"text": "All fine.", "verdict": "approve"}, answered=False)
    assert (found.opinion, found.summary, found.remarks) == (Opinion.COMMENT, "All fine.", ())


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("approve", Opinion.APPROVE),
        ("Approved", Opinion.APPROVE),
        ("changes", Opinion.CHANGES),
        ("request-changes", Opinion.CHANGES),
        ("comment", Opinion.COMMENT),
        (None, Opinion.COMMENT),
    ],
)
def test_verdicts(said: str | None, meant: Opinion) -> None:
    assert read(verdict=said).opinion is meant


@pytest.mark.parametrize(
    ("outputs", "why"),
    [
        ({"verdict": "perhaps"}, "`verdict` is none of"),
        ({"verdict": 3}, "`verdict` is none of"),
        ({"comments": "many"}, "`comments` is no list"),
        ({"verdict": "changes", "summary": " ", "text": ""}, "it says nothing"),
    ],
)
def test_what_is_no_review_says_why(outputs: dict[str, Any], why: str) -> None:
    with pytest.raises(NoReview, match=why):
        read(**outputs)


def test_an_approval_needs_no_words() -> None:
    assert read(verdict="approve", summary="").summary == ""


def test_the_summary_wins_over_the_last_words() -> None:
    assert read(summary="Short.").summary == "Short."
    assert read().summary == "Words."


def test_remarks_are_read_and_the_others_counted() -> None:
    found = read(
        comments=[
            {"path": "./src/a.py", "line": 12, "body": "One"},
            {"path": "b.py", "line": 3.0, "start_line": 1, "body": "Two", "side": "left", "suggestion": "x"},
            {"path": "c.py", "line": True, "start_line": 9, "body": "Three"},
            {"path": "d.py", "line": 2, "suggestion": ""},
            {"path": "e.py", "line": 2, "start_line": 7, "body": "Five"},
            {"path": "f.py", "line": 1},
            "text",
        ]
    )
    assert found.remarks == (
        Remark(path="src/a.py", line=12, body="One"),
        Remark(path="b.py", line=3, start_line=1, body="Two", side=LEFT, suggestion="x"),
        Remark(path="c.py", body="Three"),
        Remark(path="d.py", line=2, body="", suggestion=""),
        Remark(path="e.py", line=2, body="Five"),
    )
    assert found.unreadable == 2


def test_the_lines_of_a_diff_by_side_and_hunk() -> None:
    lines = diff_lines({"a.py": PATCH, "image.png": ""})
    assert [line for line in range(60) if lines.has("a.py", RIGHT, line, line)] == [10, 11, 12, 13, 41, 42]
    assert [line for line in range(60) if lines.has("a.py", LEFT, line, line)] == [10, 11, 12, 40]
    assert lines.has("a.py", RIGHT, 10, 13)
    assert not lines.has("a.py", RIGHT, 13, 41)
    assert not lines.has("a.py", RIGHT, 12, 11)
    assert not lines.has("image.png", RIGHT, 1, 1)


def test_remarks_outside_the_diff_and_beyond_the_limit_stand_apart() -> None:
    lines = diff_lines({"a.py": PATCH})
    inside = Remark(path="a.py", line=12, start_line=11, body="x")
    outside = [
        Remark(path="a.py", line=14, body="x"),
        Remark(path="a.py", line=12, start_line=9, body="x"),
        Remark(path="b.py", line=12, body="x"),
        Remark(path="a.py", body="x"),
        Remark(path="a.py", line=13, side=LEFT, body="x"),
    ]
    assert placed([*outside, inside], lines) == ([inside], outside)
    many = [inside] * (MOST_REMARKS + 2)
    assert [len(part) for part in placed(many, lines)] == [MOST_REMARKS, 2]


@pytest.mark.parametrize(
    ("answer", "count"),
    [
        ({}, 0),
        ({"properties": {"verdict": {"enum": ["approve", "changes"]}, "files": {"type": "array"}}}, 0),
        ({"properties": {"verdict": {"const": "approve"}, "comments": {}}}, 0),
        ({"properties": {"verdict": {"enum": ["approve", "no", 3]}}}, 2),
        ({"properties": {"verdict": True, "comments": {"type": "object"}}}, 2),
        ({"properties": {"comments": {"items": {"properties": {"path": {}, "line": {}, "body": {}}}}}}, 0),
        ({"properties": {"comments": {"items": {"properties": {}}}}}, 3),
    ],
)
def test_answers_that_cannot_be_reviews(answer: Any, count: int) -> None:
    assert len(list(misfits(answer))) == count


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
REMARKS = st.lists(
    JSON | st.fixed_dictionaries({"path": JSON, "line": JSON, "body": JSON}, optional={"start_line": JSON}), max_size=5
)


@given(st.fixed_dictionaries({"verdict": JSON, "comments": JSON | REMARKS, "summary": JSON, "text": JSON}))
def test_whatever_an_agent_answers_it_is_a_review_or_says_why_not(outputs: dict[str, Any]) -> None:
    try:
        found = read_review(outputs, answered=True)
    except NoReview:
        return
    assert found.opinion is Opinion.APPROVE or found.summary.strip() or found.remarks
    inside, outside = placed(found.remarks, diff_lines({"a": PATCH}))
    assert len(inside) + len(outside) == len(found.remarks)
    for remark in found.remarks:
        assert remark.line is None or 0 < (remark.first or 0) <= remark.line


@given(st.lists(st.sampled_from([" a", "-a", "+a", "@@ -1,2 +3,4 @@", "@@ broken", "\\ No newline", ""]), max_size=12))
def test_any_patch_has_lines_of_one_hunk_in_order(lines: list[str]) -> None:
    found = diff_lines({"a": "\n".join(lines)})
    for (side, line), hunk in found.hunks["a"].items():
        assert line >= 1
        assert hunk >= 1
        assert found.has("a", side, line, line)
