"""Fetching in a job of Actions: a shallow clone, and no credential but the job's token."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestrator.errors import Unavailable
from orchestrator.git.repository import GitRepository
from orchestrator.lifecycle.ports.github import Remote
from tests.fakes.checkout import Checkout
from tests.fakes.github import GitHubStandIn
from tests.fakes.github.state import Repository


@pytest.fixture
def private(github: GitHubStandIn) -> Repository:
    repository = github.repository("octo/demo", {"a.py": "one\n"}, private=True)
    for text in ("two\n", "three\n"):
        github.commit(repository, {"a.py": text})
    github.commit(repository, {"b.py": "new\n"}, branch="change")
    return repository


def test_one_commit_is_fetched_with_the_token_and_no_history(
    github: GitHubStandIn, private: Repository, tmp_path: Path
) -> None:
    token = github.actions_token(private, {"contents": "read"})
    clone = Checkout(folder=tmp_path / "clone")
    clone.root.mkdir(parents=True)
    address = github.url.replace("://", f"://x:{token}@")
    clone.git("clone", "--quiet", "--depth=1", f"{address}/octo/demo.git", ".")
    clone.git("remote", "set-url", "origin", f"{github.url}/octo/demo.git")
    wanted = private.git.branch("change")
    assert wanted is not None

    def git_with(remote: Remote | None) -> GitRepository:
        return GitRepository(
            root=clone.root,
            cache_dir=tmp_path / "cache",
            environ={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
            github=lambda: remote,
        )

    with pytest.raises(Unavailable):
        git_with(None).fetch(wanted)
    before = clone.state()
    git = git_with(Remote(url=f"{github.url}/octo/demo.git", token=token))
    assert git.fetch(wanted)
    assert git.read(wanted, "b.py") == b"new\n"
    assert clone.state() == before
    # Another process begins by following the checkout, which knows less.
    again = git_with(None)
    assert [change.path for change in again.difference(clone.git("rev-parse", "HEAD").strip(), wanted)] == ["b.py"]
    workspace = again.prepare("one", wanted)
    assert (workspace.path / "b.py").read_text() == "new\n"
