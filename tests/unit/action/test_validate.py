"""Mode `validate`: what it says of what it has found, and the commit that it compares with."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from action import validate as mode
from action.commands import JobLog
from action.inputs import Inputs
from action.interruption import Interruption
from action.job import Job
from action.step import Step
from action.validate import base_of, validate
from orchestrator import settings
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


WRONG = {"file": "workflows/a.yaml", "line": 3, "column": 5, "node": "", "message": "no", "hint": ""}


def told(*problems: dict[str, JsonValue]) -> str:
    return json.dumps({"valid": not problems, "files": ["workflows/a.yaml"], "problems": problems})


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
    bad = Validated(tmp_path, monkeypatch, 2, told(WRONG), "")
    assert (bad.code, bad.error) == (ExitCode.BAD_INPUT, "")
    assert bad.log == "::error file=workflows/a.yaml,line=3,col=5::no\n"
    assert "❌ 1 problem in workflow files." in bad.summary.read_text()
    assert "\nfailed\n" in bad.output.read_text()
    (tmp_path / "output").unlink()
    good = Validated(tmp_path, monkeypatch, 0, told(), "")
    assert (good.code, good.log) == (ExitCode.COMPLETED, "All workflow files are valid.\n")
    assert "✅ All workflow files are valid." in good.summary.read_text()
    assert "\ncompleted\n" in good.output.read_text()


def test_where_there_is_nothing_to_check_a_warning_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = Validated(tmp_path, monkeypatch, 0, told(), "There is no folder workflows.\n")
    assert nothing.code == ExitCode.COMPLETED
    assert nothing.log == "::warning title=Mycelium::There is no folder workflows.\n"
    summary = nothing.summary.read_text()
    assert "⚠️ There is no folder workflows." in summary
    assert "valid" not in summary


@pytest.mark.parametrize(
    ("code", "out", "kind"),
    [
        (ExitCode.BUG, "", ExitCode.FAILED),
        (ExitCode.BUG, '{"problems": [{"fi', ExitCode.FAILED),
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


@pytest.mark.parametrize(("most", "last"), [(500, "n13"), (12, "n11")])
def test_all_problems_stand_in_the_summary_also_without_a_base(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, last: str
) -> None:
    monkeypatch.setattr(mode, "MOST_SHOWN", most)
    (tmp_path / "workflows").mkdir()
    nodes = "".join(f"  n{number}: {{run: x, neds: two}}\n" for number in range(14))
    (tmp_path / "workflows/new.yaml").write_text(f"nodes:\n{nodes}")
    log, summary = io.StringIO(), tmp_path / "summary.md"
    job = Job(
        event="schedule",
        payload={},
        delivery="",
        page="",
        reads_only=False,
        temporary=tmp_path,
        output=tmp_path / "output",
        summary=summary,
    )
    step = Step(
        inputs=Inputs(folder=tmp_path),
        job=job,
        settings=settings.load(tmp_path, {}),
        log=JobLog(log),
        interruption=Interruption(),
    )
    assert mode.validate(step) == ExitCode.BAD_INPUT
    annotations = log.getvalue().splitlines()
    assert len(annotations) == 14
    said = "node `n0`: unknown key `neds` in a node (did you mean `needs`?)"
    assert annotations[0] == f"::error file=workflows/new.yaml,line=2,col=16::{said}"
    told = summary.read_text().splitlines()
    assert told[2:5] == ["❌ 14 problems in workflow files.", "", f"- `workflows/new.yaml:2` {said}"]
    listed = [line for line in told if line.startswith("- `workflows/new.yaml:")]
    assert (len(listed), f"node `{last}`" in listed[-1]) == (min(14, most), True)
    assert told[-1] == listed[-1] or told[-1] == "- and 2 more"
