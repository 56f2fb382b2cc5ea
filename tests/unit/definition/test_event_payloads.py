"""What is read of a webhook's payload, and that nothing in one can make reading fail."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.definition.event import Account, as_payload, from_fork, pull_request_of, read_event
from tests.fakes.payloads import BASE, HEAD, account, commented, opened, payload, pull_request, pushed


def test_a_pull_request() -> None:
    event = read_event("pull_request", opened("labeled", label="agent", labels=["agent", "bug"], draft=True, fork=True))
    found = event.pull_request
    assert found is not None
    assert (event.action, event.number, event.label, event.labels) == ("labeled", 7, "agent", ("agent", "bug"))
    assert (found.head_sha, found.base_sha, found.base_ref, found.draft) == (HEAD, BASE, "main", True)
    assert found.from_fork
    assert event.on_pull_request
    assert event.sender == Account(id=1, login="octocat", kind="User")


def test_a_comment_says_whether_it_stands_on_a_pull_request() -> None:
    on_pull_request = read_event("issue_comment", commented("hello"))
    on_issue = read_event("issue_comment", commented("hello", on="issue"))
    assert on_pull_request.on_pull_request
    assert not on_issue.on_pull_request
    assert on_pull_request.pull_request is None
    assert on_pull_request.comment is not None
    assert (on_pull_request.number, on_pull_request.comment.body) == (7, "hello")


def test_the_files_of_a_push() -> None:
    assert read_event("push", pushed("refs/heads/main", "a.py", "b.py")).touched == ("a.py", "b.py")


@pytest.mark.parametrize(
    "commits",
    [
        pytest.param([{"id": HEAD}], id="Actions leaves the files out"),
        pytest.param([{"id": "c" * 40, "added": [], "modified": ["a"], "removed": []}], id="the last is missing"),
        pytest.param([{"id": HEAD, "added": [], "modified": [], "removed": []}] * 20, id="there may be more"),
        pytest.param([], id="none"),
        pytest.param("x", id="no list"),
    ],
)
def test_files_that_a_push_does_not_tell(commits: object) -> None:
    assert read_event("push", {**pushed(), "commits": commits}).touched is None


@pytest.mark.parametrize(
    ("ref", "head_commit", "commit"),
    [
        pytest.param("refs/tags/v1", {"id": "c" * 40}, "c" * 40, id="an annotated tag"),
        pytest.param("refs/tags/v1", None, HEAD, id="a tag of no commit"),
        pytest.param("refs/heads/main", {"id": "c" * 40}, HEAD, id="a branch"),
    ],
)
def test_the_commit_of_a_push(ref: str, head_commit: object, commit: str) -> None:
    assert read_event("push", {**pushed(ref), "head_commit": head_commit}).after == commit


def test_a_merge_group() -> None:
    group = {"head_sha": HEAD, "base_sha": BASE, "base_ref": "refs/heads/main"}
    event = read_event("merge_group", payload("checks_requested", merge_group=group))
    assert (event.ref, event.before, event.after) == ("refs/heads/main", BASE, HEAD)


@pytest.mark.parametrize(("head", "fork"), [("octo-org/garden", False), ("Octo-Org/Garden", False), ("", True)])
def test_a_deleted_fork_is_a_fork_and_case_is_none(head: str, fork: bool) -> None:
    given_ = pull_request()
    given_["head"]["repo"] = {"full_name": head} if head else None
    assert from_fork({"pull_request": given_}) is fork


def test_a_pinned_pull_request_reads_as_one_of_github() -> None:
    found = pull_request_of({"pull_request": pull_request(fork=True, author=account("x", 9))})
    assert found is not None
    for state in (found, replace(found, closed=True)):
        assert pull_request_of({"pull_request": as_payload(state)}) == state


_KEYS = ["pull_request", "issue", "comment", "sender", "repository", "label", "labels", "merge_group", "commits", "ref"]
_PARTS = ["id", "number", "login", "user", "head", "sha", "repo", "full_name", "labels", "name", "added", "app"]
_plain = st.sampled_from([None, True, 0, 3, 1.5, "", "x", [], [3], ["x"], {}, [{}], [{"name": 3}]])
_json = _plain | st.dictionaries(st.sampled_from(_PARTS), _plain | st.dictionaries(st.sampled_from(_PARTS), _plain))


@given(st.dictionaries(st.sampled_from(_KEYS), _json), st.sampled_from(["push", "pull_request", "check_run", "x"]))
def test_nothing_in_a_payload_makes_reading_fail(data: dict[str, Any], name: str) -> None:
    event = read_event(name, data)
    assert event.name == name
    assert isinstance(event.sender.id, int)
