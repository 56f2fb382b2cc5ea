"""What a commit changes in workflows, read from git as anyone with two commits would."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.definition.changes import FileState
from orchestrator.definition.model import AgentDefinition
from orchestrator.lifecycle.definitions.changed import ChangedWorkflows, is_workflow_path
from tests.fakes.git import MemoryGit
from tests.fakes.world import agent

ONE = b"nodes: {a: {agent: writer, prompt: Write.}}\n"


def test_everything_that_a_commit_defines_is_compared(tmp_path: Path) -> None:
    git = MemoryGit(tmp_path, {"flows/one.yaml": ONE, "flows/two.yml": ONE, "README.md": b"x"})
    before = git.commit_checkout("Begin")
    git.checkout["flows/one.yaml"] = ONE.replace(b"Write", b"Read")
    git.checkout["flows/deep/three.yaml"] = b"nodes: {}\n"
    git.checkout["mycelium.yaml"] = b"mcp: {docs: {command: docs}}\n"
    git.checkout["README.md"] = b"y"
    git.checkout.pop("flows/two.yml")
    after = git.commit_checkout("Change it")
    agents = {before: {"writer": agent("writer")}, after: {"writer": replace(agent("writer"), prompt="Other.")}}

    def known(commit: str) -> Mapping[str, AgentDefinition]:
        return agents[commit]

    files = ChangedWorkflows(git=git, agents=known, workflows_dir="flows").between(before, after).files
    assert {file.path: file.state for file in files} == {
        "flows/deep/three.yaml": FileState.BROKEN,
        "flows/one.yaml": FileState.CHANGED,
        "flows/two.yml": FileState.REMOVED,
        "writer": FileState.CHANGED,
        "mycelium.yaml": FileState.ADDED,
    }
    assert ChangedWorkflows(git=git, agents=known, workflows_dir="flows").between(after, after).files == ()


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("workflows/a.yaml", True),
        ("workflows/deep/a.yml", True),
        ("workflows/.hidden/a.yaml", False),
        ("workflows/a.json", False),
        ("other/a.yaml", False),
        ("workflows.yaml", False),
    ],
)
def test_which_files_are_workflows(path: str, is_one: bool) -> None:
    assert is_workflow_path(path, "workflows") is is_one
