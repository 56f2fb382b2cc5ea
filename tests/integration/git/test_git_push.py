"""Pushing to a real remote: only from where it was expected, and with a token that leaves no trace."""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from orchestrator.errors import BadInput, Conflict, NotFound, Unavailable
from orchestrator.git.repository import GitRepository
from orchestrator.lifecycle.ports.github import Forbidden, Remote
from tests.fakes.checkout import Checkout

BRANCH = "mycelium/review/1"
TOKEN = "ghs_a-token-that-nobody-may-see"


class Bare:
    """A bare repository on this disk, as a remote."""

    def __init__(self, checkout: Checkout) -> None:
        self.path = checkout.folder / "remote.git"
        checkout.git("clone", "--quiet", "--bare", str(checkout.root), str(self.path))
        self.remote = Remote(url=f"file://{self.path}", token="")
        self._checkout = checkout

    def at(self, branch: str) -> str:
        return self._checkout.git(
            "--git-dir", str(self.path), "for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}"
        ).strip()

    def hook(self, script: str) -> None:
        place = self.path / "hooks" / "pre-receive"
        place.parent.mkdir(exist_ok=True)
        place.write_text(f"#!/bin/sh\n{script}\n")
        place.chmod(0o755)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout.create(tmp_path / "user")


@pytest.fixture
def bare(checkout: Checkout) -> Bare:
    return Bare(checkout)


@pytest.fixture
def git(checkout: Checkout) -> GitRepository:
    environ = {"PATH": os.environ["PATH"], "HOME": str(checkout.folder / "home")}
    return GitRepository(root=checkout.root, cache_dir=checkout.folder / "cache", environ=environ)


def saved(checkout: Checkout, text: str) -> str:
    checkout.write("file.txt", text)
    checkout.commit(text)
    return checkout.git("rev-parse", "HEAD").strip()


def test_a_new_branch_is_made_once_and_the_checkout_stays_as_it_is(
    git: GitRepository, bare: Bare, checkout: Checkout
) -> None:
    commit, before = saved(checkout, "one"), checkout.state()
    for _ in range(2):
        git.push(bare.remote, BRANCH, commit, expected=None)
        assert bare.at(BRANCH) == commit
    assert checkout.state() == before


def test_a_branch_that_is_there_already_is_never_taken(git: GitRepository, bare: Bare, checkout: Checkout) -> None:
    theirs, ours = saved(checkout, "theirs"), saved(checkout, "ours")
    git.push(bare.remote, BRANCH, theirs, expected=None)
    with pytest.raises(Conflict, match=f"the branch {BRANCH} exists already"):
        git.push(bare.remote, BRANCH, ours, expected=None)
    assert bare.at(BRANCH) == theirs


def test_a_branch_that_has_moved_is_left_alone(git: GitRepository, bare: Bare, checkout: Checkout) -> None:
    first, theirs = saved(checkout, "first"), saved(checkout, "theirs")
    checkout.git("reset", "--quiet", "--hard", first)
    ours = saved(checkout, "ours")
    git.push(bare.remote, "topic", first, expected=None)
    git.push(bare.remote, "topic", theirs, expected=first)
    with pytest.raises(Conflict, match=f"the branch topic is not at {first[:12]} any more"):
        git.push(bare.remote, "topic", ours, expected=first)
    assert bare.at("topic") == theirs


def test_what_does_not_come_after_is_pushed_only_where_that_was_asked_for(
    git: GitRepository, bare: Bare, checkout: Checkout
) -> None:
    start, first = saved(checkout, "start"), saved(checkout, "first")
    checkout.git("reset", "--quiet", "--hard", start)
    second = saved(checkout, "second")
    git.push(bare.remote, BRANCH, first, expected=None)
    with pytest.raises(Conflict, match="does not come after"):
        git.push(bare.remote, BRANCH, second, expected=first)
    git.push(bare.remote, BRANCH, second, expected=first, rewrite=True)
    assert bare.at(BRANCH) == second


def test_what_the_remote_refuses_is_told_in_its_words(git: GitRepository, bare: Bare, checkout: Checkout) -> None:
    bare.hook("echo 'GH006: protected branch' >&2; exit 1")
    with pytest.raises(Forbidden, match="pre-receive hook declined") as caught:
        git.push(bare.remote, BRANCH, saved(checkout, "one"), expected=None)
    assert caught.value.needs == "pre-receive hook declined"


def test_a_remote_that_is_away_is_worth_another_try(git: GitRepository, bare: Bare, checkout: Checkout) -> None:
    gone = Remote(url=f"file://{bare.path}-gone", token="")
    with pytest.raises(Unavailable) as caught:
        git.push(gone, BRANCH, saved(checkout, "one"), expected=None)
    assert not isinstance(caught.value, Forbidden)


def test_no_address_runs_a_program_and_no_name_is_an_option(git: GitRepository, bare: Bare, checkout: Checkout) -> None:
    commit = saved(checkout, "one")
    proof = checkout.folder / "proof"
    with pytest.raises(BadInput, match="nothing is pushed to"):
        git.push(Remote(url=f"ext::sh -c 'touch {proof}'", token=""), BRANCH, commit, expected=None)
    for name in ("a..b", "a b", "x:y", ""):
        with pytest.raises(BadInput, match="not a name git allows"):
            git.push(bare.remote, name, commit, expected=None)
    with pytest.raises(NotFound):
        git.push(bare.remote, BRANCH, "1" * 40, expected=None)
    assert not proof.exists()


def test_nothing_that_the_users_config_names_is_run(git: GitRepository, bare: Bare, checkout: Checkout) -> None:
    proof = checkout.folder / "proof"
    home = checkout.folder / "home"
    home.mkdir(exist_ok=True)
    hook = checkout.root / ".git" / "hooks" / "pre-push"
    hook.write_text(f"#!/bin/sh\ntouch {proof}\n")
    hook.chmod(0o755)
    (home / ".gitconfig").write_text(
        f'[credential]\n\thelper = "!touch {proof}"\n[url "file:///nowhere"]\n\tinsteadOf = file://\n'
    )
    git.push(bare.remote, BRANCH, saved(checkout, "one"), expected=None)
    assert bare.at(BRANCH)
    assert not proof.exists()


class _Asking(BaseHTTPRequestHandler):
    """Asks for a password, notes what it is told, and then has nothing."""

    told: list[str]

    def do_GET(self) -> None:
        given = self.headers.get("Authorization", "")
        self.told.append(given)
        self.send_response(404 if given else 401)
        self.send_header("WWW-Authenticate", 'Basic realm="git"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def asking() -> Iterator[tuple[str, list[str]]]:
    told: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Asking", (_Asking,), {"told": told}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/octo/demo.git", told
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_token_reaches_the_host_and_nothing_else(
    git: GitRepository, checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    popen = subprocess.Popen

    def noted(arguments: list[str], **named: object) -> object:
        started.append(f"{arguments} {named.get('env')}")
        return popen(arguments, **named)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "Popen", noted)
    with asking() as (address, told), pytest.raises(Unavailable) as caught:
        git.push(Remote(url=address, token=TOKEN), BRANCH, saved(checkout, "one"), expected=None)
    assert told == ["", "Basic " + base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()]
    assert any("push" in each for each in started)
    assert TOKEN not in "".join(started)
    assert TOKEN not in str(caught.value)
    kept = [file for file in checkout.folder.rglob("*") if file.is_file() and TOKEN.encode() in file.read_bytes()]
    assert kept == []


def test_a_token_that_is_not_taken_says_what_is_missing(git: GitRepository, checkout: Checkout) -> None:
    with asking() as (address, _), pytest.raises(Forbidden, match="does not let us push") as caught:
        git.push(Remote(url=address, token=""), BRANCH, saved(checkout, "one"), expected=None)
    assert caught.value.needs == "contents: write"
