"""A branch of a remote that many write to at once, with real git."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator.errors import BadInput, Unavailable
from orchestrator.git.record_branch import GitRecordBranch, Patience
from orchestrator.lifecycle.ports.github import Remote
from orchestrator.lifecycle.ports.record_branch import Change, Tip

ROOT = Path(__file__).resolve().parents[3]
JOBS = """
import os, sys
from orchestrator.git.record_branch import GitRecordBranch
from orchestrator.lifecycle.ports.github import Remote
from orchestrator.lifecycle.ports.record_branch import Change

url, *names = sys.argv[1:]
begin, go = os.pipe()

def job(name):
    branch = GitRecordBranch("records", lambda: Remote(url=url, token=""), os.environ)
    asked = []
    def mine(tip):
        asked.append(tip.commit)
        index = tip.read(["index"]).get("index", b"") + f"{name}\\n".encode()
        return Change(message=name, put={f"executions/{name}.gz": name.encode(), "index": index})
    os.read(begin, 1)
    branch.write(mine)
    branch.close()
    os.write(1, f"{len(asked)}\\n".encode())

jobs = []
for name in names:
    pid = os.fork()
    if not pid:
        os.close(go)
        job(name)
        os._exit(0)
    jobs.append(pid)
os.close(go)
sys.exit(sum(os.waitpid(pid, 0)[1] != 0 for pid in jobs))
"""
"""Forked, so that twenty of them are imported once; they begin when the last of them is there."""


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", folder, *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


class Origin:
    """A bare repository that people push to."""

    def __init__(self, folder: Path, *, filters: bool = True) -> None:
        self.path = folder / "origin.git"
        subprocess.run(["git", "init", "--quiet", "--bare", self.path], check=True)
        git(self.path, "config", "uploadpack.allowFilter", str(filters).lower())
        git(self.path, "config", "receive.autogc", "false")
        self.url = f"file://{self.path}"

    def branch(self, **patience: object) -> GitRecordBranch:
        waits = Patience(**patience) if patience else None  # type: ignore[arg-type]
        return GitRecordBranch("records", lambda: Remote(url=self.url, token=""), os.environ, patience=waits)

    def commits(self) -> int:
        return int(git(self.path, "rev-list", "--count", "records"))


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    return Origin(tmp_path)


@pytest.fixture
def branch(origin: Origin) -> Iterator[GitRecordBranch]:
    made = origin.branch()
    yield made
    made.close()


def putting(message: str = "more", **files: str) -> Callable[[Tip], Change]:
    return lambda _: Change(message=message, put={f"files/{name}": text.encode() for name, text in files.items()})


def test_only_what_is_read_is_fetched(tmp_path: Path) -> None:
    origin = Origin(tmp_path)
    first = origin.branch()
    first.write(putting(a="one", b="two"))
    reader = origin.branch()
    tip = reader.tip()
    tip.read(["files/a"])
    listed = git(reader._here.path, "cat-file", "--batch-all-objects", "--batch-check=%(objecttype)").split()
    assert listed.count("blob") == 1
    reader.write(putting(c="three"))
    assert git(origin.path, "ls-tree", "-r", "--name-only", "records").split() == ["files/a", "files/b", "files/c"]
    assert git(origin.path, "fsck", "--strict") == ""
    reader.close()
    first.close()


def test_patience_ends(origin: Origin) -> None:
    hasty = origin.branch(seconds=0.0)

    def late(tip: Tip) -> Change:
        origin.branch().write(putting(quick=str(len(tip.files))))
        return Change(message="late", put={"files/late": b"x"})

    with pytest.raises(Unavailable, match="changed by others all the time"):
        hasty.write(late)


def test_who_is_out_of_reach_is_not_said_to_be_busy(origin: Origin) -> None:
    hasty = origin.branch(seconds=0.0)
    hasty.write(putting(a="one"))

    def gone(tip: Tip) -> Change:
        origin.path.rename(origin.path.with_suffix(".gone"))
        return Change(message="late", put={"files/late": b"x"})

    with pytest.raises(Unavailable) as raised:
        hasty.write(gone)
    assert "changed by others" not in raised.value.message


def test_squashing_forgets_commits_and_keeps_files(origin: Origin, branch: GitRecordBranch) -> None:
    for name in ("a", "b", "c"):
        branch.write(putting(**{name: name}))
    late = origin.branch()

    def alone(tip: Tip) -> Change:
        if "files/d" not in tip.files:
            late.write(putting(d="came meanwhile"))
        return Change(message="one", remove=["files/a"], alone=True)

    branch.write(alone)
    assert origin.commits() == 1
    assert sorted(branch.tip().files) == ["files/b", "files/c", "files/d"]
    late.write(putting(e="after it"))
    assert origin.commits() == 2
    late.close()


def test_links_are_no_files(tmp_path: Path, origin: Origin, branch: GitRecordBranch) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "init", "--quiet", str(clone))
    (clone / "link").symlink_to("/etc/passwd")
    (clone / "file").write_text("x")
    git(clone, "add", "--all")
    git(clone, "-c", "user.name=x", "-c", "user.email=x@example.test", "commit", "--quiet", "--message=x")
    git(clone, "push", "--quiet", origin.url, "HEAD:records")
    assert list(branch.tip().files) == ["file"]


@pytest.mark.parametrize("path", ["", "/etc/x", "../x", "a/../b", "a//b", 'a"b', "a\nb", "é", "a\\b", "x" * 500])
def test_paths_are_plain(tmp_path: Path, path: str) -> None:
    branch = Origin(tmp_path).branch()
    with pytest.raises(BadInput, match="no path for a record"):
        branch.write(lambda _: Change(message="x", put={path: b"x"}))


def test_a_remote_that_is_away_is_asked_again_for_a_while(tmp_path: Path) -> None:
    origin, waited, places = Origin(tmp_path), list[float](), list[str]()

    def place() -> Remote:
        url = places.pop() if places else origin.url
        return Remote(url=url, token="")

    patience = Patience(sleep=waited.append, jitter=lambda: 1.0)
    branch = GitRecordBranch("records", place, os.environ, patience=patience)
    gone = f"file://{tmp_path}/none"
    places[:] = [gone] * 4
    assert branch.tip().commit is None
    assert waited == [1.0, 2.0]
    places[:] = [gone] * 8
    with pytest.raises(Unavailable, match="cannot be read"):
        branch.tip()
    branch.close()


def test_a_name_that_git_does_not_allow_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="not a name git allows"):
        GitRecordBranch("a..b", lambda: Remote(url="file:///x", token=""), os.environ).tip()


def test_twenty_at_once_lose_nothing(tmp_path: Path) -> None:
    origin = Origin(tmp_path, filters=False)
    names = [f"job-{number:02}" for number in range(20)]
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{JOBS}"
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, origin.url, *names], capture_output=True, text=True, check=True
    )
    tries = [int(line) for line in done.stdout.split()]
    assert len(tries) == 20
    assert max(tries) > 1
    assert origin.commits() == 20
    assert sorted(git(origin.path, "show", "records:index").split()) == names
    assert git(origin.path, "ls-tree", "-r", "--name-only", "records", "executions/").count("\n") == 19
