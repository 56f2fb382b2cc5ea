"""Between the look and the deed: another head, another workflow, two commits that begin alike, the same event again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.lifecycle.ports import Decision, Ruling
from orchestrator.lifecycle.ports.github import PullRequest
from tests.fakes.garden import MEMBER, STRANGER, Garden

FLOW = "on: pull_request\nnodes: {look: {agent: helper, engine: replay, prompt: Look.}}\n"
FILES = {
    "workflows/review.yaml": FLOW,
    "workflows/review.replay/look.jsonl": '{"mycelium_transcript": 1}\n{"type": "result", "text": "Fine."}\n',
    ".claude/agents/helper.md": "---\nname: helper\ndescription: Helps\n---\nYou help.\n",
    "mycelium.yaml": "replay: {strict: true}\n",
}
EVIL = {"evil.py": "x"}


@pytest.fixture
def garden(tmp_path: Path) -> Garden:
    return Garden(tmp_path, FILES)


def waiting(garden: Garden) -> PullRequest:
    pull = garden.open(EVIL, author=STRANGER, fork=True)
    (made,) = garden.pulled(pull)
    assert made.ruling is Ruling.WAITING
    return pull


def allow(garden: Garden, pull: PullRequest, sha: str) -> Decision:
    (made,) = garden.says(MEMBER, f"/mycelium allow {sha}", pull.number)
    return made


def as_head(garden: Garden, pull: PullRequest, head: str) -> PullRequest:
    """The pull request with a head that git does not have, as nobody can make two commits that begin alike here."""
    garden.github.add_commits(head)
    garden.github.repo.pull_requests[pull.number] = replace(pull, head_sha=head)
    return garden.github.repo.pull_requests[pull.number]


def test_a_commit_that_begins_like_the_one_that_was_looked_at_is_not_allowed_for_it(garden: Garden) -> None:
    looked_at = waiting(garden)
    evil = as_head(garden, looked_at, looked_at.head_sha[:12] + "0" * 28)
    garden.pulled(evil, "synchronize")
    for digits in (7, 12):
        made = allow(garden, evil, evil.head_sha[:digits])
        assert made.ruling is Ruling.DENIED
        assert "begins more than one commit of this pull request" in made.reason
    assert allow(garden, evil, looked_at.head_sha).ruling is Ruling.DENIED
    assert garden.executions == []


def test_the_command_that_is_shown_names_the_commit_with_all_digits(garden: Garden) -> None:
    pull = garden.open(EVIL, author=STRANGER, fork=True)
    (made,) = garden.pulled(pull)
    assert any(f"`/mycelium allow {pull.head_sha}`" in line for line in made.lines)


@pytest.mark.parametrize("path", sorted(FILES))
def test_an_allowance_lapses_with_anything_that_decides_what_runs(garden: Garden, path: str) -> None:
    pull = waiting(garden)
    more = {"workflows/review.yaml": "# more", ".claude/agents/helper.md": "More."}.get(path, "")
    text = "replay: {strict: false}\n" if path == "mycelium.yaml" else f"{FILES[path]}{more}\n"
    garden.push({**FILES, path: text})
    assert "it is to be allowed anew" in allow(garden, pull, pull.head_sha).reason
    assert garden.executions == []


def test_the_same_delivery_again_allows_and_starts_nothing_again(garden: Garden) -> None:
    pull = waiting(garden)
    for _ in range(3):
        garden.says(MEMBER, f"/mycelium allow {pull.head_sha}", pull.number, delivery="again")
        garden.pulled(pull, delivery="delivery-1")
    assert len(garden.executions) == 1


def test_an_allowance_of_one_pull_request_is_none_for_another_with_the_same_head(garden: Garden) -> None:
    first = waiting(garden)
    second = garden.open({}, author=STRANGER, fork=True, head=first.head_sha)
    garden.pulled(second)
    allow(garden, first, first.head_sha)
    assert [each.target.number for each in garden.executions if each.target] == [first.number]


def test_a_retargeted_pull_request_is_judged_by_the_base_that_it_has_now(garden: Garden) -> None:
    """Its author moves it to a branch whose workflows ask for less."""
    loose = {
        **FILES,
        "workflows/review.yaml": FLOW.replace("on: pull_request", "on: pull_request\ntrust: {actors: read}"),
    }
    garden.push(loose, branch="loose")
    pull = garden.open(EVIL, author=STRANGER, fork=True, base="loose")
    (made,) = garden.pulled(pull, "edited") or garden.pulled(pull)
    assert made.ruling is Ruling.WAITING
