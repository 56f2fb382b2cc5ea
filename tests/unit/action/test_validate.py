"""Mode `validate`: what it says of what it has found, and the commit that it compares with."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from action import validate as mode
from action.commands import JobLog
from action.inputs import Inputs
from action.job import Job
from action.validate import base_of, validate
from orchestrator.definition.model import JsonValue
from orchestrator.errors import BadInput, ExitCode, MyceliumError

SHA = "ab" * 20


@pytest.mark.parametrize(
    ("payload", "base"),
    [
        ({"pull_request": {"base": {"sha": SHA}}, "before": "cd" * 20}, SHA),
        ({"merge_group": {"base_sha": SHA, "head_sha": "cd" * 20}}, SHA),
        ({"before": SHA}, SHA),
        ({"before": "0" * 40}, ""),
        ({"merge_group": {}}, ""),
        ({"pull_request": {"base": 1}}, ""),
        ({}, ""),
    ],
    ids=["pull request", "merge group", "push", "push of a new branch", "no base", "no base either", "nothing"],
)
def test_the_base(payload: dict[str, JsonValue], base: str) -> None:
    assert base_of(job_of(payload)) == base


def job_of(payload: dict[str, JsonValue], folder: Path | None = None) -> Job:
    output, summary = (folder / name if folder else None for name in ("output", "summary"))
    return Job(
        event="x",
        payload=payload,
        delivery="",
        page="",
        reads_only=True,
        temporary=Path(),
        output=output,
        summary=summary,
    )


class Validated:
    """The step where `mycelium validate` ends like that: what it says, and what became of it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, code: int, out: str, err: str) -> None:
        def program(*_: object) -> subprocess.CompletedProcess[str]:
            return subprocess.CompletedProcess((), code, out, err)

        monkeypatch.setattr(mode, "_program", program)
        stream, self.error = io.StringIO(), ""
        step = SimpleNamespace(inputs=Inputs(), job=job_of({}, folder), log=JobLog(stream))
        try:
            self.code = validate(cast(Any, step))
        except MyceliumError as error:
            self.code, self.error = error.exit_code, str(error)
        self.log = stream.getvalue()
        self.summary, self.output = ((folder / name) for name in ("summary", "output"))


def test_problems_fail_the_step_and_a_valid_file_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = Validated(tmp_path, monkeypatch, 2, "::error file=workflows/a.yaml::no\n", "")
    assert (bad.code, bad.error) == (ExitCode.BAD_INPUT, "")
    assert bad.log == "::error file=workflows/a.yaml::no\n"
    assert "❌ 1 problem in workflow files." in bad.summary.read_text()
    assert "\nfailed\n" in bad.output.read_text()
    (tmp_path / "output").unlink()
    good = Validated(tmp_path, monkeypatch, 0, "", "")
    assert (good.code, good.log) == (ExitCode.COMPLETED, "All workflow files are valid.\n")
    assert "✅ All workflow files are valid." in good.summary.read_text()
    assert "\ncompleted\n" in good.output.read_text()


def test_where_there_is_nothing_to_check_a_warning_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = Validated(tmp_path, monkeypatch, 0, "", "There is no folder workflows.\n")
    assert nothing.code == ExitCode.COMPLETED
    assert nothing.log == "::warning title=Mycelium::There is no folder workflows.\n"
    summary = nothing.summary.read_text()
    assert "⚠️ There is no folder workflows." in summary
    assert "valid" not in summary


@pytest.mark.parametrize(
    ("code", "out", "kind"),
    [
        (ExitCode.BUG, "", ExitCode.FAILED),
        (ExitCode.BUG, "::error::half of it\n", ExitCode.FAILED),
        (-9, "", ExitCode.FAILED),
        (ExitCode.BAD_INPUT, "", BadInput.exit_code),
    ],
    ids=["crashed", "crashed midway", "killed", "refused"],
)
def test_what_could_not_be_checked_is_not_called_valid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, out: str, kind: ExitCode
) -> None:
    broken = Validated(tmp_path, monkeypatch, code, out, "error: it broke\n")
    assert (broken.code, broken.error) == (kind, "the files cannot be checked: error: it broke")
    assert "valid" not in broken.log
    assert not broken.summary.exists()
    assert not broken.output.exists()
