"""Records: taken from one store, put into another, and what is refused on the way."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.definition.model import Approval, WorkspaceMode
from orchestrator.errors import Conflict, SetupError
from orchestrator.execution.effects import Effect
from orchestrator.execution.log_line import Level, LogLine
from orchestrator.execution.outcome import Artifact, Outcome
from orchestrator.execution.publication import PublicationState
from orchestrator.execution.state import NodeStatus, Result
from orchestrator.lifecycle.archive import codec, index
from orchestrator.lifecycle.archive.checked import check
from orchestrator.lifecycle.archive.codec import decode, encode
from orchestrator.lifecycle.archive.record import Damaged, Record
from orchestrator.lifecycle.archive.restoring import RESTORED, restore, saved_at
from orchestrator.lifecycle.archive.taking import shortened, take
from orchestrator.lifecycle.decide import approve
from orchestrator.lifecycle.ports import Hold, NewLogLine
from orchestrator.lifecycle.resume import resume
from tests.contract.test_dossiers_contract import full
from tests.fakes.runner import writes
from tests.fakes.world import World, node, workflow

AT = datetime(2026, 11, 28, 10, 0, 0, 5, tzinfo=UTC)
GATED = workflow(
    node("a", workspace=WorkspaceMode.WRITE), node("gate", "a", action=Approval(timeout_minutes=5)), node("b", "gate")
)


def machine(folder: Path, *, origin: World | None = None) -> World:
    """A runner with an empty store; what it fetches comes from `origin`."""
    world = World(folder, instance=folder.name)
    world.runner.deeds["a"] = writes(new_txt="new")
    if origin:
        world.git.origin = origin.git
    return world


def through(record: Record) -> Record:
    """As somebody else reads it."""
    read = decode(encode(record))
    check(read, record.dossier.execution.id)
    return read


@pytest.fixture
def record(tmp_path: Path) -> Record:
    world = machine(tmp_path / "one")
    execution = world.run(GATED)
    return take(world.services, execution.id, AT)


def test_an_execution_that_waits_goes_on_on_another_machine(tmp_path: Path) -> None:
    here = machine(tmp_path / "one")
    here.git.checkout["README.md"] = b"mine"
    here.services = replace(here.services, spread=True)
    execution = here.run(GATED)
    there = machine(tmp_path / "two", origin=here)
    record = through(take(here.services, execution.id, AT))
    restore(there.services, record)
    assert there.store.execution(execution.id).instance == RESTORED
    assert saved_at(there.services, execution.id) == AT
    resume(there.services, execution.id)
    approve(there.services, execution.id, "gate", "ada")
    there.work()
    assert there.statuses(execution) == {"a": "completed", "gate": "completed", "b": "completed"}
    ended = there.store.execution(execution.id)
    assert ended.result
    assert there.git.read(ended.result, "new.txt") == b"new"
    assert there.git.read(ended.result, "README.md") == b"mine"
    assert [line.text for line in there.logs.read(execution.id)][: len(record.log)] == [
        line.text for line in here.logs.read(execution.id)
    ]


def test_what_was_at_work_when_its_job_was_killed_starts_anew(tmp_path: Path) -> None:
    here = machine(tmp_path / "one")
    execution = here.start(GATED)
    assert here.claim().key == "a"
    there = machine(tmp_path / "two", origin=here)
    restore(there.services, through(take(here.services, execution.id, AT)))
    resume(there.services, execution.id)
    there.work()
    assert there.statuses(execution) == {"a": "completed", "gate": "waiting", "b": "pending"}
    assert there.node_run(execution, "a").lost == 1


def test_the_same_state_is_the_same_bytes(tmp_path: Path, record: Record) -> None:
    there = machine(tmp_path / "two")
    restore(there.services, through(record))
    assert encode(take(there.services, record.dossier.execution.id, AT)) == encode(record)
    assert encode(record) == encode(record)


def test_what_is_restored_takes_the_place_of_what_was_restored_before(tmp_path: Path, record: Record) -> None:
    there = machine(tmp_path / "two")
    for _ in range(2):
        restore(there.services, record)
    assert len(there.logs.read(record.dossier.execution.id)) == len(record.log) > 0
    resume(there.services, record.dossier.execution.id)
    approve(there.services, record.dossier.execution.id, "gate", "ada")
    with pytest.raises(Conflict, match="at work here"):
        restore(there.services, record)


def test_a_number_that_is_taken_here_becomes_another(tmp_path: Path, record: Record) -> None:
    there = machine(tmp_path / "two")
    there.services = replace(there.services, new_id=lambda: "0local")
    there.run(GATED)
    restore(there.services, record)
    assert [execution.number for execution in there.store.executions()] == [1, 2]


def test_everything_that_a_dossier_can_hold_survives() -> None:
    dossier = replace(full("01kbfull"), plan=replace(full().plan, base_bundle="9" * 64))
    line = NewLogLine(
        run=0, key="k", attempt=1, at=AT, level=Level.ERROR, stream="agent", text="\u2028\x1b[1mé", group="g"
    )
    record = Record(dossier=dossier, saved_at=AT, log=(line,), left_out=("a log is cut",))
    assert decode(encode(record)) == record


def without_blob(record: Record) -> Record:
    return replace(record, blobs={**record.blobs, "0" * 64: b"stray"})


def with_run(**keys: Any) -> Callable[[Record], Record]:
    def change(record: Record) -> Record:
        first, *rest = record.dossier.runs
        return replace(record, dossier=replace(record.dossier, runs=(replace(first, **keys), *rest)))

    return change


def with_dossier(**keys: Any) -> Callable[[Record], Record]:
    return lambda record: replace(record, dossier=replace(record.dossier, **keys))


def with_execution(**keys: Any) -> Callable[[Record], Record]:
    return lambda record: with_dossier(execution=replace(record.dossier.execution, **keys))(record)


def cascade(*indexes: Any) -> Effect:
    return Effect(kind="cascade", payload={"indexes": [*indexes]})


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (with_execution(id="00000009"), "another execution"),
        (with_execution(open_runs=7), "open node runs is wrong"),
        (with_execution(active_runs=3), "active node runs is wrong"),
        (with_execution(base="HEAD"), "called a commit that is none"),
        (with_execution(created_at=datetime(2026, 1, 1)), "a time has no zone"),  # noqa: DTZ001
        (with_run(execution_id="00000009"), "belongs to another execution"),
        (with_run(index=4), "not numbered from 0"),
        (with_run(node="other"), "of no node"),
        (with_run(epoch=-1), "counts below 0"),
        (with_run(heads=("--upload-pack=x",)), "called a commit that is none"),
        (with_run(outcome=Outcome(artifacts=(Artifact(name="x", digest="../x", size=1),))), "a digest that is none"),
        (with_dossier(edges=((1, 0),)), "an edge leads back"),
        (with_dossier(edges=((0, 1), (0, 1), (1, 2))), "not in order"),
        (with_dossier(edges=()), "waits for more"),
        (with_dossier(copies={"diff": "x"}), "a digest that is none"),
        (with_dossier(shown=full().shown), "shown where it is not"),
        (with_dossier(publications=(replace(full().publications[0], url="javascript:x"),)), "links to no page"),
        (with_dossier(votes=full().votes), "belongs to another execution"),
        (with_dossier(effects=(replace(full().effects[0], kind="exec"),)), "effects that are unknown"),
        (with_dossier(effects=(cascade(1),)), "tell of the end of a node run that has not ended"),
        (with_dossier(effects=(cascade(0), cascade(7))), "tell of the end of a node run that has not ended"),
        (with_dossier(effects=(cascade("0"),)), "tell of the end of a node run that has not ended"),
        (with_dossier(effects=(Effect(kind="cascade"),)), "tell of the end of a node run that has not ended"),
        (with_run(status=NodeStatus.QUEUED), "a result that does not go with its status"),
        (with_run(result=Result.FAILURE), "a result that does not go with its status"),
        (with_run(status=NodeStatus.RUNNING, result=None), "past what comes before it"),
        (with_dossier(publications=(replace(full().publications[0], state=PublicationState.PLANNED),)), "publishes"),
        (with_dossier(held=(replace(full().held[0], state=Hold.WAITING),)), "held back, and has started"),
        (without_blob, "1 blobs belong to nothing"),
    ],
)
def test_a_record_that_contradicts_itself_is_refused(
    record: Record, change: Callable[[Record], Record], problem: str
) -> None:
    with pytest.raises(Damaged, match=problem):
        check(change(record), record.dossier.execution.id)


def lines_of(packed: bytes) -> list[Any]:
    return [json.loads(line) for line in gzip.decompress(packed).splitlines()]


def packed(lines: list[Any]) -> bytes:
    return gzip.compress("".join(json.dumps(line) + "\n" for line in lines).encode())


def edited(*path: str | int, value: object) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        lines = lines_of(content)
        *where, last = path
        place: Any = lines
        for name in where:
            place = place[name]
        place[last] = value
        return gzip.compress("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines).encode())

    return change


def twice(number: int) -> Callable[[bytes], bytes]:
    """A line that holds two values."""
    return lambda content: edited(number, value=[*lines_of(content)[number], lines_of(content)[number][1]])(content)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda content: content[:-9], "cut"),
        (lambda content: content + b"x", "something follows"),
        (lambda content: content + content, "something follows"),
        (lambda _: b"", "cut"),
        (lambda _: b"plain text", "not compressed"),
        (lambda _: gzip.compress(b""), "not what Mycelium writes"),
        (lambda _: gzip.compress(b"[]"), "the middle of a line"),
        (lambda _: gzip.compress(b"[" * 100_000 + b"\n"), "head is missing"),
        (lambda _: gzip.compress(b'["head",' + b"[" * 100_000 + b"\n"), "not what Mycelium writes"),
        (lambda content: packed(lines_of(content)[:-1]), "missing|writes"),
        (edited(0, 1, "mycelium", value=2), "update"),
        (edited(0, 1, "id", value="00000009"), "do not belong together"),
        (edited(1, 1, "execution", "number", value="1"), "execution.number: int_type"),
        (edited(1, 1, "execution", "surprise", value=1), "unexpected_keyword"),
        (edited(1, 1, "execution", "status", value="asleep"), "execution.status: enum"),
        (edited(2, 1, "status", value=None), "status: enum"),
        (edited(2, 0, value="ruN"), "do not belong together"),
        (twice(2), "not what Mycelium writes"),
        (edited(-1, 1, value=99), "its end is missing"),
    ],
)
def test_what_mycelium_did_not_write_is_refused(record: Record, change: Callable[[bytes], bytes], problem: str) -> None:
    with pytest.raises(Damaged, match=problem):
        decode(change(encode(record)))


def test_a_small_file_that_becomes_a_huge_one_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec, "UNPACKED_BYTES", 10_000)
    with pytest.raises(Damaged, match="becomes more than 10,000 bytes"):
        decode(gzip.compress(b" " * 10_001))
    monkeypatch.setattr(codec, "PACKED_BYTES", 10)
    with pytest.raises(Damaged, match="10 are read"):
        decode(bytes(11))


def test_what_nobody_would_read_is_not_written(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = tuple(NewLogLine(**_of(line(number, ""))) for number in range(300))
    monkeypatch.setattr(codec, "UNPACKED_BYTES", 30_000)
    with pytest.raises(codec.TooLarge, match="bytes as text, and 30,000 are kept"):
        encode(replace(record, log=lines))
    monkeypatch.setattr(codec, "PACKED_BYTES", 100)
    with pytest.raises(codec.TooLarge, match="bytes compressed, and 100 are kept"):
        encode(record)
    monkeypatch.setattr(index, "INDEX_BYTES", 20)
    with pytest.raises(SetupError, match="20 are read") as raised:
        index.dump(index.Index())
    assert raised.value.hint == "`mycelium history squash --drop-after DAYS` makes room"


def test_what_takes_long_is_written_once_and_what_changes_each_time(record: Record) -> None:
    body, later = codec.Body(record), replace(record, saved_at=AT.replace(hour=11))
    numbered = with_execution(number=9)(later)
    for each in (record, later, numbered):
        assert decode(body.encode(each)) == each
        assert body.encode(each) == encode(each)
    assert body.digest(record) == body.digest(later) == codec.digest(record)
    assert body.digest(numbered) == codec.digest(numbered) != body.digest(record)


def line(number: int, text: str) -> LogLine:
    return LogLine(id=number, run=0, key="k", attempt=1, at=AT, level=Level.INFO, stream="stdout", text=text)


@given(st.lists(st.text("aé", max_size=9), max_size=30), st.integers(1, 8000))
def test_a_log_keeps_its_beginning_and_its_end(texts: list[str], limit: int) -> None:
    lines = [line(number, text) for number, text in enumerate(texts, start=1)]
    kept, dropped = shortened(lines, limit)
    if not dropped:
        assert kept == lines
        return
    told = next(number for number, each in enumerate(kept) if each.stream == "mycelium")
    assert kept[:told] == lines[:told]
    assert kept[told].id == told + 1
    assert f"{dropped:,} lines are left out" in kept[told].text
    assert kept[told + 1 :] == lines[told + dropped :]
    assert sum(map(codec.size_of, (*kept[:told], *kept[told + 1 :]))) <= limit


@given(st.text(max_size=40), st.text(max_size=9), st.none() | st.just("RUN_EXIT"))
def test_what_a_line_takes_is_known_beforehand(text: str, key: str, code: str | None) -> None:
    found = replace(line(7, text), key=key, group=key, error_code=code)
    bare = Record(dossier=full("01kbfull"), saved_at=AT)
    record = replace(bare, log=(NewLogLine(**_of(found)),))
    taken = len(gzip.decompress(encode(record))) - len(gzip.decompress(encode(bare)))
    assert taken <= codec.size_of(found) <= taken + 60


def test_no_part_of_a_record_goes_beyond_its_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = machine(tmp_path / "one")
    digest = world.blobs.put(bytes(3000))
    execution = world.run(workflow(node("a", workspace=WorkspaceMode.WRITE), node("b", "a")))
    run = world.node_run(execution, "b")
    kept = replace(run.outcome or Outcome(), artifacts=(Artifact(name="big.bin", digest=digest, size=3000),))
    with world.store.begin() as tx:
        tx.lock(execution.id)
        tx.save_runs([replace(run, outcome=kept)])
    world.logs.append(execution.id, [NewLogLine(**{**_of(line(1, "x" * 50)), "run": 0}) for _ in range(9)])
    for name, limit in (("FILE_BYTES", 2999), ("COMMIT_BYTES", 1), ("COPY_BYTES", 1), ("LOG_BYTES", 1)):
        monkeypatch.setattr(f"orchestrator.lifecycle.archive.taking.{name}", limit)
    monkeypatch.setattr("orchestrator.lifecycle.archive.taking.LEAST_LOG_BYTES", 200)
    record = take(world.services, execution.id, AT)
    assert dict(record.blobs) == {}
    said = "\n".join(record.left_out)
    assert "the commit of `a`" in said
    assert "cannot go on on another machine" in said
    assert "big.bin of `b` (3,000 bytes) is left out" in said
    assert "the logs of `a` are cut" in said
    through(record)


def test_a_record_never_holds_a_secret(tmp_path: Path) -> None:
    world = World(tmp_path, secrets={"TOKEN": "hunter2-hunter2"})
    world.runner.deeds["a"] = writes(new_txt="hunter2-hunter2")
    execution = world.run(GATED)
    record = take(world.services, execution.id, AT)
    assert "a commit holds the value of a secret" in "\n".join(record.left_out)
    assert "cannot go on on another machine" in "\n".join(record.left_out)
    assert record.dossier.copies
    assert not any(b"hunter2" in content for content in record.blobs.values())
    assert b"hunter2" not in gzip.decompress(encode(record))
    through(record)


def _of(found: LogLine) -> dict[str, Any]:
    return {name: getattr(found, name) for name in NewLogLine.__dataclass_fields__}
