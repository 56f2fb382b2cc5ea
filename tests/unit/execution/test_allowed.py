"""Which files a published commit may change, and which labels may be set."""

from __future__ import annotations

import pytest

from orchestrator.definition.publish import Publish
from orchestrator.execution.allowed import paths_of, refused_labels, refused_paths, workflows_dir
from orchestrator.execution.commit import FileChange

PROTECTED = (
    ".github/workflows/ci.yml",
    ".github/CODEOWNERS",
    ".GitHub/workflows/ci.yml",
    ".claude/agents/reviewer.md",
    ".claude/settings.json",
    ".mcp.json",
    "agents/reviewer.md",
    "agents/deep/er/reviewer.md",
    "plugins/mine/agents/reviewer.md",
    "mycelium.yaml",
    "workflows/review.yaml",
    "workflows/deep/review.yml",
)
PLAIN = (
    "README.md",
    "src/app.py",
    "src/agents/reviewer.md",
    "agents/code.py",
    "workflows/notes.md",
    "docs/.github.md",
    "plugins/mine/code.md",
)


def refused(*allowed: str, paths: tuple[str, ...] = PROTECTED + PLAIN, folder: str = "workflows") -> set[str]:
    return set(refused_paths(Publish(paths=allowed or None), paths, workflows_dir=folder))


def test_what_decides_what_runs_next_is_protected_and_nothing_else_is() -> None:
    assert refused() == set(PROTECTED)


def test_a_pattern_that_happens_to_match_names_nothing() -> None:
    assert refused("**") == set(PROTECTED)
    assert refused("**.yml", paths=(".github/workflows/ci.yml",)) == {".github/workflows/ci.yml"}
    assert refused("*.json", paths=(".mcp.json", "a.json")) == {".mcp.json"}


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        (".github/**", ".github/workflows/ci.yml"),
        (".github/workflows/ci.yml", ".github/workflows/ci.yml"),
        ("mycelium.yaml", "mycelium.yaml"),
        ("workflows/**", "workflows/deep/review.yml"),
        (".claude/agents/*.md", ".claude/agents/reviewer.md"),
        ("agents/**", "agents/reviewer.md"),
    ],
)
def test_what_is_named_may_be_changed(pattern: str, path: str) -> None:
    assert refused(pattern, paths=(path,)) == set()
    assert refused(pattern, f"!{path}", paths=(path,)) == {path}


def test_with_a_list_only_what_it_includes_may_be_changed() -> None:
    assert refused("src/**", "!src/secret/**", paths=("src/a.py", "src/secret/a.py", "README.md")) == {
        "src/secret/a.py",
        "README.md",
    }
    assert refused("src/**", ".github/dependabot.yml", paths=(".github/dependabot.yml", ".github/x")) == {".github/x"}


def test_workflows_may_lie_elsewhere() -> None:
    assert workflows_dir("ci/flows/quality/review.yaml", "quality/review") == "ci/flows"
    assert workflows_dir("workflows/review.yml", "review") == "workflows"
    assert workflows_dir("review.yaml", "review") == "workflows"
    assert workflows_dir("odd/path.yaml", "other") == "workflows"
    assert refused(paths=("ci/flows/a.yaml", "workflows/a.yaml"), folder="ci/flows") == {"ci/flows/a.yaml"}


def test_a_renamed_file_touches_both_of_its_names() -> None:
    moved = FileChange(path="a.yml", status="renamed", previous_path=".github/workflows/a.yml")
    assert paths_of([moved, FileChange(path="b", status="deleted")]) == [".github/workflows/a.yml", "a.yml", "b"]


def test_labels_are_free_without_a_list_and_bound_with_one() -> None:
    labels = ("agent", "area/core", "area/deep/er", "bug")
    assert refused_labels(Publish(), labels) == []
    assert refused_labels(Publish(labels=("agent", "area/*")), labels) == ["area/deep/er", "bug"]
    assert refused_labels(Publish(labels=()), ("agent",)) == ["agent"]
