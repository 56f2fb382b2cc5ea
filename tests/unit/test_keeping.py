"""Who a process is, for others that find it holding an execution."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from orchestrator.app.keeping import holder_of, keeper
from orchestrator.errors import SetupError
from orchestrator.lifecycle.archive.holders import job_of, run_of
from orchestrator.settings import load


@pytest.mark.parametrize(
    ("environ", "holder"),
    [
        ({"GITHUB_RUN_ID": "77", "GITHUB_RUN_ATTEMPT": "2", "GITHUB_JOB": "review"}, "77/2/review~123"),
        ({"GITHUB_RUN_ID": "77"}, "77/1~123"),
        ({"GITHUB_RUN_ID": "77", "GITHUB_JOB": "review", "MYCELIUM_JOB_LEG": "0"}, "77/1/review#0~123"),
        (
            {
                "GITHUB_RUN_ID": "77",
                "GITHUB_JOB": "review",
                "GITHUB_WORKFLOW_REF": "o/r/.github/workflows/a.yml@refs/heads/x/y.z",
            },
            "77/1/review@a.yml~123",
        ),
    ],
)
def test_a_job_is_told_by_run_and_attempt(environ: dict[str, str], holder: str, tmp_path: Path) -> None:
    assert holder_of({**environ, "MYCELIUM_JOB_CHECK_RUN": "123"}, tmp_path) == holder
    assert list(tmp_path.iterdir()) == []
    # A GitHub that does not tell the number: then it is the machine.
    one, again, other = (holder_of(environ, tmp_path / machine) for machine in ("a", "a", "b"))
    assert one == again != other
    assert job_of(one) == (*job_of(holder)[:2], "")


def test_a_person_is_told_by_name_machine_and_home(tmp_path: Path) -> None:
    one, other = (holder_of({"USER": "ada"}, tmp_path / clone) for clone in ("one", "other"))
    assert one.startswith("ada@")
    assert one == holder_of({"USER": "ada"}, tmp_path / "one") != other
    assert one.partition("#")[0] == other.partition("#")[0]
    assert not run_of(one)


def test_without_a_branch_nothing_is_kept(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="MYCELIUM_HISTORY_BRANCH is empty"):
        keeper(load(tmp_path, {"MYCELIUM_HISTORY_BRANCH": ""}), cast(Any, None))
