from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from orchestrator.definition.commands import Command, Verb, parse_command
from orchestrator.definition.model import Skipped
from orchestrator.execution import approval
from orchestrator.execution.outcome import Annotation, Outcome, Usage
from orchestrator.execution.showing import Target
from orchestrator.execution.state import ExecutionStatus, NodeStatus
from orchestrator.report import markdown_safety
from orchestrator.report.attention import START_ANEW
from orchestrator.report.check_run import CheckStatus, Conclusion, batched, execution_check
from orchestrator.report.comment import comment, is_comment_of, marker, newest_marker, shown_execution
from orchestrator.report.failure_tail import failure_tail
from orchestrator.report.figures import REPLAY_NOTICE, confinement
from orchestrator.report.parts import MAX_BYTES
from orchestrator.report.plain import plain_lines
from orchestrator.report.run_check import run_check, run_conclusion
from orchestrator.report.view import ExecutionView, Links
from tests.fakes import views

OURS = {"<details>", "</details>", "<summary>", "</summary>", "<b>", "</b>", "<sub>", "</sub>"}


def test_it_begins_with_the_marker_it_is_found_by() -> None:
    assert comment(views.completed()).startswith("<!-- mycelium:comment workflow=demo/three-agents -->\n")


def test_a_workflow_id_cannot_end_the_marker() -> None:
    made = marker('--><script>alert("1")</script>\n')
    assert made.count("-->") == 1
    assert "<script" not in made
    assert "\n" not in made


def test_it_says_that_no_model_was_called() -> None:
    assert REPLAY_NOTICE in comment(views.completed())
    assert REPLAY_NOTICE not in comment(views.large())


def test_it_counts_tokens_only_where_somebody_counted() -> None:
    shown = views.completed()
    assert "193k tokens" in comment(shown)
    uncounted = tuple(
        replace(run, outcome=replace(run.outcome, usage=Usage(replayed=True)))
        if run.outcome and run.outcome.usage
        else run
        for run in shown.runs
    )
    assert " tokens" not in comment(replace(shown, runs=uncounted))


@pytest.mark.parametrize(
    ("used", "shown"),
    [
        (["", "", ""], ""),
        (["bwrap", "", "bwrap"], "agents confined"),
        (["none", "none", "none"], "agents not confined"),
        (["bwrap", "none", "bwrap"], "1 of 3 agents not confined"),
    ],
)
def test_it_says_whether_agents_were_confined(used: list[str], shown: str) -> None:
    view = views.completed()
    places = iter([*used, *[""] * len(view.runs)])
    runs = tuple(
        replace(run, outcome=replace(run.outcome, sandbox=next(places))) if run.outcome else run for run in view.runs
    )
    made = comment(replace(view, runs=runs))
    assert confinement(replace(view, runs=runs)) == shown
    assert shown in made.splitlines()[-1]
    assert ("confined" in made) == bool(shown)


def test_a_check_says_what_kept_its_agent() -> None:
    view = views.completed()
    first = view.runs[0]
    assert first.outcome is not None
    assert (
        "Sandbox: `bwrap`." in run_check(view, replace(first, outcome=replace(first.outcome, sandbox="bwrap"))).summary
    )
    assert "Sandbox" not in run_check(view, first).summary


def test_backticks_of_a_subject_are_code() -> None:
    shown = views.completed()
    commit = replace(shown.commits[0], subject="Merge node `a|b` into `<c>`, *not* `d")
    assert "Merge node `a¦b` into `<c>`, \\*not\\* \\`d: " in comment(replace(shown, commits=(commit,)))


def test_a_check_says_what_its_node_is_there_for() -> None:
    shown = views.completed()
    assert run_check(shown, shown.runs[4]).title == "Check the style: completed in 1.2s"
    assert run_check(shown, shown.runs[3]).title == "Completed in 7.7s"


def test_it_shows_what_to_type() -> None:
    body = comment(renamed(views.waiting(), 9, "publish", NUMBERED))
    assert "/mycelium approve publish" in body
    assert "/mycelium reject publish" in body


def test_the_failure_comes_before_the_graph() -> None:
    body = comment(views.failed())
    assert 0 < body.index("**test (b) failed**") < body.index("```mermaid") < body.index("| Node |")
    assert "AssertionError" in body


def test_agents_results_are_collapsed() -> None:
    body = comment(views.completed())
    assert body.count("<details>") == body.count("</details>") == 5
    assert "<summary><b>docs</b> documentation-engineer, $0.11</summary>" in body


def test_hostile_text_opens_nothing() -> None:
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(comment(views.hostile()))
    inside = [child for token in tokens for child in token.children or ()]
    raw = "".join(token.content for token in [*tokens, *inside] if token.type in ("html_block", "html_inline"))
    tags = set(re.findall(r"<[^>]*>", raw))
    hostile = views.hostile().execution
    assert tags <= {marker(hostile.workflow_id), newest_marker(hostile.id), *OURS}
    assert not re.search(r"@\w", "".join(token.content for token in inside if token.type == "text"))


@pytest.mark.no_cover
@settings(max_examples=12, deadline=None)
@given(
    size=st.integers(min_value=0, max_value=40_000),
    text=st.sampled_from(["@", "é", "<b>", "```\n", "| a |\n", "x" * 50 + "\n", "\u202e", "🍄"]),
    count=st.integers(min_value=1, max_value=7),  # of 12,000 each: more than a comment holds
)
def test_it_stays_under_the_limit(size: int, text: str, count: int) -> None:
    shown = views.completed()
    said = replace(shown.runs[0].outcome or pytest.fail("no outcome"), outputs={"text": (text * size)[:size]})
    runs = tuple(replace(shown.runs[0], index=index, key=f"n{index}{text}", outcome=said) for index in range(count))
    large = replace(shown, runs=runs, edges=())
    body = comment(large)
    assert len(body.encode()) <= MAX_BYTES
    assert body.count("<details>") == body.count("</details>")
    check = execution_check(large)
    assert len(check.text) <= 65_535
    assert len(check.summary) <= 65_535
    assert len(run_check(large, runs[0]).text) <= 65_535


TEXTS = ["x", "\u202e", "漢", "🍄", "`", "@", "\x1b[1m", "\ud800"]


@pytest.mark.no_cover
@settings(max_examples=30, deadline=None)
@given(
    said=st.sampled_from(TEXTS),
    written=st.sampled_from(TEXTS),
    given_=st.sampled_from(TEXTS),
    logged=st.sampled_from(TEXTS),
    message=st.sampled_from(TEXTS),
)
def test_the_check_of_a_node_stays_under_the_limit(
    said: str, written: str, given_: str, logged: str, message: str
) -> None:
    shown = failed_with(message * 2_000, *[logged * 2_000] * 40)
    outcome = replace(
        shown.runs[6].outcome or Outcome(),
        outputs={"text": said * 30_000, "more": given_ * 30_000},
        summary=written * 30_000,
    )
    check = run_check(shown, replace(shown.runs[6], outcome=outcome))
    assert len(check.text.encode()) <= 65_535
    assert len(check.summary.encode()) <= 65_535
    assert len(check.title) <= 255


def test_left_out_sections_are_counted() -> None:
    shown = views.completed()
    body = comment(shown, limit=3_500)
    assert len(body.encode()) <= 3_500
    assert "*and 4 results more*" in body
    body = comment(shown, limit=1_500)
    assert len(body.encode()) <= 1_500
    assert "left out here" in body


def with_agents(count: int, text: str) -> ExecutionView:
    shown = views.completed()
    said = replace(shown.runs[0].outcome or pytest.fail("no outcome"), outputs={"text": text})
    runs = tuple(replace(shown.runs[0], index=index, key=f"n{index}", outcome=said) for index in range(count))
    return replace(shown, runs=runs, edges=(), commits=())


def test_sixty_agents_share_the_room_and_nothing_is_parsed_that_has_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[int] = []
    parser = markdown_safety._parser()
    parse = parser.parse

    def counted(text: str) -> list[Token]:
        parsed.append(len(text))
        return parse(text)

    monkeypatch.setattr(parser, "parse", counted)
    markdown_safety._inert.cache_clear()
    large = with_agents(60, "A *line* of `40` KB.\n\n" * 1_800)
    body = comment(large)
    assert len(body.encode()) <= MAX_BYTES
    assert body.count("</details>") == body.count("cut here") == 60
    assert sum(parsed) < 2 * MAX_BYTES
    before = len(parsed)
    assert comment(large) == body
    assert len(parsed) == before, "what was said before is not parsed again"


def test_of_very_many_agents_the_first_are_shown() -> None:
    body = comment(with_agents(1_000, "Said. " * 200))
    assert 40 < body.count("<details>") < 140
    assert f"*and {1_000 - body.count('<details>')} results more*" in body


@pytest.mark.parametrize(
    ("shown", "index", "conclusion"),
    [
        (views.completed(), 0, Conclusion.SUCCESS),
        (views.failed(), 6, Conclusion.FAILURE),
        (views.failed(), 4, Conclusion.NEUTRAL),
        (views.failed(), 8, Conclusion.NEUTRAL),
        (views.waiting(), 9, Conclusion.ACTION_REQUIRED),
        (views.running(), 1, None),
    ],
)
def test_conclusions(shown: ExecutionView, index: int, conclusion: Conclusion | None) -> None:
    assert run_conclusion(shown, shown.runs[index]) is conclusion
    status = run_check(shown, shown.runs[index]).status
    assert (status is CheckStatus.COMPLETED) == (conclusion is not None)


def test_a_pending_node_is_queued() -> None:
    shown = views.running()
    assert shown.runs[4].status is NodeStatus.PENDING
    assert run_check(shown, shown.runs[4]).status is CheckStatus.QUEUED


def test_annotations_come_in_batches_that_github_takes() -> None:
    note = Annotation(level="odd", message="", path="a.py", start_line=0, end_line=-3, start_column=4)
    wide = replace(note, start_line=2, end_line=4)
    made = batched([note, wide, Annotation(level="notice", message="no file")] + [note] * 118)
    assert [len(batch) for batch in made] == [50, 50, 20]
    first, second = made[0][:2]
    assert (first.start_line, first.end_line, first.level, first.start_column) == (1, 1, "notice", 4)
    assert first.message
    assert second.start_column is None


def failed_with(message: str, *log: str) -> ExecutionView:
    """The failed demo, where `test (b)` failed with `message` and its log ends with `log`."""
    shown = views.failed()
    outcome = replace(shown.runs[6].outcome or Outcome(), message=message)
    runs = tuple(replace(run, outcome=outcome) if run.index == 6 else run for run in shown.runs)
    line = views.demo_log(shown, 6)[0]
    return replace(shown, runs=runs, tails={6: tuple(replace(line, text=text) for text in log)})


@pytest.mark.parametrize(
    ("message", "log", "left"),
    [
        ("exit code 1", ("exit code 1",), []),
        ("exit code 1", ("boom", "\x1b[31mexit code 1\x1b[0m "), ["boom"]),
        ("two\nlines", ("boom", "two", "lines"), ["boom"]),
        ("two\nlines", ("lines",), ["lines"]),
        ("exit code 1", ("exit code 1", "then more"), ["exit code 1", "then more"]),
        ("", ("boom",), ["boom"]),
        ("exit code 1", (), []),
    ],
)
def test_a_failure_does_not_repeat_its_message(message: str, log: tuple[str, ...], left: list[str]) -> None:
    shown = failed_with(message, *log)
    assert [line.text for line in failure_tail(shown, shown.runs[6], 14)] == left
    assert [line.text for line in failure_tail(shown, shown.runs[6], 1)] == left[-1:]


def test_backticks_of_a_message_are_code() -> None:
    shown = failed_with("Not installed: `npm i <x>` *first*", "Not installed: `npm i <x>` *first*")
    text = comment(shown)
    assert "Not installed: `npm i <x>` \\*first\\*" in text
    assert text.count("npm i") == 2, "in the caution and in the table"
    assert run_check(shown, shown.runs[6]).title == "Not installed: npm i <x> *first*"


def still(shown: ExecutionView) -> ExecutionView:
    return replace(shown, still=True)


def test_what_is_looked_at_later_tells_no_duration_of_what_goes_on() -> None:
    shown = views.running()
    later = replace(shown, now=views.at(500))
    assert comment(shown) != comment(later)
    assert comment(still(shown)) == comment(still(later))
    for run in shown.runs:
        assert run_check(still(shown), run) == run_check(still(later), run)
    assert execution_check(still(shown)) == execution_check(still(later))


def test_a_deadline_that_is_looked_at_later_is_a_time() -> None:
    shown = views.waiting()
    runs = tuple(replace(run, deadline=views.at(3_600)) for run in shown.runs)
    later = still(replace(shown, runs=runs))
    assert "rejected by itself on 2026-03-14 at 10:26 UTC" in comment(later)
    assert "rejected by itself on 2026-03-14 at 10:26 UTC" in run_check(later, later.runs[9]).summary


def test_who_rejected_is_said_once() -> None:
    shown = views.waiting()
    gate = replace(shown.runs[9], status=NodeStatus.FAILED, outcome=approval.rejected("root"), decided_by="root")
    row = next(line for line in comment(replace(shown, runs=(*shown.runs[:9], gate))).splitlines() if "| ❌ |" in line)
    assert row.endswith("| rejected by root |")


def test_the_comment_says_which_execution_it_shows() -> None:
    shown = views.hostile()
    body = comment(shown)
    assert is_comment_of(body, shown.execution.workflow_id)
    assert not is_comment_of(body, "demo/three-agents")
    assert shown_execution(body) == shown.execution.id
    assert shown_execution(body.replace("\n", "\r\n")) == shown.execution.id
    assert is_comment_of(body.replace("\n", "\r\n"), shown.execution.workflow_id)
    assert shown_execution("hello\n" + body) == ""


@pytest.mark.parametrize("text", [marker("demo/three-agents"), f"> {marker('demo/three-agents')}", f"hi {marker('x')}"])
def test_a_marker_that_somebody_else_wrote_stands_elsewhere(text: str) -> None:
    shown = views.completed()
    outcome = replace(shown.runs[0].outcome or Outcome(), outputs={"text": f"{text}\n\nMore."})
    body = comment(replace(shown, runs=(replace(shown.runs[0], outcome=outcome), *shown.runs[1:])))
    assert body.count("<!--") == 2


def test_a_row_tells_what_it_cost() -> None:
    body = comment(views.completed())
    assert "| | Node | What | Time | Cost | Result |" in body
    assert re.search(r"\*\*docs\*\* \| [^|]* \| [^|]* \| \$0\.11 \|", body)
    assert "| | Node | What | Time | Result |" in comment(views.large())


def test_a_long_table_keeps_what_people_look_for() -> None:
    shown = views.large()
    last = replace(shown.runs[59], status=NodeStatus.FAILED)
    many = tuple(replace(shown.runs[0], index=index, key=f"n{index}") for index in range(400))
    body = comment(replace(shown, runs=(*many, replace(last, index=400, key="the-last")), edges=()))
    assert "| ❌ | **the-last**" in body
    assert "*and 281 node runs more*" in body


def test_the_check_of_the_execution_holds_what_the_comment_holds() -> None:
    shown = views.failed()
    check = execution_check(shown)
    for words in ("**test (b) failed**", "```mermaid", "| Node | What |"):
        assert words in check.summary
    assert "<details>" in check.text
    assert check.name == "Three agents, one repository"


def test_annotations_stand_where_the_node_has_a_check_of_its_own() -> None:
    shown = views.failed()
    assert [len(batch) for batch in execution_check(shown).batches] == [2]
    assert execution_check(shown, apart={6}).batches == ()
    assert [len(batch) for batch in run_check(shown, shown.runs[6]).batches] == [2]


def test_the_execution_carries_some_annotations_and_not_all() -> None:
    shown = views.failed()
    note = Annotation(level="warning", message="x", path="a.py")
    outcome = replace(shown.runs[6].outcome or Outcome(), annotations=(note,) * 1_000)
    runs = tuple(replace(run, outcome=outcome) if run.index == 6 else run for run in shown.runs)
    many = execution_check(replace(shown, runs=runs))
    assert [len(batch) for batch in many.batches] == [50] * 4
    assert many.text.startswith("*200 of 1k annotations are shown; the others stand in their logs.*")
    assert "annotations are shown" not in execution_check(shown).text
    going = replace(shown, runs=runs, execution=replace(shown.execution, status=ExecutionStatus.RUNNING))
    assert "annotations are shown" not in execution_check(going).text


@pytest.mark.parametrize(("most", "shown_notes"), [(1, 50), (4, 200)])
def test_a_node_says_how_many_annotations_are_not_shown(most: int, shown_notes: int) -> None:
    shown = views.failed()
    note = Annotation(level="warning", message="x", path="a.py")
    outcome = replace(shown.runs[6].outcome or Outcome(), annotations=(note,) * 900)
    check = run_check(shown, replace(shown.runs[6], outcome=outcome), most=most)
    assert sum(map(len, check.batches)) == shown_notes
    assert f"*{shown_notes} of 900 annotations are shown" in check.text
    assert "annotations are shown" not in run_check(shown, shown.runs[6]).text


def test_buttons_stand_only_where_they_work_and_the_command_always_does() -> None:
    shown = renamed(views.waiting(), 9, "publish", NUMBERED)
    pressed = run_check(shown, shown.runs[9], buttons=True)
    typed = run_check(shown, shown.runs[9])
    assert [action.identifier for action in pressed.actions] == ["approve", "reject"]
    assert "/mycelium approve publish" in pressed.summary, "nobody may be listening"
    assert typed.actions == ()
    assert "/mycelium approve publish" in typed.summary
    assert [a.identifier for a in execution_check(views.failed(), buttons=True).actions] == ["rerun-failed"]


NUMBERED = Target(repository="octo/demo", head_sha="a" * 40, number=7)


def renamed(shown: ExecutionView, index: int, key: str, target: Target | None) -> ExecutionView:
    """Shown at `target`, with another key of one of its node runs."""
    runs = tuple(replace(run, key=key) if run.index == index else run for run in shown.runs)
    return replace(shown, runs=runs, execution=replace(shown.execution, target=target))


@pytest.mark.parametrize("target", [None, replace(NUMBERED, number=None)])
def test_without_a_thread_the_commands_are_those_of_a_terminal(target: Target | None) -> None:
    shown = renamed(views.waiting(), 9, "gate (prod)", target)
    approve = f"mycelium executions approve {shown.execution.id} 'gate (prod)'"
    for text in (comment(shown), run_check(shown, shown.runs[9]).summary, execution_check(shown).summary):
        assert approve in text
        assert approve.replace("approve", "reject") in text
        assert "/mycelium" not in text
        assert "omment" not in text.split(marker(shown.execution.workflow_id))[-1]
    failed = renamed(views.failed(), 6, "test (b)", target)
    rerun = f"mycelium executions rerun {failed.execution.id}"
    assert f"`{rerun} --failed`" in comment(failed)
    assert f"{rerun} --node 'test (b)'\n" in run_check(failed, failed.runs[6]).summary


def test_what_a_job_ran_is_brought_here_first() -> None:
    pull = "mycelium history pull 01K5"
    links = Links(job="https://github.com/octo/demo/actions/runs/9", pull=pull)
    waits = replace(renamed(views.waiting(), 9, "gate", replace(NUMBERED, number=None)), links=links)
    for text in (comment(waits), run_check(waits, waits.runs[9]).summary, execution_check(waits).summary):
        assert text.index(pull) < text.index("executions approve") < text.index("executions reject")
        assert "n a clone" in text
    failed = replace(renamed(views.failed(), 6, "test (b)", None), links=links)
    assert f"`{pull}`, then `mycelium executions rerun {failed.execution.id} --failed`" in comment(failed)
    again = f"```\n{pull}\nmycelium executions rerun {failed.execution.id} --node 'test (b)'\n```"
    assert again in run_check(failed, failed.runs[6]).summary
    line = next(line for line in plain_lines(None, waits) if "waiting" in line)
    assert line.endswith(f"Type in a clone: {pull} && mycelium executions approve {waits.execution.id} gate")


def test_what_a_comment_commands_needs_nothing_before() -> None:
    links = Links(job="https://github.com/octo/demo/actions/runs/9", pull="mycelium history pull 01K5")
    for shown in (views.waiting(), views.failed()):
        below = replace(renamed(shown, 6, "test (b)", NUMBERED), links=links)
        assert "history pull" not in comment(below) + run_check(below, below.runs[9]).summary
        assert "history pull" not in "".join(plain_lines(None, below))
    waits = replace(renamed(views.waiting(), 9, "gate", NUMBERED), links=links)
    assert any(line.endswith("Comment: /mycelium approve gate") for line in plain_lines(None, waits))


def test_what_is_kept_nowhere_has_no_command() -> None:
    links = Links(job="https://github.com/octo/demo/actions/runs/9")
    waits = replace(renamed(views.waiting(), 9, "gate", None), links=links)
    failed = replace(renamed(views.failed(), 6, "test (b)", None), links=links)
    texts = [comment(waits), run_check(waits, waits.runs[9]).summary, "".join(plain_lines(None, waits))]
    below = replace(renamed(views.failed(), 6, "test (b)", NUMBERED), links=links)
    texts += [text for each in (failed, below) for text in (comment(each), run_check(each, each.runs[6]).summary)]
    for text in texts:
        assert "mycelium executions" not in text
        assert "/mycelium" not in text
        assert START_ANEW in text
    heard = replace(renamed(views.waiting(), 9, "gate", NUMBERED), links=links)
    assert "/mycelium approve gate" in comment(heard)
    assert "/mycelium approve gate" in run_check(heard, heard.runs[9]).summary


@pytest.mark.parametrize("key", ["gate", "gate (prod)", "gate (it's)", "gate (\"a\" 'b')", 'say"so', '"'])
def test_what_is_shown_to_comment_is_understood(key: str) -> None:
    waits, failed = renamed(views.waiting(), 9, key, NUMBERED), renamed(views.failed(), 6, key, NUMBERED)
    lines = re.findall("^/mycelium.*$", run_check(waits, waits.runs[9]).summary, re.MULTILINE)
    lines += re.findall("^/mycelium.*$", run_check(failed, failed.runs[6]).summary, re.MULTILINE)
    found = [parse_command(line) for line in lines]
    assert all(isinstance(each, Command) for each in found)
    said = [(each.verb, each.target) for each in found if isinstance(each, Command)]
    assert said == [(Verb.APPROVE, key), (Verb.REJECT, key), (Verb.RERUN, key)]
    for line in lines[:2]:
        assert f"\n> {line}\n" in comment(waits)


@pytest.mark.parametrize("index", [0, 4, 8])
def test_only_where_it_would_help_a_node_is_offered_again(index: int) -> None:
    shown = renamed(views.failed(), 6, "test (b)", NUMBERED)
    assert "rerun" not in run_check(shown, shown.runs[index]).summary


def test_a_details_link_stands_only_where_it_leads_there() -> None:
    shown = replace(views.completed(), links=Links(page="https://mycelium.example/e/1"))
    assert execution_check(shown).details_url == "https://mycelium.example/e/1"
    assert execution_check(shown, links=False).details_url == ""
    assert "https://mycelium.example/e/1" in execution_check(shown, links=False).summary


def test_a_skipped_node_concludes_as_its_author_chose() -> None:
    shown = views.failed()
    chosen = replace(shown, workflow=replace(shown.workflow, skipped=Skipped.SUCCESS))
    assert run_check(chosen, shown.runs[8]).conclusion is Conclusion.SUCCESS
    assert "skipped" in run_check(chosen, shown.runs[8]).title.lower()


def test_names_that_are_cut_stay_different() -> None:
    shown = views.completed()
    names = {run_check(shown, replace(shown.runs[0], key=f"test ({'x' * 200}{letter})")).name for letter in "abc"}
    assert len(names) == 3
    assert all(len(name) < 140 for name in names)


def test_a_check_shows_outputs_and_the_end_of_the_log() -> None:
    shown = views.failed()
    outcome = replace(shown.runs[6].outcome or Outcome(), outputs={"verdict": "no```", "text": "", "exit-code": 1})
    runs = tuple(replace(run, outcome=outcome) if run.index == 6 else run for run in shown.runs)
    text = run_check(replace(shown, runs=runs), runs[6]).text
    assert '"verdict": "no```"' in text
    assert "````json" in text
    assert "**The end of the log**" in text


def test_a_retry_goes_on_in_its_check() -> None:
    shown = views.running()
    again = replace(shown.runs[1], status=NodeStatus.QUEUED)
    assert run_check(shown, again).status is CheckStatus.IN_PROGRESS
    assert "attempt 2" in run_check(shown, shown.runs[1]).title
