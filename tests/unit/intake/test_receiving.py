"""Webhooks become executions, once, from definitions that may be trusted; what concerns nobody writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.definition.roles import Role
from orchestrator.errors import Unavailable
from orchestrator.execution.commit import FileChange
from orchestrator.execution.showing import Target
from orchestrator.execution.state import TriggerKind
from orchestrator.lifecycle.ports import Hold, Ruling
from orchestrator.lifecycle.ports.github import User
from tests.fakes.garden import BOT, MEMBER, OWNER, STRANGER, TRIAGER, Garden
from tests.fakes.github_memory import MemoryGitHub
from tests.fakes.payloads import account, commented, opened, payload, pushed

REVIEW = "on: {pull_request: , push: {branches: [main]}}\nnodes: {look: {run: echo base}}\n"
CHANGED = REVIEW.replace("echo base", "echo head")
FILES = {"workflows/review.yaml": REVIEW, "README.md": "# Garden\n"}
EDITED = {"workflows/review.yaml": CHANGED, "README.md": "# Garden\n"}


@pytest.fixture
def garden(tmp_path: Path) -> Garden:
    return Garden(tmp_path, FILES)


def script(garden: Garden) -> str:
    """What the latest execution would run."""
    plan = garden.world.store.plan(garden.executions[-1].id)
    return str(getattr(plan.definition.nodes["look"].action, "script", ""))


@contextmanager
def nothing_written(garden: Garden) -> Iterator[None]:
    tables = garden.world.store._tables  # type: ignore[attr-defined]
    before = (
        len(tables.intake.decisions),
        len(tables.intake.starts),
        len(tables.executions),
        len(garden.github.writes),
    )
    yield
    assert before == (
        len(tables.intake.decisions),
        len(tables.intake.starts),
        len(tables.executions),
        len(garden.github.writes),
    )


def test_a_members_pull_request_runs_its_own_version(garden: Garden) -> None:
    pull = garden.open(EDITED)
    (made,) = garden.pulled(pull)
    (execution,) = garden.executions
    assert (made.ruling, made.execution_id, made.number) == (Ruling.MATCHED, execution.id, pull.number)
    assert (execution.base, execution.head, execution.branch) == (pull.head_sha, pull.head_sha, "feature")
    assert (execution.trigger, execution.triggered_by) == (TriggerKind.WEBHOOK, "mia")
    assert execution.target == Target(repository="octo-org/garden", head_sha=pull.head_sha, number=pull.number)
    assert (execution.repository, execution.event_name) == ("octo-org/garden", "pull_request")
    assert script(garden) == "echo head"


def test_a_pull_request_that_adds_a_workflow_runs_it(garden: Garden) -> None:
    made = garden.pulled(garden.open({**FILES, "workflows/new.yaml": REVIEW}))
    assert [each.subject for each in made] == ["new", "review"]
    assert len(garden.executions) == 2


@pytest.mark.parametrize(
    "author", [pytest.param(TRIAGER, id="no right to write"), pytest.param(BOT, id="a bot that may push")]
)
def test_others_get_the_definitions_of_the_base(garden: Garden, author: User) -> None:
    garden.github.repo.roles[BOT.login] = Role.WRITE
    pull = garden.open(EDITED, author=author)
    garden.pulled(pull, by=OWNER)
    assert script(garden) == "echo base"
    assert garden.executions[-1].base == pull.head_sha


def test_somebody_who_lost_the_right_is_nobody_special(garden: Garden) -> None:
    pull = garden.open(EDITED)
    garden.github.repo.roles[MEMBER.login] = Role.READ
    garden.pulled(pull, by=OWNER)
    assert script(garden) == "echo base"


def test_the_base_is_its_branch_as_it_is_now(garden: Garden) -> None:
    pull = garden.open(EDITED, author=TRIAGER)
    garden.push({"workflows/review.yaml": REVIEW.replace("echo base", "echo newer")})
    garden.pulled(pull, by=OWNER)
    assert script(garden) == "echo newer"


def test_a_delivery_that_comes_again_starts_nothing_more(garden: Garden) -> None:
    pull = garden.open(EDITED)
    first = garden.pulled(pull, delivery="d")
    assert garden.pulled(pull, delivery="d") == first
    assert len(garden.executions) == 1
    garden.pulled(pull, "synchronize", delivery="other")
    assert len(garden.executions) == 2


def test_a_delivery_that_was_cut_short_is_taken_up_where_it_stopped(garden: Garden) -> None:
    pull = garden.open({**FILES, "workflows/sorted.yaml": REVIEW})
    insert, calls = garden.world.store.begin, []

    def failing() -> object:
        calls.append(1)
        if len(calls) == 3:
            raise Unavailable("the database is away")
        return insert()

    garden.world.store.begin = failing  # type: ignore[method-assign, assignment]
    with pytest.raises(Unavailable):
        garden.pulled(pull, delivery="d")
    garden.world.store.begin = insert  # type: ignore[method-assign]
    made = garden.pulled(pull, delivery="d")
    assert sorted(each.subject for each in made) == ["review", "sorted"]
    assert len(garden.executions) == 2


@pytest.mark.parametrize(
    ("event", "body"),
    [
        pytest.param("pull_request", opened("closed"), id="another type"),
        pytest.param("push", pushed("refs/heads/dev"), id="another branch"),
        pytest.param("push", pushed(deleted=True), id="a branch that is gone"),
        pytest.param("issues", payload("opened", issue={"number": 1}), id="an event that nobody names"),
        pytest.param("star", payload("created"), id="an event that nobody could name"),
        pytest.param("check_run", payload("rerequested", check_run={}), id="a check run"),
        pytest.param("issue_comment", commented("looks good"), id="a remark"),
        pytest.param("issue_comment", commented("/deploy now"), id="the command of another app"),
        pytest.param("issue_comment", commented("/mycelium help", action="edited"), id="an edited comment"),
        pytest.param("issue_comment", commented("/mycelium help", action="deleted"), id="a deleted comment"),
        pytest.param("issue_comment", commented("> /mycelium cancel"), id="a quote"),
        pytest.param("issue_comment", commented("```\n/mycelium cancel\n```"), id="a code block"),
        pytest.param("pull_request", opened(sender=account("mycelium[bot]", 9_001, "Bot")), id="our own doing"),
        pytest.param(
            "issue_comment", commented("/mycelium help", sender=account("x[bot]", 5, "Bot")), id="a bot that asks"
        ),
        pytest.param("pull_request", {**opened(), "repository": {"full_name": "other/one"}}, id="another repository"),
    ],
)
def test_what_concerns_nobody_writes_nothing(garden: Garden, event: str, body: dict[str, object]) -> None:
    pull = garden.open(FILES)
    for key in ("pull_request", "issue"):
        if isinstance(part := body.get(key), dict):
            part["number"] = pull.number
            if key == "pull_request":
                part["head"]["sha"] = pull.head_sha
    if event == "push":
        body["after"] = "0" * 40 if body["deleted"] else garden.main
    with nothing_written(garden):
        assert garden.deliver(event, body) == []


def test_remarks_cost_no_request_either(garden: Garden) -> None:
    garden.open(FILES)
    sent = len(garden.github.sent)
    garden.deliver("issue_comment", commented("nice work"))
    assert {each.method for each in garden.github.sent[sent:]} <= {"me"}


def test_a_push_runs_the_pushed_version(garden: Garden) -> None:
    after = garden.push(EDITED)
    (made,) = garden.pushes(MEMBER, "refs/heads/main", garden.main, after)
    assert made.ruling is Ruling.MATCHED
    assert script(garden) == "echo head"
    assert garden.executions[-1].branch == "main"


def test_paths_of_a_push_are_those_between_its_ends(tmp_path: Path) -> None:
    flow = "on: {push: {paths: ['docs/**']}}\nnodes: {look: {run: x}}\n"
    garden = Garden(tmp_path, {"workflows/docs.yaml": flow, "a.py": "1"})
    touched = garden.push({"workflows/docs.yaml": flow, "a.py": "2"})
    (made,) = garden.pushes(MEMBER, "refs/heads/main", garden.main, touched)
    assert (made.ruling, made.rule) == (Ruling.FILTERED, "paths")
    documented = garden.push({"workflows/docs.yaml": flow, "a.py": "2", "docs/a.md": ""})
    (made,) = garden.pushes(MEMBER, "refs/heads/main", touched, documented)
    assert made.ruling is Ruling.MATCHED
    (made,) = garden.pushes(MEMBER, "refs/heads/new", "0" * 40, documented)
    assert made.ruling is Ruling.FILTERED


def test_paths_of_a_pull_request_are_asked_for_only_where_they_decide(tmp_path: Path) -> None:
    flow = "on: {pull_request: {branches: [main], paths: ['docs/**']}}\nnodes: {look: {run: x}}\n"
    garden = Garden(tmp_path, {"workflows/docs.yaml": flow})
    garden.push({"workflows/docs.yaml": flow}, branch="dev")
    # What is to be shown of changes to workflows is another question.
    garden.desk = replace(garden.desk, services=garden.world.services)
    asked = lambda: [each.method for each in garden.github.sent].count("changed_files")  # noqa: E731
    garden.pulled(garden.open({"workflows/docs.yaml": flow}, base="dev"))
    assert asked() == 0
    pull = garden.open({"workflows/docs.yaml": flow})
    garden.github.repo.files[pull.number] = [FileChange(path="src/a", status="renamed", previous_path="docs/a")]
    (made,) = garden.pulled(pull)
    assert (asked(), made.ruling) == (1, Ruling.MATCHED)


def test_a_filter_that_speaks_against_it_is_remembered(tmp_path: Path) -> None:
    garden = Garden(tmp_path, {"workflows/r.yaml": "on: {pull_request: {draft: false}}\nnodes: {a: {run: x}}\n"})
    (made,) = garden.pulled(
        garden.open({"workflows/r.yaml": "on: {pull_request: {draft: false}}\nnodes: {a: {run: x}}\n"}), draft=True
    )
    assert (made.ruling, made.rule, made.owed) == (Ruling.FILTERED, "draft", False)
    assert garden.executions == []


def test_one_broken_file_stops_no_other(garden: Garden) -> None:
    made = garden.pulled(garden.open({**FILES, "workflows/bad.yaml": "on: pull_request\nnodes: 3\n"}))
    assert [each.subject for each in made] == ["review"]


def test_a_broken_project_file_stops_all(garden: Garden) -> None:
    assert garden.pulled(garden.open({**FILES, "mycelium.yaml": "engines: 3\n"})) == []


def test_templates_start_by_nothing(garden: Garden) -> None:
    made = garden.pulled(garden.open({**FILES, "workflows/templates/t.yaml": REVIEW}))
    assert [each.subject for each in made] == ["review"]


def test_a_workflow_with_inputs_that_nobody_gave_says_so(tmp_path: Path) -> None:
    flow = {"workflows/r.yaml": "on: pull_request\ninputs: {who: {required: true}}\nnodes: {a: {run: x}}\n"}
    garden = Garden(tmp_path, flow)
    (made,) = garden.pulled(garden.open(flow))
    assert (made.ruling, made.rule) == (Ruling.DENIED, "inputs")
    assert "input `who`" in made.reason


def test_an_issue_works_on_the_default_branch(tmp_path: Path) -> None:
    garden = Garden(tmp_path, {"workflows/t.yaml": "on: {issues: {labels: [agent]}}\nnodes: {a: {run: x}}\n"})
    issue = {"number": 3, "labels": [{"name": "agent"}]}
    (made,) = garden.deliver("issues", payload("opened", sender=account("mia", 2), issue=issue))
    assert made.ruling is Ruling.MATCHED
    assert (garden.executions[-1].base, garden.executions[-1].branch) == (garden.main, "main")
    (made,) = garden.deliver("issues", payload("opened", sender=account("sam", 4), issue=issue))
    assert (made.ruling, made.rule, made.owed) == (Ruling.DENIED, "actor", False)


def test_schedules_and_merge_groups_need_nobodys_role(tmp_path: Path) -> None:
    flow = 'on: {schedule: [{cron: "0 6 * * *"}], merge_group: }\nnodes: {look: {run: echo base}}\n'
    garden = Garden(tmp_path, {"workflows/n.yaml": flow})
    (made,) = garden.deliver("schedule", {"schedule": "0 6 * * *"})
    assert made.ruling is Ruling.MATCHED
    assert garden.executions[-1].trigger is TriggerKind.SCHEDULED
    group = garden.push({"workflows/n.yaml": flow.replace("echo base", "echo theirs")}, branch="gh-readonly-queue/x")
    body = {"head_sha": group, "base_sha": garden.main, "base_ref": "refs/heads/main"}
    queue = account("github-merge-queue[bot]", 118344674, "Bot")
    (made,) = garden.deliver("merge_group", payload("checks_requested", sender=queue, merge_group=body))
    assert (made.ruling, garden.executions[-1].base) == (Ruling.MATCHED, group)
    assert script(garden) == "echo base"


def test_a_dispatch_runs_the_branch_that_it_names(tmp_path: Path) -> None:
    flow = "on: workflow_dispatch\ninputs: {n: {type: number}}\nnodes: {look: {run: echo base}}\n"
    garden = Garden(tmp_path, {"workflows/d.yaml": flow})
    garden.push({"workflows/d.yaml": flow.replace("echo base", "echo dev")}, branch="dev")
    body = payload(sender=account("mia", 2), inputs={"n": "3"}, ref="refs/heads/dev", workflow="workflows/d.yaml")
    (made,) = garden.deliver("workflow_dispatch", body)
    assert (made.ruling, garden.executions[-1].inputs) == (Ruling.MATCHED, {"n": 3})
    assert script(garden) == "echo dev"
    assert garden.deliver("workflow_dispatch", {**body, "workflow": ".github/workflows/ci.yml"}) == []


def test_an_event_of_a_commit_that_is_not_there_is_received_again_later(garden: Garden) -> None:
    with pytest.raises(Unavailable, match="is not in the repository"):
        garden.pushes(MEMBER, "refs/heads/main", garden.main, "f" * 40)
    assert garden.executions == []


def test_a_listed_bot_starts_and_is_no_member(tmp_path: Path) -> None:
    flow = {"workflows/r.yaml": f"on: pull_request\ntrust: {{bots: [{BOT.id}]}}\nnodes: {{look: {{run: echo base}}}}\n"}
    garden = Garden(tmp_path, flow)
    edited = {"workflows/r.yaml": flow["workflows/r.yaml"].replace("base", "head")}
    (made,) = garden.pulled(garden.open(edited, author=BOT))
    assert made.ruling is Ruling.MATCHED
    assert script(garden) == "echo base"
    impostor = User(id=77, login=BOT.login, kind="Bot")
    (made,) = garden.pulled(garden.open(edited, author=impostor))
    assert (made.ruling, made.rule) == (Ruling.DENIED, "bot")


def test_a_private_member_whom_webhooks_call_a_contributor_may(tmp_path: Path) -> None:
    flow = {"workflows/r.yaml": "on: {comment: {command: review}}\nnodes: {look: {run: x}}\n"}
    garden = Garden(tmp_path, flow)
    pull = garden.open(flow)
    (made,) = garden.says(MEMBER, "/mycelium review", pull.number, association="CONTRIBUTOR")
    assert made.ruling is Ruling.MATCHED
    (made,) = garden.says(STRANGER, "/mycelium review", pull.number, association="OWNER")
    assert (made.ruling, made.rule, made.owed) == (Ruling.DENIED, "actor", True)


def test_nothing_is_held_of_what_simply_starts(garden: Garden) -> None:
    garden.pulled(garden.open(EDITED))
    with garden.world.store.begin() as tx:
        assert tx.intake.held(list(Hold)) == []


def test_what_an_event_is_about_may_be_gone(garden: Garden) -> None:
    pull = garden.open(EDITED, author=TRIAGER)
    del garden.github.repo.branches["main"]
    assert garden.pulled(pull, by=OWNER) == []
    assert garden.deliver("issue_comment", commented("/mycelium help", number=404)) == []


def test_a_renamed_repository_is_still_ours(garden: Garden) -> None:
    pull = garden.open(EDITED)
    garden.desk = replace(garden.desk, github=Renamed(garden.github))
    (made,) = garden.pulled(pull)
    assert made.ruling is Ruling.MATCHED


class Renamed:
    """GitHub for settings that name a repository as it was called before."""

    repository = "octo-org/meadow"

    def __init__(self, github: MemoryGitHub) -> None:
        self._github = github

    def __getattr__(self, name: str) -> object:
        return getattr(self._github, name)


def test_more_node_runs_than_there_may_be_are_denied(tmp_path: Path) -> None:
    axis = ", ".join(map(str, range(101)))
    lanes = "".join(f"  n{number}: {{run: x, strategy: {{matrix: {{v: [{axis}]}}}}}}\n" for number in range(100))
    flow = {"workflows/r.yaml": f"on: pull_request\nnodes:\n{lanes}"}
    garden = Garden(tmp_path, flow)
    (made,) = garden.pulled(garden.open(flow))
    assert (made.ruling, made.rule) == (Ruling.DENIED, "file")
    assert "more than 10,000 node runs" in made.reason
