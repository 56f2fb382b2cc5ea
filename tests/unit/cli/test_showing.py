"""Whether GitHub shows what `mycelium run` runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orchestrator.cli.showing import shown_on_github
from orchestrator.errors import Unavailable
from orchestrator.execution.showing import Target
from orchestrator.lifecycle.ports.github import User
from orchestrator.lifecycle.start import StartRequest
from tests.fakes.github_memory import MemoryGitHub
from tests.fakes.world import World, node, workflow

COMMENTED = {"issue": {"number": 1, "pull_request": {"url": "x"}}, "comment": {"id": 1}}


@pytest.fixture
def github() -> MemoryGitHub:
    github = MemoryGitHub()
    github.add_pull_request("a" * 40, author=User(id=5, login="ada"))
    return github


def request(payload: dict[str, Any]) -> StartRequest:
    return StartRequest(workflow=workflow(node("a")), source="", event_name="issue_comment", event=payload)


@pytest.fixture
def world(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> World:
    for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    return World(tmp_path)


def test_an_event_and_a_token_make_it_shown(world: World, github: MemoryGitHub) -> None:
    services = replace(world.services, github=github)
    found = shown_on_github(services, request(COMMENTED))
    assert found.target == Target(repository="octo/demo", head_sha="a" * 40, number=1)


def test_without_a_token_it_is_not(world: World) -> None:
    assert shown_on_github(world.services, request(COMMENTED)).target is None


@pytest.mark.parametrize(
    ("payload", "down", "said"),
    [
        ({**COMMENTED, "repository": {"full_name": "octo/other"}}, False, "the event is not of octo/demo"),
        (COMMENTED, True, "GitHub does not answer"),
        ({**COMMENTED, "issue": {"number": 9, "pull_request": {"url": "x"}}}, False, "there is no pull request 9"),
    ],
)
def test_what_keeps_it_from_being_shown_is_told_and_keeps_nothing_from_running(
    world: World,
    github: MemoryGitHub,
    capsys: pytest.CaptureFixture[str],
    payload: dict[str, Any],
    *,
    down: bool,
    said: str,
) -> None:
    github.down = down
    services = replace(world.services, github=github)
    assert shown_on_github(services, request(payload)).target is None
    assert said in capsys.readouterr().err


def test_a_bug_is_no_excuse(world: World, github: MemoryGitHub) -> None:
    github.fail("pull_request", ZeroDivisionError("a bug"))
    with pytest.raises(ZeroDivisionError):
        shown_on_github(replace(world.services, github=github), request(COMMENTED))
    github.fail("pull_request", Unavailable("away"))
    assert shown_on_github(replace(world.services, github=github), request(COMMENTED)).target is None
