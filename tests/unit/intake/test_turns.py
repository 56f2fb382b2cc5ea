"""Concurrency groups: one runs, others wait for their turn, give way, or cancel what runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import Unavailable
from orchestrator.execution.state import ExecutionStatus
from orchestrator.lifecycle.intake.answering import answer
from orchestrator.lifecycle.intake.occasion import Desk
from orchestrator.lifecycle.intake.receive import release
from orchestrator.lifecycle.intake.reception import Reception
from orchestrator.lifecycle.ports import Decision, Hold, Ruling
from orchestrator.lifecycle.ports.github import PullRequest
from tests.fakes.garden import MEMBER, STRANGER, Garden

NODES = "nodes: {look: {run: x}}\n"


def garden_with(tmp_path: Path, concurrency: str, more: str = "") -> tuple[Garden, PullRequest]:
    flow = {"workflows/r.yaml": f"on: pull_request\n{more}concurrency: {concurrency}\n{NODES}"}
    garden = Garden(tmp_path, flow)
    return garden, garden.open(flow)


def again(garden: Garden, pull: PullRequest, times: int = 1) -> Decision:
    made = [garden.pulled(pull, "synchronize")[0] for _ in range(times)]
    return made[-1]


def rulings(garden: Garden, pull: PullRequest) -> list[str]:
    """Of all decisions so far, oldest first."""
    with garden.world.store.begin() as tx:
        return [each.ruling.value for each in tx.intake.of_thread(pull.number)][::-1]


def test_a_newer_one_takes_the_place_of_the_one_that_waits(tmp_path: Path) -> None:
    garden, pull = garden_with(tmp_path, "one")
    again(garden, pull, 4)
    assert rulings(garden, pull) == ["matched", "superseded", "superseded", "waiting"]
    assert len(garden.executions) == 1
    assert release(garden.desk) == []
    garden.world.work()
    (made,) = release(garden.desk)
    assert (made.ruling, made.execution_id) == (Ruling.MATCHED, garden.executions[1].id)
    assert release(garden.desk) == []
    assert rulings(garden, pull) == ["matched", "superseded", "superseded", "matched"]


@pytest.mark.parametrize(("queue", "wait"), [("2", 2), ("max", 5)])
def test_as_many_wait_as_the_queue_is_long_and_go_in_order(tmp_path: Path, queue: str, wait: int) -> None:
    garden, pull = garden_with(tmp_path, f"{{group: one, queue: {queue}}}")
    again(garden, pull, 6)
    assert rulings(garden, pull).count("waiting") == wait
    order = []
    for _ in range(wait):
        garden.world.work()
        order += [made.id for made in release(garden.desk)]
    assert len(order) == wait
    assert order == sorted(order)
    assert len(garden.executions) == wait + 1


def test_what_comes_while_others_wait_does_not_push_in(tmp_path: Path) -> None:
    garden, pull = garden_with(tmp_path, "{group: one, queue: max}")
    again(garden, pull, 2)
    garden.world.work()
    assert again(garden, pull).ruling is Ruling.WAITING
    (first,) = release(garden.desk)
    assert first.id < again(garden, pull).id
    assert len(garden.executions) == 2


def test_cancel_in_progress_cancels_and_starts_when_that_has_ended(tmp_path: Path) -> None:
    garden, pull = garden_with(tmp_path, "{group: one, cancel-in-progress: true}")
    again(garden, pull)
    running = garden.world.claim()
    made = again(garden, pull)
    assert (made.ruling, made.rule) == (Ruling.WAITING, "concurrency")
    assert "is being cancelled for it" in made.reason
    assert garden.executions[0].cancel_requested
    assert garden.executions[0].error_message == "cancelled by a newer execution of its concurrency group"
    again(garden, pull)
    assert rulings(garden, pull) == ["matched", "superseded", "waiting"]
    assert release(garden.desk) == []
    assert running.status.value == "running"
    garden.world.control.step()


def test_what_has_not_begun_is_cancelled_at_once(tmp_path: Path) -> None:
    garden, pull = garden_with(tmp_path, "{group: one, cancel-in-progress: '${{ true }}'}")
    again(garden, pull, 2)
    assert garden.executions[0].status is ExecutionStatus.CANCELLED
    (made,) = release(garden.desk)
    assert made.ruling is Ruling.MATCHED


def test_groups_are_told_apart_by_what_their_text_comes_to(tmp_path: Path) -> None:
    garden, first = garden_with(tmp_path, "'R-${{ github.event.pull_request.number }}'")
    second = garden.open({"workflows/r.yaml": f"on: pull_request\nconcurrency: 'r-{first.number}'\n{NODES}"})
    third = garden.open({"workflows/r.yaml": f"on: pull_request\nconcurrency: x\n{NODES}"})
    assert again(garden, first).ruling is Ruling.MATCHED
    assert again(garden, second).ruling is Ruling.WAITING
    assert again(garden, third).ruling is Ruling.MATCHED


def test_a_group_that_comes_to_nothing_is_none(tmp_path: Path) -> None:
    garden, pull = garden_with(tmp_path, "'${{ github.event.nothing }}'")
    again(garden, pull, 2)
    assert len(garden.executions) == 2


def test_a_group_without_a_value_denies(tmp_path: Path) -> None:
    garden, pull = garden_with(tmp_path, "'${{ fromJSON(github.ref) }}'")
    made = again(garden, pull)
    assert (made.ruling, made.rule) == (Ruling.DENIED, "concurrency")


def test_who_may_not_start_it_takes_no_place(tmp_path: Path) -> None:
    garden, pull = garden_with(tmp_path, "{group: one, cancel-in-progress: true}")
    again(garden, pull)
    theirs = garden.open({}, author=STRANGER, fork=True)
    garden.pulled(theirs)
    assert garden.executions[0].status is ExecutionStatus.PENDING
    assert not garden.executions[0].cancel_requested


def test_the_turn_of_one_that_is_gone_is_the_next_ones(tmp_path: Path) -> None:
    garden, pull = garden_with(tmp_path, "{group: one, queue: max}", "trust: {actors: write}\n")
    again(garden, pull, 2)
    other = garden.open({"workflows/r.yaml": f"on: pull_request\nconcurrency: one\n{NODES}"}, author=MEMBER)
    garden.pulled(other)
    garden.says(MEMBER, "/mycelium cancel", pull.number)
    (made,) = release(garden.desk)
    assert (made.number, made.ruling) == (other.number, Ruling.MATCHED)


def test_a_delivery_that_comes_again_waits_once(tmp_path: Path) -> None:
    garden, pull = garden_with(tmp_path, "one")
    again(garden, pull)
    for _ in range(3):
        garden.pulled(pull, "synchronize", delivery="same")
    with garden.world.store.begin() as tx:
        assert len(tx.intake.held([Hold.QUEUED])) == 1


def test_who_asked_is_told_of_the_turn(tmp_path: Path) -> None:
    flow = {"workflows/r.yaml": f"on: {{comment: {{command: go}}}}\nconcurrency: one\n{NODES}"}
    garden = Garden(tmp_path, flow)
    pull = garden.open(flow)
    garden.says(MEMBER, "/mycelium go", pull.number)
    garden.says(MEMBER, "/mycelium go", pull.number)
    answer(garden.desk)
    assert "comes first" in garden.github.comment_bodies(pull.number)[-1]
    assert garden.reaction() == "eyes"
    garden.world.work()
    garden.world.control.step()
    release(garden.desk)
    answer(garden.desk)
    reply = garden.github.comment_bodies(pull.number)[-1]
    assert "comes first" not in reply
    assert garden.executions[1].id in reply


def test_the_reception_lets_them_start_and_answers(tmp_path: Path) -> None:
    flow = {"workflows/r.yaml": f"on: {{comment: {{command: go}}}}\nconcurrency: one\n{NODES}"}
    garden = Garden(tmp_path, flow)
    pull = garden.open(flow)
    for _ in range(2):
        garden.says(MEMBER, "/mycelium go", pull.number)
    reception = Reception(garden.desk)
    reception.step()
    assert "comes first" in garden.github.comment_bodies(pull.number)[-1]
    garden.world.work()
    reception.step()
    assert len(garden.executions) == 2
    assert garden.executions[1].id in garden.github.comment_bodies(pull.number)[-1]


def test_what_cannot_start_holds_up_its_own_group_alone(tmp_path: Path) -> None:
    garden, first = garden_with(tmp_path, "'${{ github.head_ref }}'")
    flow = {"workflows/r.yaml": f"on: pull_request\nconcurrency: other\n{NODES}"}
    theirs = garden.open(flow)
    for pull in (first, theirs):
        again(garden, pull, 2)
    garden.world.work()
    lost = garden.world.git._commits.pop(first.head_sha)
    with pytest.raises(Unavailable, match="is not in the repository"):
        release(Desk(services=garden.world.services, github=garden.github, definitions=garden.fresh_definitions()))
    assert [execution.base for execution in garden.executions][2:] == [theirs.head_sha]
    garden.world.git._commits[first.head_sha] = lost
    release(garden.desk)
    assert len(garden.executions) == 4


def test_trouble_in_one_part_holds_up_no_other(tmp_path: Path) -> None:
    flow = {"workflows/r.yaml": f"on: {{comment: {{command: go}}}}\n{NODES}"}
    garden = Garden(tmp_path, flow)
    pull = garden.open(flow)
    reception = Reception(garden.desk)
    reception.step()
    garden.world.clock.advance(120)
    garden.says(MEMBER, "/mycelium go", pull.number)
    garden.github.fail("branch", Unavailable("github is away"))
    with pytest.raises(Unavailable):
        reception.step()
    assert garden.executions[0].id in garden.github.comment_bodies(pull.number)[-1]
    reception.step()
