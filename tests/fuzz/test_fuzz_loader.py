"""Whatever a workflow file holds: a workflow that can be stored and started, or problems with places in the file."""

# ruff: noqa: PT017 - that an error says where it is, is what is tried here

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from hypothesis import strategies as st

from orchestrator.definition.codec import dump_workflow
from orchestrator.definition.codec import load_workflow as decode
from orchestrator.definition.explain import explain
from orchestrator.definition.inputs import check_inputs
from orchestrator.definition.model import Workflow
from orchestrator.definition.node_keys import DEFAULT_KEYS, NODE_KEYS
from orchestrator.definition.parse import load_all
from orchestrator.definition.triggers import EVENTS
from orchestrator.errors import BadInput, Problem
from orchestrator.execution.state import Execution
from orchestrator.lifecycle.contexts import common
from orchestrator.lifecycle.start import lay_out
from tests.fuzz.corpus import examples, files, inputs
from tests.fuzz.fuzzing import fuzz

LONGEST_MESSAGE = 5_000
AGENTS = ("code-reviewer", "test-writer", "security-auditor", "docs/writer")
_SCALARS = st.sampled_from(
    [
        *("a", "b", "1", "0", "-1", "1.5", "true", "null", "~", ".inf", ".nan", "0x1F", "0o17", "1_000", "yes", "''"),
        *('"\\0"', "'${{ needs.a.result }}'", "${{ inputs.x }}", "always()", "'{'", "*x", "&x y", "!t z", "<<"),
        *("'0 6 * * *'", "'*/5 25 * 13 7'", "Europe/Berlin", "claude", "replay", "codex", "read", "write", "none"),
        *("${{ fromJSON(inputs.x) }}", "${{ github.event.issue.title }}", "${{ toJSON(needs) }}", "9" * 40),
        *("code-reviewer", "Read, Bash(git log:*)", "on_failure", "exit", "fixed", "choice", "string", "number"),
    ]
)
_KEYS = [
    *NODE_KEYS.keys,
    *NODE_KEYS.later,
    *NODE_KEYS.hints,
    *DEFAULT_KEYS.keys,
    *EVENTS,
    *("nodes", "on", "inputs", "env", "name", "defaults", "tags", "matrix", "include", "exclude", "attempts", "type"),
    *("default", "options", "required", "cron", "timezone", "message", "branches", "a", "b", "A", "X", "y", "1", "<<"),
    *("properties", "enum", "items", "$ref", "backoff", "delay-seconds", "timeout-minutes", "on-timeout"),
]
_values = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda items: f"[{', '.join(items)}]")
        | st.lists(st.tuples(st.sampled_from(_KEYS), inner), max_size=4).map(
            lambda pairs: "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"
        )
    ),
    max_leaves=10,
)
_bodies = st.lists(st.tuples(st.sampled_from(list(NODE_KEYS.keys)), _values), min_size=1, max_size=5).map(
    lambda pairs: "{" + ", ".join(f"{key}: {value}" for key, value in dict(pairs).items()) + "}"
)
_tops = st.lists(
    st.tuples(st.sampled_from(["on", "inputs", "env", "name", "defaults", "tags", "category", "x"]), _values),
    max_size=3,
).map(lambda pairs: "".join(f"{key}: {value}\n" for key, value in pairs))
_grammar = st.builds(
    lambda top, bodies: (
        f"{top}nodes:\n" + "\n".join(f"  {name}: {body}" for name, body in zip("abcd", bodies, strict=False))
    ),
    _tops,
    st.lists(_bodies, min_size=1, max_size=4),
)
_WORDS = [
    *(f"{key}: " for key in _KEYS),
    *("\n", "\n  ", "\n    ", "- ", "[", "]", "{", "}", ", ", ": ", "|\n", ">-\n", "&a ", "*a", "? ", "# ", "---\n"),
    *("${{ ", " }}", "'", '"', "needs.a.outputs.x", "github.event", "!!binary ", "!!set ", "%YAML 1.1\n", "...\n"),
    *("a: &a [*a]\n", "&a [x,x,x,x,x,x,x,x]", "[*a,*a,*a,*a,*a,*a,*a,*a]", "{run: x}", "{run: x, needs: [a, b]}"),
]


def one_file(data: bytes) -> None:
    loaded = load_all({"workflows/w.yaml": data}, agents=AGENTS)
    assert bool(loaded.workflows) != bool(loaded.problems)
    lines = data.count(b"\n") + data.count(b"\r") + data.count(b"\xe2\x80") + data.count(b"\xc2\x85") + 2
    for problem in loaded.problems:
        _has_a_place(problem, lines)
    for workflow in loaded.workflows.values():
        _can_be_used(workflow)


def _has_a_place(problem: Problem, lines: int) -> None:
    assert problem.place is not None
    assert problem.place.file == "workflows/w.yaml"
    assert 1 <= problem.place.line <= lines
    assert problem.place.column >= 1
    assert problem.message
    assert len(str(problem)) <= LONGEST_MESSAGE
    str(problem).encode()


def _can_be_used(workflow: Workflow) -> None:
    assert decode(dump_workflow(workflow)) == workflow
    assert explain(workflow, "push", {})
    try:
        given = check_inputs(workflow, {})
        execution = Execution(
            id="1",
            number=1,
            workflow_id=workflow.id,
            workflow_name=workflow.name,
            inputs=given,
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
        )
        layout = lay_out(workflow, "1", common(execution))
    except BadInput as error:
        assert len(str(error)) <= LONGEST_MESSAGE
        return
    assert len({run.key for run in layout.runs}) == len(layout.runs) >= len(workflow.nodes)
    assert all(source < target for source, target in layout.edges)


def test_fuzz_loader(record_property: Callable[[str, object], None]) -> None:
    seeds = (*files("workflows/**/*.yaml", "tests/unit/definition/*.yaml"), *examples("yaml"))
    fuzz("loader", one_file, inputs(seeds, _WORDS, _grammar), record_property)
