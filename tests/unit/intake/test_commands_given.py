"""Commands in comments and labels: who may give them, what they do, and what those are told who gave them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from orchestrator.errors import Unavailable
from orchestrator.execution.showing import Target
from orchestrator.execution.state import ExecutionStatus
from orchestrator.lifecycle.intake.answering import answer
from orchestrator.lifecycle.intake.elsewhere import Elsewhere
from orchestrator.lifecycle.ports import Decision, Ruling
from orchestrator.lifecycle.ports.github import Busy, Forbidden, PullRequest, User
from tests.fakes.garden import BOT, MEMBER, OWNER, STRANGER, TRIAGER, Garden
from tests.fakes.github_memory import MemoryGitHub
from tests.fakes.payloads import account, payload

FLOW = """\
description: Looks at the change
on:
  comment: {command: review, alias: /review}
  workflow_dispatch:
  label: {name: review-me}
inputs: {depth: {type: choice, options: [quick, full], default: quick}}
nodes:
  look: {run: echo look}
  gate: {approval: {message: "Go on?"}, needs: look}
  after: {run: echo after, needs: gate}
"""
FILES = {"workflows/quality/review.yaml": FLOW}


@pytest.fixture
def garden(tmp_path: Path) -> Garden:
    return Garden(tmp_path, FILES)


@pytest.fixture
def pull(garden: Garden) -> PullRequest:
    return garden.open(FILES)


def say(garden: Garden, pull: PullRequest, line: str, by: User = MEMBER) -> Decision:
    (made,) = garden.says(by, line, pull.number)
    return made


def at_gate(garden: Garden, pull: PullRequest, by: User = MEMBER) -> None:
    say(garden, pull, "/review", by)
    garden.world.work()


@pytest.mark.parametrize(
    "line", ["/mycelium review depth=full", "/review depth=full", "/mycelium run quality/review depth=full"]
)
def test_a_workflow_starts_on_the_head_of_that_moment(garden: Garden, pull: PullRequest, line: str) -> None:
    moved = garden.move(pull.number, {**FILES, "more": ""})
    made = say(garden, pull, line)
    (execution,) = garden.executions
    assert (made.subject, made.ruling, made.execution_id) == ("quality/review", Ruling.MATCHED, execution.id)
    assert (execution.base, execution.inputs, execution.triggered_by) == (moved.head_sha, {"depth": "full"}, "mia")
    pinned = execution.event["pull_request"]
    assert isinstance(pinned, dict)
    assert (pinned["number"], execution.event_name) == (pull.number, "issue_comment")


def test_on_an_issue_it_works_on_the_default_branch(garden: Garden) -> None:
    (made,) = garden.says(MEMBER, "/review", 40, on="issue")
    assert (made.ruling, garden.executions[-1].base) == (Ruling.MATCHED, garden.main)
    assert garden.executions[-1].target == Target(repository="octo-org/garden", number=40)


@pytest.mark.parametrize(
    ("line", "by", "rule", "reason"),
    [
        ("/review", TRIAGER, "actor", "`tom` has the role triage, and `trust.actors` asks for write"),
        ("/mycelium run quality/review", STRANGER, "actor", "asks for write"),
        ("/review depth=ful", MEMBER, "inputs", "did you mean `full`?"),
        ("/review deep=full", MEMBER, "inputs", "no input `deep` (did you mean `depth`?)"),
        ("/review full", MEMBER, "command", "`full` is no input"),
        ("/mycelium reveiw", MEMBER, "command", "there is no command `reveiw` here; did you mean `review`?"),
        ("/mycelium run quality/reviw", MEMBER, "command", "did you mean `quality/review`?"),
        ("/mycelium cancel", MEMBER, "command", "nothing runs here"),
        ("/mycelium rerun", MEMBER, "command", "no execution has ended here"),
        ("/mycelium approve gate", MEMBER, "command", "no execution waits here"),
        ("/mycelium help\u200b", MEMBER, "command", "characters that nobody sees"),
    ],
)
def test_what_is_refused(garden: Garden, pull: PullRequest, line: str, by: User, rule: str, reason: str) -> None:
    made = say(garden, pull, line, by)
    assert (made.ruling, made.rule, made.owed) == (Ruling.DENIED, rule, True)
    assert reason in made.reason
    assert garden.executions == []


def test_run_takes_only_what_may_be_started_by_hand(tmp_path: Path) -> None:
    garden = Garden(tmp_path, {"workflows/a.yaml": "on: push\nnodes: {x: {run: x}}\n"})
    made = say(garden, garden.open({"workflows/a.yaml": "on: push\nnodes: {x: {run: x}}\n"}), "/mycelium run a")
    assert made.reason == "`on` of `a` does not name `workflow_dispatch`"


def test_a_command_that_counts_elsewhere_is_told_so(tmp_path: Path) -> None:
    flow = {"workflows/a.yaml": "on: {comment: {command: plan, where: issue}}\nnodes: {x: {run: x}}\n"}
    garden = Garden(tmp_path, flow)
    made = say(garden, garden.open(flow), "/mycelium plan")
    assert (made.ruling, made.rule) == (Ruling.DENIED, "where")


def test_bots_are_not_answered_and_give_no_orders(tmp_path: Path) -> None:
    flow = {"workflows/a.yaml": f"trust: {{bots: [{BOT.id}]}}\n{FLOW}"}
    garden = Garden(tmp_path, flow)
    pull = garden.open(flow)
    assert garden.says(User(id=5, login="other[bot]", kind="Bot"), "/review", pull.number) == []
    assert garden.says(User(id=6, login=BOT.login), "/review", pull.number) == []
    assert say(garden, pull, "/review", BOT).ruling is Ruling.MATCHED
    garden.world.work()
    for line in ("/mycelium approve gate", "/mycelium cancel", "/mycelium allow abcdef0", "/mycelium help"):
        assert say(garden, pull, line, BOT).ruling is Ruling.DENIED
    assert garden.executions[-1].status is ExecutionStatus.WAITING


def test_a_person_named_like_a_bot_is_a_person(garden: Garden, pull: PullRequest) -> None:
    made = say(garden, pull, "/review", User(id=8, login="mycelium-bot"))
    assert (made.ruling, made.rule) == (Ruling.DENIED, "actor")


def test_cancel_stops_what_runs_here(garden: Garden, pull: PullRequest) -> None:
    say(garden, pull, "/review")
    assert say(garden, pull, "/mycelium cancel", TRIAGER).ruling is Ruling.DENIED
    made = say(garden, pull, "/mycelium cancel")
    assert (made.ruling, made.reason) == (Ruling.MATCHED, f"cancelled: execution {garden.executions[0].id}")
    assert garden.executions[0].status is ExecutionStatus.CANCELLED


def test_rerun_starts_it_anew_once(garden: Garden, pull: PullRequest) -> None:
    at_gate(garden, pull)
    say(garden, pull, "/mycelium cancel")
    (made,) = garden.says(MEMBER, "/mycelium rerun", pull.number, delivery="again")
    assert (made.ruling, len(garden.executions)) == (Ruling.MATCHED, 2)
    (same,) = garden.says(MEMBER, "/mycelium rerun", pull.number, delivery="again")
    assert (same.execution_id, len(garden.executions)) == (garden.executions[1].id, 2)


def test_rerun_of_a_part_goes_on_in_place(garden: Garden, pull: PullRequest) -> None:
    at_gate(garden, pull)
    say(garden, pull, "/mycelium reject gate", OWNER)
    garden.world.work()
    assert garden.executions[0].status is ExecutionStatus.FAILED
    made = say(garden, pull, "/mycelium rerun failed")
    assert (made.ruling, len(garden.executions)) == (Ruling.MATCHED, 1)
    assert garden.executions[0].status is ExecutionStatus.WAITING
    say(garden, pull, "/mycelium reject gate", OWNER)
    assert "no node `gat`" in say(garden, pull, "/mycelium rerun gat").reason
    assert say(garden, pull, "/mycelium rerun look").ruling is Ruling.MATCHED


def test_status_explain_and_help_tell(garden: Garden, pull: PullRequest) -> None:
    assert say(garden, pull, "/mycelium status", STRANGER).reason == "nothing ran here"
    say(garden, pull, "/review")
    status = say(garden, pull, "/mycelium status", STRANGER)
    assert status.lines == (f"`quality/review` number 1, execution {garden.executions[0].id}: pending",)
    explained = say(garden, pull, "/mycelium explain", STRANGER)
    assert "`quality/review` on issue_comment.created: matched by the rule `actor`" in "\n".join(explained.lines)
    helped = say(garden, pull, "/mycelium help", STRANGER)
    assert helped.lines[0] == "`/mycelium review depth=…`: Looks at the change"
    assert any("`/mycelium allow SHA`" in line for line in helped.lines)


def test_a_job_says_where_else_its_decisions_are(garden: Garden, pull: PullRequest) -> None:
    garden.desk = replace(garden.desk, job="https://github.example/octo-org/garden/actions/runs/7")
    where = "why an event started nothing is said in the summary of its job"
    assert say(garden, pull, "/mycelium explain").reason == where
    assert say(garden, pull, "/mycelium explain").reason == f"the decisions here that something came of; {where}:"


def test_what_is_elsewhere_is_told_where_nothing_can_be_done(garden: Garden, pull: PullRequest) -> None:
    def known(number: int, status: ExecutionStatus, why: str, *, heard: bool = False) -> Elsewhere:
        name = f"0{number}"
        return Elsewhere(
            execution_id=name, workflow_id="w", number=number, status=status, why=f"{name} {why}", heard=heard
        )

    old = known(1, ExecutionStatus.FAILED, "has another plan")
    busy = known(2, ExecutionStatus.RUNNING, "is at work", heard=True)
    stuck = known(3, ExecutionStatus.WAITING, "may not go on")
    garden.desk = replace(garden.desk, elsewhere=(old, busy))
    for line in ("/mycelium approve gate", "/mycelium cancel"):
        told = say(garden, pull, line)
        assert (told.ruling, told.reason) == (Ruling.WAITING, "02 is at work")
    assert say(garden, pull, "/mycelium rerun").reason == "01 has another plan"
    assert say(garden, pull, "/mycelium status").lines == (
        "`w` number 1, failed: 01 has another plan",
        "`w` number 2, running: 02 is at work",
    )
    garden.desk = replace(garden.desk, elsewhere=(busy, stuck))
    told = say(garden, pull, "/mycelium cancel")
    assert (told.ruling, told.reason) == (Ruling.DENIED, "03 may not go on; 02 is at work")
    at_gate(garden, pull)
    told = say(garden, pull, "/mycelium cancel")
    assert told.ruling is Ruling.MATCHED
    assert told.lines == ("`w` number 3, waiting: 03 may not go on", "`w` number 2, running: 02 is at work")


def test_a_label_is_a_command_and_taken_off(garden: Garden, pull: PullRequest) -> None:
    garden.github.add_labels(pull.number, ["review-me", "bug"])
    (made,) = garden.pulled(pull, "labeled", by=MEMBER, label="review-me")
    assert (made.ruling, made.label) == (Ruling.MATCHED, "review-me")
    answer(garden.desk)
    assert garden.github.pull_request(pull.number).labels == ("bug",)
    garden.github.add_labels(pull.number, ["review-me"])
    (made,) = garden.pulled(pull, "labeled", by=TRIAGER, label="review-me")
    assert (made.ruling, made.owed) == (Ruling.DENIED, True)
    answer(garden.desk)
    assert garden.github.pull_request(pull.number).labels == ("bug",)
    (reply,) = garden.github.comment_bodies(pull.number)
    assert "asks for write" in reply


def test_a_label_on_an_issue(garden: Garden) -> None:
    issue = {"number": 12, "labels": [{"name": "review-me"}]}
    body = payload("labeled", sender=account("mia", 2), issue=issue, label={"name": "review-me"})
    (made,) = garden.deliver("issues", body)
    assert (made.ruling, garden.executions[-1].base) == (Ruling.MATCHED, garden.main)


def test_each_command_gets_a_receipt_and_all_of_them_one_reply(garden: Garden, pull: PullRequest) -> None:
    for line, by, reaction in (
        ("/review", MEMBER, "rocket"),
        ("/mycelium reveiw", MEMBER, "confused"),
        ("/review", STRANGER, "confused"),
    ):
        say(garden, pull, line, by)
        answer(garden.desk)
        assert garden.reaction() == reaction
    replies = [
        body for body in garden.github.comment_bodies(pull.number) if body.startswith("<!-- mycelium:answers -->")
    ]
    assert len(replies) == 1
    assert replies[0].index("`sam`") < replies[0].index("did you mean") < replies[0].index("✅")
    sent = len(garden.github.writes)
    answer(garden.desk)
    assert len(garden.github.writes) == sent


def test_our_reply_is_no_command_and_anothers_comment_is_not_ours(garden: Garden, pull: PullRequest) -> None:
    garden.github.add_comment(pull.number, STRANGER, "<!-- mycelium:answers -->\nI am Mycelium")
    say(garden, pull, "/review")
    answer(garden.desk)
    assert len(garden.github.comment_bodies(pull.number)) == 3
    assert garden.says(MEMBER, "/review\n<!-- mycelium:answers -->", pull.number) == []


def test_what_strangers_write_is_inert_in_the_reply(garden: Garden, pull: PullRequest) -> None:
    say(garden, pull, "/mycelium @octo-org/all<img>", STRANGER)
    answer(garden.desk)
    reply = garden.github.comment_bodies(pull.number)[-1]
    assert "❌ `/mycelium @octo-org/all<img>` for `sam`: there is no command `@octo-org/all<img>` here" in reply
    assert "@octo" not in "".join(reply.split("`")[::2])


def test_an_answer_that_cannot_be_given_now_is_given_later(garden: Garden, pull: PullRequest) -> None:
    say(garden, pull, "/review")
    garden.github.fail("write_comment", Unavailable("github is away"), after=True)
    with pytest.raises(Unavailable):
        answer(garden.desk)
    answer(garden.desk)
    assert len([body for body in garden.github.comment_bodies(pull.number) if "mycelium:answers" in body]) == 1


class OneWriteAtATime:
    """GitHub where there is no room for a second write until somebody comes again."""

    def __init__(self, github: MemoryGitHub) -> None:
        self.github, self.room = github, 1

    def __getattr__(self, name: str) -> Any:
        if name in ("react", "write_comment", "edit_comment"):
            if not self.room:
                raise Busy("no room", until=datetime(2026, 1, 1, tzinfo=UTC))
            self.room -= 1
        return getattr(self.github, name)


def test_answers_come_to_their_end_where_github_takes_a_write_at_a_time(garden: Garden, pull: PullRequest) -> None:
    for line in ("/review", "/mycelium status"):
        say(garden, pull, line)
    slow = OneWriteAtATime(garden.github)
    desk = replace(garden.desk, github=cast(Any, slow))
    for _ in ("the reply", "a receipt"):
        with pytest.raises(Busy):
            answer(desk)
        slow.room = 1
    answer(desk)
    with garden.world.store.begin() as tx:
        assert tx.intake.untold() == []


def test_an_answer_that_github_will_not_have_is_not_tried_again(garden: Garden, pull: PullRequest) -> None:
    say(garden, pull, "/review")
    garden.github.fail("react", Forbidden("no", needs="issues: write"))
    garden.github.fail("write_comment", Forbidden("no", needs="issues: write"))
    answer(garden.desk)
    with garden.world.store.begin() as tx:
        assert tx.intake.untold() == []


def test_a_long_command_is_told_shortened(garden: Garden, pull: PullRequest) -> None:
    line = f"/review who={'ä' * 1900}"
    (made,) = garden.says(MEMBER, line, pull.number, delivery="d")
    assert made.rule == "inputs"
    (wrong,) = garden.says(MEMBER, f"/mycelium {'ä' * 1900}", pull.number, delivery="e")
    assert len(wrong.subject) == 200
    assert garden.says(MEMBER, f"/mycelium {'ä' * 1900}", pull.number, delivery="e") == [wrong]
