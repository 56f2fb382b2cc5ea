from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from orchestrator.report.markdown_safety import CUT, fenced, safe_code, safe_html, safe_inline, safe_markdown

GITHUB = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
CODE = re.compile(r"<(code|pre)[^>]*>.*?</\1>", re.DOTALL)


def prose(markdown: str) -> str:
    """What GitHub's filters see: the rendered HTML outside code. What stands before code and after it are two texts."""
    return CODE.sub(" ", GITHUB.render(markdown))


@pytest.mark.parametrize(
    "text", ["ping @octocat", "@org/team", "a **@octocat** b", "# @octocat", "| @a |\n|---|\n| @b |"]
)
def test_nobody_is_mentioned(text: str) -> None:
    assert not re.search(r"@\w", prose(safe_markdown(text)))


@pytest.mark.parametrize("text", ["fixes #12", "octo/repo#12", "GH-7", "closes\n#12", "[x](#12)"])
def test_nothing_is_referenced(text: str) -> None:
    assert not re.search(r"#\d|GH-\d", prose(safe_markdown(text)))


@pytest.mark.parametrize(
    "text",
    [
        "<details><summary>x</summary>",
        "</details>",
        "<!-- hidden -->",
        "text <!-- hidden --> text",
        "<img src=https://evil.example/x.png>",
        "![beacon](https://evil.example/x.png)",
        "[click](https://evil.example)",
        "https://github.com/octo/repo/issues/1",
        "<https://evil.example>",
        "www.evil.example",
        "<script>alert(1)</script>",
        "[a]: https://evil.example\n\n[a]",
        "para\n<div>\n\n</div>",
    ],
)
def test_no_html_link_or_image_is_left(text: str) -> None:
    shown = prose(safe_markdown(text))
    assert not re.search(r"<(?!/?(p|br|ul|ol|li|h\d|em|strong|blockquote|table|thead|tbody|tr|th|td|hr|s)\b)", shown)
    assert "www." not in shown
    assert "://" not in shown


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("**bold** and *em* and `code @x #1`", "**bold** and *em* and `code @x #1`"),
        ("- one\n- two\n  1. three", "- one\n- two\n  1. three"),
        ("# Title", "#### Title"),
        ("> quoted", "> quoted"),
        ("```python\nx = '@a'\n```", "```python\nx = '@a'\n```"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "| a | b |\n| --- | --- |\n| 1 | 2 |"),
        ("1 * 2 * 3", "1 \\* 2 \\* 3"),
        ("", ""),
    ],
)
def test_harmless_markdown_stays(text: str, kept: str) -> None:
    assert safe_markdown(text) == kept


def test_links_become_their_text_and_address() -> None:
    assert safe_markdown("[docs](https://x.example/a)") == "docs `https://x.example/a`"


def test_bidirectional_controls_and_escapes_are_shown_or_gone() -> None:
    assert safe_markdown("a\u202eb\x1b[31mc\x00") == "a⟨U+202E⟩bc⟨U+0000⟩"


@given(st.text(alphabet="`~\n @#ab", max_size=60))
def test_a_fence_cannot_be_closed_from_inside(text: str) -> None:
    tokens = GITHUB.parse(fenced(text))
    assert [token.type for token in tokens] == ["fence"]


@given(st.text(alphabet="`|\n @#a\\", max_size=40))
def test_a_code_span_keeps_its_table_cell(text: str) -> None:
    shown = safe_code(text)
    assert "\n" not in shown
    assert "|" not in shown


@given(st.text(alphabet="<>!-[]()`*_#@\n |ab1\\&;~=+.:/", max_size=120))
def test_whatever_is_said_nothing_acts(text: str) -> None:
    shown = prose(safe_markdown(text))
    assert not re.search(
        r"@\w|#\d|<(?!/?(p|br|ul|ol|li|h\d|em|strong|blockquote|table|thead|tbody|tr|th|td|hr|s)\b)", shown
    )


@given(st.text(max_size=400), st.integers(min_value=60, max_value=500))
def test_results_keep_their_limit(text: str, limit: int) -> None:
    assert len(safe_markdown(text * 3, limit=limit).encode()) <= limit


def test_a_long_result_is_cut_with_a_notice_and_uses_its_room() -> None:
    shown = safe_markdown("@x line\n" * 5_000, limit=3_000)
    assert shown.endswith(CUT)
    assert len(shown.encode()) > 1_500


def test_it_is_cut_between_blocks_and_a_block_only_where_it_alone_is_too_large() -> None:
    shown = safe_markdown("# One\n\n- a\n- b\n\n```\nx\n```\n\n" + "long " * 30, limit=120)
    assert shown == f"#### One\n\n- a\n- b\n\n```\nx\n```{CUT}"
    listed = safe_markdown("# One\n\n" + "- item\n" * 200, limit=200)
    assert listed.startswith("#### One\n\n- item\n- item\n")
    assert listed.endswith(f"- item{CUT}")


@given(st.text(alphabet="<>!-[]()`*_#@\n |ab1\\&;~=+.:/", min_size=100, max_size=300), st.integers(80, 200))
def test_whatever_is_cut_nothing_acts(text: str, limit: int) -> None:
    shown = prose(safe_markdown(text * 3, limit=limit))
    assert not re.search(
        r"@\w|#\d|<(?!/?(p|br|ul|ol|li|h\d|em|strong|blockquote|table|thead|tbody|tr|th|td|hr|s)\b)", shown
    )


@pytest.mark.parametrize(("info", "kept"), [("mermaid", ""), ("Math", ""), ("geojson x", ""), ("python", "python")])
def test_what_github_would_draw_is_code(info: str, kept: str) -> None:
    assert safe_markdown(f"```{info}\nclick A\n```") == f"```{kept}\nclick A\n```"


def test_html_text_is_escaped() -> None:
    assert safe_html("<b>@a</b> #1") == "&lt;b&gt;@&#8203;a&lt;/b&gt; #&#8203;1"
    assert "\n" not in safe_inline("a\n\n# b")
