"""What a shallow clone leaves out, fetched into the mirror as far as nodes compare with it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from orchestrator.errors import Unavailable
from orchestrator.git import deepening
from orchestrator.git.repository import GitRepository
from orchestrator.lifecycle.ports import Author, CommitMessage
from tests.fakes.checkout import Checkout

HISTORY = "mycelium-history"


class Upstream(Checkout):
    """A repository with branches of many commits."""

    def grow(self, branch: str, count: int, *, on: str = "") -> list[str]:
        """Commits on a branch, each with a file of its own; the oldest first."""
        lines = []
        for number in range(count):
            lines += [f"commit refs/heads/{branch}", f"mark :{number + 1}", "committer N <n@x> 1700000000 +0000"]
            lines += [f"data {len(branch) + 4}", f"{branch} {number:03}"]
            lines += [f"from {on}"] if on and not number else []
            lines += [f"M 100644 inline {branch}-{number:03}.txt", "data 2", "x", ""]
        stream = "\n".join([*lines, "done", ""])
        words, environ = ["git", "fast-import", "--quiet", "--force", "--done"], self.environment()
        subprocess.run(words, cwd=self.root, env=environ, input=stream, text=True, check=True)
        return self.git("rev-list", "--reverse", f"--max-count={count}", branch).split()


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    made = Upstream(folder=tmp_path / "upstream")
    made.root.mkdir(parents=True)
    made.git("init", "--quiet", "--initial-branch=main")
    made.git("config", "uploadpack.allowAnySHA1InWant", "true")
    return made


def shallow(upstream: Checkout, commit: str, name: str = "clone") -> Checkout:
    """As `actions/checkout` leaves it."""
    made = Checkout(folder=upstream.folder.with_name(name))
    made.root.mkdir(parents=True)
    made.git("init", "--quiet")
    made.git("remote", "add", "origin", upstream.root.as_uri())
    made.git("fetch", "--quiet", "--no-tags", "--depth=1", "origin", commit)
    made.git("checkout", "--quiet", "-b", "work", commit)
    return made


def git_of(checkout: Checkout) -> GitRepository:
    environ = {"PATH": os.environ["PATH"], "HOME": str(checkout.folder)}
    return GitRepository(root=checkout.root, cache_dir=checkout.folder / "cache", environ=environ, apart=[HISTORY])


def in_workspace(git: GitRepository, commit: str, *words: str) -> str:
    """What a node's own git says in a workspace of the commit."""
    workspace = git.prepare("node", commit)
    environ = {"PATH": os.environ["PATH"], "HOME": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(["git", *words], cwd=workspace.path, env=environ, capture_output=True, text=True, check=False)
    git.release(workspace)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("steps", [(50, 200, 1000), (2, 5, 9), (1, 2, 3)], ids=["at once", "step by step", "at last"])
def test_a_pull_request_and_its_base_are_fetched_down_to_where_they_part(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch, steps: tuple[int, ...]
) -> None:
    monkeypatch.setattr(deepening, "STEPS", steps)
    trunk = upstream.grow("main", 70)
    head = upstream.grow("change", 6, on="main^0")[-1]
    base = upstream.grow("main", 5, on="main^0")[-1]
    upstream.grow(HISTORY, 1)
    upstream.git("update-ref", "refs/pull/1/head", head)
    upstream.git("update-ref", "-d", "refs/heads/change")
    clone = shallow(upstream, head)
    before = clone.state()

    git = git_of(clone)
    git.deepen(head, base)
    assert in_workspace(git, head, "merge-base", base, "HEAD") == trunk[-1]
    assert in_workspace(git, head, "diff", "--name-only", f"{base}...HEAD").split() == [
        f"change-{number:03}.txt" for number in range(6)
    ]
    assert clone.state() == before
    assert git.has(trunk[0]) == (steps == (1, 2, 3))
    assert not git.has(upstream.git("rev-parse", HISTORY).strip())

    clone.git("remote", "set-url", "origin", "/nowhere")
    again = git_of(clone)  # another process finds what is here
    again.deepen(head, base)
    workspace = again.prepare("node", head)
    (workspace.path / "new.txt").write_text("new")
    made = again.commit(workspace, Author(name="N", email="e@x.invalid"), CommitMessage(subject="Work"))
    assert made is not None
    again.create_branch("mycelium/it/1", made)
    clone.git("fsck", "--no-progress")
    assert clone.git("log", "--format=%s", "-3", "mycelium/it/1").splitlines()[:2] == ["Work", "change 005"]


def test_one_that_went_further_is_not_forgotten_for_the_next(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deepening, "STEPS", (2, 5, 25))
    trunk = upstream.grow("main", 30)
    old = upstream.grow("old", 1, on=trunk[10])[-1]
    new = upstream.grow("new", 1, on=trunk[28])[-1]
    clone = shallow(upstream, old)
    git = git_of(clone)
    git.deepen(old, trunk[-1])
    upstream.grow("main", 1, on="main^0")
    base = upstream.git("rev-parse", "main").strip()
    assert git.fetch(new)
    git.deepen(new, base)
    assert in_workspace(git, new, "merge-base", base, new) == trunk[28]
    assert in_workspace(git, old, "merge-base", trunk[-1], old) == trunk[10]


def test_without_anything_to_compare_with_it_is_the_recent_history_with_its_tags(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deepening, "RECENT", 10)
    trunk = upstream.grow("main", 30)
    upstream.git("tag", "v1", trunk[5])
    upstream.git("tag", "v2", trunk[24])
    clone = shallow(upstream, trunk[-1])
    git = git_of(clone)
    git.deepen(trunk[-1], None)
    assert in_workspace(git, trunk[-1], "describe", "--tags", "--abbrev=0") == "v2"
    assert in_workspace(git, trunk[-1], "tag") == "v2"
    assert not git.has(trunk[5])
    assert clone.git("tag") == ""
    clone.git("remote", "set-url", "origin", "/nowhere")
    git_of(clone).deepen(trunk[-1], None)


@pytest.mark.parametrize("other", [None, "1" * 40])
def test_what_cannot_be_had_is_said_and_not_tried_again(upstream: Upstream, other: str | None) -> None:
    trunk = upstream.grow("main", 3)
    clone = shallow(upstream, trunk[-1])
    git = git_of(clone)
    clone.git("remote", "set-url", "origin", "/nowhere")
    with pytest.raises(Unavailable, match="cannot be read"):
        git.deepen(trunk[-1], other)
    clone.git("remote", "set-url", "origin", upstream.root.as_uri())
    with pytest.raises(Unavailable, match="cannot be read"):
        git.deepen(trunk[-1], other)


def test_it_ends_when_it_takes_too_long_and_a_killed_fetch_is_in_nobodys_way(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    trunk = upstream.grow("main", 3)
    clone = shallow(upstream, trunk[-1])
    git = git_of(clone)
    git.has(trunk[-1])
    (mirror,) = clone.folder.glob("cache/repositories/*/mirror.git")
    (mirror / "shallow.lock").touch()
    with monkeypatch.context() as changed:
        changed.setattr(deepening, "LONGEST_SECONDS", 0.0)
        with pytest.raises(Unavailable, match="longer than 0 s"):
            git.deepen(trunk[-1], None)
    git_of(clone).deepen(trunk[-1], None)
    assert git.has(trunk[0])


def test_a_whole_clone_fetches_all_but_the_history_of_executions(upstream: Upstream) -> None:
    trunk = upstream.grow("main", 2)
    clone = Checkout(folder=upstream.folder.with_name("clone"))
    clone.root.mkdir(parents=True)
    clone.git("clone", "--quiet", str(upstream.root), ".")
    base = upstream.grow("main", 1, on="main^0")[-1]
    kept = upstream.grow(HISTORY, 1)[-1]
    upstream.git("tag", "v1", base)
    git = git_of(clone)
    git.deepen(trunk[-1], base)
    assert in_workspace(git, base, "describe", "--tags") == "v1"
    assert not git.has(kept)
