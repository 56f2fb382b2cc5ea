"""Which commit `mycelium run --event` works on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.pinning import pinned
from orchestrator.execution.state import JsonValue
from orchestrator.lifecycle.ports import Author, CommitMessage
from orchestrator.lifecycle.ports.github import User
from orchestrator.lifecycle.start import StartRequest
from tests.fakes.git import MemoryGit
from tests.fakes.github_memory import MemoryGitHub
from tests.fakes.world import World, node, workflow

WHO = Author(name="Ada", email="ada@x.invalid")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def of_pull_request(head: str) -> dict[str, JsonValue]:
    return {"pull_request": {"number": 1, "head": {"sha": head, "ref": "change"}}}


def request(git: MemoryGit, event: dict[str, Any], name: str = "pull_request") -> StartRequest:
    return StartRequest(workflow=workflow(node("a")), source="", event_name=name, event=event, snapshot=git.snapshot())


def trial_merge(git: MemoryGit) -> str:
    """Have the checkout be a merge, as `actions/checkout` does; the head that it merges."""
    base = git.snapshot().head
    head = git._store({"README.md": b"head"}, [base], WHO, CommitMessage(subject="Head"))
    git.checkout = {"README.md": b"head", "base.py": b"moved on"}
    git.branches[git.branch] = git._store(git.checkout, [base, head], WHO, CommitMessage(subject="Merge"))
    return head


def test_the_head_is_worked_on_where_the_checkout_is_its_trial_merge(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    head = trial_merge(world.git)
    found = pinned(world.services, request(world.git, of_pull_request(head)), as_it_is=False)
    assert found.snapshot is not None
    assert (found.snapshot.head, found.snapshot.base, found.snapshot.dirty) == (head, head, False)
    said = capsys.readouterr().err
    assert f"the head of pull request 1, {head[:12]}" in said
    assert "uncommitted" not in said

    world.git.checkout["README.md"] = b"changed"
    assert pinned(world.services, request(world.git, of_pull_request(head)), as_it_is=False).snapshot == found.snapshot
    assert "without the checkout's uncommitted changes" in capsys.readouterr().err


def test_any_other_checkout_is_taken_as_it_is(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    asked = request(world.git, of_pull_request("f" * 40))
    assert pinned(world.services, asked, as_it_is=False) == asked
    head = trial_merge(world.git)
    asked = request(world.git, of_pull_request(head))
    assert pinned(world.services, asked, as_it_is=True) == asked
    assert pinned(world.services, replace(asked, event={}), as_it_is=False).snapshot == asked.snapshot
    assert capsys.readouterr().err == ""


def test_a_head_that_cannot_be_had_is_told_with_what_to_do(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    head = trial_merge(world.git)
    asked = request(world.git, of_pull_request(head))
    del world.git._commits[head]
    assert pinned(world.services, asked, as_it_is=False) == asked
    said = capsys.readouterr().err
    assert "is neither here nor at `origin`" in said
    assert "fetch-depth: 2" in said


def test_the_pull_request_of_a_comment_is_asked_for(world: World) -> None:
    head = trial_merge(world.git)
    github = MemoryGitHub()
    github.add_pull_request(head, author=User(id=5, login="ada"))
    comment = {"issue": {"number": 1, "pull_request": {"url": "x"}}, "comment": {"id": 1}}
    services = replace(world.services, github=github)
    found = pinned(services, request(world.git, comment, "issue_comment"), as_it_is=False)
    assert found.snapshot is not None
    assert found.snapshot.head == head
    assert found.event["pull_request"]["head"]["sha"] == head  # type: ignore[index,call-overload]
    github.down = True
    asked = request(world.git, comment, "issue_comment")
    assert pinned(services, asked, as_it_is=False) == asked
