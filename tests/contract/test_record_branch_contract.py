"""What a branch of records promises: the fake, and git with and without remotes that send only what is asked for."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator.errors import Conflict
from orchestrator.git.record_branch import GitRecordBranch
from orchestrator.lifecycle.ports.github import Remote
from orchestrator.lifecycle.ports.record_branch import Change, RecordBranch, Tip
from tests.fakes.record_branch import MemoryRemote

Open = Callable[[], RecordBranch]


@pytest.fixture(params=["memory", "partial", "whole"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens the branch as one process more."""
    if request.param == "memory":
        yield MemoryRemote().branch
        return
    origin, made = tmp_path / "origin.git", list[RecordBranch]()
    subprocess.run(["git", "init", "--quiet", "--bare", origin], check=True)
    filters = str(request.param == "partial").lower()
    subprocess.run(["git", "-C", origin, "config", "uploadpack.allowFilter", filters], check=True)

    def open_one() -> RecordBranch:
        made.append(GitRecordBranch("records", lambda: Remote(url=f"file://{origin}", token=""), os.environ))
        return made[-1]

    yield open_one
    for each in made:
        each.close()


def putting(**files: str) -> Callable[[Tip], Change]:
    return lambda _: Change(message="more", put={f"files/{name}": text.encode() for name, text in files.items()})


def test_a_branch_begins_with_its_first_write(opened: Open) -> None:
    branch = opened()
    assert (branch.tip().commit, dict(branch.tip().files), branch.tip().read(["files/a"])) == (None, {}, {})
    assert branch.write(lambda _: None) is None
    assert branch.tip().commit is None
    commit = branch.write(putting(a="one"))
    assert branch.tip().commit == commit is not None
    assert branch.tip().read(["files/a", "files/b"]) == {"files/a": b"one"}


def test_who_is_slower_decides_again_on_what_others_made(opened: Open) -> None:
    one, other = opened(), opened()
    one.write(putting(a="one", b="two\n\0"))
    seen: list[list[str]] = []

    def slow(tip: Tip) -> Change:
        seen.append(sorted(tip.files))
        if len(seen) == 1:
            other.write(putting(c=""))
        return Change(message="slow", put={"files/d": b"four"}, remove=["files/a", "files/never"])

    one.write(slow)
    assert seen == [["files/a", "files/b"], ["files/a", "files/b", "files/c"]]
    tip = other.tip()
    assert tip.read(tip.files) == {"files/b": b"two\n\0", "files/c": b"", "files/d": b"four"}


def test_a_commit_alone_keeps_all_files_and_those_that_come_meanwhile(opened: Open) -> None:
    one, other = opened(), opened()
    one.write(putting(a="one"))
    one.write(putting(b="two"))

    def alone(tip: Tip) -> Change:
        if "files/c" not in tip.files:
            other.write(putting(c="meanwhile"))
        return Change(message="one", remove=["files/a"], alone=True)

    one.write(alone)
    other.write(putting(d="after it"))
    assert sorted(one.tip().files) == ["files/b", "files/c", "files/d"]


def test_an_error_of_whoever_decides_passes_on(opened: Open) -> None:
    def refuses(tip: Tip) -> Change:
        raise Conflict("no")

    with pytest.raises(Conflict):
        opened().write(refuses)
    assert opened().tip().commit is None
