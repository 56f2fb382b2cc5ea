"""What programs and recordings give in excess, or in numbers that nothing can hold, is refused or cut with a word."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from orchestrator.execution.outcome import FailureClass, Outcome
from orchestrator.lifecycle.ports import AgentTask, ShellTask
from orchestrator.runners.claude_stream import ClaudeReader
from orchestrator.runners.commands import LONGEST_PROPERTY
from orchestrator.runners.happenings import Noted
from orchestrator.runners.outputs import OUTPUT_LIMIT, SUMMARY_LIMIT
from orchestrator.runners.replay import ReplayRunner
from orchestrator.runners.shell import ANNOTATION_LIMIT, MASK_LIMIT, ShellRunner
from tests.fakes.running import REVIEWER, ListLog, pipe_control, task

HEADER = '{"mycelium_transcript": 1}\n'
HUGE = "9" * 400


def run(folder: Path, script: str, log: ListLog) -> Outcome:
    with pipe_control() as control:
        return ShellRunner(environ={"PATH": os.environ["PATH"]}).run(
            task(folder, ShellTask(script=script)), log, control
        )


def replay(folder: Path, *lines: str) -> Outcome:
    action = AgentTask(definition=REVIEWER, engine="replay", prompt="", transcript=HEADER + "\n".join(lines))
    with pipe_control() as control:
        return ReplayRunner(pace=0).run(task(folder, action), ListLog(), control)


@pytest.mark.parametrize("more", [0, 1])
def test_values_that_a_script_may_mask(tmp_path: Path, more: int) -> None:
    log = ListLog()
    script = (
        f"for n in $(seq {MASK_LIMIT + more}); do echo ::add-mask::secret$n; echo ::add-mask::secret1; done\necho end\n"
    )
    outcome = run(tmp_path, script + 'echo a=secret1 >> "$GITHUB_OUTPUT"\n', log)
    if not more:
        assert outcome.outputs["a"] == "secret1"
        assert log.texts == ["end"]
    else:
        assert (outcome.failure, outcome.outputs) == (FailureClass.BAD_OUTPUT, {})
        assert outcome.message == "more than 1,000 values were to be masked"
        assert log.texts == ["more than 1,000 values were to be masked; nothing that follows is shown"]


@pytest.mark.parametrize("more", [0, 1])
def test_bytes_written_as_outputs(tmp_path: Path, more: int) -> None:
    outcome = run(tmp_path, f"printf 'a=%0{OUTPUT_LIMIT - 2 + more}d' 0 > \"$GITHUB_OUTPUT\"", ListLog())
    assert (outcome.failure is FailureClass.BAD_OUTPUT) == bool(more)
    if more:
        assert outcome.message == "more than 1 MiB was written to $GITHUB_OUTPUT; keep large results as artifacts"


@pytest.mark.parametrize("more", [0, 1])
def test_bytes_written_as_a_summary(tmp_path: Path, more: int) -> None:
    log = ListLog()
    outcome = run(tmp_path, f"printf '%0{SUMMARY_LIMIT + more}d' 0 > \"$GITHUB_STEP_SUMMARY\"", log)
    assert (outcome.succeeded, len(outcome.summary)) == (True, SUMMARY_LIMIT)
    assert log.texts == ["$GITHUB_STEP_SUMMARY holds more than 1 MiB and was cut"] * more


def test_remarks_and_titles_of_groups(tmp_path: Path) -> None:
    log = ListLog()
    title = "g" * (LONGEST_PROPERTY + 1)
    script = f"echo ::group::{title}; for n in $(seq {ANNOTATION_LIMIT + 1}); do echo ::notice::$n; done"
    outcome = run(tmp_path, script, log)
    assert len(outcome.annotations) == ANNOTATION_LIMIT
    assert log.texts[-1] == str(ANNOTATION_LIMIT + 1)
    assert {len(line[3]) for line in log.lines} == {LONGEST_PROPERTY}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f'{{"type": "text", "text": "a", "after_ms": {HUGE}}}', "line 2: int too large"),
        ('{"type": "text", "text": "a", "after_ms": 1e999}', "line 2: not JSON"),
        ('{"type": "text", "text": "a", "after_ms": NaN}', "line 2: not JSON"),
        (f'{{"type": "usage", "cost_usd": {HUGE}}}', "line 2: int too large"),
        ('{"type": "usage", "input_tokens": Infinity}', "line 2: not JSON"),
        ('{"type": "write", "path": "a", "content": "\\ud800"}', "line 2: not JSON"),
        ("[" * 100_000, "line 2: nested too deeply"),
        (f'{{"type": "{"x" * 10_000}"}}', "line 2: unknown type 'xxx"),
    ],
)
def test_a_transcript_that_cannot_be_played_says_why(tmp_path: Path, line: str, said: str) -> None:
    outcome = replay(tmp_path, line)
    assert outcome.failure is FailureClass.SETUP
    assert said in outcome.message
    assert len(outcome.message) < 400


def test_line_ends_of_other_kinds_inside_a_text_do_not_end_a_line_of_a_transcript(tmp_path: Path) -> None:
    outcome = replay(tmp_path, '{"type": "result", "text": "one\u2028two\x85three"}')
    assert outcome.outputs == {"text": "one\u2028two\x85three"}


def test_figures_beyond_every_number_are_none() -> None:
    reader = ClaudeReader()
    (noted,) = reader.line(f'{{"type": "system", "subtype": "api_retry", "retry_delay_ms": {HUGE}, "attempt": {HUGE}}}')
    list(reader.line(f'{{"type": "result", "subtype": "success", "num_turns": {HUGE}, "total_cost_usd": {HUGE}}}'))
    usage = reader.ending(0).usage
    assert (usage.turns, usage.cost_usd) == (0, None)
    assert isinstance(noted, Noted)
    assert "retry 0 of 0 in 0.0 s" in noted.text
    list(reader.line(json.dumps({"type": "result", "subtype": "success", "total_cost_usd": float("nan")})))
    assert reader.ending(0).usage.cost_usd is None
