"""`docs/action.md` has the inputs and outputs of `action.yml`, and `action.yml` keeps what it promises."""

from __future__ import annotations

import re
from typing import Any

import pytest

from action.inputs import PREFIX
from orchestrator.definition.expressions import Status, evaluate, interpolate_text, is_truthy, parse
from tests.action_page import PAGE, brought_up_to_date, metadata

METADATA = metadata()
STEPS: list[dict[str, Any]] = METADATA["runs"]["steps"]


def test_the_page_has_every_input_and_output() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == brought_up_to_date(page, METADATA), "python -m tests.action_page brings it up to date"


def test_the_marketplace_would_list_it() -> None:
    """What no schema says: the form refuses longer descriptions, and names that are somebody's login."""
    assert len(METADATA["description"]) < 125
    assert METADATA["name"].lower() not in ("mycelium", "mycelium-orchestrator")


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step["name"])
def test_no_step_has_an_expression_in_its_script(step: dict[str, Any]) -> None:
    assert "${{" not in step.get("run", "")
    assert "uses" not in step or re.fullmatch(r"[a-z/-]+@[0-9a-f]{40}", step["uses"])


def test_every_input_becomes_environment_of_the_step() -> None:
    given = next(step["env"] for step in STEPS if step.get("id") == "mycelium")
    elsewhere = {"python", "cache"}
    wanted = {name: f"{PREFIX}{name.upper().replace('-', '_')}" for name in METADATA["inputs"] if name not in elsewhere}
    assert {variable: value for variable, value in given.items() if variable.startswith(PREFIX)} == {
        variable: f"${{{{ inputs.{name} }}}}" for name, variable in wanted.items()
    }


@pytest.mark.parametrize(
    ("server", "path", "runs"),
    [
        ("https://github.com", "/tmp/report", True),
        ("https://octo.ghe.com", "/tmp/report", True),
        ("https://github.com", "", False),
        ("https://github.example.org", "/tmp/report", False),
        ("https://github.com.example.org", "/tmp/report", False),
    ],
)
def test_no_artifact_is_uploaded_where_that_would_fail(server: str, path: str, runs: bool) -> None:
    (condition,) = [step["if"] for step in STEPS if step.get("uses", "").startswith("actions/upload-artifact@")]
    contexts = {"github": {"server_url": server}, "steps": {"mycelium": {"outputs": {"artifact-path": path}}}}
    assert is_truthy(evaluate(parse(condition), contexts, Status(success=True))) is runs


@pytest.mark.parametrize(
    ("steps", "job", "told"),
    [
        ({"mycelium": {"outputs": {"status": "completed", "result": "success"}}}, "success", ("completed", "success")),
        ({"mycelium": {"outputs": {"status": "waiting", "result": ""}}}, "success", ("waiting", "")),
        ({"mycelium": {"outputs": {"status": "none"}}}, "success", ("none", "")),
        ({"mycelium": {"outputs": {"status": "cancelled", "result": "cancelled"}}}, "cancelled", ("cancelled",) * 2),
        ({"find": {"outputs": {}}}, "failure", ("failed", "failure")),
        ({"find": {"outputs": {}}}, "success", ("failed", "failure")),
        ({"mycelium": {"outputs": {}}}, "cancelled", ("cancelled", "cancelled")),
        ({}, "cancelled", ("cancelled", "cancelled")),
    ],
)
def test_the_outputs_tell_of_what_did_not_come_to_run(steps: dict[str, Any], job: str, told: tuple[str, str]) -> None:
    """GitHub makes a job that is cancelled `cancelled` at once, and evaluates outputs whatever failed before."""
    values = [METADATA["outputs"][name]["value"] for name in ("status", "result")]
    contexts = {"steps": steps, "job": {"status": job}}
    assert tuple(interpolate_text(value, contexts) for value in values) == told


@pytest.mark.parametrize(
    ("outcome", "status", "branch", "cancelled", "runs"),
    [
        ("cancelled", "", "kept", True, True),
        ("failure", "cancelled", "kept", True, True),
        ("", "", "kept", True, False),
        ("skipped", "", "", True, False),
        ("failure", "", "", False, True),
        ("failure", "", "kept", False, False),
        ("failure", "failed", "", False, False),
        ("success", "completed", "", False, False),
    ],
)
def test_what_is_cut_short_is_ended_where_no_later_job_goes_on(
    outcome: str, status: str, branch: str, *, cancelled: bool, runs: bool
) -> None:
    (condition,) = [step["if"] for step in STEPS if step["name"].endswith("was cut short")]
    contexts = {
        "inputs": {"mode": "run", "history-branch": branch},
        "steps": {"mycelium": {"outcome": outcome, "outputs": {"status": status}}},
    }
    found = Status(success=outcome == "success", failure=outcome == "failure", cancelled=cancelled)
    assert is_truthy(evaluate(parse(condition), contexts, found)) is runs
