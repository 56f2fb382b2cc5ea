"""The reference pages name every key, event and function, and their whole examples load."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchestrator.definition.budget_keys import BUDGET_KEYS
from orchestrator.definition.checks import CONTEXTS
from orchestrator.definition.expressions import parse
from orchestrator.definition.expressions.functions import FUNCTIONS, NOT_YET
from orchestrator.definition.inputs import INPUT_KEYS
from orchestrator.definition.keys import WORKFLOW_KEYS
from orchestrator.definition.matrix_keys import STRATEGY_KEYS
from orchestrator.definition.node_keys import DEFAULT_KEYS, NODE_KEYS, OWNERS
from orchestrator.definition.parse import load_all
from orchestrator.definition.publish_keys import PUBLISH_KEYS, TARGET_KEYS
from orchestrator.definition.reader import Keys
from orchestrator.definition.triggers import EVENTS

DOCS = Path(__file__).parents[3] / "docs"
FORMAT = (DOCS / "workflow-format.md").read_text()
EXPRESSIONS = (DOCS / "expressions.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```", FORMAT, flags=re.DOTALL)


def words(page: str) -> set[str]:
    return {
        word
        for code in re.findall(r"`([^`]+)`|```yaml\n(.*?)```", page, flags=re.DOTALL)
        for text in code
        for word in re.findall(r"[\w-]+", text)
    }


@pytest.mark.parametrize(
    "keys",
    [
        *(WORKFLOW_KEYS, NODE_KEYS, DEFAULT_KEYS, STRATEGY_KEYS, BUDGET_KEYS, INPUT_KEYS, *EVENTS.values()),
        *(PUBLISH_KEYS, *TARGET_KEYS.values()),
    ],
    ids=lambda keys: keys.place,
)
def test_every_key_is_on_the_page(keys: Keys) -> None:
    assert set(keys.keys) - words(FORMAT) == set()


@pytest.mark.parametrize("keys", [WORKFLOW_KEYS, NODE_KEYS, STRATEGY_KEYS], ids=lambda keys: keys.place)
def test_so_is_every_key_that_does_not_work_yet(keys: Keys) -> None:
    assert set(keys.later) - words(FORMAT.partition("## Not supported yet")[2]) == set()


def test_every_event_function_and_context_is_on_its_page() -> None:
    assert set(EVENTS) - words(FORMAT) == set()
    assert {function.name for function in FUNCTIONS.values()} - words(EXPRESSIONS) == set()
    assert {name.lower() for name in words(EXPRESSIONS)} >= NOT_YET
    assert set().union(*CONTEXTS.values()) - words(EXPRESSIONS) == set()


@pytest.mark.parametrize(
    "row", [line for line in FORMAT.splitlines() if re.match(r"\| `.*\| (run|agent|merge)[ a-z]* \|", line)]
)
def test_the_table_of_node_keys_says_who_takes_them(row: str) -> None:
    names, kinds, _ = (cell.strip() for cell in row.strip("|").split("|", 2))
    for name in re.findall(r"`([\w-]+)`", names):
        assert {kind.value for kind in OWNERS[name]} == set(kinds.split())


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_load(example: str) -> None:
    whole = example if "nodes:" in example else f"{example}nodes: {{x: {{run: 'true'}}}}\n"
    if not example.startswith(("name:", "on:", "inputs:", "budget:", "nodes:", "trust:", "concurrency:")):
        body = example.replace("# or [lint, test]\nneeds:", "\n#needs:")
        kind = "agent: tester" if "answer:" in example else "run: 'true'"
        indented = "\n".join(f"    {line}" for line in [kind, *body.splitlines()])
        whole = f"inputs: {{systems: }}\nnodes:\n  lint: {{run: x}}\n  test: {{run: x}}\n  x:\n{indented}\n"
    assert load_all({"w.yaml": whole}).problems == ()


@pytest.mark.parametrize("text", re.findall(r"`(inputs\.depth == [^`]+)`", EXPRESSIONS))
def test_example_expressions_parse(text: str) -> None:
    assert parse(text).text == text
