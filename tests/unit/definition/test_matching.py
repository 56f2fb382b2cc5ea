"""Which events fit a trigger's filters: the rules of GitHub Actions, and those that are new here."""

from __future__ import annotations

import pytest

from orchestrator.definition.event import read_event
from orchestrator.definition.matching import Changed, concerns, fits, names_of
from orchestrator.definition.model import Trigger
from orchestrator.definition.parse import load_workflow
from orchestrator.definition.reasons import deciding, verdict
from tests.fakes.payloads import Payload, commented, opened, payload, pull_request, pushed


def trigger(on: str) -> Trigger:
    (found,) = load_workflow(f"on: {on}\nnodes: {{x: {{run: x}}}}\n", "w.yaml").triggers
    return found


@pytest.mark.parametrize(
    ("on", "name", "event", "starts", "text"),
    [
        ("pull_request", "pull_request", opened("opened"), True, "the type `opened` is one of"),
        ("pull_request", "pull_request", opened("synchronize"), True, "is one of"),
        ("pull_request", "pull_request", opened("reopened"), True, "is one of"),
        ("pull_request", "pull_request", opened("edited"), False, "`edited` is not one of `opened`, `synchronize`"),
        ("{pull_request: {types: [closed]}}", "pull_request", opened("opened"), False, "not one of `closed`"),
        ("{pull_request: {branches: [main]}}", "pull_request", opened(), True, "lets the branch `main` through"),
        ("{pull_request: {branches: [main]}}", "pull_request", opened(base_ref="dev"), False, "does not let"),
        ("{pull_request: {branches-ignore: [main]}}", "pull_request", opened(), False, "`branches-ignore` (`main`)"),
        ("{pull_request: {branches-ignore: [m*]}}", "pull_request", opened(base_ref="dev"), True, "lets"),
        ("{pull_request: {draft: false}}", "pull_request", opened(draft=True), False, "is a draft"),
        ("{pull_request: {draft: true}}", "pull_request", opened(draft=True), True, "is a draft"),
        ("{pull_request: {draft: true}}", "pull_request", opened(), False, "is not a draft"),
        ("{pull_request: {labels: [a, b]}}", "pull_request", opened(labels=["b"]), True, "the label `b`"),
        ("{pull_request: {labels: [a]}}", "pull_request", opened(labels=["b"]), False, "its labels (`b`)"),
        ("{pull_request: {labels: [a]}}", "pull_request", opened(), False, "its labels (none)"),
        ("pull_request_review", "pull_request_review", opened("submitted"), True, ""),
        ("{pull_request_review: {types: [dismissed]}}", "pull_request_review", opened("submitted"), False, "not one"),
        ("merge_group", "merge_group", payload("checks_requested", merge_group={}), True, ""),
        ("{merge_group: {branches: [x]}}", "merge_group", payload("checks_requested", merge_group={}), False, "branch"),
        ("repository_dispatch", "repository_dispatch", {"action": "any"}, True, ""),
        ("{repository_dispatch: {types: [a]}}", "repository_dispatch", {"action": "b"}, False, "not one of `a`"),
    ],
)
def test_events_of_many_kinds(on: str, name: str, event: Payload, starts: bool, text: str) -> None:
    reasons = fits(trigger(on), read_event(name, event))
    assert verdict(reasons) is starts
    assert not reasons or text in deciding(reasons).text


@pytest.mark.parametrize(
    ("on", "ref", "starts"),
    [
        ("push", "refs/heads/any", True),
        ("push", "refs/tags/v1", True),
        ("{push: {branches: [main]}}", "refs/heads/main", True),
        ("{push: {branches: [main]}}", "refs/heads/dev", False),
        ("{push: {branches: [main]}}", "refs/tags/main", False),
        ("{push: {branches-ignore: [dev]}}", "refs/tags/v1", False),
        ("{push: {tags: ['v*']}}", "refs/tags/v1", True),
        ("{push: {tags: ['v*']}}", "refs/tags/w1", False),
        ("{push: {tags: ['v*']}}", "refs/heads/v1", False),
        ("{push: {tags-ignore: ['v*']}}", "refs/tags/w1", True),
        ("{push: {tags-ignore: ['v*']}}", "refs/heads/main", False),
        ("{push: {branches: [main], tags: ['v*']}}", "refs/tags/v1", True),
        ("{push: {branches: [main], tags: ['v*']}}", "refs/heads/main", True),
        ("{push: {branches: ['**', '!dev']}}", "refs/heads/dev", False),
        ("{push: {paths: ['*.md']}}", "refs/tags/v1", True),
        ("{push: {paths: ['*.md']}}", "refs/heads/main", False),
    ],
)
def test_pushes(on: str, ref: str, starts: bool) -> None:
    assert verdict(fits(trigger(on), read_event("push", pushed(ref)), Changed(paths=("a.py",)))) is starts


def test_a_deleted_branch_was_not_pushed() -> None:
    event = read_event("push", pushed(deleted=True))
    assert verdict(fits(trigger("push"), event)) is False
    assert not concerns(trigger("push"), event)


@pytest.mark.parametrize(
    ("on", "paths", "starts"),
    [
        ('paths: ["**.py", "!docs/**"]', ["src/a.py"], True),
        ('paths: ["**.py", "!docs/**"]', ["docs/conf.py"], False),
        ('paths: ["**.py", "!docs/**"]', ["docs/conf.py", "a.py"], True),
        ('paths: ["**.py", "!docs/**", "docs/conf.py"]', ["docs/conf.py"], True),
        ('paths: ["*.py"]', ["src/a.py"], False),
        ('paths: ["*.py"]', [], False),
        ('paths-ignore: ["docs/**"]', ["docs/a"], False),
        ('paths-ignore: ["docs/**"]', ["docs/a", "b"], True),
    ],
)
def test_changed_paths(on: str, paths: list[str], starts: bool) -> None:
    found = trigger(f"{{pull_request: {{{on}}}}}")
    event = read_event("pull_request", opened())
    assert verdict(fits(found, event, Changed(paths=tuple(paths)))) is starts
    assert verdict(fits(found, event)) is None


def test_where_not_all_files_are_known_it_starts() -> None:
    reasons = fits(
        trigger("{pull_request: {paths: [x]}}"),
        read_event("pull_request", opened()),
        Changed(paths=("a",), complete=False),
    )
    assert verdict(reasons) is True
    assert "and there are more" in reasons[-1].text


def test_nobody_asks_for_files_where_something_else_decides() -> None:
    reasons = fits(trigger("{pull_request: {branches: [x], paths: [y]}}"), read_event("pull_request", opened()))
    assert verdict(reasons) is False


@pytest.mark.parametrize(
    ("action", "label", "labels", "starts"),
    [
        ("labeled", "agent", ["agent"], True),
        ("labeled", "bug", ["agent", "bug"], False),
        ("opened", "", ["agent"], True),
        ("opened", "", ["bug"], False),
        ("unlabeled", "agent", [], True),
    ],
)
def test_of_a_labeled_event_only_its_own_label_counts(action: str, label: str, labels: list[str], starts: bool) -> None:
    event = payload(action, issue={"number": 1, "labels": [{"name": each} for each in labels]}, label={"name": label})
    assert verdict(fits(trigger("{issues: {labels: [agent]}}"), read_event("issues", event))) is starts


def test_a_label_is_a_command_on_issues_and_pull_requests() -> None:
    on = trigger("{label: {name: review-me, where: pull_request}}")
    event = read_event("pull_request", opened("labeled", label="review-me"))
    assert names_of(event) == ("pull_request", "label")
    assert verdict(fits(on, event)) is True
    assert concerns(on, event)
    other = read_event("pull_request", opened("labeled", label="bug"))
    assert verdict(fits(on, other)) is False
    assert not concerns(on, other)
    issue = {"number": 1, "labels": [{"name": "review-me"}]}
    on_issue = read_event("issues", payload("labeled", issue=issue, label={"name": "review-me"}))
    assert "counts on `pull_request` only" in fits(on, on_issue)[-1].text
    assert not concerns(on, read_event("pull_request", opened("unlabeled", label="review-me")))


def test_comments_count_where_the_workflow_says() -> None:
    on = trigger("{comment: {command: review, where: issue}}")
    assert verdict(fits(on, read_event("issue_comment", commented("/mycelium review")))) is False
    assert verdict(fits(on, read_event("issue_comment", commented("/mycelium review", on="issue")))) is True


def test_a_pull_request_without_its_parts_fits_no_branch() -> None:
    bare = pull_request()
    del bare["base"]
    event = read_event("pull_request", payload("opened", pull_request=bare))
    assert verdict(fits(trigger("{pull_request: {branches: ['*']}}"), event)) is True
    assert verdict(fits(trigger("{pull_request: {branches: [main]}}"), event)) is False
