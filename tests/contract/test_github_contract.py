"""What the port for GitHub promises, held against GitHub in memory and against the adapter on the stand-in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from orchestrator.errors import BadInput, Conflict, NotFound, Unavailable
from orchestrator.execution.commit import FileChange
from orchestrator.lifecycle.ports.github import (
    Busy,
    CommitStatus,
    Credential,
    Forbidden,
    GitHub,
    LineComment,
    NewPullRequest,
    Role,
    Urgency,
    User,
    Verdict,
)
from orchestrator.report.check_run import CheckAction, CheckAnnotation, CheckRun, CheckStatus, Conclusion
from tests.fakes.clock import FakeClock
from tests.fakes.github_bench import Bench, Hub, MemoryBench, StandInBench
from tests.fakes.github_memory import MemoryGitHub

HEAD = "a" * 40
AUTHOR = User(id=5, login="ada")
CHECK = CheckRun(
    name="demo", external_id="1", status=CheckStatus.IN_PROGRESS, conclusion=None, title="Runs", summary="It runs."
)
NOTE = CheckAnnotation(path="a.py", start_line=3, end_line=3, level="failure", message="No.")
DONE = replace(CHECK, status=CheckStatus.COMPLETED, conclusion=Conclusion.SUCCESS)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    hub = Hub(tmp_path_factory.mktemp("github"))
    yield hub
    hub.standin.close()


@pytest.fixture
def stand_in(hub: Hub) -> Iterator[StandInBench]:
    yield hub.bench()
    hub.check()


@pytest.fixture(params=["memory", "stand-in"])
def bench(request: pytest.FixtureRequest) -> Bench:
    found: Bench = MemoryBench() if request.param == "memory" else request.getfixturevalue("stand_in")
    return found


def satisfied(github: GitHub) -> None:
    """For the type checker."""


def test_it_is_the_port(bench: Bench) -> None:
    satisfied(bench.github)
    assert bench.github.repository == bench.name
    assert bench.github.url.endswith(f"/{bench.name}")
    assert bench.github.me().login == "mycelium[bot]"
    assert (bench.github.facts().full_name, bench.github.facts().default_branch) == (bench.name, "main")
    remote = bench.github.remote()
    assert remote.url == f"{bench.github.url}.git"
    assert remote.token not in repr(remote)


def test_check_runs_are_created_found_and_changed(bench: Bench) -> None:
    first = bench.github.create_check_run(bench.head, CHECK)
    again = bench.github.create_check_run(bench.head, replace(CHECK, external_id="2"))
    bench.github.update_check_run(first.id, DONE)
    found = bench.github.find_check_runs(bench.head, "demo")
    assert [(each.id, each.external_id, each.conclusion) for each in found] == [
        (again.id, "2", None),
        (first.id, "1", "success"),
    ]
    assert bench.github.find_check_runs(bench.head, "other") == []
    assert len(bench.github.find_check_runs(bench.head)) == 2


def test_annotations_are_added_batch_by_batch(bench: Bench) -> None:
    check = replace(CHECK, batches=((NOTE,) * 50, (NOTE,) * 3))
    made = bench.github.create_check_run(bench.head, check)
    bench.github.annotate(made.id, check, check.batches[1])
    bench.github.update_check_run(made.id, check)
    assert [each.annotations for each in bench.github.find_check_runs(bench.head)] == [53]


def test_what_github_refuses_of_a_check_run_is_not_sent(bench: Bench) -> None:
    refused: list[dict[str, Any]] = [
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
    ]
    before = bench.sent()
    for changed in refused:
        with pytest.raises(BadInput):
            bench.github.create_check_run(bench.head, replace(CHECK, **changed))
    assert bench.sent() == before


def test_people_have_no_check_runs_but_statuses(bench: Bench) -> None:
    person = bench.speaking_as(Credential.PERSONAL)
    assert not person.abilities.check_runs
    with pytest.raises(Forbidden):
        person.create_check_run(bench.head, CHECK)
    person.set_status(bench.head, CommitStatus(context="demo", state="pending", url="https://my.example"))
    with pytest.raises(BadInput):
        person.set_status(bench.head, CommitStatus(context="demo", state="pending", description="x" * 141))
    with pytest.raises(BadInput):
        person.set_status(bench.head, CommitStatus(context="demo", state="waiting"))


def test_a_check_run_belongs_to_its_app(bench: Bench) -> None:
    made = bench.github.create_check_run(bench.head, CHECK)
    job = bench.speaking_as(Credential.ACTIONS)
    assert job.me().login == "github-actions[bot]"
    assert job.find_check_runs(bench.head) == []
    with pytest.raises(Forbidden):
        job.update_check_run(made.id, CHECK)
    own = job.create_check_run(bench.head, CHECK)
    assert [each.id for each in job.find_check_runs(bench.head)] == [own.id]


def test_comments_come_from_all_pages_oldest_first(bench: Bench) -> None:
    for count in range(105):
        bench.comment(f"{count}")
    made = bench.github.write_comment(bench.number, "Ours")
    bench.github.edit_comment(made.id, "Ours, edited")
    found = list(bench.github.comments(bench.number))
    assert [comment.body for comment in found] == [*map(str, range(105)), "Ours, edited"]
    assert [comment.author.login for comment in found[-2:]] == ["ada", "mycelium[bot]"]
    assert (made.author, found[-1].author.kind) == (bench.github.me(), "Bot")
    assert bench.github.comment(made.id) == found[-1]


def test_what_github_refuses_of_a_comment_is_not_sent(bench: Bench) -> None:
    made = bench.github.write_comment(bench.number, "x" * 65_536)
    for body in ("", "x" * 65_537):
        with pytest.raises(BadInput):
            bench.github.write_comment(bench.number, body)
        with pytest.raises(BadInput):
            bench.github.edit_comment(made.id, body)
    assert [len(comment.body) for comment in bench.github.comments(bench.number)] == [65_536]


def test_a_reaction_twice_is_one(bench: Bench) -> None:
    made = bench.github.write_comment(bench.number, "x")
    bench.github.react(made.id, "eyes")
    bench.github.react(made.id, "eyes")
    with pytest.raises(BadInput):
        bench.github.react(made.id, "applause")


ABSENT: list[Callable[[GitHub], object]] = [
    lambda github: github.pull_request(99),
    lambda github: github.issue(99),
    lambda github: github.changed_files(99),
    lambda github: github.reviews(99),
    lambda github: list(github.comments(99)),
    lambda github: github.write_comment(99, "x"),
    lambda github: github.comment(99),
    lambda github: github.edit_comment(99, "x"),
    lambda github: github.react(99, "eyes"),
    lambda github: github.create_check_run("b" * 40, CHECK),
    lambda github: github.update_check_run(99, CHECK),
    lambda github: github.add_labels(99, ["x"]),
    lambda github: github.remove_label(99, "x"),
    lambda github: github.edit_pull_request(99, title="x"),
]


def test_what_is_not_there(bench: Bench) -> None:
    for ask in ABSENT:
        with pytest.raises(NotFound):
            ask(bench.github)


def test_a_pull_request_as_it_is(bench: Bench) -> None:
    found = bench.github.pull_request(bench.number)
    assert (found.number, found.head_sha, found.head_ref, found.base_ref) == (
        bench.number,
        bench.head,
        *("change", "main"),
    )
    assert (found.author.login, found.state, found.merged, found.from_fork) == ("ada", "open", False, False)
    assert bench.github.pull_requests(head="change") == [found]
    assert bench.github.pull_requests(head="change", base="other") == []
    assert bench.github.pull_requests(state="closed") == []
    assert bench.github.branch("change") == bench.head
    assert bench.github.branch("no/such") is None


def test_what_a_ref_leads_to(bench: Bench) -> None:
    bench.tag("v1")
    names = ("refs/heads/change", "refs/tags/v1", "refs/heads/v1", "refs/tags/v2", "change", bench.head)
    assert [bench.github.tip(name) for name in names] == [bench.head, bench.head, *[None] * 4]
    assert bench.github.tip(f"refs/heads/{bench.head}") is None


def test_where_two_commits_part(bench: Bench) -> None:
    tip = bench.github.branch("main")
    assert tip is not None
    assert bench.github.merge_base("main", bench.head) == tip
    assert bench.github.merge_base(tip, tip) == tip
    with pytest.raises(NotFound):
        bench.github.merge_base("main", "f" * 40)


def test_one_pull_request_for_two_branches(bench: Bench) -> None:
    bench.push("fix")
    new = NewPullRequest(head="fix", base="main", title="Fix", body="Fixes it.")
    made = bench.github.open_pull_request(new)
    assert made.draft
    with pytest.raises(Conflict):
        bench.github.open_pull_request(new)
    bench.github.edit_pull_request(made.number, body="Fixes it well.")
    (found,) = bench.github.pull_requests(head="fix", base="main")
    assert (found.number, found.title, found.body) == (made.number, "Fix", "Fixes it well.")
    with pytest.raises(BadInput):
        bench.github.open_pull_request(replace(new, head="no-such-branch"))


def test_actions_may_be_forbidden_to_open_pull_requests(bench: Bench) -> None:
    bench.push("fix")
    bench.forbid_actions_to_open()
    with pytest.raises(Forbidden) as refused:
        bench.speaking_as(Credential.ACTIONS).open_pull_request(
            NewPullRequest(head="fix", base="main", title="Fix", body="Fixes it.")
        )
    assert "Allow GitHub Actions to create and approve pull requests" in refused.value.needs


def test_a_review_speaks_of_lines_in_the_diff(bench: Bench) -> None:
    known, unknown = LineComment(path="a.py", line=3, body="Why?"), LineComment(path="a.py", line=90, body="Why?")
    review = {"commit": bench.head, "verdict": Verdict.COMMENT}
    made = bench.github.write_review(bench.number, body="A question", comments=[known], **review)  # type: ignore[arg-type]
    with pytest.raises(BadInput):
        bench.github.write_review(bench.number, body="Two", comments=[known, unknown], **review)  # type: ignore[arg-type]
    (found,) = bench.github.reviews(bench.number)
    assert (found.id, found.state, found.commit, found.body) == (made.id, "COMMENTED", bench.head, "A question")


def test_nobody_approves_an_own_pull_request(bench: Bench) -> None:
    author = bench.speaking_as(Credential.PERSONAL)
    with pytest.raises(BadInput):
        author.write_review(bench.number, commit=bench.head, verdict=Verdict.APPROVE, body="", comments=[])


def test_issues_and_labels(bench: Bench) -> None:
    made = bench.github.write_issue("Broken", "It is.", ["bug"])
    assert bench.github.issue(made.number) == made
    bench.github.add_labels(made.number, ["area/core", "bug"])
    bench.github.add_labels(bench.number, ["bug"])
    assert set(bench.github.issue(made.number).labels) == {"bug", "area/core"}
    assert bench.github.pull_request(bench.number).labels == ("bug",)
    assert [issue.number for issue in bench.github.find_issues(label="bug")] == [made.number]
    for _ in range(2):
        bench.github.remove_label(made.number, "area/core")
    assert bench.github.issue(made.number).labels == ("bug",)
    assert list(bench.github.find_issues(label="bug", state="closed")) == []


def test_roles_are_those_of_the_permission_api(bench: Bench) -> None:
    for role in (Role.READ, Role.TRIAGE, Role.WRITE, Role.MAINTAIN, Role.ADMIN):
        bench.grant(role.word, role)
        assert bench.github.role(role.word) is role


def test_who_has_no_role(bench: Bench) -> None:
    assert bench.github.role("nobody-of-that-name[bot]") <= Role.READ


def test_teams(bench: Bench) -> None:
    bench.join("grace", "octo/core")
    assert bench.github.in_team("grace", "octo/core")
    assert not bench.github.in_team("ada", "octo/core")
    assert not bench.github.in_team("ada", "octo/no-such-team")


def test_a_lost_answer_was_a_success(bench: Bench) -> None:
    bench.lose_answer()
    with pytest.raises(Unavailable):
        bench.github.write_comment(bench.number, "x")
    assert [comment.body for comment in bench.github.comments(bench.number)] == ["x"]


# What only the adapter has, and what only the fake can be made to do.


def test_what_a_pull_request_changes(stand_in: StandInBench) -> None:
    (found,) = stand_in.github.changed_files(stand_in.number)
    assert found == FileChange(path="a.py", status="modified", additions=1, deletions=1)
    assert "+line three" in stand_in.github.patches(stand_in.number)["a.py"]
    stand_in.grant("grace", Role.WRITE)
    stand_in.github.request_reviewers(stand_in.number, ["grace"])
    with pytest.raises(BadInput):
        stand_in.github.request_reviewers(stand_in.number, ["ada"])


def test_git_gets_a_token_that_works(stand_in: StandInBench) -> None:
    remote = stand_in.github.remote()
    assert stand_in.hub.token(remote.token)
    assert remote.url == f"{stand_in.hub.url}/{stand_in.name}.git"


def test_one_token_is_asked_for_and_what_has_not_changed_costs_nothing(stand_in: StandInBench) -> None:
    before = len(stand_in.hub.sent("POST", "/access_tokens"))
    for _ in range(3):
        stand_in.github.pull_request(stand_in.number)
    assert len(stand_in.hub.sent("POST", "/access_tokens")) == before + 1
    reads = [seen.status for seen in stand_in.hub.sent("GET", f"/{stand_in.name}/pulls/{stand_in.number}")]
    assert reads == [200, 304, 304]


@pytest.fixture
def github() -> MemoryGitHub:
    github = MemoryGitHub()
    github.add_pull_request(HEAD, author=AUTHOR, lines=[("a.py", 3)])
    return github


def test_a_check_run_that_is_completed_does_not_run_again(github: MemoryGitHub) -> None:
    made = github.create_check_run(HEAD, DONE)
    with pytest.raises(BadInput):
        github.update_check_run(made.id, CHECK)


def test_a_comment_is_edited_by_its_author(github: MemoryGitHub) -> None:
    made = github.write_comment(1, "Ours")
    with pytest.raises(Forbidden):
        github.speaking_as(Credential.ACTIONS).edit_comment(made.id, "Theirs")


def test_a_fault_comes_before_the_deed_or_after_it(github: MemoryGitHub) -> None:
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
