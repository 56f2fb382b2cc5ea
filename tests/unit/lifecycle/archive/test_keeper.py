"""The history of a repository as jobs see it, each with a store of its own that it begins with empty."""

from __future__ import annotations

import copy
import gzip
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestrator.definition.model import Approval, WorkspaceMode
from orchestrator.errors import BadInput, Conflict, NotFound, SetupError, Unavailable
from orchestrator.execution.approval import approved, rejected
from orchestrator.execution.outcome import Outcome
from orchestrator.execution.state import Execution, ExecutionStatus, NodeRun, NodeStatus, Result
from orchestrator.lifecycle.archive import codec, holders, saving, squashing
from orchestrator.lifecycle.archive.entry import Entry
from orchestrator.lifecycle.archive.index import INDEX, Head, Index, dump, load
from orchestrator.lifecycle.archive.keeper import Keeper
from orchestrator.lifecycle.archive.record import Damaged, Record
from orchestrator.lifecycle.archive.restoring import RESTORED
from orchestrator.lifecycle.archive.squashing import squash
from orchestrator.lifecycle.decide import approve
from orchestrator.lifecycle.definitions.committed import CommittedDefinitions
from orchestrator.lifecycle.ports import Vote
from orchestrator.lifecycle.ports.github import User
from orchestrator.lifecycle.rerun import rerun
from orchestrator.report.check_run import CheckRun, CheckStatus, Conclusion
from tests.fakes.garden import MEMBER, STRANGER, Garden, reader_of
from tests.fakes.hosted import ANN, FLOW, Hosted, work
from tests.fakes.payloads import account, payload, pushed
from tests.fakes.record_branch import MemoryRemote
from tests.fakes.runner import writes
from tests.fakes.world import World, node, workflow

GATED = workflow(
    node("a", workspace=WorkspaceMode.WRITE), node("gate", "a", action=Approval(timeout_minutes=5)), node("b", "gate")
)

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


class Job:
    """One job with an empty store, on a machine of its own."""

    def __init__(self, folder: Path, remote: MemoryRemote, holder: str, *, origin: World | None = None) -> None:
        self.world = World(folder / holder.replace("/", "-"), instance=holder)
        self.world.runner.deeds["a"] = writes(new_txt="new")
        if origin:
            self.world.git.origin = origin.git
        self.remote = remote
        self.keeper = Keeper(
            self.world.services, remote.branch(), CommittedDefinitions(reader_of(self.world.git)), holder=holder
        )

    def named(self, *ids: str) -> Job:
        """Its executions get these ids."""
        names = iter(ids)
        self.world.services = replace(self.world.services, new_id=lambda: next(names))
        self.keeper._services = self.world.services
        return self


class Jobs:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.remote = MemoryRemote()
        self.first = self.job("1/1")

    def job(self, holder: str) -> Job:
        return Job(self.folder, self.remote, holder, origin=self.first.world if hasattr(self, "first") else None)


@pytest.fixture
def jobs(tmp_path: Path) -> Jobs:
    return Jobs(tmp_path)


@pytest.fixture
def waiting(jobs: Jobs) -> Execution:
    execution = jobs.first.world.run(GATED)
    jobs.first.keeper.save(execution.id)
    return execution


def test_what_one_job_saves_another_pulls(jobs: Jobs, waiting: Execution) -> None:
    (entry,) = jobs.first.keeper.entries()
    assert (entry.id, entry.status, entry.holder, entry.open) == (waiting.id, ExecutionStatus.WAITING, "", True)
    assert entry.due == jobs.first.world.node_run(waiting, "gate").deadline
    assert sorted(jobs.remote.files) == ["README.md", entry.path, INDEX]
    second = jobs.job("2/1")
    assert second.keeper.pull() == (waiting.id,)
    assert second.keeper.pull() == ()
    assert second.world.statuses(waiting) == jobs.first.world.statuses(waiting)
    for reference in (waiting.id, waiting.id[:5], "latest"):
        assert jobs.job(f"{reference}/1").keeper.pull(reference=reference) == (waiting.id,)
    with pytest.raises(NotFound, match="no execution 0000x"):
        second.keeper.pull(reference="0000x")


def test_saving_the_same_again_writes_nothing(jobs: Jobs, waiting: Execution) -> None:
    before = list(jobs.remote.commits)
    assert not jobs.first.keeper.save(waiting.id).changed
    second = jobs.job("2/1")
    second.keeper.pull()
    assert not second.keeper.save(waiting.id).changed
    assert jobs.remote.commits == before


def test_a_job_holds_what_it_runs_and_lets_go_of_what_waits(jobs: Jobs) -> None:
    world, keeper = jobs.first.world, jobs.first.keeper
    execution = world.start(GATED)
    assert keeper.save(execution.id).entry.holder == "1/1"
    other = jobs.job("2/1")
    other.keeper.pull()
    with pytest.raises(Conflict, match="is run by 1/1"):
        other.keeper._claimed(execution.id, lambda _: False)
    world.work()
    assert keeper.save(execution.id).entry.holder == ""


def test_jobs_that_began_at_once_get_numbers_of_their_own(jobs: Jobs) -> None:
    made = [jobs.job(f"{number}/1").named(f"job-{number:02}") for number in range(2, 22)]
    executions = [job.world.run(GATED) for job in made]
    assert {execution.number for execution in executions} == {1}
    saved = [job.keeper.save(execution.id) for job, execution in zip(made, executions, strict=True)]
    assert sorted(each.entry.number for each in saved) == list(range(1, 21))
    numbers = [job.world.store.execution(e.id).number for job, e in zip(made, executions, strict=True)]
    assert numbers == [each.entry.number for each in saved]
    reader = jobs.job("99/1")
    assert len(reader.keeper.pull()) == 20
    assert sorted(e.number for e in reader.world.store.executions()) == list(range(1, 21))


def test_who_lost_the_race_makes_the_change_anew(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    slow, quick = jobs.job("2/1").named("job-slow"), jobs.job("3/1").named("job-quick")
    late, early = slow.world.run(GATED), quick.world.run(GATED)
    encode, done, digested = codec.Body.encode, list[str](), list[str]()
    body = codec._body

    def interrupted(self: codec.Body, record: Record) -> bytes:
        if not done:
            done.append(early.id)
            quick.keeper.save(early.id)
        return encode(self, record)

    def written(record: Record) -> Iterator[str]:
        digested.append(record.dossier.execution.id)
        return body(record)

    monkeypatch.setattr(codec.Body, "encode", interrupted)
    monkeypatch.setattr(codec, "_body", written)
    assert slow.keeper.save(late.id).entry.number == 2
    assert [entry.id for entry in slow.keeper.entries()] == ["job-quick", "job-slow"]
    # A large record must not be written anew for each try: it would lose each of them.
    assert digested == [late.id, early.id]


def test_an_execution_keeps_its_number_in_the_branch(jobs: Jobs, waiting: Execution) -> None:
    mine = jobs.job("2/1").named("mine")
    mine.world.run(GATED)
    mine.keeper.pull()
    assert mine.world.store.execution(waiting.id).number == 2
    other = jobs.job("3/1").named("other")
    other.keeper.pull()
    assert other.keeper.save(other.world.run(GATED).id).entry.number == 2
    with mine.world.store.begin() as tx:
        tx.save(replace(tx.lock(waiting.id), error_message="moved on"))
    assert mine.keeper.save(waiting.id).changed
    assert not mine.keeper.save(waiting.id).changed
    assert [entry.number for entry in mine.keeper.entries()] == [1, 2]
    assert mine.world.store.execution(waiting.id).number == 2
    assert mine.keeper.save("mine").entry.number == 3


def test_a_later_state_that_others_saved_is_not_written_over(jobs: Jobs, waiting: Execution) -> None:
    second = jobs.job("2/1")
    second.keeper.pull()
    approve(jobs.first.world.services, waiting.id, "gate", "ann")
    jobs.first.world.work()
    jobs.first.keeper.save(waiting.id)
    with second.world.store.begin() as tx:
        tx.save(replace(tx.lock(waiting.id), error_message="mine"))
    with pytest.raises(Conflict, match="a later state"):
        second.keeper.save(waiting.id)
    assert second.keeper.pull() == (waiting.id,)
    assert second.world.store.execution(waiting.id).status is ExecutionStatus.COMPLETED


def test_what_works_here_is_not_pulled_over(jobs: Jobs, waiting: Execution) -> None:
    approve(jobs.first.world.services, waiting.id, "gate", "ann")
    with jobs.first.world.store.begin() as tx:
        tx.intake.put_mark(f"history {waiting.id}", waiting.created_at)
    assert jobs.first.keeper.pull() == ()


def test_what_went_on_here_and_elsewhere_is_said_to_have(jobs: Jobs, waiting: Execution) -> None:
    second = jobs.job("2/1")
    second.keeper.pull()
    second.keeper._claimed(waiting.id, lambda _: False)
    with second.world.store.begin() as tx:
        tx.save(replace(tx.lock(waiting.id), error_message="moved on"))
    second.keeper.save(waiting.id)
    with jobs.first.world.store.begin() as tx:
        tx.save(replace(tx.lock(waiting.id), status=ExecutionStatus.RUNNING))
    jobs.first.keeper.check = lambda *_, **__: None  # type: ignore[method-assign]
    with pytest.raises(Conflict, match="has gone on here, and elsewhere too"):
        jobs.first.keeper.hold(waiting.id)


def test_what_runs_again_is_in_the_hands_of_one(jobs: Jobs) -> None:
    ended = jobs.first.world.run(workflow(node("b")))
    jobs.first.keeper.save(ended.id)
    one, other = jobs.job("ada@one#1"), jobs.job("ada@one#2")
    for each in (one, other):
        each.keeper.pull()
        each.keeper.check = lambda *_, **__: None  # type: ignore[method-assign]
    with pytest.raises(Conflict, match="already ended"):
        one.keeper.hold(ended.id)
    one.keeper.hold(ended.id, again=True)
    with pytest.raises(Conflict, match="is run by ada@one#1"):
        other.keeper.hold(ended.id, again=True)
    rerun(one.world.services, ended.id, failed_only=False, node="b")
    one.keeper.save(ended.id)
    with pytest.raises(Conflict, match="has not ended"):
        other.keeper.hold(ended.id, again=True)
    one.world.work()
    assert one.keeper.save(ended.id).entry.holder == ""
    other.keeper.hold(ended.id, again=True)


@pytest.mark.parametrize(
    ("holder", "mine", "gone", "held"),
    [
        ("1/1 long ago", "2/1", False, False),
        ("ada@laptop long ago", "2/1", False, True),
        ("", "2/1", False, False),
        ("2/1", "2/1", False, False),
        ("1/1", "2/1", False, True),
        ("1/1", "2/1", True, False),
        ("2/1/review", "2/2/review", False, False),
        ("2/2", "2/1", False, True),
        ("ada@laptop", "2/1", False, True),
        ("x/1", "x/2", False, True),
        ("ada@laptop", "ada@laptop#0a1b", False, False),
        ("ada@laptop", "ada@desktop#0a1b", False, True),
        ("ada@laptop#0a1b", "ada@laptop#2c3d", False, True),
        ("77/1/run", "77/1/run#2", False, True),
    ],
)
def test_only_one_goes_on(jobs: Jobs, waiting: Execution, holder: str, mine: str, gone: bool, held: bool) -> None:
    (entry,) = jobs.first.keeper.entries()
    name, _, ago = holder.partition(" ")
    since = entry.saved_at - timedelta(hours=25 if ago else 23)
    held_there = replace(entry, holder=name, held_at=since)
    jobs.remote.files[INDEX] = dump(Index(head=Head(), entries={waiting.id: held_there}))
    job = jobs.job(mine)
    job.keeper.pull()
    if held:
        with pytest.raises(Conflict, match="is run by"):
            job.keeper._claimed(waiting.id, lambda _: gone)
    else:
        assert job.keeper._claimed(waiting.id, lambda _: gone)
        assert job.keeper.entries()[0].holder == mine


def test_what_a_machine_held_that_is_gone_is_released_by_hand(jobs: Jobs, waiting: Execution) -> None:
    (entry,) = jobs.first.keeper.entries()
    held = replace(entry, holder="ada@laptop#0a1b", held_at=entry.saved_at)
    jobs.remote.files[INDEX] = dump(Index(head=Head(), entries={waiting.id: held}))
    job = jobs.job("ada@laptop#2c3d")
    job.keeper.pull()
    with pytest.raises(holders.Held) as caught:
        job.keeper._claimed(waiting.id, saving.nobody)
    assert f"mycelium history release {waiting.id}" in str(caught.value.hint)
    assert job.keeper.release(waiting.id[:5]) == held
    assert job.keeper.entries() == (replace(held, holder="", held_at=None),)
    before = list(jobs.remote.commits)
    assert job.keeper.release("latest").holder == ""
    assert jobs.remote.commits == before
    assert job.keeper._claimed(waiting.id, saving.nobody)
    with pytest.raises(NotFound):
        job.keeper.release("0000x")


def test_what_a_job_of_actions_holds_is_not_released_by_hand(jobs: Jobs) -> None:
    execution = jobs.first.world.start(GATED)
    jobs.first.keeper.save(execution.id)
    with pytest.raises(Conflict, match="is run by 1/1, a job of GitHub Actions"):
        jobs.job("ada@laptop#2c3d").keeper.release(execution.id)
    assert jobs.first.keeper.entries()[0].holder == "1/1"


def test_of_two_that_claim_at_one_moment_one_goes_on(
    jobs: Jobs, waiting: Execution, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick, slow, written = jobs.job("2/1"), jobs.job("3/1"), holders.dump
    for job in (quick, slow):
        job.keeper.pull()

    def interrupted(index: Index) -> bytes:
        monkeypatch.setattr(holders, "dump", written)
        assert quick.keeper._claimed(waiting.id, saving.nobody)
        return written(index)

    monkeypatch.setattr(holders, "dump", interrupted)
    with pytest.raises(Conflict, match="is run by 2/1"):
        slow.keeper._claimed(waiting.id, saving.nobody)
    assert jobs.first.keeper.entries()[0].holder == "2/1"


def test_a_remote_that_is_away_is_said(jobs: Jobs, waiting: Execution) -> None:
    jobs.remote.away = True
    with pytest.raises(Unavailable):
        jobs.first.keeper.pull()


def test_a_push_that_nobody_answered_is_known_the_next_time(jobs: Jobs) -> None:
    world, keeper = jobs.first.world, jobs.first.keeper
    execution = world.run(GATED)
    jobs.remote.mute = True
    with pytest.raises(Unavailable):
        keeper.save(execution.id)
    assert not keeper.save(execution.id).changed
    approve(world.services, execution.id, "gate", "ann")
    world.work()
    assert keeper.save(execution.id).changed
    assert jobs.job("2/1").keeper.pull() == (execution.id,)


def test_what_was_compressed_in_another_way_goes_on(jobs: Jobs, waiting: Execution) -> None:
    """Records are older than who reads them: one part instead of two, and a digest over other bytes."""
    (entry,) = jobs.first.keeper.entries()
    jobs.remote.files[entry.path] = gzip.compress(gzip.decompress(jobs.remote.files[entry.path]), mtime=0)
    past = replace(entry, digest="0" * 64, saved_by="")
    jobs.remote.files[INDEX] = dump(Index(head=Head(), entries={waiting.id: past}))
    second = jobs.job("2/1")
    second.keeper.pull()
    assert second.keeper._claimed(waiting.id, saving.nobody)
    second.keeper.go_on(waiting.id)
    assert second.keeper.save(waiting.id).changed
    assert not second.keeper.save(waiting.id).changed
    approve(second.world.services, waiting.id, "gate", "ann")
    second.world.work()
    assert second.keeper.save(waiting.id).entry.status is ExecutionStatus.COMPLETED


def test_a_branch_of_something_else_is_left_alone(jobs: Jobs) -> None:
    execution = jobs.first.world.run(GATED)
    jobs.remote.files, jobs.remote.commits = {"main.py": b"x"}, ["c"]
    with pytest.raises(SetupError, match="something else than a history"):
        jobs.first.keeper.save(execution.id)
    assert jobs.remote.files == {"main.py": b"x"}


def test_squashing_keeps_records_or_drops_the_old(jobs: Jobs, waiting: Execution) -> None:
    world, keeper = jobs.first.world, jobs.first.keeper
    ended = world.run(workflow(node("b")))
    began = keeper.save(ended.id).squashed_at
    assert began
    assert keeper.squash(unless_within_days=2).done is False
    world.clock.advance(10 * 86_400)
    young = world.run(workflow(node("b")))
    assert keeper.save(young.id).squashed_at == began
    assert keeper.squash().records == 3
    assert len(jobs.remote.commits) == 1
    done = keeper.squash(drop_after_days=9, unless_within_days=2)
    assert (done.done, done.records, len(jobs.remote.commits)) == (False, 3, 1)
    dropped = keeper.squash(drop_after_days=9)
    assert (dropped.dropped, dropped.records) == ((ended.id,), 2)
    assert [entry.id for entry in keeper.entries()] == [waiting.id, young.id]
    assert len(jobs.remote.files) == 4
    assert jobs.job("2/1").keeper.pull() == (waiting.id, young.id)
    assert keeper.squash(drop_after_days=0).dropped == (young.id,)
    late = jobs.job("3/1").named("job-late")
    assert late.keeper.save(late.world.run(GATED).id).entry.number == 4


def test_squashing_many_compares_no_entry_with_another() -> None:
    entry = Entry(
        id="0" * 8,
        path="executions/2026/01/x.jsonl.gz",
        workflow_id="r",
        number=1,
        status=ExecutionStatus.COMPLETED,
        created_at=LONG_AGO,
        saved_at=LONG_AGO,
    )
    entries = {f"{number:08}": replace(entry, id=f"{number:08}") for number in range(40)}
    remote = MemoryRemote(files={INDEX: b""}, commits=["c"])

    def never(one: Entry, other: object) -> bool:
        raise AssertionError(f"{one} was compared with {other}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(squashing, "index_of", lambda _: Index(entries=entries))
        patch.setattr(Entry, "__eq__", never)
        done = squash(remote.branch(), LONG_AGO + timedelta(days=9), drop_after_days=3)
    assert len(done.dropped) == 40


def test_squashing_nothing_is_no_error(jobs: Jobs) -> None:
    assert not jobs.first.keeper.squash(drop_after_days=1).done
    assert jobs.remote.commits == []


def test_a_record_that_cannot_be_read_holds_up_no_other(
    jobs: Jobs, waiting: Execution, caplog: pytest.LogCaptureFixture
) -> None:
    good = jobs.first.world.run(workflow(node("b")))
    jobs.first.keeper.save(good.id)
    jobs.remote.files[jobs.first.keeper.entries()[0].path] = b"what somebody pushed"
    second = jobs.job("2/1")
    with caplog.at_level(logging.WARNING):
        assert second.keeper.pull() == (good.id,)
    assert "cannot be read: it is not compressed as records are" in caplog.text
    assert "what somebody" not in caplog.text
    with pytest.raises(Damaged, match="not compressed"):
        second.keeper.pull(reference=waiting.id)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text + text.splitlines()[1] + b"\n",
        lambda text: text.replace(b"executions/", b"../../../"),
        lambda text: text.replace(b'"number":1', b'"number":"1"'),
        lambda text: text.replace(b'"mycelium":1', b'"mycelium":2'),
        lambda text: text.replace(b'"holder"', b'"holds"'),
        lambda text: text.replace(b"Z", b""),
        lambda _: b"",
        lambda _: b"[" * 10_000,
    ],
)
def test_an_index_that_mycelium_did_not_write_is_refused(
    jobs: Jobs, waiting: Execution, change: Callable[[bytes], bytes]
) -> None:
    with pytest.raises(Damaged):
        load(change(jobs.remote.files[INDEX]))


def test_a_prefix_of_several_is_not_taken_for_one(jobs: Jobs, waiting: Execution) -> None:
    other = jobs.first.world.run(workflow(node("b")))
    jobs.first.keeper.save(other.id)
    with pytest.raises(BadInput, match="several executions"):
        jobs.first.keeper.pull(reference="0000")


@pytest.fixture
def hosted(tmp_path: Path) -> Hosted:
    return Hosted(tmp_path)


def test_an_execution_outlives_its_jobs(hosted: Hosted) -> None:
    assert hosted.commanded(2, ANN, "/mycelium approve gate").status is ExecutionStatus.WAITING
    assert hosted.commanded(3, STRANGER, "/mycelium approve more").status is ExecutionStatus.WAITING
    ended = hosted.commanded(4, ANN, "/mycelium approve more")
    assert ended.status is ExecutionStatus.COMPLETED
    assert ended.number == 1
    keeper, _ = hosted.job(5)
    assert [entry.status for entry in keeper.entries()] == [ExecutionStatus.COMPLETED]
    with pytest.raises(Conflict, match="already ended"):
        keeper.take_up(hosted.id, desk=hosted.job(6)[1])


def test_the_next_attempt_goes_on_where_a_job_was_killed(tmp_path: Path) -> None:
    hosted = Hosted(
        tmp_path, {"workflows/r.yaml": "on: pull_request\nnodes:\n  a: {run: x}\n  b: {run: y, needs: a}\n"}
    )
    killed = hosted.keeper(hosted.garden.world, "1/1")
    hosted.garden.world.claim()
    assert killed.save(hosted.id).entry.holder == "1/1"
    stranger, desk = hosted.job(2)
    with pytest.raises(Conflict, match="is run by 1/1"):
        stranger.take_up(hosted.id, desk=desk)
    keeper, desk = hosted.job(3, "1/2")
    (entry,) = keeper.concerned(None)
    keeper.take_up(entry.id, desk=desk)
    work(desk)
    assert keeper.save(hosted.id).entry.status is ExecutionStatus.COMPLETED
    assert [run.lost for run in desk.services.store.runs(hosted.id)] == [1, 0]
    with pytest.raises(Conflict, match="a later state"):
        killed.save(hosted.id)


def test_another_job_of_the_same_place_goes_on_with_what_a_killed_one_began_and_showed(tmp_path: Path) -> None:
    flow = {"workflows/r.yaml": "on: pull_request\nnodes:\n  a: {run: x}\n  b: {run: y, needs: a}\n"}
    hosted = Hosted(tmp_path, flow, holder="1/1/run@m.yml")
    at_work: dict[str, Any] = {"status": CheckStatus.IN_PROGRESS, "conclusion": None}
    ended: dict[str, Any] = {"status": CheckStatus.COMPLETED, "conclusion": Conclusion.SUCCESS}
    for place in (hosted.id, f"{hosted.id}/1", f"{hosted.id}/1#1", f"{hosted.id}/7", "another/0"):
        keys = ended if "/1" in place else at_work
        check = CheckRun(name="R", external_id=place, title="t", summary="s", **keys)
        hosted.github.create_check_run(hosted.pull.head_sha, check)

    def concerned(holder: str, workflow: str = "r", dead: str = "1/1/run@m.yml") -> list[str]:
        found = hosted.job(2, holder)[0].concerned(None, workflows=[workflow], gone=lambda each: each == dead)
        return [entry.id for entry in found]

    assert concerned("2/1/run@other.yml") == concerned("2/1/run@m.yml", "s") == concerned("2/1") == []
    assert concerned("2/1/run@m.yml", dead="") == []
    assert concerned("2/1/run@m.yml") == [hosted.id]
    keeper, desk = hosted.job(3, "3/1/run@m.yml")
    keeper.take_up(hosted.id, desk=desk, gone=lambda _: True)
    shown = {thing.place: thing for thing in desk.services.store.shown(hosted.id)}
    assert [(name, shown[name].round, shown[name].concluded) for name in sorted(shown)] == [
        ("execution", 0, False),
        ("run 1", 1, True),
    ]
    assert len({thing.github_id for thing in shown.values()}) == 2


def test_a_leg_of_a_matrix_takes_over_from_no_other_leg(tmp_path: Path) -> None:
    flow = {"workflows/r.yaml": "on: pull_request\nnodes: {a: {run: x}}\n"}
    hosted = Hosted(tmp_path, flow, holder="1/1/run#0@m.yml")
    assert hosted.job(2, "1/2/run#1@m.yml")[0].concerned(None) == ()
    (entry,) = hosted.job(3, "1/2/run#0@m.yml")[0].concerned(None)
    assert entry.id == hosted.id


def test_what_an_earlier_attempt_has_ended_is_known_again(tmp_path: Path) -> None:
    hosted = Hosted(tmp_path, {"workflows/r.yaml": "on: pull_request\nnodes: {a: {run: x}}\n"})
    hosted.garden.world.work()
    hosted.keeper(hosted.garden.world, "1/1").save(hosted.id)
    keeper, desk = hosted.job(2, "2/1")
    assert keeper.pull_earlier(desk) == ()
    keeper, desk = hosted.job(3, "1/2")
    assert keeper.concerned(None) == ()
    assert keeper.pull_earlier(desk) == (hosted.id,)
    with desk.services.store.begin() as tx:
        assert [each.execution_id for each in tx.intake.decided("delivery-1")] == [hosted.id]


def decided(run: NodeRun, outcome: Outcome | None, by: str | None) -> NodeRun:
    status = NodeStatus.FAILED if outcome and outcome.failure else NodeStatus.COMPLETED
    result = Result.FAILURE if outcome and outcome.failure else Result.SUCCESS
    return replace(run, status=status, result=result, outcome=outcome, decided_by=by, waiting_for=0)


def queued(run: NodeRun, status: NodeStatus = NodeStatus.QUEUED) -> NodeRun:
    return replace(run, status=status, waiting_for=0)


def passed_over(run: NodeRun) -> NodeRun:
    return replace(run, status=NodeStatus.SKIPPED, result=Result.SKIPPED, waiting_for=0)


def forged(hosted: Hosted, **keys: Any) -> None:
    """What somebody who may write to the branch makes of the record."""
    keeper, desk = hosted.job(8)
    keeper.pull()
    services = desk.services
    with services.store.begin() as tx:
        execution, runs = tx.lock(hosted.id), tx.runs(hosted.id)
        if name := keys.pop("approved_by", None):
            gate = decided(runs[0], approved(name), name)
            more = replace(runs[1], status=NodeStatus.WAITING, waiting_for=0, started_at=runs[0].started_at)
            tx.save_runs([gate, more])
            keys |= {"open_runs": 2}
        if make := keys.pop("runs", None):
            tx.save_runs(changed := make(*runs))
            runs = [{each.index: each for each in changed}.get(run.index, run) for run in runs]
            active = sum(run.status in (NodeStatus.QUEUED, NodeStatus.RUNNING) for run in runs)
            keys |= {"open_runs": sum(not run.status.settled for run in runs), "active_runs": active}
            keys |= {"status": ExecutionStatus.RUNNING if active else ExecutionStatus.WAITING}
        tx.save(replace(execution, **keys))
    keeper.save(hosted.id)


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ({"approved_by": "ann"}, "the approval of `ann` for `gate` is not among the comments"),
        ({"approved_by": "timeout"}, "decided by nobody before its time"),
        ({"inputs": {"x": "y"}}, "its inputs do not fit"),
        ({"head": "e" * 40}, "another commit than that of its event"),
        ({"workflow_id": "s"}, "has no valid workflow `s`"),
    ],
)
def test_a_record_that_somebody_made_up_does_not_go_on(hosted: Hosted, keys: dict[str, Any], why: str) -> None:
    forged(hosted, **keys)
    keeper, desk = hosted.job(9)
    with pytest.raises(Conflict, match=why):
        keeper.take_up(hosted.id, desk=desk)
    assert keeper.entries()[0].holder == ""


Runs = Callable[[NodeRun, NodeRun, NodeRun], list[NodeRun]]


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda gate, more, _: [decided(gate, None, None), queued(more, NodeStatus.WAITING)], "decided by nobody"),
        (
            lambda gate, more, _: [decided(gate, approved("x"), ""), queued(more, NodeStatus.WAITING)],
            "decided by nobody",
        ),
        (
            lambda gate, more, after: [decided(gate, None, None), decided(more, None, None), queued(after)],
            "decided by nobody",
        ),
        (lambda _gate, _more, after: [queued(after)], "past what comes before it"),
        (lambda _gate, more, _: [queued(more, NodeStatus.WAITING)], "past what comes before it"),
        (lambda gate, more, after: [passed_over(gate), passed_over(more), queued(after)], "`gate` cannot be skipped"),
        (lambda gate, more, _: [passed_over(gate), queued(more, NodeStatus.WAITING)], "`gate` cannot be skipped"),
        (lambda gate, _more, _after: [queued(gate)], "`gate` cannot be queued"),
        (lambda gate, _more, _after: [replace(gate, deadline=LONG_AGO)], "does not wait until its time is over"),
        (lambda gate, _more, _after: [replace(gate, started_at=None)], "does not wait until its time is over"),
        (
            lambda gate, more, after: [
                decided(gate, rejected("x"), "x"),
                replace(passed_over(more), any_failed=True),
                replace(queued(after), any_failed=True),
            ],
            "`after` cannot be queued",
        ),
        (
            lambda gate, more, _: [
                decided(gate, replace(approved("ann"), outputs={"decision": "x"}), "ann"),
                queued(more, NodeStatus.WAITING),
            ],
            "something else than what was decided",
        ),
    ],
)
def test_no_approval_is_walked_past(hosted: Hosted, make: Runs, why: str) -> None:
    forged(hosted, runs=make)
    keeper, desk = hosted.job(9)
    with pytest.raises((Conflict, Damaged), match=why):
        keeper.take_up(hosted.id, desk=desk, gone=lambda _: True)


@pytest.mark.parametrize(
    ("event", "commit", "why"),
    [
        ("issues", "main", None),
        ("issues", "later", None),
        ("issues", "fork", "GitHub has no commit"),
        ("push", "main", None),
        ("push", "later", None),
        ("push", "fork", "GitHub has no commit"),
        ("merge_group", "main", None),
        ("merge_group", "fork", "GitHub has no commit"),
    ],
)
def test_no_other_event_makes_a_commit_one_of_the_repository(
    tmp_path: Path, event: str, commit: str, why: str | None
) -> None:
    """`later`: the branch has moved on since. `fork`: somebody's commit is said to have been pushed."""
    flow = {"workflows/r.yaml": "on: [pull_request, issues, push, merge_group]\nnodes: {gate: {approval: go}}\n"}
    hosted = Hosted(tmp_path, flow)
    garden, began = hosted.garden, hosted.garden.main
    who, group = account("mia", 2), {"base_ref": "refs/heads/main", "base_sha": began, "head_sha": began}
    body: dict[str, Any] = {
        "issues": payload("opened", issue={"number": 1, "user": who}, sender=who),
        "push": pushed(after=began, sender=who),
        "merge_group": payload("checks_requested", merge_group={**group, "head_ref": "refs/heads/queue/1"}),
    }[event]
    garden.deliver(event, body)
    made = garden.executions[-1]
    assert made.event_name == event
    if commit == "later":
        garden.push({**flow, "README.md": "later"})
        garden.github.repo.merge_bases[began] = began
    if commit == "fork":
        other = garden.open(flow, author=STRANGER, fork=True).head_sha
        garden.github.repo.merge_bases[other] = began
        told = {"after": other} if event == "push" else {"merge_group": {**group, "head_sha": other}}
        keys = {"head": other, "base": other, "event": {**made.event, **told}}
        with garden.world.store.begin() as tx:
            tx.save(replace(tx.lock(made.id), **keys))
    hosted.keeper(garden.world, "1/1").save(made.id)
    keeper, desk = hosted.job(9)
    if why is None:
        keeper.take_up(made.id, desk=desk)
    else:
        with pytest.raises(Conflict, match=why):
            keeper.take_up(made.id, desk=desk)


@pytest.mark.parametrize(
    ("event", "name", "goes_on"),
    [
        ("push", "refs/heads/main", True),
        ("push", "refs/tags/v1", True),
        ("push", "refs/tags/v2", False),
        ("push", "{commit}", False),
        ("push", "refs/heads/{commit}", False),
        ("push", "refs/heads/sam:feature", False),
        ("merge_group", "{commit}", False),
        ("merge_group", "refs/heads/{commit}", False),
        ("merge_group", "sam:feature", False),
    ],
)
def test_no_name_of_a_ref_is_taken_for_something_else(tmp_path: Path, event: str, name: str, goes_on: bool) -> None:
    """GitHub compares with any commit by its SHA, and with branches of forks."""
    flow = {"workflows/r.yaml": "on: [pull_request, push, merge_group]\nnodes: {gate: {approval: go}}\n"}
    hosted = Hosted(tmp_path, flow)
    garden, repo, began = hosted.garden, hosted.github.repo, hosted.garden.main
    commit = began if goes_on else garden.open(flow, author=STRANGER, fork=True).head_sha
    group = {"base_ref": "refs/heads/main", "base_sha": began, "head_ref": "refs/heads/queue/1"}
    who, ref = account("mia", 2), name.format(commit=commit)
    body: dict[str, Any] = {
        "push": {**pushed("refs/tags/v1", sender=who, after="d" * 40), "head_commit": {"id": commit}},
        "merge_group": payload("checks_requested", merge_group={**group, "head_sha": commit}),
    }[event]
    garden.deliver(event, body)
    made = garden.executions[-1]
    assert (made.event_name, made.head, made.base) == (event, commit, commit)
    repo.merge_bases |= {began: began, commit: began}
    repo.tags["v1"] = repo.branches[commit] = began
    if not goes_on:
        repo.branches["sam:feature"] = commit
    told: dict[str, Any] = {
        "push": {"ref": ref, "after": "d" * 40 if "tags" in ref else commit},
        "merge_group": {"merge_group": {**group, "head_sha": commit, "head_ref": ref}},
    }[event]
    with garden.world.store.begin() as tx:
        tx.save(replace(tx.lock(made.id), event={**made.event, **told}))
    hosted.keeper(garden.world, "1/1").save(made.id)
    keeper, desk = hosted.job(9)
    if goes_on:
        keeper.take_up(made.id, desk=desk)
    else:
        with pytest.raises(Conflict, match="GitHub has no commit"):
            keeper.take_up(made.id, desk=desk)


def test_it_goes_on_where_a_condition_saw_another_number(tmp_path: Path) -> None:
    flow = "on: pull_request\nnodes:\n  a: {run: x}\n  b: {run: y, needs: a, if: execution.number == 1}\n"
    hosted = Hosted(tmp_path, {"workflows/r.yaml": f"{flow}  gate: {{approval: go}}\n"})
    world = hosted.garden.world
    world.work()
    assert [run.status.value for run in world.store.runs(hosted.id)] == ["completed", "completed", "waiting"]
    with world.store.begin() as tx:
        tx.save(replace(tx.lock(hosted.id), number=57))
    hosted.keeper(world, "1/1").save(hosted.id)
    keeper, desk = hosted.job(9)
    keeper.take_up(hosted.id, desk=desk)


@pytest.mark.parametrize("said", [True, False])
def test_a_refusal_too_was_said_by_somebody(tmp_path: Path, said: bool) -> None:
    flow = "on: pull_request\nnodes:\n  gate: {approval: {message: go}, continue-on-error: true}\n"
    hosted = Hosted(tmp_path, {"workflows/r.yaml": f"{flow}  after: {{run: x, needs: gate}}\n"})
    no = rejected("ann")
    forged(hosted, runs=lambda gate, after: [replace(decided(gate, no, "ann"), result=Result.SUCCESS), queued(after)])
    if said:
        hosted.github.add_comment(hosted.pull.number, ANN, "/mycelium reject gate")
    keeper, desk = hosted.job(9)
    if said:
        keeper.take_up(hosted.id, desk=desk, gone=lambda _: True)
    else:
        with pytest.raises(Conflict, match="the refusal of `ann` for `gate` is not among the comments"):
            keeper.take_up(hosted.id, desk=desk, gone=lambda _: True)


@pytest.mark.parametrize(
    ("line", "by", "why"),
    [
        ("allow {head}", ANN, None),
        ("allow {short}", ANN, "has allowed the fork's commit"),
        ("allow {head}", STRANGER, "has allowed the fork's commit"),
        ("allow {other}", ANN, "has allowed the fork's commit"),
        ("run r", ANN, "has allowed the fork's commit"),
    ],
)
def test_a_forks_commit_goes_on_where_it_was_allowed(tmp_path: Path, line: str, by: User, why: str | None) -> None:
    hosted = Hosted(tmp_path)
    pull = hosted.garden.open(FLOW, author=STRANGER, fork=True)
    hosted.garden.pulled(pull)
    hosted.garden.says(MEMBER, f"/mycelium allow {pull.head_sha}", pull.number)
    allowed = hosted.garden.executions[-1].id
    hosted.keeper(hosted.garden.world, "1/1").save(allowed)
    hosted.github.repo.comments.clear()
    asked = line.format(head=pull.head_sha.upper(), short=pull.head_sha[:12], other="a" * 40)
    hosted.github.add_comment(pull.number, by, f"/mycelium {asked}")
    keeper, desk = hosted.job(9)
    if why is None:
        keeper.take_up(allowed, desk=desk)
    else:
        with pytest.raises(Conflict, match=why):
            keeper.take_up(allowed, desk=desk)


@pytest.mark.parametrize("keys", [{"base": "evil"}, {"base_repository": "sam/demo"}, {"kind": "Bot"}])
def test_a_pull_request_is_the_one_that_github_has(hosted: Hosted, keys: dict[str, str]) -> None:
    event = copy.deepcopy(hosted.garden.executions[0].event)
    told: Any = event["pull_request"]
    told["base"]["ref"] = keys.get("base", told["base"]["ref"])
    told["base"]["repo"]["full_name"] = keys.get("base_repository", told["base"]["repo"]["full_name"])
    told["user"]["type"] = keys.get("kind", told["user"]["type"])
    hosted.github.repo.branches["evil"] = hosted.garden.main
    forged(hosted, event=event)
    keeper, desk = hosted.job(9)
    with pytest.raises(Conflict, match="is another one than that of its event"):
        keeper.take_up(hosted.id, desk=desk)


@pytest.mark.parametrize("said", [True, False])
def test_a_vote_counts_only_where_it_was_given(hosted: Hosted, said: bool) -> None:
    world = hosted.garden.world
    run = world.store.runs(hosted.id)[0]
    assert run.started_at
    with world.store.begin() as tx:
        tx.lock(hosted.id)
        tx.intake.vote(Vote(execution_id=hosted.id, index=0, since=run.started_at, by="ann"))
        tx.save(replace(tx.lock(hosted.id), error_message="a later state"))
    hosted.keeper(world, "1/1").save(hosted.id)
    if said:
        hosted.github.add_comment(hosted.pull.number, ANN, "/mycelium approve gate")
    keeper, desk = hosted.job(9)
    if said:
        keeper.take_up(hosted.id, desk=desk)
    else:
        with pytest.raises(Conflict, match="the approval of `ann` for `gate` is not among the comments"):
            keeper.take_up(hosted.id, desk=desk)


def test_a_workflow_that_has_changed_does_not_go_on(hosted: Hosted) -> None:
    changed = {"workflows/r.yaml": FLOW["workflows/r.yaml"].replace("run: x", "run: curl evil")}
    plan = hosted.garden.world.store._tables.plans[hosted.id]  # type: ignore[attr-defined]
    other = Garden(hosted.folder / "other", changed)
    workflow_there = other.desk.definitions.at(other.main).workflows["r"]
    forgery = replace(plan, definition=workflow_there, source=changed["workflows/r.yaml"])
    hosted.garden.world.store._tables.plans[hosted.id] = forgery  # type: ignore[attr-defined]
    hosted.keeper(hosted.garden.world, "1/1").save(hosted.id)
    keeper, desk = hosted.job(9)
    with pytest.raises(Conflict, match="its workflow, its agents or its project file are not those of commit"):
        keeper.take_up(hosted.id, desk=desk)


@pytest.mark.parametrize(
    ("by", "line", "edited", "why"),
    [
        (ANN, "/mycelium approve gate", False, None),
        (ANN, "/mycelium approve gate", True, "not among the comments"),
        (ANN, "/mycelium approve more", False, "not among the comments"),
        (ANN, "I would /mycelium approve gate", False, "not among the comments"),
        (MEMBER, "/mycelium approve gate", False, "cannot approve what is their own"),
        (STRANGER, "/mycelium approve gate", False, "it takes write"),
    ],
)
def test_an_approval_counts_where_its_giver_wrote_it(
    hosted: Hosted, by: User, line: str, edited: bool, why: str | None
) -> None:
    comment = hosted.github.add_comment(hosted.pull.number, by, line)
    written = hosted.garden.world.clock.now()
    later = replace(comment, created_at=written, updated_at=written.replace(year=2031) if edited else written)
    hosted.github.repo.comments[comment.id] = (hosted.pull.number, later)
    forged(hosted, approved_by=by.login)
    keeper, desk = hosted.job(9)
    if why is None:
        keeper.take_up(hosted.id, desk=desk)
        assert desk.services.store.execution(hosted.id).instance == "i9"
    else:
        with pytest.raises(Conflict, match=why):
            keeper.take_up(hosted.id, desk=desk)


def test_a_job_brings_back_what_its_event_may_be_about(hosted: Hosted) -> None:
    keeper, desk = hosted.job(2)
    assert [entry.id for entry in keeper.concerned(hosted.pull.number)] == [hosted.id]
    assert keeper.concerned(hosted.pull.number + 1) == keeper.concerned(None) == ()
    assert keeper.pull(thread=hosted.pull.number + 1, desk=desk) == ()
    assert keeper.pull(thread=hosted.pull.number, desk=desk) == (hosted.id,)
    keeper.hold(hosted.id, desk=desk)
    assert desk.services.store.execution(hosted.id).instance == RESTORED
    assert keeper.entries()[0].holder == "2/1"
    again = hosted.keeper(World(hosted.folder / "again"), "2/2")
    assert [entry.id for entry in again.concerned(None)] == [hosted.id]
    keeper.go_on(hosted.id)
    assert desk.services.store.execution(hosted.id).instance == "i2"
    assert keeper.save(hosted.id, letting_go=False).entry.holder == "2/1"
    assert keeper.save(hosted.id).entry.holder == ""


def test_what_may_not_run_is_not_brought_to_who_carries_out_commands(
    hosted: Hosted, caplog: pytest.LogCaptureFixture
) -> None:
    forged(hosted, approved_by="ann")
    keeper, desk = hosted.job(9)
    assert keeper.pull(thread=hosted.pull.number, desk=desk) == ()
    assert "is not among the comments" in caplog.text
    assert keeper.pull(thread=hosted.pull.number) == (hosted.id,)


def test_people_go_on_with_what_their_checkout_has(hosted: Hosted, tmp_path: Path) -> None:
    world = World(tmp_path / "laptop", instance="laptop")
    world.git.origin = hosted.garden.world.git
    keeper = hosted.keeper(world, "ada@laptop")
    with pytest.raises(Conflict, match="has no valid workflow `r`"):
        keeper.take_up(hosted.id)
    world.git.checkout = {path: text.encode() for path, text in FLOW.items()}
    world.git.commit_checkout("pulled")
    keeper.take_up(hosted.id)
    assert world.store.execution(hosted.id).instance == "laptop"
