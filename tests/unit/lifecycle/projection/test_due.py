"""Which write is due, decided from values alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.execution.showing import COMMENT, EXECUTION, Shown
from orchestrator.lifecycle.ports.github import CommitStatus, Urgency
from orchestrator.lifecycle.projection.due import (
    AT_ONCE,
    LARGE_PAUSE,
    OWN_WRITE_EVERY,
    OWN_WRITES,
    Allowance,
    Deed,
    Write,
    due,
    pause_of,
)
from orchestrator.lifecycle.projection.wanted import Kind, Wanted
from orchestrator.report.check_run import CheckAnnotation, CheckRun, CheckStatus, Conclusion

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOTE = CheckAnnotation(path="a.py", start_line=1, end_line=1, level="notice", message="x")
RUNS = CheckRun(name="n", external_id="e", status=CheckStatus.IN_PROGRESS, conclusion=None, title="t", summary="s")
ENDED = replace(RUNS, status=CheckStatus.COMPLETED, conclusion=Conclusion.SUCCESS, batches=((NOTE,) * 50, (NOTE,) * 9))


def check(place: str = EXECUTION, *, ended: bool = False, digest: str = "new", **more: object) -> Wanted:
    content = ENDED if ended else RUNS
    made = Wanted(place=place, kind=Kind.CHECK, content=content, digest=digest, concluded=ended)
    return replace(made, **more)  # type: ignore[arg-type]


def status(digest: str = "new") -> Wanted:
    content = CommitStatus(context="n", state="pending")
    return Wanted(place=EXECUTION, kind=Kind.STATUS, content=content, digest=digest)


HAS = Shown(place=EXECUTION, github_id=1, digest="new")


@pytest.mark.parametrize(
    ("wanted", "shown", "deed"),
    [
        (check(), None, Deed.CREATE),
        (check(), Shown(place=EXECUTION, begun=True), Deed.CREATE),
        (check(), Shown(place=EXECUTION, round=2), Deed.CREATE),
        (check(), HAS, None),
        (check(), replace(HAS, digest="old"), Deed.CHANGE),
        (check(), replace(HAS, digest=""), Deed.CHANGE),
        (check(), replace(HAS, digest="old", concluded=True), Deed.CREATE),
        (check(), replace(HAS, concluded=True), Deed.CREATE),
        (check(ended=True), replace(HAS, digest="old"), Deed.CHANGE),
        (check(ended=True), replace(HAS, concluded=True), Deed.ANNOTATE),
        (check(ended=True), replace(HAS, concluded=True, annotations=50), Deed.ANNOTATE),
        (check(ended=True), replace(HAS, concluded=True, annotations=59), None),
        (check(), replace(HAS, github_id=None, refused="no"), None),
        (check(), replace(HAS, github_id=None, refused="no", digest="old"), Deed.CREATE),
        (check(), replace(HAS, refused="no", digest="old"), Deed.CHANGE),
        (status(), None, Deed.CREATE),
        (status(), replace(HAS, github_id=None), None),
        (status(), replace(HAS, github_id=None, digest="old"), Deed.CREATE),
        (status(), replace(HAS, github_id=None, digest="old", concluded=True), Deed.CREATE),
    ],
)
def test_the_deed_follows_from_what_is_wanted_and_what_is_shown(
    wanted: Wanted, shown: Shown | None, deed: Deed | None
) -> None:
    writes = due([wanted], {EXECUTION: shown} if shown else {}, {}, timedelta())
    assert [write.deed for write in writes] == ([deed] if deed else [])


def test_only_progress_of_the_whole_is_spaced_out() -> None:
    sent = {EXECUTION: NOW, "run 1": NOW}
    pause = timedelta(seconds=10)

    def at(wanted: Wanted) -> datetime:
        (write,) = due([wanted], {}, sent, pause)
        return write.at

    assert at(check()) == NOW + pause
    assert at(check(urgency=Urgency.FINAL)) == AT_ONCE
    assert at(check(urgency=Urgency.PEOPLE)) == AT_ONCE
    assert at(check("run 1", own=True)) == AT_ONCE
    assert at(check(COMMENT)) == AT_ONCE, "it was never sent"


WRITES = st.builds(
    check,
    place=st.sampled_from([EXECUTION, COMMENT, *(f"run {index}" for index in range(4))]),
    ended=st.booleans(),
    urgency=st.sampled_from(Urgency),
    rank=st.integers(0, 3),
)


@given(st.lists(WRITES, unique_by=lambda each: each.place))
def test_people_come_first_then_last_words_then_progress(wanted: list[Wanted]) -> None:
    known = {
        each.place: Shown(place=each.place, github_id=1, digest="new", concluded=each.concluded) for each in wanted
    }
    writes = due(wanted, known, {}, timedelta()) + due(wanted, {}, {}, timedelta())
    for some in (due(wanted, known, {}, timedelta()), due(wanted, {}, {}, timedelta())):
        assert [write.order for write in some] == sorted(write.order for write in some)
        assert [write.urgency for write in some] == sorted(write.urgency for write in some)
        assert {write.urgency for write in some if write.deed is Deed.ANNOTATE} <= {Urgency.PROGRESS}
    assert {write.wanted.place for write in writes} == {each.place for each in wanted}


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_pictures_rest_longer_the_longer_it_takes(runs: int, seconds: int) -> None:
    pause = pause_of(runs, timedelta(seconds=seconds))
    assert timedelta(seconds=3) <= pause <= LARGE_PAUSE
    assert pause <= pause_of(runs, timedelta(seconds=seconds + 1))


def test_an_allowance_grows_to_its_measure_and_no_further() -> None:
    allowance, age = Allowance(), timedelta(minutes=1)
    ended = check("run 1", ended=True, own=True)
    running = check("run 1", own=True)
    assert allowance.left(NOW, age=age, ended=False) == OWN_WRITES
    for wanted in (ended, replace(running, place="run 2"), replace(running, place="run 3"), check()):
        allowance.spend(Write(wanted=wanted, deed=Deed.CREATE, shown=HAS, at=NOW))
    assert allowance.left(NOW, age=age, ended=False) == OWN_WRITES - 5
    assert allowance.left(NOW + 2 * OWN_WRITE_EVERY, age=age, ended=False) == OWN_WRITES - 3
    assert allowance.left(NOW + 99 * OWN_WRITE_EVERY, age=age, ended=False) == OWN_WRITES
    assert allowance.left(NOW + 99 * OWN_WRITE_EVERY, age=age, ended=True) == 120 - 4 - 8 - 2 * 2


def test_annotations_are_paid_when_they_are_sent_and_kept_room_for() -> None:
    allowance, age = Allowance(), timedelta(minutes=1)
    running, ended = check("run 1", own=True), check("run 1", ended=True, own=True)
    bare = replace(ended, content=replace(ENDED, batches=()))

    def spend(wanted: Wanted, deed: Deed) -> tuple[int, int]:
        allowance.spend(Write(wanted=wanted, deed=deed, shown=HAS, at=NOW))
        left = [allowance.left(NOW, age=age, ended=ended) for ended in (False, True)]
        return left[0], left[1]

    most = 120 - 8
    assert spend(running, Deed.CREATE) == (OWN_WRITES - 2, most - 3)
    assert spend(ended, Deed.CHANGE) == (OWN_WRITES - 2, most - 3)
    assert spend(ended, Deed.ANNOTATE) == (OWN_WRITES - 3, most - 3)
    assert spend(running, Deed.CREATE) == (OWN_WRITES - 5, most - 6)
    assert spend(bare, Deed.CHANGE) == (OWN_WRITES - 5, most - 5)


@pytest.mark.parametrize(("first", "deed"), [(Deed.CREATE, Deed.ANNOTATE), (None, Deed.CHANGE), (None, Deed.ANNOTATE)])
def test_what_is_kept_for_one_check_run_is_given_to_no_other(first: Deed | None, deed: Deed) -> None:
    """Another one was created when its node had ended, or begun by a process that is gone."""
    allowance, age = Allowance(), timedelta(minutes=1)
    other = check("run 2", ended=True, own=True)
    writes = [(check("run 1", own=True), Deed.CREATE), *([(other, first)] if first else []), (other, deed)]
    for wanted, each in writes:
        allowance.spend(Write(wanted=wanted, deed=each, shown=HAS, at=NOW))
    assert allowance.left(NOW, age=age, ended=True) == 120 - 8 - len(writes) - 2
