"""GitHub's answers as our errors: what is wrong, what it needs, and what to do."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import BadInput, Conflict, MyceliumError, NotFound, SetupError
from orchestrator.github.etags import Answers
from orchestrator.github.needs import OPEN_PULL_REQUESTS
from orchestrator.github.permissions import askable, missing
from orchestrator.github.refusals import Interrupted, Reply, refusal
from orchestrator.lifecycle.ports.github import Credential, Forbidden


def reply(status: int, data: Any, *, verb: str = "POST", path: str = "/x", **headers: str) -> Reply:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    body = data if isinstance(data, str) else json.dumps(data)
    return Reply(verb=verb, path=path, status=status, headers=given, body=body)


def error(found: Reply, kind: Credential = Credential.ACTIONS) -> MyceliumError:
    return refusal(found, kind, "MYCELIUM_GITHUB_TOKEN")


@pytest.mark.parametrize(
    ("status", "message", "family"),
    [
        (400, "Problems parsing JSON", BadInput),
        (401, "Bad credentials", SetupError),
        (403, "Resource not accessible by integration", Forbidden),
        (404, "Not Found", NotFound),
        (409, "Git Repository is empty.", Conflict),
        (410, "Issues are disabled for this repo", Forbidden),
        (422, "Validation Failed", BadInput),
        (422, "No commit found for SHA: abc", NotFound),
        (422, "GitHub Actions is not permitted to approve pull requests.", Forbidden),
        (500, "Server Error", Interrupted),
        (503, "", Interrupted),
    ],
)
def test_families(status: int, message: str, family: type[MyceliumError]) -> None:
    found = error(reply(status, {"message": message}))
    assert type(found) is family
    assert message in str(found) or status >= 500
    assert "POST /x" in str(found) or status == 401


@pytest.mark.parametrize(
    ("path", "message", "headers", "needs"),
    [
        ("/repos/o/r/check-runs", "Resource not accessible by integration", {}, "checks: write"),
        ("/repos/o/r/check-runs", "You must authenticate via a GitHub App.", {}, "a GitHub App: "),
        ("/repos/o/r/check-runs", "Resource not accessible by personal access token", {}, "a GitHub App: "),
        ("/repos/o/r/statuses/abc", "No", {}, "statuses: write"),
        ("/repos/o/r/issues/1/comments", "No", {}, "issues: write"),
        ("/repos/o/r/pulls/1/reviews", "No", {}, "pull requests: write"),
        ("/orgs/o/teams/t/memberships/m", "No", {}, "members: write"),
        ("/elsewhere", "No", {}, "metadata: write"),
        (
            "/repos/o/r/issues/1/comments",
            "Resource not accessible by integration",
            {"x_accepted_github_permissions": "issues=write; pull_requests=write"},
            "issues: write or pull requests: write",
        ),
        ("/x", "No", {"x_accepted_github_permissions": "checks=write,contents=read"}, "checks: write, contents: read"),
        ("/x", "No", {"x_accepted_oauth_scopes": "repo", "x_oauth_scopes": "gist"}, "the scope repo"),
        ("/x", "No", {"x_accepted_oauth_scopes": "repo", "x_oauth_scopes": "gist, repo"}, "metadata: write"),
        ("/x", "Resource protected by organization SAML enforcement.", {}, "single sign-on"),
        ("/x", "No", {"x_github_sso": "required; url=https://github.com/orgs/o/sso"}, "single sign-on"),
        ("/x", "Repository was archived so is read-only.", {}, "not archived"),
        ("/x", "Your IP address is not permitted: the org has an IP allow list enabled", {}, "IP allow list"),
        ("/x", "GitHub Actions is not permitted to create or approve pull requests.", {}, OPEN_PULL_REQUESTS),
    ],
)
def test_what_a_forbidden_request_needs(path: str, message: str, headers: dict[str, str], needs: str) -> None:
    found = error(reply(403, {"message": message}, path=path, **headers))
    assert isinstance(found, Forbidden)
    assert needs in found.needs


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        (Credential.ACTIONS, "write `pull-requests: write` under `permissions` of the job"),
        (Credential.APP, "grant it in the App's settings"),
        (Credential.PERSONAL, "give it to the token"),
    ],
)
def test_what_to_do_about_it(kind: Credential, advice: str) -> None:
    found = error(reply(403, {"message": "No"}, path="/repos/o/r/pulls"), kind)
    assert advice in str(found)


def test_what_is_wrong_with_each_field() -> None:
    errors = [
        {"resource": "CheckRun", "field": "summary", "code": "too_long"},
        {"message": "Only 65535 characters are allowed"},
        "a sentence",
        {"resource": "CheckRun", "field": "summary", "code": "too_long"},
    ]
    found = error(reply(422, {"message": "Validation Failed", "errors": errors}))
    expected = "Validation Failed; CheckRun summary too_long; Only 65535 characters are allowed; a sentence"
    assert f"GitHub does not take it: {expected} (POST /x)" == found.message


@pytest.mark.parametrize("body", ["", "<html>", "[]", "null", '"x"', '{"message": null}', '{"errors": "one"}', "{"])
def test_answers_without_words(body: str) -> None:
    assert "GitHub does not take it: " in error(reply(422, body)).message


@given(st.text(), st.integers(400, 599), st.text())
def test_what_github_says_is_one_visible_line(message: str, status: int, field: str) -> None:
    found = error(reply(status, {"message": message, "errors": [{"message": field}]}))
    assert "\n" not in found.message
    assert "\x1b" not in found.message
    assert len(found.message) < 600


def test_answers_are_kept_within_their_room() -> None:
    answers = Answers(most_bytes=100)
    answers.keep("a", {"etag": "1"}, "x" * 40)
    answers.keep("b", {"etag": "2"}, "x" * 40)
    assert answers.get("a")
    answers.keep("c", {"etag": "3"}, "x" * 40)
    assert [bool(answers.get(place)) for place in "abc"] == [True, False, True]
    answers.keep("a", {"etag": "4"}, "y")
    answers.keep("d", {}, "x")
    found = answers.get("a")
    assert found
    assert (found.etag, found.body, answers.get("d")) == ("4", "y", None)


def test_an_app_asks_for_nothing_that_it_was_not_granted() -> None:
    granted = {"metadata": "read", "checks": "read", "contents": "admin", "secrets": "write"}
    assert askable(granted) == {"metadata": "read", "checks": "read", "contents": "write"}
    assert [each.name for each in missing(granted)] == ["checks", "pull_requests", "issues", "members"]
