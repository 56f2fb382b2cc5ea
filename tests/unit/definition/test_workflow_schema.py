"""The JSON Schema says what the parser says: the same keys, and the same verdict on samples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.definition.compose import compose
from orchestrator.definition.document import plain
from orchestrator.definition.keys import WORKFLOW_KEYS
from orchestrator.definition.node_keys import DEFAULT_KEYS, NODE_KEYS, OWNERS
from orchestrator.definition.parse import load_all
from orchestrator.definition.schema import json_schema
from orchestrator.definition.triggers import EVENTS
from tests.fakes.json_schema import keywords, valid

FULL = (Path(__file__).parent / "full.yaml").read_text()
SCHEMA: dict[str, Any] = json_schema()


def document(text: str) -> Any:
    root, _ = compose(text, "w.yaml")
    assert root is not None
    return plain(root)


def test_the_keys_are_those_of_the_parser() -> None:
    assert set(SCHEMA["properties"]) == set(WORKFLOW_KEYS.keys)
    assert set(SCHEMA["properties"]["nodes"]["additionalProperties"]["properties"]) == set(NODE_KEYS.keys)
    assert set(SCHEMA["properties"]["defaults"]["properties"]) == set(DEFAULT_KEYS.keys)
    assert set(SCHEMA["properties"]["on"]["anyOf"][2]["properties"]) == set(EVENTS)
    assert set(OWNERS) == set(NODE_KEYS.keys)


def test_it_is_json_and_every_key_is_described() -> None:
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA
    closed = [schema for schema in keywords(SCHEMA) if schema.get("additionalProperties") is False]
    undescribed = [
        name
        for schema in closed
        for name, below in schema["properties"].items()
        if "description" not in below and name not in EVENTS
    ]
    assert undescribed == []


@pytest.mark.parametrize(
    "text",
    [
        FULL,
        "nodes: {a: {run: x}}",
        "on: push\nnodes: {a: {run: 'x', needs: [b], if: false, retry: 3}, b: {approval: }}",
        "on: [push, issues]\nnodes: {a: {agent: b, answer: {type: object, properties: {}}, tools: Read}}",
        "on: {push: , pull_request: {types: opened}}\nnodes: {a: {run: x}, m: {merge: a}}",
        "inputs: {a: , b: {type: number, default: 3}}\nenv: {A: 1, B: }\nnodes: {a: {run: x, artifacts: y}}",
        "budget: {usd: 1, tokens: 1, turns: 1, minutes: 0.02}\nnodes: {a: {merge: b, budget: {usd: 1}}, b: {run: x}}",
        "nodes: {a: {run: x, strategy: {matrix: {v: [1, {w: 2}], include: [{v: 3}]}}}}",
        "publish: {labels: [a, b], comment: x, push: a}\nnodes: {a: {run: x, workspace: write}}",
        "publish: {labels: [{add: a}, {remove: [b]}], maximum: {labels: 2}}\nnodes: {a: {run: x}}",
        "publish: {comment: [x, {body: y, if: true}], maximum: {comment: 2}, dry-run: false}\nnodes: {a: {run: x}}",
    ],
)
def test_valid_files_satisfy_it(text: str) -> None:
    assert load_all({"w.yaml": text}).problems == ()
    assert valid(document(text), SCHEMA)


@pytest.mark.parametrize(
    "text",
    [
        "name: x",
        "nodes: {}",
        "nodes: {a: {}}",
        "nodes: {a: {run: x, agent: b}}",
        "nodes: {a: {run: x, promt: y}}",
        "nodes: {a: {run: x, workspace: rw}}",
        "nodes: {a: {run: x, retry: 0}}",
        "nodes: {a: {run: x, timeout-minutes: 0}}",
        "nodes: {a b: {run: x}}",
        "nodes: {a: {run: x, needs: {b: maybe}}, b: {run: x}}",
        "on: pushed\nnodes: {a: {run: x}}",
        "on: [schedule]\nnodes: {a: {run: x}}",
        "on: {push: {branch: main}}\nnodes: {a: {run: x}}",
        "publish: {}\nnodes: {a: {run: x}}",
        "publish: {dry-run: true}\nnodes: {a: {run: x}}",
        "publish: {push: }\nnodes: {a: {run: x}}",
        "publish: {comment: {text: x}}\nnodes: {a: {run: x}}",
        "publish: {pull-request: {title: x}}\nnodes: {a: {run: x}}",
        "publish: {comment: x, maximum: {comment: 0}}\nnodes: {a: {run: x}}",
        "inputs: {a: {type: text}}\nnodes: {a: {run: x}}",
        "defaults: {engine: [x]}\nnodes: {a: {run: x}}",
        "budget: {usd: 0}\nnodes: {a: {run: x}}",
        "nodes: {a: {agent: b, budget: {turns: 1.5}}}",
    ],
)
def test_files_with_such_problems_do_not(text: str) -> None:
    assert load_all({"w.yaml": text}).problems
    assert not valid(document(text), SCHEMA)
