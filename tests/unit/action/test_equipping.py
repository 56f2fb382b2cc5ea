"""Coding agents that are found, installed and kept before anything of the repository runs."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from action import agents, inputs, job, place
from action.commands import JobLog
from action.equipping import find_agents, install_agents, install_found
from action.interruption import Interruption
from action.step import Step
from orchestrator import settings
from tests.fakes.payloads import commented, opened, pushed

ROOT = Path(__file__).resolve().parents[3]
FILES = {
    "workflows/review.yaml": "on: pull_request\nnodes: {look: {agent: code-reviewer, prompt: x}}\n",
    "workflows/quick.yaml": "on: push\nnodes: {look: {run: x}}\n",
    "workflows/both.yaml": "on: issues\nnodes: {a: {agent: a, engine: codex, prompt: x}, b: {agent: a, prompt: x}}\n",
    "workflows/broken.yaml": "nodes: 5\n",
}
NPM = """#!/bin/sh
mkdir -p node_modules/.bin
for name in claude codex; do
    if grep -q "$name" package.json; then touch node_modules/.bin/$name; chmod +x node_modules/.bin/$name; fi
done
"""


class Machine:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for path, text in FILES.items():
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_text(text)

    def step(self, event: str, payload: Mapping[str, Any], **given: Any) -> Step:
        output = self.folder / "output"
        output.write_text("")
        (self.folder / "event.json").write_text(json.dumps(payload))
        environ = {
            "GITHUB_EVENT_NAME": event,
            "GITHUB_EVENT_PATH": str(self.folder / "event.json"),
            "GITHUB_OUTPUT": str(output),
            "RUNNER_TEMP": str(self.folder / "temp"),
        }
        return Step(
            inputs=inputs.Inputs(folder=self.folder, **given),
            job=job.read(environ),
            settings=settings.load(self.folder, {}),
            log=JobLog(io.StringIO()),
            interruption=Interruption(),
        )

    def found(self, event: str, payload: Mapping[str, Any], **given: Any) -> dict[str, str]:
        """The outputs of the step that finds them."""
        find_agents(self.step(event, payload, **given))
        lines = iter((self.folder / "output").read_text().splitlines())
        made = {}
        for line in lines:
            name, end = line.split("<<")
            made[name] = "\n".join(iter(lines.__next__, end))
        return made


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    place_of = tmp_path / "bin"
    place_of.mkdir()
    for name, script in (("npm", NPM), ("node", "#!/bin/sh\n")):
        (place_of / name).write_text(script)
        (place_of / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{place_of}:/usr/bin:/bin")
    return Machine(tmp_path)


def names(found: Mapping[str, str]) -> list[str]:
    return [line.partition("=")[0] for line in found.get("versions", "").splitlines()]


def test_only_what_the_event_may_need_is_found(machine: Machine) -> None:
    assert names(machine.found("pull_request", opened())) == ["claude"]
    assert machine.found("push", pushed()) == {}
    assert names(machine.found("push", pushed(), workflow="both")) == ["claude", "codex"]
    assert names(machine.found("push", pushed(), workflow="template:code-review")) == ["claude"]
    assert names(machine.found("issue_comment", commented("/mycelium approve go"))) == ["claude", "codex"]


@pytest.mark.parametrize(
    "body", ["Nice.", "/mycelium help", "/mycelium status", "/mycelium explain", "/mycelium cancel"]
)
def test_a_comment_that_lets_nothing_run_installs_nothing(machine: Machine, body: str) -> None:
    payload = commented(body)
    assert machine.found("issue_comment", payload) == {}
    step = machine.step("issue_comment", payload)
    install_agents(step, [])
    assert not place.agents_folder(step.job).exists()


def test_other_agents_and_other_versions_are_kept_apart(machine: Machine) -> None:
    one = machine.found("pull_request", opened())
    both = machine.found("push", pushed(), workflow="both")
    other = machine.found("pull_request", opened(), agents={"claude": "9.9.9"})
    assert len({each["key"] for each in (one, both, other)}) == 3
    assert len({each["folder"] for each in (one, both, other)}) == 3
    assert machine.found("pull_request", opened()) == one
    # What a word such as this means changes: it is asked for each time.
    assert machine.found("pull_request", opened(), agents={"claude": "latest"})["key"] == ""


def test_all_that_are_needed_are_installed_where_the_run_finds_them(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = machine.found("push", pushed(), workflow="both")
    monkeypatch.setenv(place.AGENTS, found["folder"])
    chosen = dict(line.split("=") for line in found["versions"].splitlines())
    step = machine.step("push", pushed(), agents=chosen)
    install_found(step)
    assert "installed" in (machine.folder / "output").read_text()
    (machine.folder / ".git").mkdir()
    environ = dict(os.environ)
    place.settle(environ, step.inputs, step.job)
    assert agents.missing(["claude", "codex"], environ["PATH"]) == []
    # Another use of the action in the same job has them.
    assert set(machine.found("push", pushed(), workflow="both")) == {"folder"}


def test_nothing_is_kept_after_something_of_the_repository_ran() -> None:
    steps = YAML(typ="safe").load(ROOT / "action.yml")["runs"]["steps"]
    order = [step["name"] for step in steps]
    saving = [step["name"] for step in steps if step.get("uses", "").startswith("actions/cache/save")]
    assert saving == ["Keep packages", "Keep coding agents"]
    assert max(map(order.index, saving)) < order.index("Mycelium")
    # The runner's own context has paths of the host, which mean nothing in a container.
    assert "runner.temp" not in (ROOT / "action.yml").read_text()


def test_a_job_that_is_cancelled_before_anything_is_there_starts_nothing() -> None:
    steps = {step["name"]: step for step in YAML(typ="safe").load(ROOT / "action.yml")["runs"]["steps"]}
    assert "steps.mycelium.outcome" in steps["Say on GitHub that the job was cut short"]["if"]
