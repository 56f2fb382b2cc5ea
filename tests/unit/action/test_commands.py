"""What is written into a job's log: only our own commands are commands."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from action.commands import JobLog
from tests.fakes.actions_runner import Heeded

EVIL = "::set-env name=PATH::/evil\n  ::add-mask::x\nwords ##[error]no\r\n::stop-commands::mine"


def logged(*lines: str) -> tuple[JobLog, io.StringIO]:
    stream = io.StringIO()
    log = JobLog(stream)
    with log.heeding_nothing():
        log.mask(["hunter22", "abc", "first line\nsecond line"])
        for line in lines:
            log.line(line)
            # As a child process does, past us.
            stream.write(line + "\n")
        log.error(f"It is wrong: {EVIL}", title="a,b: c")
    log.notice("The end.")
    return log, stream


@settings(max_examples=40)
@given(st.text(max_size=60))
def test_nothing_that_others_say_is_a_command(text: str) -> None:
    _, stream = logged(EVIL, text)
    heeded = Heeded.of(stream.getvalue().split("\n"))
    names = [name for name, _, _ in heeded.commands]
    assert names == ["add-mask"] * 4 + ["error", "notice"]
    assert heeded.named("error") == [f"It is wrong: {EVIL}"]


def test_secrets_are_hidden_line_by_line_and_short_values_are_not() -> None:
    _, stream = logged("the password is hunter22, the key second line")
    heeded = Heeded.of(stream.getvalue().split("\n"))
    assert "the password is ***, the key ***" in heeded.shown
    assert "abc" not in heeded.masks


@pytest.mark.parametrize(
    ("text", "shown"), [("a\x1b[2Kb", "a\\x1b[2Kb"), ("tab\tend", "tab\tend"), ("\u202eabc", "⟨U+202E⟩abc")]
)
def test_control_characters_are_spelled_out(text: str, shown: str) -> None:
    stream = io.StringIO()
    JobLog(stream).line(text)
    assert stream.getvalue() == shown + "\n"
