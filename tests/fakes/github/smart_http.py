"""Fetching and pushing over HTTP, by git's own backend, for whoever shows a token that may."""

from __future__ import annotations

import base64
import binascii
import re
import subprocess
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.fakes.github import access
from tests.fakes.github.bare_git import quiet_environ
from tests.fakes.github.exchange import Exchange, Sent, faulty
from tests.fakes.github.state import Repository
from tests.fakes.github.tokens import Token, TokenKind

if TYPE_CHECKING:
    from tests.fakes.github.standin import GitHubStandIn

_PATH = re.compile(r"/([^/]+)/([^/]+?)(?:\.git)?(/info/refs|/git-upload-pack|/git-receive-pack)")


def is_git(target: str) -> bool:
    return _PATH.fullmatch(urlsplit(target).path) is not None


def answer(hub: GitHubStandIn, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Sent:
    """Let git answer, or refuse in its stead."""
    split = urlsplit(target)
    match = _PATH.fullmatch(split.path)
    assert match is not None
    seen = Exchange(at=hub.now(), method=method, path=split.path, query={"query": split.query}, headers=headers)
    hub.requests.append(seen)
    fault = seen.fault = hub.faults.strike(method, split.path, hub.now())
    if fault and not fault.happens:
        return faulty(hub, seen, fault, None)
    writes = "git-receive-pack" in (match[3] + split.query)
    value, token = _shown(hub, headers)
    seen.who, seen.token = (token.account.login, token.kind.value) if token else ("", "")
    repository = hub.state.repository(f"{match[1]}/{match[2]}")
    refused = _refused(repository, token, value, writes)
    if refused is None:
        assert repository is not None
        sent = _by_git(repository, token, method, match[3], split.query, headers, body)
    else:
        sent = refused
    seen.status = sent.status
    return sent if fault is None else faulty(hub, seen, fault, sent)


def _shown(hub: GitHubStandIn, headers: Mapping[str, str]) -> tuple[str, Token | None]:
    """The token as the password of Basic authentication, or as the user's name, or as a bearer's."""
    kind, _, given = headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return given, hub.token(given)
    try:
        user, _, password = base64.b64decode(given).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return given, None
    return password or user, hub.token(password) or hub.token(user)


def _refused(repository: Repository | None, token: Token | None, value: str, writes: bool) -> Sent | None:
    if value and token is None:
        return _said(401, "Invalid username or token. Password authentication is not supported for Git operations.")
    if token is None and (writes or repository is None or repository.private):
        return _said(401, "No credentials given.")
    if repository is None or not access.visible(repository, token):
        return _said(404, "Repository not found.")
    if writes and (token is None or not _may_push(repository, token)):
        who = token.account.login if token else ""
        return _said(403, f"Permission to {repository.full_name}.git denied to {who}.")
    return None


def _may_push(repository: Repository, token: Token) -> bool:
    if repository.archived:
        return False
    if token.kind is not TokenKind.CLASSIC:
        if not token.covers(repository) or not access.permits(token, "contents:write"):
            return False
    elif not token.scopes & {"repo", "public_repo"}:
        return False
    return token.of_app is not None or access.has_role(repository, token.account, "write")


def _by_git(
    repository: Repository,
    token: Token | None,
    method: str,
    service: str,
    query: str,
    headers: Mapping[str, str],
    body: bytes,
) -> Sent:
    environ = quiet_environ() | {
        "GIT_PROJECT_ROOT": str(repository.git.folder),
        "GIT_HTTP_EXPORT_ALL": "1",
        "REQUEST_METHOD": method,
        "PATH_INFO": service,
        "QUERY_STRING": query,
        "CONTENT_TYPE": headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_CONTENT_ENCODING": headers.get("content-encoding", ""),
        "GIT_PROTOCOL": headers.get("git-protocol", ""),
        "REMOTE_USER": token.account.login if token else "",
        "REMOTE_ADDR": "127.0.0.1",
        **_workflow_rights(token),
    }
    done = subprocess.run(["git", "http-backend"], input=body, env=environ, capture_output=True, check=False)
    head, _, content = done.stdout.partition(b"\r\n\r\n")
    given = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
    status = int(given.pop("Status", "200 OK" if done.returncode == 0 else "500 Error").split()[0])
    return Sent(status=status, headers=given, body=content)


def _workflow_rights(token: Token | None) -> dict[str, str]:
    if token is None:
        return {}
    classic = token.kind is TokenKind.CLASSIC
    if "workflow" in token.scopes if classic else access.permits(token, "workflows:write"):
        return {"STANDIN_MAY_CHANGE_WORKFLOWS": "1"}
    lacks = "workflow scope" if classic else "workflows permission"
    return {"STANDIN_WHO": "a Personal Access Token" if classic else "a GitHub App", "STANDIN_LACKS": lacks}


def _said(status: int, text: str) -> Sent:
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    if status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="GitHub"'
    return Sent(status=status, headers=headers, body=text.encode())
