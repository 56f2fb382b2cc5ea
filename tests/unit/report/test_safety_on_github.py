"""What agents and processes say, as GitHub's own Markdown library renders it: it is read, and does nothing.

`cmarkgfm` binds cmark-gfm, with which GitHub renders comments, https://github.com/github/cmark-gfm. The filters that
come after it there, for mentions and references, look at text outside code; so do these tests.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from cmarkgfm import markdown_to_html_with_extensions
from cmarkgfm.cmark import Options
from hypothesis import example, given, settings
from hypothesis import strategies as st

from orchestrator.execution.outcome import Outcome
from orchestrator.report.check_run import execution_check
from orchestrator.report.comment import comment
from orchestrator.report.markdown_safety import (
    fenced,
    safe_code,
    safe_html,
    safe_inline,
    safe_markdown,
    safe_message,
    safe_subject,
)
from orchestrator.report.run_check import run_check
from orchestrator.report.view import ExecutionView
from tests.fakes import views

RENDERED_AS_IT_IS = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_FOOTNOTES
EXTENSIONS = ["table", "strikethrough", "autolink", "tasklist"]
CODE = re.compile(r"<(code|pre)[^>]*>.*?</\1>", re.DOTALL)
HARMLESS = re.compile(
    r"</?(p|br|ul|ol|li|h\d|em|strong|blockquote|table|thead|tbody|tr|th|td|hr|del|details|summary|b|sub)( [^<>]*)?/?>"
)
OURS = re.compile(
    r"<!-- mycelium:(comment workflow|execution)[= ][^<>]* -->|<a href=\"https://mycelium\.example/[^\"]*\">|</a>"
)
PIECES = (
    "@octocat @org/team @a_b ＠octocat x@y#1 #12 GH-12 o/r#1 &#64;x &commat;x &#35;12 0123456789abcdef",
    "<b> </details> </summary> <!-- --> <!--x <?php <![CDATA[ <div &lt; ' \" ( ) \\ | |---| == --- abc",
    "![a](http://e.example/i.png) [l](http://e.example) <https://e.example> http://e.example _https://e.example",
    "0ftp://e.example www.e.example e.example/#1 a@b.example mailto:a@b.example xmpp:a@b.example [x] [a]: [^1] [^1]:",
    "``` ~~~ ` `` - 1. > # * ** _ __ ~~ [!NOTE] $x$ $$ \u200b \u202e \r \x00 \xa0",
)
WORDS = [word for line in PIECES for word in line.split(" ")]
FRAGMENTS = st.lists(st.sampled_from([*WORDS, "<img src=x>", " ", "\n", "\n\n", "\t", "    "]), max_size=12).map(
    "".join
)
ONE_LINE: list[Callable[[str], str]] = [safe_inline, safe_code, safe_message, safe_subject]


def rendered(markdown: str) -> str:
    return str(markdown_to_html_with_extensions(markdown, options=RENDERED_AS_IT_IS, extensions=EXTENSIONS))


def acts(markdown: str) -> list[str]:
    """What of it is more than text: elements, links, and what GitHub's filters take for mentions and references."""
    # Code parts what stands before and after it: they are two texts to the filters.
    prose = CODE.sub(" ", rendered(markdown))
    found = re.findall(r"<[^<>]*>?", HARMLESS.sub("", OURS.sub("", prose)))
    text = html.unescape(re.sub(r"<[^<>]*>", "", prose))
    return [*found, *re.findall(r"@[\w-]+|(?<![\w&])#\d+|\bGH-\d+", text)]


@pytest.mark.parametrize(
    "text", ["@x", "a #1", "<b onclick=x>", "<img src=x>", "[l](http://e.example)", "_http://e.example"]
)
def test_what_acts_would_be_noticed(text: str) -> None:
    assert acts(text.replace("<b ", "<i "))


@settings(max_examples=200, deadline=None)
@example("#<https://e.example>1.")
@given(FRAGMENTS)
def test_nothing_acts_as_a_section(text: str) -> None:
    assert acts(safe_markdown(text)) == []


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(ONE_LINE), FRAGMENTS)
def test_nothing_acts_in_a_cell_a_heading_or_an_item(safe: Callable[[str], str], text: str) -> None:
    said = safe(text)
    table = f"| a | b |\n| --- | --- |\n| {said} | x |"
    assert acts(table) == []
    assert rendered(table).count("<td") == 2
    assert acts(f"### {said}") == []
    assert acts(f"- {said}\n- x") == []


@settings(max_examples=200, deadline=None)
@given(FRAGMENTS)
def test_nothing_ends_our_sections_and_fences(text: str) -> None:
    section = f"<details>\n<summary><b>{safe_html(text)}</b></summary>\n\n{safe_markdown(text)}\n\n</details>\n\nafter"
    shown = rendered(section)
    assert acts(section) == []
    assert (shown.count("<details>"), shown.count("</details>"), shown.count("</summary>")) == (1, 1, 1)
    shown = rendered(f"before\n\n{fenced(text)}\n\nafter")
    assert shown.count("<pre>") == 1
    assert shown.endswith("<p>after</p>\n")


def saying(text: str) -> ExecutionView:
    """An execution in which everybody says it: agents, processes, logs, names and errors."""
    shown = views.failed()
    line = views.demo_log(shown, 6)[0]
    runs = tuple(
        replace(
            run,
            key=f"{run.key} {text}",
            outcome=replace(
                run.outcome or Outcome(), message=text, summary=text, outputs={"text": text, "said": text, text: text}
            ),
        )
        for run in shown.runs
    )
    execution = replace(shown.execution, workflow_name=text, branch=text, error_message=text)
    return replace(shown, execution=execution, runs=runs, tails={6: (replace(line, text=text),)})


@settings(max_examples=25, deadline=None)
@given(FRAGMENTS)
def test_nothing_acts_in_what_github_is_sent(text: str) -> None:
    shown = saying(text)
    check, own = execution_check(shown), run_check(shown, shown.runs[6])
    for said in (comment(shown), check.summary, check.text, own.summary, own.text):
        assert acts(said) == []
    body = rendered(comment(shown))
    assert body.count("<details>") == body.count("</details>")
    assert len(re.findall('<pre><code class="language-mermaid">', body)) == 1


@pytest.mark.parametrize("shown", [views.completed(), views.waiting(), views.running(), views.hostile(), views.large()])
def test_comments_and_check_runs_are_whole(shown: ExecutionView) -> None:
    check = execution_check(shown)
    for said in (comment(shown), check.summary, check.text):
        assert acts(said) == []
        html_ = rendered(said)
        for name in ("table", "details", "summary", "pre", "blockquote"):
            assert len(re.findall(f"<{name}[ >]", html_)) == html_.count(f"</{name}>")
