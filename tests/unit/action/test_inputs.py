"""What the job gives the action."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from action import inputs, job, place
from action.inputs import Mode
from orchestrator.errors import BadInput, MyceliumError, SetupError
from tests.fakes.payloads import opened


def test_inputs_are_read() -> None:
    found = inputs.read(
        {
            "INPUT_MODE": "run",
            "INPUT_WORKFLOW": " template:code-review ",
            "INPUT_INPUTS": "depth = full\n\nwho=Ann=Lee\n",
            "INPUT_AGENT_VERSIONS": "claude=1.2.3",
            "INPUT_WORKING_DIRECTORY": "sub",
            "INPUT_FORKS": "run",
            "INPUT_HISTORY_DAYS": "30",
            "GITHUB_WORKSPACE": "/somewhere",
        }
    )
    assert (found.mode, found.workflow, found.forks_run) == (Mode.RUN, "template:code-review", True)
    assert found.inputs == {"depth": "full", "who": "Ann=Lee"}
    assert found.agents == {"claude": "1.2.3"}
    assert found.folder == Path("/somewhere/sub")
    assert (found.history_days, inputs.read({}).history_days) == (30, None)
    assert inputs.read({}).site_path == "_site"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"INPUT_MODE": "walk"}, "`mode` is `walk`"),
        ({"INPUT_FORKS": "yes"}, "`forks` is `yes`"),
        *(({"INPUT_HISTORY_DAYS": days}, f"`history-days` is `{days}`") for days in ("0", "-1", "soon", "²", "40000")),
        ({"INPUT_INPUTS": "depth"}, "is not NAME=VALUE"),
        ({"INPUT_INPUTS": "a=1\na=2"}, "a is given twice"),
    ],
)
def test_what_cannot_be_used(given: dict[str, str], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        inputs.read(given)


def event(folder: Path, name: str, payload: object, **more: str) -> job.Job:
    (folder / "event.json").write_text(json.dumps(payload))
    named = {"GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(folder / "event.json"), "GITHUB_RUN_ID": "77"}
    return job.read({**named, "RUNNER_TEMP": str(folder), **more})


def test_the_event_is_as_a_webhook_has_it(tmp_path: Path) -> None:
    found = event(tmp_path, "schedule", {"schedule": "0 4 * * *", "workflow": ".github/workflows/mycelium.yml"})
    assert found.payload == {"schedule": "0 4 * * *"}
    assert event(tmp_path, "pull_request_target", {}).event == "pull_request"
    assert event(tmp_path, "push", {}).delivery != event(tmp_path, "push", {}, GITHUB_RUN_ATTEMPT="2").delivery
    legs = {event(tmp_path, "push", {}, MYCELIUM_JOB_LEG=leg).delivery for leg in ("", "0", "1")}
    assert len(legs) == 3


@pytest.mark.parametrize(
    ("name", "fork", "reads_only"),
    [("pull_request", True, True), ("pull_request", False, False), ("pull_request_target", True, False)],
)
def test_only_the_job_of_a_fork_reads_only(tmp_path: Path, name: str, fork: bool, reads_only: bool) -> None:
    assert event(tmp_path, name, opened(fork=fork)).reads_only is reads_only


def test_outside_of_a_job_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="no job of GitHub Actions"):
        job.read({})
    with pytest.raises(MyceliumError, match="no checkout"):
        place.settle({"PATH": ""}, inputs.Inputs(folder=tmp_path), event(tmp_path, "push", {}))


def test_an_output_is_one_whatever_is_in_it(tmp_path: Path) -> None:
    found = event(tmp_path, "push", {}, GITHUB_OUTPUT=str(tmp_path / "output"))
    found.put("text", "a\nend-0\nstatus=mine\n")
    first, *lines, last, rest = (tmp_path / "output").read_text().split("\n")
    assert first == f"text<<{last}"
    assert lines == ["a", "end-0", "status=mine", ""]
    assert rest == ""


def test_the_token_stays_in_no_environment_but_its_own(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    environ = {"PATH": "/bin", "INPUT_TOKEN": "ghs_x", "MYCELIUM_CACHE_DIR": "/kept"}
    settings = place.settle(environ, inputs.Inputs(folder=tmp_path, token="ghs_x"), event(tmp_path, "push", {}))
    assert (settings.github_token, str(settings.cache_dir)) == ("ghs_x", "/kept")
    assert settings.home_dir == tmp_path / "mycelium/home"
    assert "INPUT_TOKEN" not in environ
    assert environ["PATH"].startswith("/bin:")
