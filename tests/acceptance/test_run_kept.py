"""An execution that waits on one machine goes on on another, which has nothing but a clone; both show the same."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.checkout import Checkout, statuses

KEPT = """
name: Kept
nodes:
  before: {workspace: write, run: 'echo made > before.txt; echo said'}
  gate: {needs: before, approval: "Go on?"}
  after: {needs: gate, workspace: write, run: 'cat before.txt > after.txt'}
"""


@pytest.fixture
def laptop(tmp_path: Path, checkout: Checkout) -> Iterator[Checkout]:
    """A clone of what `checkout` has pushed, with a home of its own."""
    checkout.workflow("kept", KEPT)
    checkout.commit("Add a workflow")
    origin = tmp_path / "origin.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", origin], check=True)
    checkout.git("remote", "add", "origin", f"file://{origin}")
    checkout.git("push", "--quiet", "origin", "main")
    clone = Checkout(folder=tmp_path / "laptop", environ={"USER": "ada"})
    (clone.folder / "home").mkdir(parents=True)
    subprocess.run(["git", "clone", "--quiet", f"file://{origin}", clone.root], check=True)
    yield clone
    clone.end()


def test_an_execution_goes_on_where_there_is_only_a_clone(checkout: Checkout, laptop: Checkout) -> None:
    before = checkout.state()
    id = checkout.run("kept", code=4)["id"]
    assert f"{id} is kept" in checkout.mycelium("history", "push").stdout
    assert checkout.state() == before
    assert "1 execution new or changed" in laptop.mycelium("history", "pull").stdout
    ended = laptop.mycelium("executions", "approve", id, "gate", "--json").json()
    assert statuses(ended) == {"before": "completed", "gate": "completed", "after": "completed"}
    assert laptop.git("show", f"{ended['result_branch']}:after.txt") == "made\n"
    assert checkout.mycelium("history", "list", "--json").json()[0]["status"] == "completed"
    assert "1 execution new or changed" in checkout.mycelium("history", "pull", id).stdout
    checkout.mycelium("site", "build", "--full")
    assert checkout.page(id) == laptop.page(id)
    assert "after.txt" in checkout.page(id)
    again = checkout.mycelium("executions", "rerun", id, "--node", "after", "--json").json()
    assert statuses(again)["after"] == "completed"
    assert "1 execution new or changed" in laptop.mycelium("history", "pull", id).stdout
    assert f"{id} was held by nobody" in laptop.mycelium("history", "release", id).stdout
    assert "one commit now: 1 execution." in checkout.mycelium("history", "squash").stdout
