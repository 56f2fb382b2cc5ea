"""Where GitHub shows an execution of an event."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.errors import NotFound
from orchestrator.execution.showing import Target
from orchestrator.lifecycle.ports.github import User
from orchestrator.lifecycle.projection.target import target_of
from tests.fakes.github_memory import MemoryGitHub

HEAD, OTHER, HERE = "a" * 40, "b" * 40, "c" * 40
REPOSITORY = {"repository": {"full_name": "Octo/Demo"}}
PULL = {"pull_request": {"number": 1, "head": {"sha": OTHER}}}
ACTIONS = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "octo/demo", "GITHUB_RUN_ID": "9"}


@pytest.fixture
def github() -> MemoryGitHub:
    github = MemoryGitHub()
    github.add_pull_request(HEAD, author=User(id=5, login="ada"))
    return github


@pytest.mark.parametrize(
    ("name", "payload", "head", "number"),
    [
        ("pull_request", PULL, OTHER, 1),
        ("pull_request_review", {**PULL, "review": {}}, OTHER, 1),
        ("issue_comment", {"issue": {"number": 1, "pull_request": {"url": "x"}}, "comment": {"id": 1}}, HEAD, 1),
        ("issue_comment", {"issue": {"number": 8}, "comment": {"id": 1}}, "", 8),
        ("issues", {"issue": {"number": 8}}, "", 8),
        ("push", {"ref": "refs/heads/main", "before": HEAD, "after": OTHER}, OTHER, None),
        ("push", {"ref": "refs/heads/main", "before": HEAD, "after": "0" * 40, "deleted": True}, HERE, None),
        ("merge_group", {"merge_group": {"head_sha": OTHER, "base_sha": HEAD}}, OTHER, None),
        ("workflow_dispatch", {"inputs": {}}, HERE, None),
        ("pull_request", {"pull_request": {"number": "one", "head": []}}, HERE, None),
    ],
)
def test_the_commit_and_the_number_of_an_event(
    github: MemoryGitHub, name: str, payload: dict[str, Any], head: str, number: int | None
) -> None:
    found = target_of(github, name, {**REPOSITORY, **payload}, head=HERE, environ={})
    assert found == Target(repository="octo/demo", head_sha=head, number=number)


def test_an_event_of_another_repository_is_not_ours(github: MemoryGitHub) -> None:
    payload = {**PULL, "repository": {"full_name": "octo/other"}}
    assert target_of(github, "pull_request", payload, head=HERE, environ={}) is None


def test_an_event_that_names_no_repository_is_taken_for_ours(github: MemoryGitHub) -> None:
    found = target_of(github, "pull_request", PULL, head=None, environ={})
    assert found == Target(repository="octo/demo", head_sha=OTHER, number=1)


def test_a_job_of_actions_is_linked_to(github: MemoryGitHub) -> None:
    found = target_of(github, "pull_request", PULL, head=None, environ=ACTIONS)
    assert found is not None
    assert found.job_url == "https://github.com/octo/demo/actions/runs/9"


def test_a_pull_request_that_is_gone_passes_on(github: MemoryGitHub) -> None:
    payload = {"issue": {"number": 99, "pull_request": {}}, "comment": {}}
    payload["issue"]["pull_request"] = {"url": "x"}
    with pytest.raises(NotFound):
        target_of(github, "issue_comment", payload, head=None, environ={})
