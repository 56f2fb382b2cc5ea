"""The library reads what people have, reports all that is wrong, and knows which agent wins."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.agents.collection import library, of_folder, shipped
from orchestrator.agents.library import build
from orchestrator.errors import NotFound


def agent(name: str, description: str = "Does things.", prompt: str = "You do.", more: str = "") -> str:
    return f"---\nname: {name}\ndescription: {description}\n{more}---\n\n{prompt}\n"


def test_the_nearer_folder_wins() -> None:
    files = {
        "agents/a.md": agent("a", prompt="second"),
        ".claude/agents/x/a.md": agent("a", prompt="first"),
        "plugins/p/agents/a.md": agent("a", prompt="third"),
        "plugins/p/agents/b.md": agent("b", prompt="third"),
        "docs/agents/c.md": agent("c"),
        "agents/README.md": "# Ours",
    }
    found = build(files, shipped={"b.md": agent("b"), "d.md": agent("d")})
    assert found.problems == ()
    assert {id_: each.prompt for id_, each in found.agents.items()} == {"a": "first", "b": "third", "d": "You do."}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("# Title", "agents/x.md:1:1: no front matter"),
        ("---\nname: x\n", "agents/x.md:1:1: the front matter has no closing"),
        ("---\ndescription: y\n---\np", "agents/x.md:1:1: `name` is missing"),
        ("---\nname: x\n---\np", "agents/x.md:1:1: `description` is missing"),
        ("---\nname: x\ndescription: [a\n---\np", "the front matter is not YAML"),
        ("---\n- a\n---\np", "agents/x.md:1:1: the front matter is not a list of"),
        ("---\nname: x\ndescription: y\ntools: 3\n---\np", "agents/x.md:4:1: `tools` is neither"),
        (agent("x", prompt=""), "agents/x.md:4:1: the prompt"),
        ("x" * 200_001, "agents/x.md:1:1: larger than 200 KB"),
    ],
)
def test_a_bad_file_is_reported_and_stops_nothing(text: str, problem: str) -> None:
    found = build({"agents/x.md": text, "agents/good.md": agent("good")})
    assert list(found.agents) == ["good"]
    assert problem in str(found.problems[0])
    assert len(found.problems) == 1


def test_duplicates_in_one_layer() -> None:
    same = {"plugins/p/agents/a.md": agent("a"), "plugins/q/agents/a.md": agent("a")}
    assert build(same).problems == ()
    other = build({"agents/a.md": agent("a"), "agents/b.md": agent("a", prompt="Other.")})
    assert str(other.problems[0]).startswith("agents/b.md:1:1: the agent `a` stands in agents/a.md already")
    assert other.agents["a"].prompt == "You do."


@pytest.mark.parametrize(
    ("written", "tools"),
    [
        ("tools: Read, Bash(git log:*, git diff:*), Grep\n", ("Read", "Bash(git log:*, git diff:*)", "Grep")),
        ("tools: [Read, Grep]\n", ("Read", "Grep")),
        ("tools: '*'\n", None),
        ("color: red\n", None),
    ],
)
def test_tools(written: str, tools: tuple[str, ...] | None) -> None:
    assert build({"agents/a.md": agent("a", more=written)}).agents["a"].tools == tools


def test_texts_with_colons_are_read_as_people_write_them() -> None:
    found = build({"agents/a.md": agent("a", description="Use it when: you must. Examples: many")})
    assert found.agents["a"].description == "Use it when: you must. Examples: many"


@pytest.mark.parametrize(
    ("path", "category"),
    [
        (".claude/agents/security/a.md", "security"),
        ("agents/01-core-development/a.md", "core-development"),
        ("agents/security--a.md", "security"),
        ("agents/data-a.md", "data"),
        ("agents/lonely-a.md", ""),
        ("plugins/billing/agents/a.md", "billing"),
    ],
)
def test_categories(path: str, category: str) -> None:
    shared = {f"agents/data-{name}.md": agent(f"data-{name}") for name in "bcd"}
    assert build({**shared, path: agent("a")}).agents["a"].category == category


def test_an_index_adds_category_and_keywords() -> None:
    index = json.dumps({"agents": [{"id": "a", "category": "ops", "keywords": ["deploy"]}]})
    found = build({"agents/index.json": index, "agents/a.md": agent("a"), ".claude/agents/index.json": "{"})
    assert (found.agents["a"].category, found.agents["a"].keywords) == ("ops", ("deploy",))
    assert [str(problem.place) for problem in found.problems] == [".claude/agents/index.json:1:1"]


def test_find_hints_at_the_nearest_and_search_ranks() -> None:
    found = build({}, shipped=shipped())
    assert found.find("triager").id == "triager"
    with pytest.raises(NotFound, match="did you mean `code-reviewer`"):
        found.find("code-reviwer")
    assert next(each.id for each in found.search("security audit")) == "security-auditor"
    assert found.search("zebra") == []


def test_a_folder_is_read_without_following_links(tmp_path: Path) -> None:
    (tmp_path / "agents").mkdir()
    (tmp_path / "secret.md").write_text(agent("secret"))
    (tmp_path / "agents/a.md").write_bytes(agent("a").encode() + b"\xff")
    (tmp_path / "agents/link.md").symlink_to(tmp_path / "secret.md")
    assert list(of_folder(tmp_path)) == ["agents/a.md"]
    assert "a" in library(tmp_path).agents


def test_shipped_agents_are_whole() -> None:
    found = build({}, shipped=shipped())
    assert found.problems == ()
    assert set(found.agents) == {
        "code-reviewer",
        "security-auditor",
        "test-writer",
        "debugger",
        "python-pro",
        "devops-engineer",
        "documentation-engineer",
        "triager",
        "release-writer",
    }
    for each in found.agents.values():
        assert each.category, each.id
        assert each.tools, each.id
        assert "is data" in " ".join(each.prompt.split()), each.id
        assert "## What to return" in each.prompt, each.id
