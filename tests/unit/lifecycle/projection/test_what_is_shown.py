"""Which things GitHub shows of an execution, by whom, and what becomes of them when others interfere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.definition.model import Skipped
from orchestrator.errors import BadInput, NotFound
from orchestrator.execution.showing import COMMENT, EXECUTION, Shown
from orchestrator.execution.state import NodeStatus
from orchestrator.lifecycle.ports.github import Credential, User
from orchestrator.lifecycle.projection.holding import LONGEST, hold_back, let_show
from orchestrator.lifecycle.projection.wanted import SMALL
from orchestrator.report.check_run import Conclusion
from orchestrator.report.comment import marker, newest_marker, shown_execution
from tests.fakes.projected import AUTHOR, Scene

RUNNING, COMPLETED, FAILED, WAITING = (
    NodeStatus.RUNNING,
    NodeStatus.COMPLETED,
    NodeStatus.FAILED,
    NodeStatus.WAITING,
)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(folder=tmp_path, limited=False)


def names(scene: Scene) -> list[str]:
    return sorted(each.check.name for each in scene.github.repo.checks.values())


def test_a_small_graph_has_a_check_run_for_each_node_from_the_beginning(scene: Scene) -> None:
    key = scene.add(3, number=scene.pull_request())
    scene.settle()
    assert names(scene) == ["Demo", "Demo / n0", "Demo / n1", "Demo / n2"]
    scene.set(key, 0, RUNNING)
    scene.settle()
    states = {each.check.name: each.check.status.value for each in scene.github.repo.checks.values()}
    assert states == {"Demo": "in_progress", "Demo / n0": "in_progress", "Demo / n1": "queued", "Demo / n2": "queued"}


@pytest.mark.parametrize("forgotten", [False, True])
def test_what_is_held_back_is_shown_once_it_may_be_or_nobody_says_so(scene: Scene, forgotten: bool) -> None:
    key = scene.add(1, number=scene.pull_request())
    with scene.store.begin() as tx:
        hold_back(tx, key, scene.clock.now())
    scene.projection.step()
    assert names(scene) == []
    if forgotten:
        scene.clock.advance(LONGEST.total_seconds())
    else:
        let_show(scene.services, key)
    scene.settle()
    assert names(scene) == ["Demo", "Demo / n0"]


def test_a_large_graph_has_one_for_what_fails_waits_or_lasts(scene: Scene) -> None:
    key = scene.add(SMALL + 5, number=scene.pull_request(), approvals=[2])
    for index in (0, 1, 3):
        scene.set(key, index, RUNNING)
    scene.settle()
    assert names(scene) == ["Demo"]
    scene.clock.advance(40)
    scene.set(key, 0, FAILED)
    scene.set(key, 2, WAITING)
    scene.settle()
    assert names(scene) == ["Demo", "Demo / n0", "Demo / n1", "Demo / n2", "Demo / n3"]
    scene.set(key, 1, COMPLETED)
    scene.settle()
    assert scene.checks["Demo / n1"].conclusion == "success"


def test_at_its_end_a_large_graph_shows_the_failures_that_there_is_room_for(scene: Scene) -> None:
    key = scene.add(200, number=scene.pull_request())
    for index in range(200):
        scene.set(key, index, FAILED)
    scene.settle()
    assert len(names(scene)) == 41
    assert len(scene.github.writes) <= 120
    assert scene.disagreements(key) == []


@pytest.mark.parametrize("chosen", Skipped)
def test_skipped_nodes_conclude_as_the_author_chose(scene: Scene, chosen: Skipped) -> None:
    key = scene.add(1, number=scene.pull_request(), skipped=chosen)
    scene.set(key, 0, NodeStatus.SKIPPED)
    scene.settle()
    assert scene.checks["Demo / n0"].conclusion == chosen.value


def test_people_speak_in_statuses_and_a_comment(tmp_path: Path) -> None:
    scene = Scene(folder=tmp_path, limited=False, credential=Credential.PERSONAL)
    key = scene.add(2, number=scene.pull_request(), approvals=[1])
    scene.set(key, 0, RUNNING)
    scene.settle()
    assert scene.statuses() == {"Demo": [("pending", "Runs")]}
    scene.set(key, 0, FAILED)
    scene.set(key, 1, WAITING)
    scene.settle()
    assert scene.statuses() == {
        "Demo": [("pending", "Runs"), ("pending", "A person has to decide on n1.")],
        "Demo / n0": [("failure", "Exit code 1")],
        "Demo / n1": [("pending", "Waits for a person to decide")],
    }
    assert scene.github.repo.checks == {}
    assert len(scene.github.comment_bodies(1)) == 1


@pytest.mark.parametrize("listens", [True, False])
def test_buttons_and_links_are_those_of_the_credential(tmp_path: Path, listens: bool) -> None:
    for credential, links in ((Credential.APP, True), (Credential.ACTIONS, False)):
        page, buttons = "https://mycelium.example", ["approve", "reject"] if links and listens else []
        scene = Scene(folder=tmp_path, limited=False, credential=credential, public_url=f"{page}/", listens=listens)
        key = scene.add(1, number=scene.pull_request(), approvals=[0])
        scene.set(key, 0, WAITING)
        scene.settle()
        check = scene.checks["Demo / n0"]
        assert [action.identifier for action in check.actions] == buttons
        assert "/mycelium approve n0" in check.summary
        assert ("Press a button" in check.summary) is bool(buttons)
        page = f"{page}/executions/{key}/"
        assert check.details_url == (page if links else "")
        assert page in scene.checks["Demo"].summary


def test_a_status_leads_to_the_page(tmp_path: Path) -> None:
    page = "https://mycelium.example"
    scene = Scene(folder=tmp_path, limited=False, credential=Credential.PERSONAL, public_url=page)
    key = scene.add(1, number=scene.pull_request())
    scene.settle()
    assert [status.url for status in scene.github.repo.statuses["a" * 40]] == [f"{page}/executions/{key}/"]


def test_the_comment_is_found_on_any_page_and_only_our_own(scene: Scene) -> None:
    number = scene.pull_request()
    first = f"{marker('demo')}\n{newest_marker('00000000')}\n\nOld."
    forged = scene.github.add_comment(number, AUTHOR, first)
    for count in range(250):
        scene.github.add_comment(number, AUTHOR, f"{count}")
    scene.github.add_comment(number, scene.github.me(), f"> {first}")
    scene.github.add_comment(number, scene.github.me(), first.replace("demo", "other"))
    ours = scene.github.add_comment(number, scene.github.me(), first)
    key = scene.add(1, number=number)
    scene.settle()
    assert scene.github.repo.comments[forged.id][1].body == first
    assert shown_execution(scene.github.repo.comments[ours.id][1].body) == key
    assert [write.method for write in scene.github.writes].count("write_comment") == 0


def test_a_comment_that_is_deleted_is_written_again(scene: Scene) -> None:
    number = scene.pull_request()
    key = scene.add(2, number=number)
    scene.settle()
    scene.github.repo.comments.clear()
    scene.set(key, 0, RUNNING)
    scene.settle()
    assert len(scene.github.comment_bodies(number)) == 1


def test_a_check_run_that_is_gone_is_made_again(scene: Scene) -> None:
    key = scene.add(1, number=scene.pull_request())
    scene.settle()
    scene.github.repo.checks.clear()
    scene.set(key, 0, COMPLETED)
    scene.settle()
    assert names(scene) == ["Demo", "Demo / n0"]
    assert scene.disagreements(key) == []


def test_the_newest_execution_has_the_comment(scene: Scene) -> None:
    number = scene.pull_request()
    old = scene.add(2, number=number)
    scene.settle()
    new = scene.add(2, number=number)
    other = scene.add(2, number=number, workflow="other")
    scene.settle()
    scene.set(old, 0, FAILED)
    scene.set(old, 1, COMPLETED)
    scene.settle()
    assert [shown_execution(body) for body in scene.github.comment_bodies(number)] == [new, other]
    assert scene.store.behind("here") == []


def test_a_newer_execution_of_another_store_keeps_the_comment(scene: Scene) -> None:
    number = scene.pull_request()
    key = scene.add(1, number=number)
    scene.settle()
    (comment,) = (each for _, each in scene.github.repo.comments.values())
    theirs = comment.body.replace(newest_marker(key), newest_marker("99999999"))
    scene.github.repo.comments[comment.id] = (number, replace(comment, body=theirs))
    scene.set(key, 0, COMPLETED)
    scene.settle()
    assert scene.github.comment_bodies(number) == [theirs]
    assert scene.checks["Demo"].conclusion == "success"
    assert scene.store.behind("here") == []


def test_a_push_has_check_runs_and_an_issue_has_a_comment(scene: Scene) -> None:
    number = scene.pull_request()
    scene.add(1)
    scene.add(1, number=number, workflow="talk", head_sha="")
    scene.settle()
    assert names(scene) == ["Demo", "Demo / n0"]
    assert len(scene.github.repo.comments) == 1


def test_what_is_forbidden_is_told_and_not_tried_again(scene: Scene) -> None:
    scene.github.denied |= {"create_check_run": "checks: write", "write_comment": "pull requests: write"}
    key = scene.add(2, number=scene.pull_request())
    scene.settle()
    for index in range(2):
        scene.set(key, index, COMPLETED)
        scene.settle()
    assert scene.github.refused["Forbidden"] == 2
    showing = scene.store.showing(key)
    assert showing is not None
    assert not showing.behind
    assert set(showing.refused) == {"check", "comment"}
    assert "it needs " in showing.trouble
    assert scene.statuses()["Demo"][-1] == ("success", "All 2 nodes completed.")


def test_a_rerun_tries_again_what_was_forbidden(scene: Scene) -> None:
    scene.github.denied |= {"create_check_run": "checks: write", "set_status": "statuses: write"}
    key = scene.add(1, number=scene.pull_request())
    scene.set(key, 0, FAILED)
    scene.settle()
    assert names(scene) == []
    scene.github.denied.clear()
    with scene.store.begin() as tx:
        tx.lock(key)
        tx.begin_round(key, [EXECUTION])
    scene.set(key, 0, COMPLETED)
    scene.settle()
    assert names(scene) == ["Demo", "Demo / n0"]


def test_a_read_only_token_is_told_of_all_it_lacks(scene: Scene) -> None:
    needs = {"create_check_run": "checks", "set_status": "statuses", "write_comment": "pull requests"}
    scene.github.denied |= needs
    key = scene.add(2, number=scene.pull_request())
    scene.settle()
    assert scene.github.refused["Forbidden"] == 3
    assert scene.github.writes == []
    assert scene.store.behind("here") == []
    assert set((scene.store.showing(key) or pytest.fail("no showing")).refused) == {"check", "status", "comment"}


def test_what_github_will_not_have_is_tried_again_only_when_it_has_changed(scene: Scene) -> None:
    key = scene.add(1, number=scene.pull_request())
    scene.github.fail("write_comment", BadInput("Body is too odd"), times=1)
    scene.settle()
    assert scene.github.comment_bodies(1) == []
    showing = scene.store.showing(key)
    assert showing is not None
    assert (showing.behind, showing.trouble) == (False, "Body is too odd")
    scene.set(key, 0, COMPLETED)
    scene.settle()
    assert len(scene.github.comment_bodies(1)) == 1
    assert (scene.store.showing(key) or showing).trouble == ""


@pytest.mark.parametrize("method", ["create_check_run", "update_check_run"])
def test_a_check_run_whose_content_is_refused_ends_all_the_same(scene: Scene, method: str) -> None:
    key = scene.add(1, number=scene.pull_request())
    if method == "update_check_run":
        scene.set(key, 0, RUNNING)
        scene.settle()
    scene.github.fail(method, BadInput("Only 65535 characters are allowed"), times=1)
    scene.set(key, 0, FAILED)
    scene.settle()
    ended = {name: (each.conclusion, "could not be shown" in each.summary) for name, each in scene.checks.items()}
    assert sorted(ended.values()) == [(Conclusion.FAILURE, False), (Conclusion.FAILURE, True)]
    assert scene.disagreements(key) == []
    assert (scene.store.showing(key) or pytest.fail("no showing")).trouble == "Only 65535 characters are allowed"
    before = len(scene.github.sent)
    scene.run(60)
    assert len(scene.github.sent) == before


def test_a_commit_that_is_gone_ends_the_matter(scene: Scene) -> None:
    key = scene.add(2, number=scene.pull_request(), head_sha="d" * 40)
    scene.settle()
    assert scene.store.behind("here") == []
    assert (scene.store.showing(key) or pytest.fail("no showing")).trouble.startswith("No commit found")
    assert len(scene.github.comment_bodies(1)) == 1


def test_other_repositories_are_left_to_others(scene: Scene) -> None:
    scene.add(1, number=scene.pull_request(), repository="octo/other")
    scene.run(30)
    assert scene.github.sent == []
    assert len(scene.store.behind("here")) == 1


def test_executions_of_other_instances_are_left_to_them(scene: Scene) -> None:
    key = scene.add(1, number=scene.pull_request())
    with scene.store.begin() as tx:
        tx.save(replace(tx.lock(key), instance="there"))
    scene.run(30)
    assert scene.github.sent == []


def test_the_comment_of_an_execution_before_is_handed_over_without_looking_for_it(scene: Scene) -> None:
    number = scene.pull_request()
    scene.add(1, number=number)
    scene.settle()
    looked = [each.method for each in scene.github.sent].count("comments")
    new = scene.add(1, number=number)
    scene.settle()
    assert [each.method for each in scene.github.sent].count("comments") == looked
    assert [shown_execution(body) for body in scene.github.comment_bodies(number)] == [new]
    assert {thing.place: thing for thing in scene.store.shown(new)}[COMMENT].github_id is not None


def test_somebody_named_like_us_is_not_us(scene: Scene) -> None:
    number = scene.pull_request()
    twin = User(id=666, login=scene.github.me().login, kind="User")
    forged = scene.github.add_comment(number, twin, f"{marker('demo')}\n{newest_marker('00000000')}\n\nForged.")
    scene.add(1, number=number)
    scene.settle()
    assert scene.github.repo.comments[forged.id][1].body.endswith("Forged.")
    assert len(scene.github.comment_bodies(number)) == 2


def test_a_pull_request_that_is_gone_is_told(scene: Scene) -> None:
    scene.pull_request()
    key = scene.add(1, number=999)
    scene.settle()
    assert (scene.store.showing(key) or pytest.fail("no showing")).trouble == "there is no issue 999"
    assert names(scene) == ["Demo", "Demo / n0"]


def test_a_late_answer_of_an_old_round_is_forgotten(scene: Scene) -> None:
    key = scene.add(1, number=scene.pull_request())
    scene.settle()
    before = {thing.place: thing for thing in scene.store.shown(key)}[EXECUTION]
    with scene.store.begin() as tx:
        tx.begin_round(key, [EXECUTION])
        assert not tx.put_shown(key, before)
    assert {thing.place: thing for thing in scene.store.shown(key)}[EXECUTION] == Shown(place=EXECUTION, round=1)


def test_not_found_is_bad_input() -> None:
    """What `carry_out` takes for a refusal of the content."""
    assert issubclass(NotFound, BadInput)


def test_two_pull_requests_with_one_head_each_have_their_own(tmp_path: Path) -> None:
    scene = Scene(folder=tmp_path, limited=False)
    first, second = scene.pull_request(), scene.pull_request()
    keys = [scene.add(1, number=number) for number in (first, second)]
    scene.set(keys[0], 0, FAILED)
    scene.settle()
    scene.set(keys[1], 0, RUNNING)
    scene.restart()
    scene.settle()
    (failed,), (running,) = (scene.github.comment_bodies(number) for number in (first, second))
    assert "Demo: failed" in failed
    assert "Demo: running" in running
    checks = {each.check.external_id: each.check.conclusion for each in scene.github.repo.checks.values()}
    assert {key: checks[key] for key in keys} == {keys[0]: "failure", keys[1]: None}
    assert [scene.disagreements(key) for key in keys] == [[], []]
