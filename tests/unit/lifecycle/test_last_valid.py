"""A file that a commit breaks goes on as the branch last had it valid."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.lifecycle.definitions.committed import MOST_VERSIONS, CommittedDefinitions, fingerprint
from orchestrator.lifecycle.ports import Author, CommitMessage
from orchestrator.lifecycle.ports.definitions import Definitions
from tests.fakes.garden import reader_of
from tests.fakes.git import MemoryGit

FLOW = "on: push\nnodes: {a: {run: echo VERSION}}\n"
HELPED = "on: push\nnodes: {a: {agent: helper, prompt: Help.}}\n"
AGENT = "---\nname: helper\ndescription: Helps\n---\nYou help.\n"
BROKEN = "nodes: 3\n"


class Past:
    """A branch and what counts at its tip."""

    def __init__(self, folder: Path) -> None:
        self.git = MemoryGit(folder, {})
        self.source = CommittedDefinitions(reader_of(self.git))

    def commit(self, **files: str | None) -> str:
        """Workflows by their ids, and the others by a name; None removes one."""
        places = {"agent": ".claude/agents/helper.md", "project": "mycelium.yaml", "readme": "README.md"}
        for name, text in files.items():
            path = places.get(name, f"workflows/{name}.yaml")
            self.git.checkout.pop(path, None)
            if text is not None:
                self.git.checkout[path] = text.encode()
        return self.git.commit_checkout("Change")

    @property
    def now(self) -> Definitions:
        return self.source.in_force(self.git.branches["main"])


@pytest.fixture
def past(tmp_path: Path) -> Past:
    return Past(tmp_path)


def test_the_newest_valid_version_counts_and_all_that_it_was_valid_with(past: Past) -> None:
    past.commit(flow=FLOW, project="replay: {strict: false}\n")
    valid = past.commit(flow=FLOW.replace("VERSION", "2"), other=FLOW, project="replay: {strict: true}\n")
    before = fingerprint(past.now, "flow")
    past.commit(readme="x")
    past.commit(flow=BROKEN, project="replay: {strict: false}\n")
    tip = past.commit(flow=BROKEN + "# still\n")
    assert list(past.now.workflows) == ["flow", "other"]
    assert (past.now.commit, past.now.of("flow").commit, past.now.of("other").commit) == (tip, valid, tip)
    assert past.now.of("flow").project.replay.strict
    assert "echo 2" in past.now.of("flow").sources["flow"]
    assert fingerprint(past.now, "flow") == before
    assert [problem.place.file for problem in past.now.problems if problem.place] == ["workflows/flow.yaml"]
    # What the commit itself defines is another question.
    assert list(past.source.at(tip).workflows) == ["other"]
    assert past.source.at(tip).earlier == {}
    past.commit(flow=FLOW)
    assert past.now.earlier == {}


@pytest.mark.parametrize(("broken", "text"), [("agent", None), ("agent", "---\n"), ("project", "engines: 3\n")])
def test_what_a_workflow_needs_may_break_it_too(past: Past, broken: str, text: str | None) -> None:
    valid = past.commit(flow=HELPED, agent=AGENT)
    past.commit(**{broken: text})
    assert past.now.of("flow").commit == valid
    assert past.now.of("flow").agents["helper"].prompt.strip() == "You help."


def test_what_was_removed_or_never_valid_does_not_come_back(past: Past) -> None:
    past.commit(flow=FLOW, gone=FLOW)
    past.commit(flow=None, gone=None)
    past.commit(flow=BROKEN, new=BROKEN)
    assert past.now.workflows == {}


def test_what_was_on_a_merged_branch_alone_was_never_in_force(past: Past) -> None:
    valid = past.commit(flow=FLOW)
    past.git.branch = "side"
    past.git.branches["side"] = valid
    past.commit(flow=FLOW.replace("VERSION", "of a stranger"))
    side = past.commit(flow=BROKEN)
    past.git.branch, past.git.checkout = "main", {"workflows/flow.yaml": FLOW.encode()}
    past.commit(readme="x")
    workspace = past.git.prepare("merge", past.git.branches["main"])
    author = Author(name="Ada", email="ada@example.invalid")
    assert past.git.merge(workspace, side, author, CommitMessage(subject="Merge")) == ()
    past.git.branches["main"] = past.git.head(workspace)
    assert past.now.of("flow").sources["flow"] == FLOW


def test_the_search_ends(past: Past) -> None:
    past.commit(flow=FLOW)
    for number in range(MOST_VERSIONS):
        past.commit(flow=f"{BROKEN}# {number}\n")
    assert past.now.workflows == {}
    assert "flow" in past.now.sources
