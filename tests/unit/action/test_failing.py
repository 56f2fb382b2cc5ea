"""A step that ends with an error says so in its outputs too: steps after it may ask for `status`."""

from __future__ import annotations

from pathlib import Path

import pytest

from action import __main__, inputs
from orchestrator.errors import ExitCode


def buggy(_environ: object) -> inputs.Inputs:
    raise ZeroDivisionError


@pytest.mark.parametrize("mode", ["walk", "run", "validate", "site"])
def test_whatever_cannot_begin_has_failed(mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mode that there is not, and a folder that is no checkout."""
    monkeypatch.setenv("INPUT_MODE", mode)
    assert ended(tmp_path, monkeypatch) == (ExitCode.BAD_INPUT, {"status": "failed", "result": "failure"})


def test_a_bug_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "read", buggy)
    assert ended(tmp_path, monkeypatch) == (ExitCode.BUG, {"status": "failed", "result": "failure"})


def test_an_output_that_cannot_be_written_hides_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("INPUT_MODE", "walk")
    (tmp_path / "output").mkdir()
    assert ended(tmp_path, monkeypatch) == (ExitCode.BAD_INPUT, {})
    assert "`mode` is `walk`" in capsys.readouterr().out


def ended(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[int, dict[str, str]]:
    """The exit code of the program in a job whose workspace is empty, and its outputs."""
    named = {"EVENT_NAME": "push", "WORKSPACE": str(folder), "OUTPUT": str(folder / "output")}
    for name, value in named.items():
        monkeypatch.setenv(f"GITHUB_{name}", value)
    for name in ("GITHUB_EVENT_PATH", "INPUT_WORKING_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.argv", ["action"])
    monkeypatch.setattr(__main__, "close_to_others", lambda: None)
    monkeypatch.setattr(__main__, "Interruption", lambda: None)
    code = __main__.main()
    return code, outputs(folder / "output")


def outputs(file: Path) -> dict[str, str]:
    lines = file.read_text().splitlines() if file.is_file() else []
    return {lines[at].partition("<<")[0]: lines[at + 1] for at in range(0, len(lines), 3)}
