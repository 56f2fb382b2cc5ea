"""What a refused request would need: the permission by its name on GitHub, or the setting of the repository."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from orchestrator.lifecycle.ports.github import Credential

OPEN_PULL_REQUESTS: Final = "the repository's setting “Allow GitHub Actions to create and approve pull requests”"
APP: Final = "a GitHub App: personal tokens cannot write check runs"
_SETTINGS: Final = {
    "not permitted to create or approve pull requests": OPEN_PULL_REQUESTS,
    "not permitted to approve pull requests": OPEN_PULL_REQUESTS,
    "must authenticate via a github app": APP,
    "repository was archived": "a repository that is not archived",
    "issues are disabled": "issues, which are turned off in the repository's settings",
    "issues has been disabled": "issues, which are turned off in the repository's settings",
    "saml": "a token that is authorised for the organisation's single sign-on",
    "ip allow list": "this machine's address on the organisation's IP allow list",
}
_TABLE: Final = (
    (r"/check-(runs|suites)", "checks"),
    (r"/statuses/", "statuses"),
    (r"/pulls", "pull requests"),
    (r"/issues", "issues"),
    (r"/actions/permissions", "administration"),
    (r"^/orgs/|/teams/", "members"),
    (r"/collaborators/", "metadata"),
    (r"/(branches|git|contents|commits)", "contents"),
)


def needs(verb: str, path: str, message: str, headers: Mapping[str, object]) -> str:
    """As GitHub's words or headers say, else by the path. `headers` have lower-case names.

    https://github.blog/changelog/2023-08-10-x-accepted-github-permissions-header-for-fine-grained-permission-actors/
    """
    lower = message.lower()
    for words, setting in _SETTINGS.items():
        if words in lower:
            return setting
    if "personal access token" in lower and "/check-" in path:
        return APP
    if headers.get("x-github-sso"):
        return _SETTINGS["saml"]
    if accepted := str(headers.get("x-accepted-github-permissions") or ""):
        return _accepted(accepted)
    if _lacks_scope(headers):
        return f"the scope {_words(str(headers['x-accepted-oauth-scopes']))}"
    found = next((name for pattern, name in _TABLE if re.search(pattern, path)), "metadata")
    return f"{found}: {'read' if verb == 'GET' else 'write'}"


def advice(kind: Credential, needed: str) -> str:
    """What to do about it."""
    if needed == OPEN_PULL_REQUESTS:
        return "Settings → Actions → General of the repository, or of its organisation"
    if ": " not in needed:
        return ""
    match kind:
        case Credential.APP | Credential.INSTALLATION:
            return "grant it in the App's settings; who installed the App has to accept it"
        case Credential.ACTIONS:
            name, _, level = needed.partition(" or ")[0].partition(", ")[0].partition(": ")
            permission = f"{name.replace(' ', '-')}: {level}"
            return f"write `{permission}` under `permissions` of the job; for a fork's pull request it is never given"
        case Credential.PERSONAL:
            return "give it to the token in GitHub's settings, or use one that has it"


def _accepted(header: str) -> str:
    """`checks=write,contents=read; …`: any of the sets will do."""
    sets = [", ".join(_permission(each) for each in part.split(",") if each.strip()) for part in header.split(";")]
    return " or ".join(each for each in sets if each)


def _permission(text: str) -> str:
    name, _, level = text.strip().partition("=")
    return f"{name.replace('_', ' ')}: {level or 'read'}"


def _lacks_scope(headers: Mapping[str, object]) -> bool:
    accepted = {each.strip() for each in str(headers.get("x-accepted-oauth-scopes") or "").split(",") if each.strip()}
    has = {each.strip() for each in str(headers.get("x-oauth-scopes") or "").split(",")}
    return bool(accepted) and "x-oauth-scopes" in headers and not accepted & has


def _words(scopes: str) -> str:
    return " or ".join(each.strip() for each in scopes.split(",") if each.strip())
