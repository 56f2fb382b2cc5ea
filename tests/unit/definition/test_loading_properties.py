"""Whatever the text, loading gives a workflow or `InvalidDefinition`; stored workflows come back equal."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.definition.codec import dump_workflow
from orchestrator.definition.codec import load_workflow as decode
from orchestrator.definition.explain import explain
from orchestrator.definition.node_keys import NODE_KEYS
from orchestrator.definition.parse import load_all
from orchestrator.definition.triggers import EVENTS

_PIECES = [
    *NODE_KEYS.keys,
    *EVENTS,
    *(
        "nodes:",
        "on:",
        "inputs:",
        "a",
        "b",
        ": ",
        ":\n  ",
        "\n",
        "\n  ",
        "\n    ",
        "- ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        "|\n",
    ),
    *(
        "&x ",
        "*x",
        "<<",
        "!t ",
        "'",
        '"',
        "#",
        "${{ ",
        " }}",
        "needs.a",
        "always()",
        "0",
        "1.5",
        ".inf",
        "null",
        "true",
    ),
    *("\t", "é", "\x00", "?", "---\n", "%YAML 1.2\n", "cron", "* * * * *", "matrix", "include", "type", "object"),
]
pieces = st.lists(st.sampled_from(_PIECES), max_size=40).map("".join)
values = st.recursive(
    st.sampled_from(["a", "b", "1", "true", "null", "'${{ needs.a.result }}'", "always()", "x", ".inf"]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.dictionaries(st.sampled_from([*NODE_KEYS.keys, "a", "b", "include", "type"]), inner, max_size=3).map(
            lambda items: "{" + ", ".join(f"{key}: {item}" for key, item in items.items()) + "}"
        ),
    ),
    max_leaves=6,
)
node_bodies = st.dictionaries(st.sampled_from(list(NODE_KEYS.keys)), values, max_size=4).map(
    lambda keys: "{" + ", ".join(f"{key}: {value}" for key, value in keys.items()) + "}"
)


@settings(max_examples=300, deadline=None)
@given(text=pieces | st.text(max_size=80) | st.binary(max_size=80))
def test_any_text_loads_or_is_refused(text: str | bytes) -> None:
    loaded = load_all({"w.yaml": text})
    assert bool(loaded.workflows) != bool(loaded.problems)


@settings(max_examples=300, deadline=None)
@given(bodies=st.lists(node_bodies, min_size=1, max_size=3), on=values)
def test_almost_valid_files(bodies: list[str], on: str) -> None:
    nodes = "\n".join(f"  {name}: {body}" for name, body in zip("abc", bodies, strict=False))
    loaded = load_all({"w.yaml": f"nodes:\n{nodes}\n", "o.yaml": f"on: {on}\nnodes: {{a: {{run: x}}}}"})
    assert len(loaded.workflows) + len({p.place.file for p in loaded.problems if p.place}) == 2
    for workflow in loaded.workflows.values():
        assert decode(dump_workflow(workflow)) == workflow
        assert explain(workflow, "push", {})
