"""Whatever `mycelium.yaml` holds: a project that can be stored and used, or problems with places in the file."""

# ruff: noqa: PT017 - that an error says where it is, is what is tried here

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

from orchestrator.definition.codec import dump_project, load_project
from orchestrator.definition.engine_keys import ENGINE_KEYS, PLACEHOLDERS, READ_KEYS, USAGE_KEYS
from orchestrator.definition.mcp_keys import MCP_KEYS
from orchestrator.definition.placeholders import filled, filled_words
from orchestrator.definition.project import Project
from orchestrator.definition.project_file import PROJECT_KEYS, parse_project
from orchestrator.errors import InvalidDefinition
from tests.fuzz.corpus import examples, inputs
from tests.fuzz.fuzzing import fuzz

LONGEST_MESSAGE = 5_000
_KEYS = [*PROJECT_KEYS.keys, *ENGINE_KEYS.keys, *READ_KEYS.keys, *USAGE_KEYS.keys, *MCP_KEYS.keys, "mine", "strict"]
_SCALARS = st.sampled_from(
    [
        *("a", "mine", "'{model}'", "'{prompt}'", "'{{x}}'", "'{nope}'", "/a/*/0", "'step[a=b]:/c~1d'", "'/~2'", "41"),
        *("stdin", "argument", "jsonl", "text", "auth", "true", "null", "https://u:p@x", "https://x/y", "./x", "/x"),
        *(
            "API_KEY",
            "GITHUB_TOKEN",
            "'Bearer {API_KEY}'",
            "api.example.com:443",
            "../x",
            ".a/b",
            "'${{ x }}'",
            "redis",
        ),
    ]
)
_values = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda items: f"[{', '.join(items)}]")
        | st.lists(st.tuples(st.sampled_from(_KEYS), inner), max_size=4).map(
            lambda pairs: "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"
        )
    ),
    max_leaves=12,
)
_grammar = st.lists(st.tuples(st.sampled_from([*PROJECT_KEYS.keys, "x"]), _values), min_size=1, max_size=3).map(
    lambda pairs: "".join(f"{key}: {value}\n" for key, value in pairs)
)
_WORDS = [*(f"{key}: " for key in _KEYS), "\n", "\n  ", "\n    ", "[", "]", "{", "}", ", ", "{model}", "*a", "&a "]


def one_file(data: bytes) -> None:
    try:
        project = parse_project(data)
    except InvalidDefinition as error:
        assert error.problems
        for problem in error.problems:
            assert problem.place is not None
            assert problem.place.file == "mycelium.yaml"
            assert problem.place.line >= 1
            assert len(str(problem)) <= LONGEST_MESSAGE
    else:
        _can_be_used(project)


def _can_be_used(project: Project) -> None:
    assert load_project(dump_project(project)) == project
    values = dict.fromkeys(PLACEHOLDERS, "v")
    for engine in project.engines.values():
        assert all(filled(text, values) is not None for text in engine.texts)
        assert filled_words(engine.command, values)[0] == engine.command[0][0]
    for server in project.mcp.values():
        assert bool(server.command) != bool(server.url)
        secrets = dict.fromkeys(server.secrets, "v")
        assert all(filled(text, secrets) is not None for text in (*server.env.values(), *server.headers.values()))


def test_fuzz_project_file(record_property: Callable[[str, object], None]) -> None:
    fuzz("project_file", one_file, inputs(examples("yaml"), _WORDS, _grammar), record_property)
