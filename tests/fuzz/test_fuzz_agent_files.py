"""Whatever an agent file or an index of agents holds: an agent that can be stored, or problems with a place."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

from orchestrator.agents.front_matter import read
from orchestrator.agents.library import build
from orchestrator.definition.codec import dump_agents, load_agents
from tests.fuzz.corpus import files, inputs
from tests.fuzz.fuzzing import fuzz

PATH = "agents/review.md"
_KEYS = ["name", "description", "tools", "model", "category", "color", "x y", "<<", "1"]
_values = st.sampled_from(
    [
        *(
            "code-reviewer",
            "A b: c",
            "Read, Bash(git log:*), Grep",
            "[Read, Write]",
            "[[a], {b: c}]",
            "inherit",
            "opus",
        ),
        *("1", "1.5", "true", "null", "", "2001-01-01", "2001-99-99", "&a [x, *a]", "&a x", "*a", "!!binary x", "!x y"),
        *(
            "!!set {a}",
            "!!int ''",
            "!!float x",
            "!!bool x",
            "!!timestamp x",
            "!!omap [a]",
            "|\n  a\n  b",
            ">-\n  a",
            "'a",
        ),
        *("{a: b}", "[[[[a]]]]", '"\\x00"', '"\\ud800"', "0x1F", "9" * 30, "@a", "`a`", "%a", "- a"),
    ]
)
_grammar = st.builds(
    lambda pairs, prompt: "---\n" + "".join(f"{key}: {value}\n" for key, value in pairs) + f"---\n{prompt}",
    st.lists(st.tuples(st.sampled_from(_KEYS), _values), max_size=6),
    st.text(max_size=20) | st.just("You review."),
)
_INDEX = b'{"agents": [{"id": "review", "name": "r", "category": "c", "keywords": ["a"]}]}'
_WORDS = [
    *("---\n", "name: a\n", "description: b\n", "tools: ", ",", "(", ")", "\n", ": ", "[", "]", "{", "}", "- ", "  "),
    *("&a ", "*a", "a: &a [x,x,x,x,x,x,x,x]\n", "b: &b [*a,*a,*a,*a,*a,*a,*a,*a]\n", "category: *b\n", '{"agents": ['),
    *("!!python/object:os.system ", "? ", "<<: *a\n"),
]


def one_file(data: bytes) -> None:
    # As the library reads them from a folder.
    text = data.decode("utf-8", "replace")
    agent, problems = read(PATH, text)
    assert (agent is None) == bool(problems)
    # YAML takes some characters for line ends that editors do not.
    lines = sum(text.count(end) for end in "\n\r\x85\u2028\u2029") + 1
    for problem in problems:
        assert problem.place is not None
        assert problem.place.file == PATH
        assert 1 <= problem.place.line <= lines
        assert len(str(problem)) <= 2_000
    library = build({PATH: text, "agents/index.json": text})
    assert all(problem.place for problem in library.problems)
    agents = dict(library.agents)
    assert load_agents(dump_agents(agents)) == agents
    assert len(dump_agents(agents)) <= 20 * len(data) + 10_000
    library.search("review a")


def test_fuzz_agent_files(record_property: Callable[[str, object], None]) -> None:
    seeds = (*files("orchestrator/agents/shipped/*.md"), _INDEX)
    fuzz("agent-files", one_file, inputs(seeds, _WORDS, _grammar), record_property)
