"""Every way to end has its exit code and message, and none shows a traceback unasked."""

from __future__ import annotations

import errno
import sys
from pathlib import Path

import click
import pytest

from orchestrator.cli import exit as cli_exit
from orchestrator.cli.program import mycelium
from orchestrator.errors import BadInput, InvalidDefinition, MyceliumError, Place, Problem, SetupError, Unavailable


def command(error: BaseException | None = None, result: int | None = None) -> click.Command:
    def callback() -> int | None:
        if error:
            raise error
        return result

    return click.Command("probe", callback=callback)


@pytest.fixture(autouse=True)
def crash_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.delenv(cli_exit.DEBUG_VARIABLE, raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MyceliumError("m"), 1),
        (Unavailable("m"), 2),
        (BadInput("m"), 2),
        (SetupError("m"), 2),
        (InvalidDefinition([Problem(message="m")]), 2),
        (click.UsageError("m"), 2),
        (OSError(errno.ENOSPC, "m"), 2),
        (RuntimeError("m"), 3),
        (KeyboardInterrupt(), 130),
        (click.Abort(), 130),
        (SystemExit(4), 4),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_each_error_has_its_exit_code(error: BaseException, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli_exit.ended(command(error), []) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Traceback" not in shown.err


def test_what_a_command_returns_is_the_exit_code() -> None:
    assert cli_exit.ended(command(result=4), []) == 4
    assert cli_exit.ended(command(), []) == 0


def test_an_expected_error_says_what_and_what_next(capsys: pytest.CaptureFixture[str]) -> None:
    cli_exit.ended(command(SetupError("port 8000 is in use", hint="take another: --port")), [])
    assert capsys.readouterr().err == "error: port 8000 is in use\n  take another: --port\n"


def test_a_wrong_command_line_is_an_error_like_any_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli_exit.ended(command(), ["--fast"]) == 2
    assert capsys.readouterr().err == "error: No such option '--fast'.\n  Usage: mycelium [OPTIONS]\n"


def test_a_mistyped_verb_brings_the_one_that_was_meant(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli_exit.ended(mycelium, ["exections"]) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("error: No such command 'exections'. Did you mean 'executions'?\n  Usage: mycelium ")
    assert cli_exit.ended(mycelium, ["executions", "lst"]) == 2
    assert "Did you mean 'list'?" in capsys.readouterr().err


def test_no_verb_at_all_brings_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli_exit.ended(mycelium, []) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("Usage: ")
    assert "error:" not in shown


def test_all_problems_are_shown_with_their_place(capsys: pytest.CaptureFixture[str]) -> None:
    problems = [
        Problem(
            message="unknown key `promt`", place=Place(file="a.yaml", line=3, column=5), node="fix", hint="prompt?"
        ),
        Problem(message="a cycle"),
    ]
    cli_exit.ended(command(InvalidDefinition(problems)), [])
    assert capsys.readouterr().err == "a.yaml:3:5: node `fix`: unknown key `promt`\n  prompt?\na cycle\n"


def test_a_bug_leaves_a_report_without_arguments(
    crash_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["mycelium", "run", "--input", "token=hunter2"])
    cli_exit.ended(command(RuntimeError("boom")), [])
    (report,) = crash_folder.glob("mycelium-crash-*.txt")
    text = report.read_text(encoding="utf-8")
    assert "RuntimeError: boom" in text
    assert "Command: mycelium run\n" in text
    assert "hunter2" not in text
    assert str(report) in capsys.readouterr().err


def test_a_bug_is_reported_where_no_file_can_be_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    assert cli_exit.ended(command(RuntimeError("boom")), []) == 3
    assert "MYCELIUM_DEBUG=1" in capsys.readouterr().err


def test_debug_shows_the_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv(cli_exit.DEBUG_VARIABLE, "1")
    cli_exit.ended(command(BadInput("m")), [])
    assert "Traceback" in capsys.readouterr().err
