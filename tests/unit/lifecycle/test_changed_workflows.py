"""What a commit changes in workflows, read from git as anyone with two commits would."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.definition.changes import FileState
from orchestrator.errors import Unavailable
from orchestrator.lifecycle.definitions.changed import ChangedWorkflows
from orchestrator.lifecycle.definitions.reading import is_workflow_path
from tests.fakes.garden import reader_of
from tests.fakes.git import MemoryGit

ONE = b"nodes: {a: {agent: writer, prompt: Write.}}\n"
AGENT = b"---\nname: writer\ndescription: Writes\n---\nYou write.\n"
COMMITTED = {"flows/one.yaml": ONE, "flows/two.yml": ONE, "README.md": b"x", ".claude/agents/writer.md": AGENT}


def test_everything_that_a_commit_defines_is_compared(tmp_path: Path) -> None:
    git = MemoryGit(tmp_path, COMMITTED)
    before = git.commit_checkout("Begin")
    git.checkout["flows/one.yaml"] = ONE.replace(b"Write", b"Read")
    git.checkout["flows/deep/three.yaml"] = b"nodes: {}\n"
    git.checkout["mycelium.yaml"] = b"mcp: {docs: {command: docs}}\n"
    git.checkout["README.md"] = b"y"
    git.checkout[".claude/agents/writer.md"] = AGENT + b"And read.\n"
    git.checkout[".claude/agents/broken.md"] = b"---\nname: [\n---\n"
    git.checkout.pop("flows/two.yml")
    after = git.commit_checkout("Change it")
    found = ChangedWorkflows(reader=replace(reader_of(git), workflows_dir="flows"))
    assert {file.path: file.state for file in found.between(before, after).files} == {
        "flows/deep/three.yaml": FileState.BROKEN,
        "flows/one.yaml": FileState.CHANGED,
        "flows/two.yml": FileState.REMOVED,
        ".claude/agents/writer.md": FileState.CHANGED,
        ".claude/agents/broken.md": FileState.BROKEN,
        "mycelium.yaml": FileState.ADDED,
    }
    assert found.between(after, after).files == ()
    with pytest.raises(Unavailable, match="is not in the repository"):
        found.between(before, "f" * 40)


@pytest.mark.parametrize(
    ("path", "concerns"),
    [
        ("flows/a.yaml", True),
        (".claude/agents/a.md", True),
        ("mycelium.yaml", True),
        ("README.md", False),
        ("workflows/a.yaml", False),
    ],
)
def test_which_files_define_something(tmp_path: Path, path: str, concerns: bool) -> None:
    reader = replace(reader_of(MemoryGit(tmp_path)), workflows_dir="flows")
    assert ChangedWorkflows(reader=reader).concerns(path) is concerns


@pytest.mark.parametrize(
    ("path", "folder", "is_one"),
    [
        ("workflows/a.yaml", "workflows", True),
        ("workflows/deep/a.yml", "workflows", True),
        ("workflows/.draft.yaml", "workflows", True),
        ("workflows/.hidden/a.yaml", "workflows", False),
        ("workflows/a.json", "workflows", False),
        ("other/a.yaml", "workflows", False),
        ("workflows.yaml", "workflows", False),
        (".github/mycelium/a.yaml", ".github/mycelium", True),
        (".github/mycelium/.x/a.yaml", ".github/mycelium", False),
    ],
)
def test_which_files_are_workflows(path: str, folder: str, is_one: bool) -> None:
    assert is_workflow_path(path, folder) is is_one
