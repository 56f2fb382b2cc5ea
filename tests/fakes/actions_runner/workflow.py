"""Workflow files of Actions, as far as those have to be understood whose jobs check out and use our action.

An event starts those of its commit that name it; each job gets a machine of its own, with a token that may what the
file says and no more. https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from orchestrator.definition.expressions import evaluate, interpolate_text, is_truthy, parse, whole_expression
from tests.fakes.actions_runner.runner import Job, Runner
from tests.fakes.checkout import Checkout
from tests.fakes.github import GitHubStandIn
from tests.fakes.github.state import Repository

FOLDER = ".github/workflows"
_DEFAULT_TYPES = {"pull_request": ("opened", "synchronize", "reopened")}


@dataclass(frozen=True, kw_only=True)
class Actions:
    """GitHub Actions of one repository, its machines in `folder`."""

    github: GitHubStandIn
    repository: Repository
    folder: Path
    secrets: Mapping[str, str] = field(default_factory=dict)

    def on(self, event: str, payload: Mapping[str, Any], commit: str) -> dict[str, Job]:
        """Run what the files of `commit` start for this event to its end: the jobs by their ids."""
        contexts = {
            "github": {"event_name": event, "event": payload, "sha": commit},
            "inputs": payload.get("inputs") or {},
            "secrets": dict(self.secrets),
        }
        return {
            key: self._job(key, {"permissions": workflow.get("permissions"), **job}, contexts)
            for workflow in self._workflows(commit)
            if _starts(workflow["on"], event, str(payload.get("action", "")))
            for key, job in workflow["jobs"].items()
            if _holds(str(job.get("if", "true")), contexts)
        }

    def _workflows(self, commit: str) -> Iterator[dict[str, Any]]:
        git = self.repository.git
        for path in git("ls-tree", "-r", "--name-only", commit, f"{FOLDER}/").splitlines():
            yield YAML(typ="safe").load(git("cat-file", "blob", f"{commit}:{path}"))

    def _job(self, key: str, job: Mapping[str, Any], contexts: Mapping[str, Any]) -> Job:
        """Its steps in their order, checkout and ours; commands are passed over."""
        github, told = self.github, contexts["github"]
        token = github.actions_token(self.repository, _permissions(job["permissions"]))
        name = self.repository.full_name
        runner = Runner(folder=self.folder / key, repository=name, server=github.url, api=github.api_url)
        done, took = Job(conclusion="failure"), {}
        for step in job["steps"]:
            given = _filled(step.get("with", {}), contexts)
            if step.get("uses", "").startswith("actions/checkout@"):
                before = time.monotonic()
                self._check_out(runner, given, token, told["sha"])
                took["Check out"] = time.monotonic() - before
            # Commands would change this machine: those of the step that has agents confined have a test of their own.
            elif "uses" in step:
                env = _filled({**job.get("env", {}), **step.get("env", {})}, contexts)
                done = runner.run(told["event_name"], told["event"], inputs=given, token=token, env=env)
        done.took = {**took, **done.took}
        return done

    def _check_out(self, runner: Runner, given: Mapping[str, str], token: str, commit: str) -> None:
        """What `actions/checkout` does where it is asked to leave no token behind: one commit, without its history."""
        assert given["persist-credentials"] == "false"
        assert "fetch-depth" not in given, "with 0 every job would download all branches, the history of executions too"
        place = Checkout(folder=runner.folder)
        (place.folder / "home").mkdir(parents=True)
        place.root.mkdir()
        plain = f"{self.github.url}/{self.repository.full_name}.git"
        wanted = given.get("ref") or commit
        place.git("init", "--quiet")
        place.git("remote", "add", "origin", plain)
        place.git("fetch", "--quiet", "--no-tags", "--depth=1", plain.replace("://", f"://x:{token}@"), wanted)
        place.git("checkout", "--quiet", "--detach", wanted)


def _permissions(named: Mapping[str, str]) -> dict[str, str]:
    """What is not named is not allowed; a name and its description every token reads."""
    return {"metadata": "read", **{name.replace("-", "_"): level for name, level in named.items()}}


def _starts(on: Any, event: str, action: str) -> bool:
    """Whether `on` names the event, with this activity."""
    if not isinstance(on, dict):
        on = dict.fromkeys([on] if isinstance(on, str) else on)
    if event not in on:
        return False
    types = (on[event] or {}).get("types") or _DEFAULT_TYPES.get(event)
    return types is None or action in types


def _holds(condition: str, contexts: Mapping[str, Any]) -> bool:
    return is_truthy(evaluate(whole_expression(condition) or parse(condition), contexts))


def _filled(given: Mapping[str, Any], contexts: Mapping[str, Any]) -> dict[str, str]:
    """Values as the step sees them; those of YAML that are no texts as YAML writes them."""
    return {name: interpolate_text(_text(value), contexts) for name, value in given.items()}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
