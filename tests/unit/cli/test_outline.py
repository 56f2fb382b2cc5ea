"""A plan shows every node at its level, with its runs and what is special about it, in four forms."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest

from orchestrator.cli.console import Console
from orchestrator.cli.outline import Outline, outline
from orchestrator.cli.outline_formats import as_dot, as_json, as_mermaid, show
from orchestrator.definition.model import (
    Agent,
    Approval,
    EdgeCondition,
    Input,
    Matrix,
    Merge,
    Need,
    Node,
    Retry,
    Run,
    Workflow,
    WorkspaceMode,
)
from orchestrator.errors import Place

PLACE = Place(file="workflows/demo.yaml")


def workflow(*nodes: Node) -> Workflow:
    return Workflow(id="demo", path="workflows/demo.yaml", name="Demo", nodes={node.id: node for node in nodes})


@pytest.fixture
def planned() -> Outline:
    return outline(
        workflow(
            Node(
                id="test",
                action=Run(script="pytest -q\necho"),
                place=PLACE,
                matrix=Matrix(axes={"py": ["3.11", "3.13"]}),
            ),
            Node(
                id="fix",
                action=Agent(agent="python-pro", model="opus"),
                place=PLACE,
                needs=(Need(node="test", when=EdgeCondition.ON_FAILURE),),
                condition="inputs.fix",
                workspace=WorkspaceMode.WRITE,
                retry=Retry(attempts=3),
                continue_on_error=True,
                queue="gpu",
            ),
            Node(
                id="merge",
                action=Merge(nodes=("fix",), resolver="devops-engineer"),
                place=PLACE,
                needs=(Need(node="fix"),),
            ),
            Node(id="gate", action=Approval(message="Ship?"), place=PLACE, needs=(Need(node="merge"),)),
        )
    )


def test_levels_and_runs(planned: Outline) -> None:
    assert [[node.node.id for node in level] for level in planned.levels] == [["test"], ["fix"], ["merge"], ["gate"]]
    assert planned.nodes[0].runs == ("test (3.11)", "test (3.13)")
    assert planned.run_count == 5
    assert planned.complete
    assert [node.agents for node in planned.nodes] == [(), ("python-pro",), ("devops-engineer",), ()]


def test_a_matrix_of_expressions_is_left_open() -> None:
    node = Node(id="a", action=Run(script="x"), place=PLACE, matrix=Matrix(expression="${{ fromJSON(inputs.m) }}"))
    open_plan = outline(workflow(node))
    assert open_plan.nodes[0].runs is None
    assert not open_plan.complete
    assert json.loads(as_json(open_plan))["node_runs"] is None
    assert "at least 1 node run" in text(open_plan)


def text(planned: Outline) -> str:
    stream = io.StringIO()
    show(planned, Console(stream=stream))
    return stream.getvalue()


def test_text(planned: Outline) -> None:
    assert text(planned) == (
        "Demo (workflows/demo.yaml)\n"
        "4 nodes, 5 node runs, 4 levels\n"
        "\n"
        "Level 1\n"
        "  test   run       pytest -q …\n"
        "                   2 runs: test (3.11), test (3.13)\n"
        "\n"
        "Level 2\n"
        "  fix    agent     python-pro (claude, opus)\n"
        "                   after test (on failure); if inputs.fix; commits its changes; up to 3 attempts; may fail;"
        " queue gpu\n"
        "\n"
        "Level 3\n"
        "  merge  merge     fix, conflicts to devops-engineer (claude)\n"
        "                   after fix\n"
        "\n"
        "Level 4\n"
        "  gate   approval  Ship?\n"
        "                   after merge\n"
    )


def test_json(planned: Outline) -> None:
    document = json.loads(as_json(planned))
    assert document["node_runs"] == 5
    assert document["edges"][0] == {"source": "test", "target": "fix", "condition": "on_failure"}
    assert document["nodes"][1]["engine"] == "claude"
    assert document["nodes"][0]["engine"] is None


def test_mermaid(planned: Outline) -> None:
    lines = as_mermaid(planned).splitlines()
    assert lines[0] == "flowchart LR"
    assert "  n0 -->|on failure| n1" in lines
    assert "  n1 --> n2" in lines


def test_dot(planned: Outline) -> None:
    lines = as_dot(planned).splitlines()
    assert lines[0] == 'digraph "demo" {'
    assert '  "test" -> "fix" [label="on failure"]' in lines
    assert lines[-1] == "}"


def test_scripts_cannot_leave_their_label() -> None:
    planned = outline(workflow(Node(id="a", action=Run(script='echo "]; x --> y\\'), place=PLACE)))
    assert '"a\\nrun: echo \\"]; x --> y\\\\"' in as_dot(planned)
    assert "x -->" not in as_mermaid(planned)


def test_an_input_stands_for_its_default_and_comments_for_nothing() -> None:
    asks = Agent(agent="triager", prompt="Look.", engine="${{ inputs.engine }}", model="${{ inputs.model }}")
    given = workflow(
        Node(id="read", action=Run(script="# why\ncat report"), place=PLACE),
        Node(id="ask", action=asks, place=PLACE),
    )
    inputs = {name: Input(name=name, default=value) for name, value in (("engine", "claude"), ("model", ""))}
    shown = text(outline(replace(given, inputs=inputs)))
    assert "triager (claude)\n" in shown
    assert "cat report …\n" in shown
