"""Texts of `publish`, filled in: the author's Markdown stays, and no value of others can do anything."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.definition.expressions import ExpressionError
from orchestrator.report.filling import LONGEST_TITLE, filled, filled_title

X = "${{ inputs.x }}"


def body(template: str, value: object) -> str:
    return filled(template, {"inputs": {"x": value}})  # type: ignore[dict-item]


def title(template: str, value: object) -> str:
    return filled_title(template, {"inputs": {"x": value}})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("template", "value", "result"),
    [
        ("cc @octo-org/core, fixes #4\n\n![badge](https://a.example/b.svg)", "", "cc @octo-org/core, fixes #4\n\n![badge](https://a.example/b.svg)"),
        (f"Said: {X}.", "**yes** @all", "Said: **yes** @&#8203;all."),
        (f"#{X}", 12, "#12"),
        (f"#{X}", "12", "#&#8203;12"),
        (f"@{X}", "octocat", "@&#8203;octocat"),
        (f"@octo-org/{X}", "core", "@octo-org/&#8203;core"),
        (f"GH-{X}", "12", "GH-&#8203;12"),
        (f"{X}{X}", "a", "aa"),
        (X, None, ""),
        (X, True, "true"),
        (f"<!-- {X} -->", "--> <b>", r"<!-- \--&gt; &lt;b&gt; -->"),
    ],
)  # fmt: skip
def test_bodies(template: str, value: object, result: str) -> None:
    assert body(template, value) == result


@pytest.mark.parametrize(
    ("template", "value", "result"),
    [
        (f"Fix #4: {X}", "closes #5\nfor @ada, GH-6", "Fix #4: closes 5 for ada, 6"),
        (X, "\u202etxt", "⟨U+202E⟩txt"),
        (X, "x" * 500, "x" * (LONGEST_TITLE - 1) + "…"),
        ("  a \n b ", "", "a b"),
    ],
)
def test_titles(template: str, value: object, result: str) -> None:
    assert title(template, value) == result


def test_what_cannot_be_evaluated_is_no_text() -> None:
    with pytest.raises(ExpressionError):
        body("${{ fromJSON('[') }}", "")


TEXTS = st.text(st.sampled_from("@#<>`*_[]()!|\\\n -aG8H:/."), max_size=40)


@given(before=st.sampled_from(["", "@", "#", "GH-", "@a/", "- ", "> ", "x "]), value=TEXTS)
def test_no_value_becomes_a_mention_a_reference_or_a_tag(before: str, value: str) -> None:
    made = body(f"{before}{X}", value)
    bare = re.sub(r"(`+).*?\1", "", made, flags=re.DOTALL)
    assert not re.search(r"(?<!\w)@[A-Za-z0-9]", bare.removeprefix("@a/") if before == "@a/" else bare), made
    assert not re.search(r"(?<!&)#[0-9]", bare), made
    assert not re.search(r"\bGH-[0-9]", bare, re.IGNORECASE), made
    assert not re.search(r"<[A-Za-z/!]", bare), made


@given(value=st.text(max_size=300))
def test_a_title_is_one_short_line(value: str) -> None:
    made = title(X, value)
    assert len(made) <= LONGEST_TITLE
    assert "\n" not in made
    assert not set(made) & {"@", "#"}
