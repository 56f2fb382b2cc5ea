"""What executions may cost GitHub, and how far behind it may be, by a clock that does not wait."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from datetime import datetime, timedelta
from importlib import import_module
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.errors import Unavailable
from orchestrator.execution.outcome import Annotation, FailureClass, Outcome
from orchestrator.execution.showing import EXECUTION, MISTAKE
from orchestrator.execution.state import NodeStatus
from orchestrator.lifecycle.ports.github import Urgency
from tests.fakes.github_memory import Sent
from tests.fakes.projected import Scene

pytestmark = [pytest.mark.usefixtures("brief"), pytest.mark.no_cover]

RUNNING, COMPLETED, FAILED, WAITING = (
    NodeStatus.RUNNING,
    NodeStatus.COMPLETED,
    NodeStatus.FAILED,
    NodeStatus.WAITING,
)
NOTE = Annotation(level="warning", message="x", path="a.py", start_line=1, end_line=1)
SETTLED = re.compile(r"(\d+) settled")


class Lag:
    """How long after a node run has settled the check run of the execution, and the comment, counted it."""

    def __init__(self, scene: Scene, key: str) -> None:
        self._scene = scene
        self._key = key
        self._shown: dict[str, int] = {"check": 0, "comment": 0}
        self.settled: list[datetime] = []
        self.worst = timedelta()
        scene.watch = self.look

    def look(self) -> None:
        now = self._scene.clock.now()
        for what, text in self._texts().items():
            found = SETTLED.search(text)
            count = int(found[1]) if found else 0
            for at in self.settled[self._shown[what] : count]:
                self.worst = max(self.worst, now - at)
            self._shown[what] = max(self._shown[what], count)

    def missing(self) -> list[str]:
        return [what for what, count in self._shown.items() if count < len(self.settled)]

    def _texts(self) -> dict[str, str]:
        known = {thing.place: thing for thing in self._scene.store.shown(self._key)}
        checks = self._scene.github.repo.checks
        found = {}
        if (thing := known.get(EXECUTION)) and thing.github_id:
            found["check"] = checks[thing.github_id].check.summary
        if bodies := [body for number in (1,) for body in self._scene.github.comment_bodies(number)]:
            found["comment"] = bodies[-1]
        return found


def carry(
    scene: Scene, key: str, nodes: int, seconds: float, lag: Lag | None = None, side: int = 4, notes: int = 0
) -> None:
    """Its nodes run `side` at a time, begun one after the other, all within so many seconds; one in a hundred fails.
    Each makes so many `notes`."""
    each = seconds * side / (nodes + side)

    def end(index: int) -> None:
        status = FAILED if index % 100 == 50 else COMPLETED
        scene.set(key, index, status, **({"outcome": noted(status, notes)} if notes else {}))
        if lag:
            lag.settled.append(scene.clock.now())

    for index in range(nodes):
        begin = (index // side) * each + (index % side) * each / side
        scene.at(begin, scene.set, key, index, RUNNING)
        scene.at(begin + each, end, index)


def noted(status: NodeStatus, notes: int) -> Outcome:
    failure = {"failure": FailureClass.EXIT, "message": "Exit code 1"} if status is FAILED else {}
    return Outcome(annotations=(NOTE,) * notes, **failure)


def busiest(writes: list[Sent], span: timedelta, counts: dict[bool, int]) -> int:
    """The most that fell into any such span; `counts` is what a creation and another write count."""
    times = [write.at for write in writes]
    worth = [counts[write.creates] for write in writes]
    sums = [0]
    for value in worth:
        sums.append(sums[-1] + value)
    return max((sums[i + 1] - sums[bisect_left(times, at - span)] for i, at in enumerate(times)), default=0)


def within_limits(scene: Scene) -> None:
    writes = scene.github.writes
    pauses = [(after.at - before.at).total_seconds() for before, after in pairwise(writes)]
    assert min(pauses, default=1.0) >= 0.999  # the clock of tests moves on a little with each reading
    assert busiest(writes, timedelta(minutes=1), {True: 5, False: 5}) <= 900
    assert busiest(writes, timedelta(minutes=1), {True: 1, False: 0}) <= 80
    assert busiest(writes, timedelta(hours=1), {True: 1, False: 0}) <= 500
    progress = [write for write in writes if write.urgency is Urgency.PROGRESS]
    assert busiest(progress, timedelta(hours=1), {True: 1, False: 0}) <= 400


@pytest.mark.parametrize(("side", "notes"), [(4, 0), (100, 60)])
def test_a_thousand_nodes_in_ten_minutes(scene: Scene, side: int, notes: int) -> None:
    key = scene.add(1_000, number=scene.pull_request())
    lag = Lag(scene, key)
    carry(scene, key, 1_000, 600, lag, side, notes)
    scene.run(620)
    scene.settle(60)
    assert len(scene.github.writes) <= 120, Counter(write.method for write in scene.github.writes)
    assert lag.missing() == []
    assert lag.worst <= timedelta(seconds=15)
    assert scene.disagreements(key) == []
    within_limits(scene)


def test_annotations_of_many_failures_cost_no_more_and_hold_nobody_up(scene: Scene) -> None:
    key = scene.add(60, number=scene.pull_request())
    for index in range(60):
        scene.set(key, index, FAILED, outcome=noted(FAILED, 1_000))
    scene.run(5)
    asking = scene.add(2, number=scene.pull_request("c" * 40), workflow="ask", head_sha="c" * 40, approvals=[1])
    scene.set(asking, 0, FAILED, outcome=noted(FAILED, 1_000))
    scene.set(asking, 1, WAITING)
    scene.settle()
    writes = scene.github.writes
    mine = [write for write in writes if write.what.startswith("Demo")]
    assert len(mine) <= 120, Counter(write.method for write in mine)
    notes = [place for place, write in enumerate(writes) if write.method == "annotate"]
    assert notes
    assert min(notes) > max(place for place, write in enumerate(writes) if write.urgency is not Urgency.PROGRESS)
    checks = scene.github.repo.checks.values()
    assert {len(each.annotations) for each in checks if each.check.name.startswith("Demo / ")} == {50}
    assert {len(each.annotations) for each in checks if each.check.name == "Ask / n0"} == {200}
    assert scene.disagreements(key) == []
    within_limits(scene)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    nodes=st.integers(1, 60),
    seconds=st.floats(1, 300),
    side=st.integers(1, 20),
)
def test_alone_it_is_never_more_than_fifteen_seconds_behind(
    tmp_path_factory: pytest.TempPathFactory, nodes: int, seconds: float, side: int
) -> None:
    scene = Scene(folder=tmp_path_factory.mktemp("scene"))
    key = scene.add(nodes, number=scene.pull_request())
    lag = Lag(scene, key)
    carry(scene, key, nodes, seconds, lag, min(side, nodes))
    scene.run(seconds + 1)
    scene.settle(120)
    assert lag.missing() == []
    assert lag.worst <= timedelta(seconds=15)
    assert scene.disagreements(key) == []
    assert scene.store.behind("here") == []
    within_limits(scene)


def test_twenty_executions_at_once_stay_inside_the_limits(scene: Scene) -> None:
    keys = []
    for place in range(20):
        sha = f"{place:040x}"
        keys.append(scene.add(14, number=scene.pull_request(sha), head_sha=sha))
        carry(scene, keys[-1], 14, 100 + 5 * place, side=3)
    scene.run(210)
    scene.settle(600)
    assert scene.store.behind("here") == []
    assert [fault for key in keys for fault in scene.disagreements(key)] == []
    assert len(scene.github.repo.comments) == 20
    within_limits(scene)


def test_past_half_of_the_hour_only_what_matters_gets_a_check_run_of_its_own(scene: Scene) -> None:
    budget = scene.github.budget
    assert budget is not None
    for _ in range(251):
        scene.clock.advance(1.5)
        budget.spend(writes=True, creates=True, urgency=Urgency.PROGRESS)
    key = scene.add(8, number=scene.pull_request(), approvals=[7])
    for index in range(6):
        scene.set(key, index, COMPLETED)
    scene.set(key, 6, FAILED)
    scene.set(key, 7, WAITING)
    scene.settle()
    names = {each.check.name for each in scene.github.repo.checks.values()}
    assert names == {"Demo", "Demo / n6", "Demo / n7"}


def test_when_the_hour_is_used_up_what_is_final_and_what_asks_still_goes_out(scene: Scene) -> None:
    budget = scene.github.budget
    assert budget is not None
    for _ in range(400):
        scene.clock.advance(1.5)
        budget.spend(writes=True, creates=True, urgency=Urgency.PROGRESS)
    progress = scene.add(2, number=scene.pull_request())
    scene.set(progress, 0, RUNNING)
    asking = scene.add(2, number=scene.pull_request(), workflow="ask", approvals=[0])
    scene.set(asking, 0, WAITING)
    scene.run(60)
    assert {each.check.name for each in scene.github.repo.checks.values()} == {"Ask", "Ask / n0"}
    assert scene.github.comment_bodies(1) == []
    assert scene.github.comment_bodies(2)
    scene.set(progress, 0, FAILED)
    scene.set(progress, 1, COMPLETED)
    scene.run(60)
    assert {"Demo", "Demo / n0"} <= {each.check.name for each in scene.github.repo.checks.values()}
    assert scene.github.comment_bodies(1)


def test_github_is_away_for_an_hour(scene: Scene) -> None:
    keys = [scene.add(20, number=scene.pull_request()), scene.add(300, number=1, workflow="large")]
    carry(scene, keys[0], 20, 600, side=3)
    carry(scene, keys[1], 300, 1_800, side=4)
    scene.run(60)
    scene.github.down = True
    asked = scene.github.refused.total()
    scene.run(3_600)
    assert all(scene.store.execution(key).status.ended for key in keys)
    assert [each.trouble for each in scene.store.behind("here")].count("GitHub does not answer") >= 1
    assert scene.github.refused.total() - asked < 600
    scene.github.down = False
    assert scene.settle(120) <= 60
    assert [fault for key in keys for fault in scene.disagreements(key)] == []
    assert {each.trouble for key in keys if (each := scene.store.showing(key))} == {""}


def test_what_is_asked_overtakes_progress_and_the_last_word_overtakes_it_too(scene: Scene) -> None:
    busy = [scene.add(18, number=scene.pull_request(f"{place:040x}"), head_sha=f"{place:040x}") for place in range(5)]
    for key in busy:
        for index in range(18):
            scene.set(key, index, RUNNING)
    scene.run(5)
    asking = scene.add(3, number=scene.pull_request(), workflow="ask", approvals=[1])
    scene.set(asking, 0, COMPLETED)
    scene.set(asking, 1, WAITING)
    ended = scene.add(2, number=7, workflow="end")
    scene.github.add_pull_request("b" * 40, author=scene.github.me())
    scene.set(ended, 0, COMPLETED)
    scene.set(ended, 1, FAILED)
    before = len(scene.github.writes)
    scene.run(12)
    new = scene.github.writes[before:]
    assert [write.urgency for write in new] == sorted(write.urgency for write in new)
    assert {write.what for write in new if write.urgency is Urgency.PEOPLE} >= {"Ask", "Ask / n1"}


def test_what_has_not_changed_is_not_sent(scene: Scene) -> None:
    key = scene.add(3, number=scene.pull_request())
    scene.set(key, 0, RUNNING)
    scene.settle()
    before = len(scene.github.sent)
    with scene.store.begin() as tx:
        tx.changed(key)
    scene.settle()
    scene.run(120)
    assert len(scene.github.sent) == before


@pytest.mark.parametrize("where", ["view", "carry_out"])
def test_a_mistake_of_ours_holds_nothing_else_up(scene: Scene, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    module = "picture" if where == "view" else "passes"
    honest = getattr(import_module(f"orchestrator.lifecycle.projection.{module}"), where)

    def mistaken(first: Any, second: Any, **more: Any) -> Any:
        if second == broken or (getattr(second, "wanted", None) and first.target.number == sick):
            raise ZeroDivisionError("a bug")
        return honest(first, second, **more)

    monkeypatch.setattr(f"orchestrator.lifecycle.projection.{module}.{where}", mistaken)
    sick = scene.pull_request()
    broken = scene.add(2, number=sick, workflow="broken")
    whole = scene.add(2, number=scene.pull_request(), workflow="whole")
    scene.run(90)
    (behind,) = scene.store.behind("here")
    assert behind.execution_id == broken
    assert behind.trouble.startswith(MISTAKE)
    assert behind.trouble.endswith("(ZeroDivisionError)")
    assert scene.disagreements(whole) == []
    monkeypatch.undo()
    scene.run(400)
    assert scene.store.behind("here") == []
    now = scene.store.showing(broken)
    assert now
    assert now.trouble == ""


def test_one_poisoned_write_holds_nothing_else_up(scene: Scene) -> None:
    key = scene.add(3, number=scene.pull_request())
    scene.github.fail("write_comment", Unavailable("502 Bad Gateway"), times=10_000)
    for index in range(3):
        scene.set(key, index, COMPLETED)
    scene.run(120)
    assert len(scene.github.repo.checks) == 4
    assert scene.disagreements(key) == []
    assert [each.trouble for each in scene.store.behind("here")] == ["502 Bad Gateway"]
