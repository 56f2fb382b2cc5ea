from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from orchestrator.definition.model import Run
from orchestrator.execution.amounts import Unit
from orchestrator.execution.ledger import Balance, Ledger, Reservation
from orchestrator.execution.log_line import Level
from orchestrator.execution.outcome import Outcome
from orchestrator.execution.state import ExecutionStatus
from orchestrator.report.experience import AgentsReport
from orchestrator.report.figures import REPLAY_NOTICE
from orchestrator.report.view import ExecutionView, Links
from orchestrator.site.build import build, execution_page, pull_request_page
from orchestrator.site.state import FILE_NAME
from tests.fakes import views
from tests.fakes.views import ViewSource

VOID = {"meta", "link", "input", "br", "hr", "img", "path", "circle", "rect", "line", "use"}
DEMO = "01K5DEMO00COMPLETED"
PULL = "mycelium history pull 01K5DEMO00WAITING"


@dataclass
class Page:
    """What a parser sees of one page."""

    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    text: str = ""


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.page.tags.add(tag)
        self.page.attributes |= set(values)
        if "id" in values:
            self.page.ids.append(values["id"])
        if tag in ("a", "use"):
            self.page.links += [values["href"]] if "href" in values else []
        self.page.loads += [values[name] for name in ("src", "srcset", "data", "poster") if name in values]
        self.page.loads += [values["href"]] if tag in ("link", "image") else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open[-1] != tag:
            self.page.problems.append(f"</{tag}> at {self.getpos()} while {self.open[-1:]} is open")
        else:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        self.page.text += data


def read(path: Path) -> Page:
    reader = Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    reader.page.problems += [f"<{tag}> is never closed" for tag in reader.open]
    return reader.page


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = views.everything()
    shown = views.failed()
    source.lines[shown.execution.id, 6] = [
        replace(line, id=number)
        for number, line in enumerate(views.demo_log(shown, 6) * 90, start=1)
    ]  # fmt: skip
    source.views[1] = replace(source.views[1], links=Links(pull=PULL))
    output = tmp_path_factory.mktemp("site") / "out"
    build(source, output)
    return output


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {path: read(path) for path in sorted(site.rglob("*.html"))}


def test_every_page_is_well_formed(pages: dict[Path, Page]) -> None:
    assert len(pages) > 12
    assert {path.name: page.problems for path, page in pages.items() if page.problems} == {}


def test_ids_are_unique(pages: dict[Path, Page]) -> None:
    for path, page in pages.items():
        twice = {ident for ident in page.ids if page.ids.count(ident) > 1} if len(page.ids) < 900 else set()
        assert not twice, path
        assert len(page.ids) == len(set(page.ids)), path


def test_every_internal_link_resolves(site: Path, pages: dict[Path, Page]) -> None:
    for path, page in pages.items():
        for link in [*page.links, *page.loads]:
            parts = urlsplit(link)
            if parts.scheme:
                continue
            target = Path(os.path.normpath(path.parent / unquote(parts.path))) if parts.path else path
            assert target.is_relative_to(site), (path, link)
            assert target.is_file(), (path, link)
            if parts.fragment and target in pages:
                assert unquote(parts.fragment) in pages[target].ids, (path, link)


def test_nothing_runs_and_nothing_is_loaded_from_elsewhere(pages: dict[Path, Page]) -> None:
    for path, page in pages.items():
        assert not page.tags & {"script", "iframe", "object", "embed", "form", "base", "img"}, path
        assert not {name for name in page.attributes if name.startswith("on") or name == "style"}, path
        assert all(not urlsplit(load).scheme and "assets/" in load for load in page.loads), path
        policy = path.read_text(encoding="utf-8")
        assert "default-src &#39;none&#39;; style-src &#39;self&#39;; img-src &#39;self&#39; data:" in policy


def test_the_stylesheet_loads_nothing(site: Path) -> None:
    css = (site / "assets/site.css").read_text(encoding="utf-8")
    assert "url(" not in css
    assert "@import" not in css


def test_hostile_text_is_only_text(site: Path, pages: dict[Path, Page]) -> None:
    folders = {path.parent for path in pages if "<script>alert(1)</script>" in pages[path].text}
    assert folders
    for path in site.rglob("*.html"):
        raw = path.read_text(encoding="utf-8")
        assert "<script" not in raw
        assert not {"\u202e", "\x1b", "\x00"} & set(raw)


def test_nothing_is_written_outside(site: Path) -> None:
    assert [entry.name for entry in site.parent.iterdir()] == ["out"]
    assert {entry.name for entry in site.iterdir()} == {FILE_NAME, "index.html", "agents.html", "assets", "executions"}
    assert not list(site.rglob("*.part"))


def test_the_failure_comes_first(site: Path) -> None:
    html = execution_page(site, "01K5DEMO00FAILED").read_text(encoding="utf-8")
    order = [html.index(word) for word in ('id="what-failed"', 'id="graph"', 'id="timeline"', 'id="nodes"')]
    assert order == sorted(order)
    assert "2 of 412 tests failed" in html[order[0] : order[1]]


def test_log_lines_have_anchors_and_long_logs_pages(site: Path, pages: dict[Path, Page]) -> None:
    folder = site / "executions/01K5DEMO00FAILED"
    inline = pages[folder / "index.html"].ids
    assert "node-test-b" in inline
    assert sum(ident.startswith("test-b-L") for ident in inline) == 200
    first, second = pages[folder / "logs/test-b.html"], pages[folder / "logs/test-b.2.html"]
    assert "test-b-L1" in first.ids
    assert "test-b-L2001" in second.ids


def test_pages_say_that_no_model_was_called(site: Path, pages: dict[Path, Page]) -> None:
    for path in (execution_page(site, DEMO), pull_request_page(site, DEMO)):
        assert REPLAY_NOTICE in pages[path].text
    assert REPLAY_NOTICE not in pages[execution_page(site, "01K5LARGE")].text


def test_the_preview_shows_comment_checks_commits_and_files(site: Path, pages: dict[Path, Page]) -> None:
    page = pages[pull_request_page(site, DEMO)]
    assert {"conversation", "commits", "checks", "files", "files-D1", "check-test-a"} <= set(page.ids)
    for words in ("Preview by Mycelium.", "Nothing was sent there.", "wants to merge 4 commits", views.TESTS, "+6"):
        assert words in page.text


def test_waiting_shows_the_command(pages: dict[Path, Page], site: Path) -> None:
    text = pages[execution_page(site, "01K5DEMO00WAITING")].text
    assert text.count(PULL) == 2
    assert text.index(PULL) < text.index("mycelium executions approve 01K5DEMO00WAITING publish")
    assert "history pull" not in pages[execution_page(site, DEMO)].text


def test_waiting_shows_the_grounds_of_the_question(pages: dict[Path, Page], site: Path) -> None:
    text = pages[execution_page(site, "01K5DEMO00WAITING")].text
    assert text.index("Create the branch") < text.index("Ready to merge") < text.index("mycelium executions approve")


def test_both_pages_count_the_lines_of_the_same_diff(pages: dict[Path, Page], site: Path) -> None:
    for path in (execution_page(site, DEMO), pull_request_page(site, DEMO)):
        assert "+9 −4" in pages[path].text


def test_artifacts_are_copied_under_safe_names(site: Path) -> None:
    kept = list(site.rglob("artifacts/*/*"))
    assert [path.read_bytes() for path in kept if path.name.endswith("index.html.txt")] == [b"evil"]
    assert sum(path.name.endswith("junit.xml.txt") for path in kept) > 0


def snapshot(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_an_empty_site_tells_what_to_do(tmp_path: Path) -> None:
    build(ViewSource(views=[]), tmp_path)
    text = read(tmp_path / "index.html").text
    assert "Nothing has run yet" in text
    assert "mycelium run" in text


def test_a_second_build_changes_nothing(tmp_path: Path) -> None:
    source = views.everything()
    build(source, tmp_path)
    before = snapshot(tmp_path)
    report = build(source, tmp_path)
    assert report.written == 0
    assert snapshot(tmp_path) == before


def test_only_changed_executions_are_made_again(tmp_path: Path) -> None:
    source = ViewSource(views=[views.running(), views.completed()])
    assert build(source, tmp_path).built == ("01K5DEMO00RUNNING", DEMO)
    assert build(source, tmp_path).built == ("01K5DEMO00RUNNING",)
    assert build(source, tmp_path, full=True).built == ("01K5DEMO00RUNNING", DEMO)
    ended = replace(source.views[0].execution, status=ExecutionStatus.CANCELLED, completed_at=views.at(30))
    source.views[0] = replace(source.views[0], execution=ended)
    assert build(source, tmp_path).built == ("01K5DEMO00RUNNING",)
    assert build(source, tmp_path).built == ()


def test_a_damaged_state_is_built_over(tmp_path: Path) -> None:
    source = ViewSource(views=[views.completed()])
    for damage in ("{", "[]", '{"version": 2, "agents": "", "executions": {"a": {"key": 1, "summary": {"bars": 3}}}}'):
        (tmp_path / FILE_NAME).write_text(damage, encoding="utf-8")
        assert build(source, tmp_path).built == (DEMO,)


def test_executions_that_are_gone_leave(tmp_path: Path) -> None:
    build(ViewSource(views=[views.completed(), views.large()]), tmp_path)
    report = build(ViewSource(views=[views.large()]), tmp_path)
    assert report.removed == (DEMO,)
    assert not execution_page(tmp_path, DEMO).exists()
    assert execution_page(tmp_path, "01K5LARGE").exists()


def many(count: int) -> Iterator[ExecutionView]:
    shown = views.completed()
    for number in range(count):
        made = replace(shown.execution, id=f"01K5MANY{number:04}", number=number)
        yield replace(shown, execution=made, runs=shown.runs[:1], edges=())


def test_many_executions_have_pages(tmp_path: Path) -> None:
    source = ViewSource(views=list(many(101)))
    build(source, tmp_path)
    first, second = read(tmp_path / "index.html"), read(tmp_path / "executions-2.html")
    assert "executions-2.html" in first.links
    assert "index.html" in second.links
    assert sum(link.startswith("executions/") for link in second.links) == 1


def test_levels_can_be_chosen(site: Path) -> None:
    html = execution_page(site, "01K5DEMO00FAILED").read_text(encoding="utf-8")
    assert 'class="pick-error"' in html
    assert f"l-{Level.ERROR.value}" in html


def test_pages_of_an_ended_execution_do_not_tell_when_they_were_built(tmp_path: Path) -> None:
    for place, hours in (("early", 1), ("late", 30)):
        seen = [replace(shown, now=views.at(3_600 * hours)) for shown in (views.completed(), views.failed())]
        build(ViewSource(views=seen), tmp_path / place)
    early, late = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for folder in (tmp_path / "early", tmp_path / "late")
    )
    assert early == late


def test_the_uncommitted_changes_are_marked(tmp_path: Path) -> None:
    shown = views.completed()
    snapshot_commit = replace(shown.commits[0], sha=views.sha("snapshot"), subject="Uncommitted changes")
    dirty = replace(shown.execution, base=snapshot_commit.sha, dirty=True)
    build(ViewSource(views=[replace(shown, execution=dirty, commits=(snapshot_commit, *shown.commits))]), tmp_path)
    assert read(execution_page(tmp_path, DEMO)).text.count("your uncommitted changes") == 1
    preview = read(pull_request_page(tmp_path, DEMO)).text
    assert preview.count("your uncommitted changes") == 2, "in the conversation and among the commits"
    assert "wants to merge 5 commits" in preview


@pytest.mark.parametrize(
    ("shown", "result", "words"),
    [
        (views.completed(), None, "Nothing to merge: no node committed anything."),
        (views.waiting(), None, "Nothing to merge so far: there is a branch once it ends."),
        (views.completed(), views.sha("swept"), "Nothing to show: the commits are no longer kept."),
    ],
)
def test_a_preview_without_commits_says_so(
    tmp_path: Path, shown: ExecutionView, result: str | None, words: str
) -> None:
    execution = replace(shown.execution, result=result, result_branch=None)
    source = ViewSource(views=[replace(shown, execution=execution, commits=())], diffs={execution.id: ""})
    build(source, tmp_path)
    page = read(pull_request_page(tmp_path, execution.id))
    assert words in page.text
    assert " merge 0 commits" not in page.text
    assert {"conversation", "checks"} <= set(page.ids)
    assert not {"commits", "files"} & set(page.ids)


def test_a_failure_shows_its_command_and_code_and_repeats_nothing(tmp_path: Path) -> None:
    shown = views.failed()
    script = "\n".join(f"echo {word}" for word in ("one", "two", "three", "<four>"))
    nodes = {**shown.workflow.nodes, "test": views.node("test", Run(script=script))}
    outcome = replace(shown.runs[6].outcome or Outcome(), message="Not installed: `npm <i>`")
    runs = tuple(replace(run, outcome=outcome) if run.index == 6 else run for run in shown.runs)
    tail = (replace(shown.tails[6][0], text="Not installed: `npm <i>`"),)
    changed = replace(shown, workflow=replace(shown.workflow, nodes=nodes), runs=runs, tails={6: tail})
    build(ViewSource(views=[changed]), tmp_path)
    html = execution_page(tmp_path, shown.execution.id).read_text(encoding="utf-8")
    card = html[html.index('<article class="failure">') : html.index("</article>")]
    assert card.count("Not installed: <code>npm &lt;i&gt;</code>") == card.count("Not installed") == 1
    before, after = card.split("<summary>Show 1 more line</summary>")
    assert "echo three" in before
    assert "echo &lt;four&gt;" in after


@pytest.mark.parametrize(("used", "shown"), [("bwrap", "confined by bwrap"), ("none", "not confined"), ("", "")])
def test_a_node_says_where_its_agents_program_ran(tmp_path: Path, used: str, shown: str) -> None:
    seen = views.completed()
    outcome = replace(seen.runs[0].outcome or Outcome(), sandbox=used)
    runs = tuple(replace(run, outcome=outcome) if run.index == 0 else run for run in seen.runs)
    build(ViewSource(views=[replace(seen, runs=runs)]), tmp_path)
    html = execution_page(tmp_path, DEMO).read_text(encoding="utf-8")
    assert html.count("confined") == bool(shown)
    assert f"<span>{shown}</span>" in html or not shown


@pytest.mark.parametrize(("summary", "shown"), [("**12** passed", False), ("", True)])
def test_what_a_command_said_last_stands_in_for_a_step_summary(tmp_path: Path, summary: str, shown: bool) -> None:
    seen = views.completed()
    outcome = Outcome(exit_code=0, outputs={"exit-code": 0, "summary": summary or "last words"}, summary=summary)
    runs = tuple(replace(run, outcome=outcome) if run.index == 4 else run for run in seen.runs)
    build(ViewSource(views=[replace(seen, runs=runs)]), tmp_path)
    html = execution_page(tmp_path, DEMO).read_text(encoding="utf-8")
    section = html[html.index('id="node-lint"') : html.index('id="node-test-a"')]
    assert ('class="last-words' in section) is shown
    assert section.count("last words") == shown
    assert '<th scope="row">summary</th>' not in section
    assert ("<strong>12</strong> passed" in section) is not shown


def test_a_page_shows_how_the_budget_stands(tmp_path: Path) -> None:
    shown = views.completed()
    execution = {Unit.USD: 2_000_000, Unit.TURNS: 10}
    used = {Unit.USD: 420_000, Unit.TURNS: 12}
    attempt = Reservation(index=0, epoch=1, reserved={Unit.USD: 500_000}, spent={Unit.USD: 110_000, Unit.TURNS: 7})
    limited = replace(shown, ledger=Ledger(limit=execution, balance=Balance(spent=used)), reservations={0: attempt})
    build(ViewSource(views=[limited]), tmp_path)
    page = read(execution_page(tmp_path, DEMO))
    assert page.problems == []
    text = " ".join(page.text.split())
    assert "Cost when recorded0.42 of 2.00 USD" in text
    assert "Turns12 of 10 turns, 2 over" in text
    assert "Last attempt0.11 of 0.50 USD" in text
    build(ViewSource(views=[replace(shown, execution=replace(shown.execution, triggered_by="eve"))]), tmp_path)
    assert "Last attempt" not in read(execution_page(tmp_path, DEMO)).text


def section(site: Path, anchor: str) -> str:
    """The part of the page of agents that is about one."""
    html = (site / "agents.html").read_text(encoding="utf-8")
    return html[html.index(f'id="{anchor}"') :].partition("</section>")[0]


def test_every_agent_has_a_row_and_a_section(pages: dict[Path, Page], site: Path) -> None:
    page = pages[site / "agents.html"]
    anchors = [link for link in page.links if link.startswith("#agent-")]
    assert len(anchors) == 3
    assert anchors[0] == "#agent-code-reviewer"
    assert {anchor.removeprefix("#") for anchor in anchors} <= set(page.ids)
    told = section(site, "agent-code-reviewer")
    for words in ("Usually 1m 20s, $0.04; 92 % of 48 runs succeeded.", "9 of 10 within 3m 4s", "$3.20 in all"):
        assert words in told
    assert "3 replayed attempts are left out." in page.text


def test_attempts_link_to_executions_that_have_a_page(pages: dict[Path, Page], site: Path) -> None:
    told = section(site, "agent-code-reviewer")
    assert '<a href="executions/01K5DEMO00COMPLETED/index.html">Three agents, one repository #12</a>' in told
    assert "retry 1" in told
    assert "quality/review <span" in told, "the one whose execution is gone is told without a link"


def test_bars_of_agents_stay_within_their_pictures(site: Path) -> None:
    told = section(site, "agent-code-reviewer")
    widths = [float(width) for width in re.findall(r'width="([0-9.]+)%" height="8"', told)]
    assert widths
    assert max(widths) <= 100
    heights = re.findall(r'y="([0-9.]+)" width="4" height="([0-9.]+)"', (site / "agents.html").read_text())
    assert heights
    assert all(float(y) >= 0 and float(y) + float(height) <= 22.1 for y, height in heights)


def test_the_page_of_agents_is_made_again_when_it_tells_something_new(tmp_path: Path) -> None:
    source = ViewSource(views=[views.completed()], told=views.agents_report("code-reviewer"))
    build(source, tmp_path)
    build(source, tmp_path)
    assert source.asked.count("agents") == 1
    source.told = views.agents_report("code-reviewer", "triager")
    build(source, tmp_path)
    assert source.asked.count("agents") == 2
    assert 'id="agent-triager"' in (tmp_path / "agents.html").read_text(encoding="utf-8")
    source.views.append(views.failed())
    build(source, tmp_path)
    assert source.asked.count("agents") == 3, "what it links to has a page now"
    (tmp_path / "agents.html").unlink()
    build(source, tmp_path)
    assert source.asked.count("agents") == 4


def test_where_no_agent_has_run_the_page_says_so(tmp_path: Path) -> None:
    source = ViewSource(views=[], told=AgentsReport(days=90, today=views.START.date(), left_out=1))
    build(source, tmp_path)
    text = read(tmp_path / "agents.html").text
    assert "No agent has run lately" in text
    assert "1 replayed attempt of the last 90 days is left out" in text


def test_a_node_tells_what_its_agent_usually_takes(tmp_path: Path) -> None:
    shown = replace(views.completed(), experience={"test-writer": views.experience("test-writer")})
    build(ViewSource(views=[shown]), tmp_path)
    html = execution_page(tmp_path, DEMO).read_text(encoding="utf-8")
    told = '<a href="../../agents.html#agent-test-writer">test-writer</a> usually 1m 20s, $0.04; 92 % of 48 runs'
    assert html.count(told) == 1
    few = replace(shown, experience={"test-writer": views.experience("test-writer", runs=4, cancelled=0, succeeded=4)})
    build(ViewSource(views=[few]), tmp_path, full=True)
    assert "usually" not in execution_page(tmp_path, DEMO).read_text(encoding="utf-8")
