"""The adapter on scripted answers: whatever is asked beyond them fails the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import responses

from orchestrator import settings as configuration
from orchestrator.github import connect as connecting
from orchestrator.github.budget.limits import Limits
from orchestrator.github.budget.memory import MemoryBudget
from orchestrator.github.connect import Place, connect
from orchestrator.github.repository import GitHubRepository
from tests.fakes.clock import FakeClock

API = "https://api.github.com"
REPO = f"{API}/repos/octo/demo"
TOKEN = "ghp_" + "t0k3n" * 8


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    """Every answer that was scripted must have been asked for."""
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def github(clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., GitHubRepository]:
    """The adapter from settings; `limits` are those of its budget, GitHub's unless given."""

    def made(limits: Limits | None = None, **given: str) -> GitHubRepository:
        monkeypatch.setattr(connecting, "MemoryBudget", lambda clock: MemoryBudget(clock, limits))
        names = {"MYCELIUM_GITHUB_TOKEN": TOKEN, **{f"MYCELIUM_GITHUB_{name}": value for name, value in given.items()}}
        settings = configuration.load(tmp_path, {"HOME": str(tmp_path), **names})
        found = connect(settings, "git@github.com:octo/demo.git", Place(clock=clock))
        assert found
        return found

    return made


def account(login: str = "ada", ident: int = 5, kind: str = "User") -> dict[str, Any]:
    return {"id": ident, "login": login, "type": kind}


def comment(ident: int = 1, body: str = "Hello", author: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "id": ident,
        "body": body,
        "user": author or account(),
        "url": f"{REPO}/issues/comments/{ident}",
        "html_url": f"https://github.com/octo/demo/pull/1#issuecomment-{ident}",
        "created_at": "2026-03-01T12:00:00Z",
        "updated_at": "2026-03-01T12:00:00Z",
    }


def pull(number: int = 1, *, whole: bool = True, **changed: Any) -> dict[str, Any]:
    """As GitHub shows it by its number; a list has less."""
    repo = {"id": 1, "full_name": "octo/demo"}
    found = {
        "number": number,
        "title": "A change",
        "state": "open",
        "draft": False,
        "user": account(),
        "url": f"{REPO}/pulls/{number}",
        "html_url": f"https://github.com/octo/demo/pull/{number}",
        "head": {"sha": "a" * 40, "ref": "change", "repo": repo},
        "base": {"sha": "b" * 40, "ref": "main", "repo": repo},
        "merged_at": None,
        "merge_commit_sha": "c" * 40,
        "labels": [],
        "body": None,
        **({"merged": False, "merged_by": None} if whole else {}),
    }
    return {**found, **changed}


def check_run(ident: int = 7, *, slug: str = "mycelium", name: str = "demo") -> dict[str, Any]:
    return {
        "id": ident,
        "name": name,
        "external_id": "x",
        "status": "in_progress",
        "conclusion": None,
        "html_url": f"https://github.com/octo/demo/runs/{ident}",
        "url": f"{REPO}/check-runs/{ident}",
        "app": {"id": 3, "slug": slug},
        "output": {"title": "t", "summary": "s", "annotations_count": 2},
    }
