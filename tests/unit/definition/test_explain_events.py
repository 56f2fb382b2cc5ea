"""Why an event starts a workflow, or does not."""

from __future__ import annotations

import pytest

from orchestrator.definition.explain import Facts, explain
from orchestrator.definition.model import JsonValue
from orchestrator.definition.parse import load_workflow
from orchestrator.definition.reasons import verdict
from orchestrator.definition.roles import Role
from tests.fakes.payloads import commented, opened, pushed

WORKFLOW = load_workflow(
    """
on:
  schedule: [{cron: "0 6 * * 1-5", timezone: Europe/Berlin}, {cron: "0 0 1 * *"}]
  workflow_dispatch: {}
  repository_dispatch: {types: [nightly]}
  push: {branches: [main], paths: ["**.py"]}
  comment: {command: review, alias: /review}
  pull_request: {labels: [agent]}
  label: {name: agent}
trust: {forks: approve}
inputs: {depth: {type: choice, options: [quick, full], default: quick}}
nodes: {x: {run: x}}
""",
    "w.yaml",
)


@pytest.mark.parametrize(
    ("name", "event", "starts", "text"),
    [
        ("schedule", {"schedule": "0 6 * * 1-5"}, True, "the event's schedule is `0 6 * * 1-5`"),
        ("schedule", {"schedule": "0 7 * * *"}, False, "is not `0 0 1 * *`"),
        ("schedule", {"at": "2026-11-23T05:00:42+00:00"}, True, "`0 6 * * 1-5` (Europe/Berlin) is due"),
        ("schedule", {"at": "2026-11-22T05:00:00+00:00"}, False, "next at 2026-11-23T06:00:00+01:00"),
        ("schedule", {"at": "2026-11-22T05:00:00"}, False, "has no offset"),
        ("schedule", {"at": "soon"}, False, "`soon` is no ISO time"),
        ("workflow_dispatch", {}, True, "its inputs fit (depth)"),
        ("workflow_dispatch", {"inputs": {"depth": "ful"}}, False, "did you mean `full`?"),
        ("workflow_dispatch", {"workflow": ".github/workflows/ci.yml"}, False, "it is for `.github/workflows/ci.yml`"),
        ("workflow_dispatch", {"workflow": "w"}, True, "its inputs fit"),
        ("workflow_dispatch", {"inputs": [1]}, False, "is no object"),
        ("repository_dispatch", {"action": "nightly"}, True, "the type `nightly` is one of `nightly`"),
        ("repository_dispatch", {"action": "other"}, False, "`other` is not one of `nightly`"),
        ("push", pushed("refs/heads/main", "a.py"), None, "which GitHub knows of `octocat`"),
        ("push", pushed("refs/heads/main", "a.md"), False, "lets none of 1 changed file through"),
        ("push", {"ref": "refs/heads/main"}, None, "depends on the changed files"),
        ("push", {"ref": "refs/heads/x"}, False, "does not let the branch `x` through"),
        ("issue_comment", commented("/review depth=full"), None, "the comment asks for it: `/review depth=full`"),
        ("issue_comment", commented("/review depth=ful"), False, "did you mean `full`?"),
        (
            "issue_comment",
            commented("/mycelium reveiw"),
            False,
            "there is no command `reveiw` here (did you mean `review`?)",
        ),
        ("issue_comment", commented("/review quick"), False, "`quick` is no input (write inputs as `NAME=VALUE`"),
        ("issue_comment", commented("/review depth=full depth=full"), False, "the input `depth` is given twice"),
        ("issue_comment", commented("nice"), False, "does not begin with `/mycelium review` or `/review`"),
        ("comment", commented("/review", action="edited"), False, "only new comments count"),
        ("pull_request", opened(labels=["agent"], fork=True), None, "the pull request is a fork's"),
        ("pull_request", opened("labeled", label="agent"), None, "`on` names `label`"),
        ("pull_request", opened("labeled", label="bug"), False, "not one of `opened`"),
        ("issues", {}, False, "`on` does not name `issues`; it names `schedule`, `workflow_dispatch`"),
        ("pushed", {}, False, "there is no event `pushed` (did you mean `push`?)"),
    ],
)
def test_reasons(name: str, event: dict[str, JsonValue], starts: bool | None, text: str) -> None:
    reasons = explain(WORKFLOW, name, event)
    assert text in "\n".join(map(str, reasons))
    assert verdict(reasons) is starts


@pytest.mark.parametrize(
    ("role", "fork", "starts", "text"),
    [
        (Role.WRITE, False, True, "has the role write"),
        (
            Role.READ,
            False,
            None,
            "waits until a maintainer types `/mycelium allow aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa`: `octocat`",
        ),
        (
            Role.ADMIN,
            True,
            None,
            "waits until a maintainer types `/mycelium allow aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa`: the pull",
        ),
    ],
)
def test_what_only_github_knows_may_be_told(role: Role, fork: bool, starts: bool | None, text: str) -> None:
    event = opened(labels=["agent"], fork=fork)
    reasons = explain(WORKFLOW, "pull_request", event, Facts(role=role))
    assert verdict(reasons) is starts
    assert text in reasons[-1].text
