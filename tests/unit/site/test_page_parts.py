from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.definition.model import Run
from orchestrator.execution.state import ExecutionStatus
from orchestrator.site.ansi import MAX_LINE, segments
from orchestrator.site.diff import MAX_LINES_A_FILE, file_diffs
from orchestrator.site.files import artifact_name, folder_name, slug, unique_slugs
from orchestrator.site.graph import drawing
from orchestrator.site.log import PAGE_LINES, grouped, log_pages, run_log
from orchestrator.site.markdown import rendered
from orchestrator.site.pages import environment
from orchestrator.site.pull_request import pull_request
from orchestrator.site.timeline import timeline
from orchestrator.site.yaml_lines import yaml_lines
from tests.fakes import views


@pytest.mark.parametrize(
    ("line", "pieces"),
    [
        ("plain", [("", "plain")]),
        ("\x1b[31mred\x1b[0m x", [("a-red", "red"), ("", " x")]),
        ("\x1b[1;92mok", [("a-bold a-green", "ok")]),
        ("\x1b[38;5;200mx", [("", "x")]),
        ("\x1b]8;;https://evil.example\x07x\x1b[2J", [("", "x")]),
        ("10%\r100%", [("", "100%")]),
        ("a\u202eb", [("", "a⟨U+202E⟩b")]),
    ],
)
def test_terminal_output(line: str, pieces: list[tuple[str, str]]) -> None:
    assert [(piece.style, piece.text) for piece in segments(line)] == pieces


def test_a_huge_line_is_cut_with_a_word() -> None:
    *shown, note = segments("x" * 100_000)
    assert sum(len(piece.text) for piece in shown) == MAX_LINE
    assert note.text == " … 96,000 more characters"


@given(st.text(max_size=200))
def test_no_control_character_reaches_a_page(line: str) -> None:
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", "".join(p.text for p in segments(line)))


def test_a_diff_has_numbered_lines() -> None:
    first, second = file_diffs(views.DIFF)
    assert (first.path, first.additions, first.deletions) == ("orchestrator/report/duration.py", 3, 4)
    assert (second.path, second.status, second.additions) == ("tests/unit/report/test_duration.py", "added", 6)
    added = next(line for line in first.lines if line.kind == "add")
    assert (added.old, added.new) == (None, 10)


@pytest.mark.parametrize(
    ("header", "path", "status"),
    [
        ("diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y", "y", "renamed"),
        ("diff --git a/x b/x\ndeleted file mode 100644\n--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a", "x", "deleted"),
        ("diff --git a/x b/x\nBinary files a/x and b/x differ", "x", "modified"),
    ],
)
def test_kinds_of_changes(header: str, path: str, status: str) -> None:
    (file,) = file_diffs(header)
    assert (file.path, file.status) == (path, status)


def test_lines_that_look_like_headers_stay_lines() -> None:
    text = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n--- a/old\n-@@ -1 +1 @@\n+++ b/new\n+@@ x"
    (file,) = file_diffs(text)
    assert [line.kind for line in file.lines] == ["hunk", "del", "del", "add", "add"]


def test_no_code_hides_behind_an_escape_sequence() -> None:
    (file,) = file_diffs('diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n+a = "\x1b]"; evil()\r')
    assert file.lines[1].text == 'a = "⟨U+001B⟩]"; evil()␍'


def test_long_diffs_say_what_they_hide() -> None:
    body = "\n".join(f"+{number}" for number in range(2_000))
    (file,) = file_diffs(f"diff --git a/x b/x\n--- /dev/null\n+++ b/x\n@@ -0,0 +1,2000 @@\n{body}")
    assert (file.additions, len(file.lines), file.hidden) == (2_000, MAX_LINES_A_FILE, 2_001 - MAX_LINES_A_FILE)


@given(st.text(alphabet="diff --git a/b@+-\n0123,\\ ", max_size=200))
def test_any_diff_is_read(text: str) -> None:
    for file in file_diffs("diff --git a/x b/x\n" + text):
        assert file.additions >= 0


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<script>x</script>", "&lt;script&gt;"),
        ("[x](https://a.example)", '<a href="https://a.example" rel="nofollow noopener noreferrer">x</a>'),
        ("[x](../../index.html)", '<a class="dead">x</a>'),
        ("![x](https://a.example/b.png)", "<code>image: x</code>"),
        ("| a |\n|--:|\n| 1 |", '<td class="num">1</td>'),
    ],
)
def test_markdown_of_agents(text: str, shown: str) -> None:
    assert shown in rendered(text)


@pytest.mark.parametrize(
    ("text", "top", "levels"),
    [("# a\n## b", 4, ["h4", "h5"]), ("### a\n#### b", 2, ["h2", "h3"]), ("## b\n# a\n##### c", 4, ["h5", "h4", "h6"])],
)
def test_headings_of_agents_stand_below_those_of_the_page(text: str, top: int, levels: list[str]) -> None:
    assert re.findall(r"<(h\d)>", rendered(text, top=top)) == levels


@pytest.mark.parametrize("text", ["[x](javascript:alert(1))", "[x](data:text/html,a)", "![x](data:image/png;base64,a)"])
def test_markdown_keeps_no_active_address(text: str) -> None:
    assert not re.search(r'(href|src|style)="(?!https?:)', rendered(text))


@pytest.mark.parametrize(
    ("text", "made"), [("test (3.11)", "test-3-11"), ("../../up", "up"), ("A/B", "a-b"), ("x" * 200, "x" * 60)]
)
def test_slugs(text: str, made: str) -> None:
    assert slug(text) == made


@given(st.text(max_size=80))
def test_names_stay_in_their_folder(text: str) -> None:
    for name in (slug(text), folder_name(text), artifact_name(text, "digest")):
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name)
        assert len(name) < 120


@given(st.lists(st.text(alphabet="aA-.( 1", max_size=6), unique=True, max_size=20))
def test_slugs_do_not_meet(texts: list[str]) -> None:
    made = unique_slugs(texts)
    assert len(set(made.values())) == len(texts)


@pytest.mark.parametrize(
    ("name", "end"),
    [("a.html", "-a.html.txt"), ("x.svg", "-x.svg.txt"), ("r/j.xml", "-j.xml.txt"), ("a.log", "-a.log")],
)
def test_artifacts_get_types_that_run_nothing(name: str, end: str) -> None:
    assert artifact_name(name, "d").endswith(end)


def test_a_log_counts_levels_attempts_and_pages() -> None:
    shown = views.failed()
    lines = views.demo_log(shown, 6)
    log = run_log(iter(lines))
    assert log.total == len(lines)
    assert set(log.attempts) == {1, 2}
    assert log.levels["error"] == 8
    groups = grouped(list(enumerate(lines, start=1)))
    assert [group.attempt for group in groups if group.attempt] == [2]
    assert [len(group.rows) for group in groups if group.title == "Collecting"] == [3, 3]
    many = lines * 200
    assert [sum(len(group.rows) for group in page) for page in log_pages(iter(many))] == [
        PAGE_LINES, PAGE_LINES, len(many) - 2 * PAGE_LINES,
    ]  # fmt: skip


def test_the_timeline_shows_waiting_attempts_and_running() -> None:
    shown = views.failed()
    anchors = {run.index: f"node-{run.index}" for run in shown.runs}
    attempts = {run.index: run_log(iter(views.demo_log(shown, run.index))).attempts for run in shown.runs}
    made = timeline(shown, anchors, attempts)
    assert made is not None
    assert [row.key for row in made.rows][:2] == ["docs", "simplify"]
    (failed,) = [row for row in made.rows if row.key == "test (b)"]
    assert [span.kind for span in failed.spans] == ["queued", "attempt", "failed"]
    assert all(0 <= span.x <= 100 and span.x + span.width <= 101 for row in made.rows for span in row.spans)
    assert made.ticks[0].label == "0s"


def test_the_drawing_marks_threads_that_were_travelled() -> None:
    shown = views.failed()
    made = drawing(shown, {run.index: f"node-{run.index}" for run in shown.runs})
    assert {box.label: box.state for box in made.boxes}["lint"] == "tolerated"
    assert [edge.travelled for edge in made.edges].count(False) == 3
    (matrix,) = [box for box in made.boxes if box.rows]
    assert [(row.label, row.state) for row in matrix.rows] == [("a", "completed"), ("b", "failed"), ("c", "completed")]


def test_boxes_say_who_works_or_what_for_and_cut_what_is_too_long() -> None:
    shown = views.completed()
    made = {box.label: box for box in drawing(shown, {run.index: "x" for run in shown.runs}).boxes}
    assert made["docs"].note == "documentation-engineer"
    assert made["docs"].title == "docs: completed, 14s, Explain the rounding (documentation-engineer)"
    assert made["lint"].note == "Check the style"
    assert made["integrate"].note.startswith("merge of docs")
    assert made["integrate"].note.endswith("…")
    assert made["summary"].place.width < made["docs"].place.width


@pytest.mark.parametrize("end", [4.0, 12.0, 3_601.0])
def test_no_box_cuts_a_name_that_it_was_made_wide_enough_for(end: float) -> None:
    nodes = [views.node("n" * length, Run(script="x")) for length in range(1, 14)]
    runs = [views.run(index, each.id, start=0, end=end) for index, each in enumerate(nodes)]
    for place, each in enumerate(nodes):
        shown = views.view(
            views.execution("x", ExecutionStatus.COMPLETED, end), [replace(runs[place], index=0)], [], [each]
        )
        assert [box.label for box in drawing(shown, {0: "x"}).boxes] == [each.id]


@pytest.mark.parametrize(("subject", "shown"), [
    ("Merge `a` into `<b>`", "Merge <code>a</code> into <code>&lt;b&gt;</code>"),
    ("an odd ` tick", "an odd ` tick"),
    ("``", "``"),
])  # fmt: skip
def test_backticks_of_a_subject_are_code(subject: str, shown: str) -> None:
    assert environment().from_string("{{ subject|subject(80) }}").render(subject=subject) == shown


def test_yaml_is_coloured_and_whole() -> None:
    lines = yaml_lines(views.YAML)
    assert "\n".join("".join(piece.text for piece in line) for line in lines) == views.YAML.rstrip("\n")
    assert {"y-key", "y-comment", "y-expression"} <= {piece.style for line in lines for piece in line} | {
        "y-expression"
    }


def test_the_check_of_a_skipped_node_looks_skipped_and_not_tolerated() -> None:
    shown = views.failed()
    checks = pull_request(shown, {run.index: f"check-{run.index}" for run in shown.runs}, ()).checks
    assert [(check.state, check.label) for check in checks[8:]] == [("skipped", "neutral")] * 2
    assert checks[4].state == "neutral", "a failure that may be"
