"""An agent that obeys writes what decides what runs next, under every name that leads there."""

from __future__ import annotations

import pytest

from orchestrator.definition.publish import Publish
from orchestrator.execution.allowed import refused_paths

DISGUISED = (
    ".github/workflows/evil.yml",
    ".GITHUB/workflows/evil.yml",
    ".github/workflows/a\nb.yml",
    ".github./workflows/evil.yml",
    ".github /workflows/evil.yml",
    ".github\\workflows\\evil.yml",
    "GITHUB~1/workflows/evil.yml",
    ".g\u200cithub/workflows/evil.yml",
    "\uff0egithub/workflows/evil.yml",
    "wor\u212aflows/evil.yaml",
    "work\ufb02ows/evil.yaml",
    "workflow\u017f/evil.yaml",
    "workflows/evil.yaml::$DATA",
    "workflows/evil.yaml.",
    "workflows/review.replay/look.jsonl",
    "MYCELIUM.YAML",
    "mycelium.yaml ",
    ".Mcp.json",
    ".gitmodules",
    ".claude/settings.json",
    "CLAUDE~1/settings.json",
)
LINKS = (".github", ".claude", "agents", "plugins", "workflows", ".GitHub")
NEVER = (".git/config", ".git/hooks/post-checkout", "sub/.GIT/config", "a/../.github/x", "./.github/x", "x/.git")


@pytest.mark.parametrize("path", DISGUISED)
def test_what_decides_what_runs_next_is_known_under_every_name(path: str) -> None:
    assert refused_paths(Publish(), [path]) == [path]
    assert refused_paths(Publish(paths=("**",)), [path]) == [path]


@pytest.mark.parametrize("path", LINKS)
def test_a_link_in_the_place_of_a_protected_folder_is_that_folder(path: str) -> None:
    assert refused_paths(Publish(paths=("**",)), [path]) == [path]


@pytest.mark.parametrize("path", NEVER)
def test_no_pattern_names_what_belongs_to_git(path: str) -> None:
    assert refused_paths(Publish(paths=("**", path, ".git/**", "sub/**")), [path]) == [path]


def test_where_workflows_lie_elsewhere_that_folder_and_the_way_to_it_are_protected() -> None:
    paths = ["ci", "ci/flows", "ci/flows/a.yaml", "ci/other.yaml", "workflows/a.yaml"]
    assert refused_paths(Publish(), paths, workflows_dir="ci/flows") == paths[:3]


def test_naming_a_file_allows_that_file_and_none_that_only_looks_like_it() -> None:
    named = Publish(paths=(".github/workflows/ci.yml",))
    assert refused_paths(named, [".github/workflows/ci.yml"]) == []
    assert refused_paths(named, [".GitHub/workflows/ci.yml", ".github/workflows/ci.yml."]) == [
        ".GitHub/workflows/ci.yml",
        ".github/workflows/ci.yml.",
    ]


def test_ordinary_names_are_left_alone() -> None:
    paths = ["src/agents/x.md", "docs/workflows.md", "notes~", "größe.txt", "a b/c.d", "github/x.yml", "my.git/x"]
    assert refused_paths(Publish(), paths) == []
