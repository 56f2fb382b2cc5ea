"""An agent file of any content gives an agent or problems with places, in time and memory that follow its size."""

from __future__ import annotations

import json

import pytest

from orchestrator.agents.front_matter import SIZE_LIMIT, read
from orchestrator.agents.library import build

HEAD = "---\nname: a\ndescription: b\n"


def test_a_file_as_large_as_is_allowed() -> None:
    start = f"{HEAD}---\n"
    agent, problems = read("agents/a.md", start + "x" * (SIZE_LIMIT - len(start)))
    assert (agent is not None, problems) == (True, [])
    agent, problems = read("agents/a.md", start + "x" * (SIZE_LIMIT - len(start) + 1))
    assert (agent, str(problems[0])) == (None, "agents/a.md:1:1: larger than 200 KB")
    library = build({"agents/a.md": start + "x", "agents/b.md": "x" * (SIZE_LIMIT + 1)})
    assert "a" in library.agents
    assert len(library.problems) == 1


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("tools: !!int ''", "agents/a.md:4:8: the front matter is not YAML: the tag `tag:yaml.org,2002:int` is not"),
        ("color: !!timestamp x", "agents/a.md:4:8: the front matter is not YAML: the tag"),
        ("x: [a", "agents/a.md:5:1: the front matter is not YAML: "),
        ("{a: b}: c", "agents/a.md:4:1: the front matter is not YAML: a key must be a text"),
        (f"x: {'[' * 100}", "the front matter is not YAML: nested deeper than 64 levels"),
    ],
)
def test_what_is_wrong_stands_where_it_is_said_to(line: str, said: str) -> None:
    agent, problems = read("agents/a.md", f"{HEAD}{line}\n---\nYou review.")
    assert agent is None
    assert said in str(problems[0])


@pytest.mark.parametrize("key", ["category", "tools", "model", "name"])
def test_lists_of_lists_of_lists_are_not_written_out(key: str) -> None:
    levels = [f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]" for n in range(1, 8)]
    bomb = "\n".join(["x0: &x0 [y, y]", *levels, f"{key}: *x7"])
    agent, problems = read("agents/a.md", f"---\ndescription: b\n{bomb}\n---\nYou review.")
    assert agent is None
    assert "more than 250,000 values, with aliases expanded" in str(problems[0])


def test_a_list_where_a_text_belongs_is_left_out() -> None:
    agent, _ = read("agents/a.md", f"{HEAD}category: [a]\nmodel: {{b: c}}\ntools: [Read, [Write]]\n---\nYou review.")
    assert agent is not None
    assert (agent.category, agent.model, agent.tools) == ("", None, ("Read",))


def test_many_commas_take_time_in_proportion() -> None:
    agent, _ = read("agents/a.md", f"{HEAD}tools: 'Read{',' * 190_000} Bash(git log:*, git show:*)'\n---\nYou review.")
    assert agent is not None
    assert agent.tools == ("Read", "Bash(git log:*, git show:*)")


@pytest.mark.parametrize(
    ("text", "said"),
    [("[" * 100_000, "nested too deeply"), (json.dumps({"agents": ["x" * SIZE_LIMIT]}), "larger than 200 KB")],
)
def test_an_index_that_is_too_much_is_a_problem_of_its_own(text: str, said: str) -> None:
    library = build({"agents/a.md": f"{HEAD}---\nYou review.", "agents/index.json": text})
    assert list(library.agents) == ["a"]
    assert [problem.message for problem in library.problems] == [said]
