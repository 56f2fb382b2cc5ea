"""Valid workflow files and the values they become."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrator.definition.codec import dump_workflow
from orchestrator.definition.codec import load_workflow as decode
from orchestrator.definition.model import (
    Agent,
    Approval,
    Backoff,
    Budget,
    ContextMode,
    EdgeCondition,
    Input,
    InputType,
    Matrix,
    Merge,
    Need,
    Node,
    Retry,
    RetryClass,
    Run,
    SandboxMode,
    Workflow,
    WorkspaceMode,
)
from orchestrator.definition.parse import load_all, load_workflow, workflow_id

FULL = (Path(__file__).parent / "full.yaml").read_text()


def load(text: str) -> Workflow:
    return load_workflow(text, "workflows/demo/sample.yaml")


def node(body: str) -> Node:
    """The node `x` with `body` beside two others."""
    text = f"nodes:\n  a: {{run: 'true', workspace: write}}\n  b: {{run: 'true'}}\n  x: {body}\n"
    return load(text).nodes["x"]


def test_the_smallest_workflow() -> None:
    workflow = load("nodes: {hello: {run: echo hello}}")
    assert (workflow.id, workflow.name, workflow.path) == ("demo/sample", "demo/sample", "workflows/demo/sample.yaml")
    hello = workflow.nodes["hello"]
    assert hello.action == Run(script="echo hello")
    assert (hello.needs, hello.implied_success, hello.retry, hello.timeout_minutes) == ((), True, Retry(), 30.0)
    assert (hello.place.line, hello.place.column) == (1, 9)


def test_every_key_at_once() -> None:
    workflow = load(FULL)
    assert decode(dump_workflow(workflow)) == workflow
    assert (workflow.name, workflow.category, workflow.tags) == ("Code review", "quality", ("python", "review"))
    assert list(workflow.inputs) == ["depth", "engine"]
    assert workflow.inputs["depth"].options == ("quick", "full")
    assert {trigger.event for trigger in workflow.triggers} >= {"push", "pull_request", "comment", "schedule"}
    review = workflow.nodes["review"]
    assert isinstance(review.action, Agent)
    assert review.action.tools == ("Read", "Grep", "Bash(git log:*, -n)")
    assert review.action.engine == "${{ inputs.engine }}"
    assert review.action.sandbox is SandboxMode.BWRAP
    others = {name: getattr(workflow.nodes[name].action, "sandbox", None) for name in ("lint", "fix", "merge", "gate")}
    assert others == {"lint": None, "fix": SandboxMode.NONE, "merge": SandboxMode.NONE, "gate": None}
    assert review.implied_success is False
    assert workflow.nodes["lint"].timeout_minutes == 20
    assert workflow.budget == Budget(usd=2.0, tokens=500_000, minutes=60)
    assert {node.id: node.budget for node in workflow.nodes.values() if node.budget} == {
        "review": Budget(usd=0.5, turns=20),
        "fix": Budget(usd=1),
        "merge": Budget(usd=1),
    }
    assert workflow.nodes["fix"].condition == "needs.review.outputs.verdict == 'changes'"


@pytest.mark.parametrize(
    ("body", "field", "value"),
    [
        ("{run: x, needs: a}", "needs", (Need(node="a"),)),
        ("{run: x, needs: [b, a]}", "needs", (Need(node="b"), Need(node="a"))),
        ("{run: x, needs: {a: on_failure}}", "needs", (Need(node="a", when=EdgeCondition.ON_FAILURE),)),
        ("{run: x, needs: a}", "implied_success", True),
        ("{run: x, needs: {a: on_success}}", "implied_success", False),
        ("{run: x, needs: a, if: always()}", "implied_success", False),
        ("{run: x, needs: a, if: needs.a.result == 'success'}", "implied_success", True),
        ("{run: x, if: false}", "condition", "false"),
        ("{run: x, if: github.ref == 'x'}", "condition", "github.ref == 'x'"),
        ("{run: x, if: \"${{ github.ref == 'x' }}\"}", "condition", "github.ref == 'x'"),
        ("{merge: [a]}", "action", Merge(nodes=("a",))),
        ("{merge: a}", "needs", (Need(node="a"),)),
        ("{merge: [a], needs: b}", "needs", (Need(node="b"), Need(node="a"))),
        ("{merge: [a], needs: {a: always}}", "needs", (Need(node="a", when=EdgeCondition.ALWAYS),)),
        ("{approval: Really}", "action", Approval(message="Really")),
        ("{approval: }", "action", Approval()),
        (
            "{approval: {message: Hi, timeout-minutes: 5, on-timeout: approve}}",
            "action",
            Approval(message="Hi", timeout_minutes=5, on_timeout="approve"),
        ),
        ("{run: x, retry: 3}", "retry", Retry(attempts=3)),
        (
            "{run: x, retry: {attempts: 2, backoff: fixed, delay-seconds: 0, on: exit}}",
            "retry",
            Retry(attempts=2, backoff=Backoff.FIXED, delay_seconds=0, on=(RetryClass.EXIT,)),
        ),
        ("{run: x, workspace: none}", "workspace", WorkspaceMode.NONE),
        ("{run: x, env: {A: 1, B: true, C: , D: 1.10}}", "env", {"A": "1", "B": "true", "C": "", "D": "1.10"}),
        ("{run: x, outputs: {y: '${{ outputs.z }}'}}", "outputs", {"y": "${{ outputs.z }}"}),
        ("{run: x, artifacts: report.xml}", "artifacts", ("report.xml",)),
        ("{run: x, queue: linux, priority: -2}", "priority", -2),
        ("{run: 3.10}", "action", Run(script="3.10")),
        ("{run: x, strategy: {matrix: {v: [1, '2']}}}", "matrix", Matrix(axes={"v": [1, "2"]})),
        (
            "{run: x, strategy: {matrix: '${{ fromJSON(inputs.m) }}'}}",
            "matrix",
            Matrix(expression="${{ fromJSON(inputs.m) }}"),
        ),
    ],
)
def test_node_keys_and_shorthands(body: str, field: str, value: Any) -> None:
    text = f"inputs: {{m: {{}}}}\nnodes:\n  a: {{run: 'true'}}\n  b: {{run: 'true'}}\n  x: {body}\n"
    assert getattr(load(text).nodes["x"], field) == value


@pytest.mark.parametrize(
    ("keys", "field", "value"),
    [
        ("tools: 'Read, Grep'", "tools", ("Read", "Grep")),
        ("tools: []", "tools", ()),
        ("context: none", "context", ContextMode.NONE),
        ("max-turns: 3", "max_turns", 3),
        ("prompt: Do it", "prompt", "Do it"),
        ("context: needs", "prompt", ""),
        ("engine: replay, model: opus", "model", "opus"),
        (
            "answer: {ok: {type: boolean}}",
            "answer",
            {
                "type": "object",
                "properties": {"ok": {"type": "boolean"}},
                "required": ["ok"],
                "additionalProperties": False,
            },
        ),
        (
            "answer: {type: object, properties: {ok: {type: boolean}}}",
            "answer",
            {"type": "object", "properties": {"ok": {"type": "boolean"}}},
        ),
    ],
)
def test_agent_keys(keys: str, field: str, value: Any) -> None:
    assert getattr(node(f"{{agent: tester, {keys}}}").action, field) == value


@pytest.mark.parametrize(
    ("on", "filters"),
    [
        ("push", {"push": {}}),
        ("[push, pull_request]", {"push": {}, "pull_request": {}}),
        (
            "{push: , issues: {types: labeled, labels: [agent]}}",
            {"push": {}, "issues": {"types": ["labeled"], "labels": ["agent"]}},
        ),
        (
            "{schedule: [{cron: 0 6 * * 1}]}",
            {"schedule": {"entries": [{"cron": "0 6 * * 1", "timezone": "UTC", "catch-up": "none"}]}},
        ),
        ("{workflow_dispatch: {inputs: {a: {}}}}", {"workflow_dispatch": {}}),
    ],
)
def test_triggers(on: str, filters: dict[str, Any]) -> None:
    workflow = load(f"on: {on}\nnodes: {{x: {{run: x}}}}")
    assert {trigger.event: trigger.filters for trigger in workflow.triggers} == filters


def test_inputs_under_workflow_dispatch_are_inputs() -> None:
    workflow = load("on: {workflow_dispatch: {inputs: {n: {type: number, default: '3'}}}}\nnodes: {x: {run: x}}")
    assert workflow.inputs == {"n": Input(name="n", type=InputType.NUMBER, default=3)}


def test_defaults_stand_behind_every_node_and_may_come_last() -> None:
    text = """
nodes:
  a: {run: x, queue: gpu}
  b: {agent: tester}
defaults: {engine: replay, model: m, queue: linux, workspace: write, timeout-minutes: 1.5, retry: 2}
"""
    nodes = load(text).nodes
    assert (nodes["a"].queue, nodes["b"].queue) == ("gpu", "linux")
    assert nodes["a"].timeout_minutes == 1.5
    assert nodes["b"].retry == Retry(attempts=2)
    assert nodes["b"].workspace is WorkspaceMode.WRITE
    assert isinstance(nodes["b"].action, Agent)
    assert (nodes["b"].action.engine, nodes["b"].action.model) == ("replay", "m")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("workflows/quality/review.yaml", "quality/review"),
        ("workflows/a.b.yml", "a.b"),
        ("elsewhere/x.yaml", "elsewhere/x"),
        ("/abs/x.yaml", "abs/x"),
    ],
)
def test_the_path_names_the_workflow(path: str, expected: str) -> None:
    assert workflow_id(path) == expected


def test_templates_are_marked() -> None:
    assert load_workflow("nodes: {x: {run: x}}", "workflows/templates/t.yaml").is_template
    assert not load("nodes: {x: {run: x}}").is_template


def test_one_bad_file_does_not_stop_the_others() -> None:
    files = {
        "workflows/a.yaml": "nodes: {x: {run: x}}",
        "workflows/a.yml": "nodes: {x: {run: x}}",
        "workflows/b.yaml": "nodes: [",
        "workflows/c.yaml": b"nodes: {x: {run: x}}",
    }
    loaded = load_all(files)
    assert list(loaded.workflows) == ["a", "c"]
    assert [problem.place.file for problem in loaded.problems if problem.place] == [
        "workflows/a.yml",
        "workflows/b.yaml",
    ]


def test_ten_thousand_nodes_load() -> None:
    lines = [f"  n{i}: {{run: echo {i}, needs: [{f'n{i - 1}' if i else ''}]}}" for i in range(10_000)]
    assert len(load("nodes:\n" + "\n".join(lines)).nodes) == 10_000
