"""The token of an App: asked for once, for what is needed, in time; and who may read it where it is shared."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import jwt
import pytest
import requests
import responses

from orchestrator.errors import SetupError
from orchestrator.github import connect as connecting
from orchestrator.github.budget.limits import Limits
from orchestrator.github.repository import GitHubRepository
from orchestrator.github.shelf import Issued, OwnShelf
from orchestrator.lifecycle.ports.github import Busy, Credential, User
from tests.fakes.clock import FakeClock
from tests.fakes.github_key import key_pair
from tests.unit.github.conftest import API, REPO, account, pull

Made = Callable[..., GitHubRepository]

PRIVATE, PUBLIC = key_pair()
APP = {"TOKEN": "", "APP_ID": "Iv23liABC", "PRIVATE_KEY": PRIVATE}
AT_ONCE = Limits(between_writes=0)
INSTALLATION = f"{REPO}/installation"
MINT = f"{API}/app/installations/9/access_tokens"
ASKED = {"metadata": "read", "checks": "write", "contents": "write", "pull_requests": "read"}
GRANTED = {**ASKED, "administration": "write"}


class Mint:
    """Gives out tokens, good for an hour by a clock that is a day ahead of ours."""

    def __init__(self) -> None:
        self.given: list[str] = []
        self.asked: list[Any] = []
        self.now = datetime.now(UTC) + timedelta(days=1)

    def __call__(self, request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        self.asked.append(json.loads(request.body or "null"))
        self.given.append(f"ghs_{len(self.given)}_" + "x" * 600)
        ends = (self.now + timedelta(hours=1)).replace(microsecond=0).isoformat().replace("+00:00", "Z")
        answer = {"token": self.given[-1], "expires_at": ends, "permissions": self.asked[-1]["permissions"]}
        return 201, {"Date": format_datetime(self.now, usegmt=True)}, json.dumps(answer)


@pytest.fixture
def mint(wire: responses.RequestsMock) -> Iterator[Mint]:
    found = Mint()
    wire.get(INSTALLATION, json={"id": 9, "permissions": GRANTED, "suspended_at": None})
    wire.add_callback(responses.POST, MINT, callback=found)
    return found


def spoken(wire: responses.RequestsMock, place: str) -> list[str]:
    """The tokens of the requests to a place."""
    calls = [call.request for call in wire.calls if str(call.request.url).partition("?")[0] == place]
    return [request.headers["Authorization"].removeprefix("Bearer ") for request in calls]


def test_a_token_is_asked_for_with_what_is_needed_and_no_more(
    github: Made, wire: responses.RequestsMock, mint: Mint
) -> None:
    wire.get(f"{REPO}/pulls/1", json=pull())
    app = github(**APP)
    app.pull_request(1)
    assert mint.asked == [{"repositories": ["demo"], "permissions": ASKED}]
    assert spoken(wire, f"{REPO}/pulls/1") == mint.given
    assert app.abilities.credential is Credential.APP
    assert app.remote().token == mint.given[0]
    assert mint.given[0] not in repr(app.remote())


def test_everything_is_logged_and_no_token(
    github: Made, wire: responses.RequestsMock, mint: Mint, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    github(**APP).remote()
    assert mint.given
    assert not [token for token in (*mint.given, *spoken(wire, MINT)) if token in caplog.text]


class Shared(OwnShelf):
    """A shelf that other processes use too."""

    def __init__(self) -> None:
        self.there: Issued | None = None
        self.ours = True

    def get(self) -> Issued | None:
        return self.there

    @contextmanager
    def turn(self) -> Generator[bool]:
        yield self.ours


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> Shared:
    found = Shared()
    monkeypatch.setattr(connecting, "OwnShelf", lambda: found)
    return found


def test_while_another_process_asks_nobody_else_does(github: Made, shared: Shared, clock: FakeClock) -> None:
    shared.ours = False
    app = github(**APP)
    with pytest.raises(Busy, match="another process") as raised:
        app.remote()
    assert raised.value.until - clock.now() <= timedelta(seconds=1)
    shared.there = Issued(value="ghs_theirs", seconds=3_600, permissions={})
    assert app.remote().token == "ghs_theirs"
    shared.there = None
    clock.advance(3_600 - 90)
    assert app.remote().token == "ghs_theirs", "it is good for a while yet"
    clock.advance(40)
    with pytest.raises(Busy):
        app.remote()


def test_the_app_signs_for_itself(github: Made, wire: responses.RequestsMock, mint: Mint) -> None:
    github(**APP).remote()
    claims = jwt.decode(spoken(wire, MINT)[0], PUBLIC, algorithms=["RS256"])
    now = time.time()
    assert claims["iss"] == "Iv23liABC"
    assert claims["iat"] <= now - 55
    assert claims["exp"] <= now + 600


def test_threads_that_come_at_once_share_one_token(github: Made, wire: responses.RequestsMock, mint: Mint) -> None:
    for number in range(8):
        wire.get(f"{REPO}/pulls/{number}", json=pull(number))
    app = github(**APP)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(app.pull_request, range(8)))
    assert len(mint.given) == 1


def test_the_next_token_is_there_before_the_last_one_ends(
    github: Made, wire: responses.RequestsMock, mint: Mint, clock: FakeClock
) -> None:
    app = github(**APP)
    first = app.remote().token
    clock.advance(3_600 - 601)
    assert app.remote().token == first
    clock.advance(2)
    assert app.remote().token == mint.given[1] != first


def test_a_token_that_github_takes_no_more_is_replaced_once(
    github: Made, wire: responses.RequestsMock, mint: Mint
) -> None:
    wire.post(f"{REPO}/issues/1/comments", status=401, json={"message": "Bad credentials"})
    with pytest.raises(SetupError, match="MYCELIUM_GITHUB_APP_ID and MYCELIUM_GITHUB_PRIVATE_KEY"):
        github(AT_ONCE, **APP).write_comment(1, "x")
    assert spoken(wire, f"{REPO}/issues/1/comments") == mint.given
    assert len(mint.given) == 2


def test_an_app_that_is_not_installed(github: Made, wire: responses.RequestsMock) -> None:
    wire.get(INSTALLATION, status=404, json={"message": "Not Found"})
    with pytest.raises(SetupError, match="not installed on octo/demo"):
        github(**APP).pull_request(1)


def test_an_app_that_is_suspended(github: Made, wire: responses.RequestsMock) -> None:
    wire.get(INSTALLATION, json={"id": 9, "permissions": GRANTED, "suspended_at": "2026-01-01T00:00:00Z"})
    with pytest.raises(SetupError, match="suspended"):
        github(**APP).pull_request(1)


def test_an_app_whose_clock_is_wrong(github: Made, wire: responses.RequestsMock) -> None:
    message = "'Expiration time' claim ('exp') must be a numeric value representing the future time"
    wire.get(INSTALLATION, status=401, json={"message": message})
    with pytest.raises(SetupError, match="this machine's clock"):
        github(**APP).pull_request(1)


def test_who_an_app_is(github: Made, wire: responses.RequestsMock, mint: Mint) -> None:
    wire.get(f"{API}/app", json={"id": 3, "slug": "mycelium"})
    wire.get(f"{API}/users/mycelium%5Bbot%5D", json=account("mycelium[bot]", 77, "Bot"))
    app = github(**APP)
    assert [app.me(), app.me()] == [User(id=77, login="mycelium[bot]", kind="Bot")] * 2
    assert len(spoken(wire, f"{API}/app")) == 1
