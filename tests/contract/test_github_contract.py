"""What the port for GitHub promises, held against GitHub in memory."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.errors import BadInput, Conflict, NotFound, Unavailable
from orchestrator.lifecycle.ports.github import (
    Busy,
    CommitStatus,
    Credential,
    Forbidden,
    GitHub,
    LineComment,
    NewPullRequest,
    Urgency,
    User,
    Verdict,
)
from orchestrator.report.check_run import CheckAction, CheckAnnotation, CheckRun, CheckStatus, Conclusion
from tests.fakes.clock import FakeClock
from tests.fakes.github_memory import MemoryGitHub

HEAD = "a" * 40
AUTHOR = User(id=5, login="ada")
CHECK = CheckRun(
    name="demo", external_id="1", status=CheckStatus.IN_PROGRESS, conclusion=None, title="Runs", summary="It runs."
)
NOTE = CheckAnnotation(path="a.py", start_line=3, end_line=3, level="failure", message="No.")


@pytest.fixture
def github() -> MemoryGitHub:
    github = MemoryGitHub()
    github.add_pull_request(HEAD, author=AUTHOR, lines=[("a.py", 3)])
    return github


def satisfied(github: GitHub) -> None:
    """For the type checker."""


def test_it_is_the_port(github: MemoryGitHub) -> None:
    satisfied(github)


def test_check_runs_are_created_found_and_changed(github: MemoryGitHub) -> None:
    first = github.create_check_run(HEAD, CHECK)
    again = github.create_check_run(HEAD, replace(CHECK, external_id="2"))
    github.update_check_run(first.id, replace(CHECK, status=CheckStatus.COMPLETED, conclusion=Conclusion.SUCCESS))
    assert [each.id for each in github.find_check_runs(HEAD, "demo")] == [again.id, first.id]
    assert github.find_check_runs(HEAD, "demo")[1].conclusion == "success"
    assert github.find_check_runs(HEAD, "other") == []


def test_a_check_run_that_is_completed_does_not_run_again(github: MemoryGitHub) -> None:
    made = github.create_check_run(HEAD, replace(CHECK, status=CheckStatus.COMPLETED, conclusion=Conclusion.SUCCESS))
    with pytest.raises(BadInput):
        github.update_check_run(made.id, CHECK)


def test_annotations_are_added_batch_by_batch(github: MemoryGitHub) -> None:
    check = replace(CHECK, batches=((NOTE,) * 50, (NOTE,) * 3))
    made = github.create_check_run(HEAD, check)
    github.annotate(made.id, check, check.batches[1])
    github.update_check_run(made.id, check)
    assert [each.annotations for each in github.find_check_runs(HEAD)] == [53]


@pytest.mark.parametrize(
    "changed",
    [
        {"summary": "x" * 65_536},
        {"text": "x" * 65_536},
        {"title": ""},
        {"conclusion": Conclusion.SUCCESS},
        {"status": CheckStatus.COMPLETED},
        {"batches": ((NOTE,) * 51,)},
        {"batches": ((replace(NOTE, title="x" * 256),),)},
        {"batches": ((replace(NOTE, end_line=4, start_column=1),),)},
        {"batches": ((replace(NOTE, start_line=0),),)},
        {"actions": (CheckAction(label="Cancel", description="Stop it", identifier="cancel"),) * 4},
        {"actions": (CheckAction(label="x" * 21, description="Stop it", identifier="cancel"),)},
    ],
)
def test_what_github_refuses_of_a_check_run(github: MemoryGitHub, changed: dict[str, object]) -> None:
    with pytest.raises(BadInput):
        github.create_check_run(HEAD, replace(CHECK, **changed))  # type: ignore[arg-type]
    assert github.find_check_runs(HEAD) == []


def test_people_have_no_check_runs_but_statuses(github: MemoryGitHub) -> None:
    person = github.speaking_as(Credential.PERSONAL)
    with pytest.raises(Forbidden):
        person.create_check_run(HEAD, CHECK)
    person.set_status(HEAD, CommitStatus(context="demo", state="pending"))
    with pytest.raises(BadInput):
        person.set_status(HEAD, CommitStatus(context="demo", state="pending", description="x" * 141))
    assert not person.abilities.check_runs


def test_a_check_run_belongs_to_its_app(github: MemoryGitHub) -> None:
    made = github.create_check_run(HEAD, CHECK)
    job = github.speaking_as(Credential.ACTIONS)
    assert job.find_check_runs(HEAD) == []
    with pytest.raises(Forbidden):
        job.update_check_run(made.id, CHECK)


def test_comments_come_from_all_pages_and_are_edited_by_their_author(github: MemoryGitHub) -> None:
    for count in range(230):
        github.add_comment(1, AUTHOR, f"{count}")
    made = github.write_comment(1, "Ours")
    github.edit_comment(made.id, "Ours, edited")
    assert [comment.body for comment in github.comments(1)] == [*map(str, range(230)), "Ours, edited"]
    with pytest.raises(BadInput):
        github.edit_comment(made.id, "x" * 65_537)
    with pytest.raises(Forbidden):
        github.speaking_as(Credential.ACTIONS).edit_comment(made.id, "Theirs")


@pytest.mark.parametrize(
    "ask",
    [
        lambda github: github.pull_request(99),
        lambda github: list(github.comments(99)),
        lambda github: github.write_comment(99, "x"),
        lambda github: github.edit_comment(99, "x"),
        lambda github: github.create_check_run("b" * 40, CHECK),
        lambda github: github.update_check_run(99, CHECK),
    ],
)
def test_what_is_not_there(github: MemoryGitHub, ask: object) -> None:
    with pytest.raises(NotFound):
        ask(github)  # type: ignore[operator]


def test_one_pull_request_for_two_branches(github: MemoryGitHub) -> None:
    github.add_commits("b" * 40, branch="fix")
    new = NewPullRequest(head="fix", base="main", title="Fix", body="Fixes it.")
    made = github.open_pull_request(new)
    with pytest.raises(Conflict):
        github.open_pull_request(new)
    assert github.pull_requests(head="fix", base="main") == [made]


def test_actions_may_be_forbidden_to_open_pull_requests(github: MemoryGitHub) -> None:
    github.add_commits("b" * 40, branch="fix")
    github.repo.actions_may_open_pull_requests = False
    with pytest.raises(Forbidden):
        github.speaking_as(Credential.ACTIONS).open_pull_request(
            NewPullRequest(head="fix", base="main", title="Fix", body="Fixes it.")
        )


def test_a_review_speaks_of_lines_in_the_diff(github: MemoryGitHub) -> None:
    known, unknown = LineComment(path="a.py", line=3, body="Why?"), LineComment(path="a.py", line=9, body="Why?")
    github.write_review(1, commit=HEAD, verdict=Verdict.COMMENT, body="A question", comments=[known])
    with pytest.raises(BadInput):
        github.write_review(1, commit=HEAD, verdict=Verdict.COMMENT, body="Two", comments=[known, unknown])
    assert [review.state for review in github.reviews(1)] == ["COMMENTED"]


def test_nobody_approves_an_own_pull_request(github: MemoryGitHub) -> None:
    author = github.speaking_as(Credential.PERSONAL, AUTHOR)
    with pytest.raises(BadInput):
        author.write_review(1, commit=HEAD, verdict=Verdict.APPROVE, body="", comments=[])


def test_a_lost_answer_may_have_been_a_success(github: MemoryGitHub) -> None:
    github.fail("write_comment", Unavailable("before"))
    github.fail("write_comment", Unavailable("after"), after=True)
    for message in ("before", "after"):
        with pytest.raises(Unavailable, match=message):
            github.write_comment(1, "x")
    assert github.comment_bodies(1) == ["x"]


def test_an_outage_lets_nothing_through(github: MemoryGitHub) -> None:
    github.down = True
    with pytest.raises(Unavailable):
        github.pull_request(1)
    assert github.refused["Unavailable"] == 1
    assert github.sent == []


def test_a_second_lies_between_two_writes() -> None:
    clock = FakeClock()
    github = MemoryGitHub(clock=clock)
    github.add_pull_request(HEAD, author=AUTHOR)
    github.write_comment(1, "one")
    with pytest.raises(Busy) as refused:
        github.write_comment(1, "two")
    clock.advance((refused.value.until - clock.now()).total_seconds())
    github.write_comment(1, "two")
    assert github.comment_bodies(1) == ["one", "two"]


def test_a_fifth_of_the_budget_is_left_for_people() -> None:
    clock = FakeClock()
    github = MemoryGitHub(clock=clock)
    github.add_pull_request(HEAD, author=AUTHOR)
    for count in range(400):
        clock.advance(2)
        assert github.room().scarce == (count > 250)
        github.write_comment(1, "progress")
    clock.advance(2)
    with pytest.raises(Busy):
        github.write_comment(1, "progress")
    github.write_comment(1, "asked", urgency=Urgency.PEOPLE)
    assert github.comment_bodies(1)[-1] == "asked"
