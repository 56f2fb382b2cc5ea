"""Text of outsiders on its way into a shell or an address: through `env`, `needs`, `matrix`, `outputs` and inputs."""

from __future__ import annotations

import pytest

from orchestrator.definition.parse import load_workflow
from orchestrator.errors import InvalidDefinition

SOURCES = (
    "github.event.issue.title",
    "github.event.pull_request.head.ref",
    "github.event['comment'].body",
    "GITHUB.Event.Comment.Body",
    "github.event.client_payload.x",
    "github.head_ref",
    "github.ref_name",
    "toJSON(github)",
    "format('{0}', github.event.comment.body)",
    "github.event.commits[0].message || 'x'",
)
WAYS = {
    "at once": "nodes: {a: {run: 'echo ${{ SOURCE }}'}}",
    "env of the workflow": "env: {X: '${{ SOURCE }}'}\nnodes: {a: {run: 'echo ${{ env.X }}'}}",
    "env of the node": "nodes: {a: {env: {X: '${{ SOURCE }}'}, run: 'echo ${{ env.x }}'}}",
    "all of env": "nodes: {a: {env: {X: '${{ SOURCE }}'}, run: 'echo ${{ toJSON(env) }}'}}",
    "outputs": "nodes:\n  a: {run: x, outputs: {o: '${{ SOURCE }}'}}\n"
    "  b: {needs: a, run: 'echo ${{ needs.a.outputs.o }}'}",
    "outputs by index": "nodes:\n  a: {run: x, outputs: {o: '${{ SOURCE }}'}}\n"
    "  b: {needs: a, run: \"echo ${{ needs['a'].outputs['o'] }}\"}",
    "two nodes": "nodes:\n  a: {run: x, outputs: {o: '${{ SOURCE }}'}}\n"
    "  b: {needs: a, run: x, env: {Y: '${{ needs.a.outputs.o }}'}, outputs: {p: '${{ env.Y }}'}}\n"
    "  c: {needs: b, run: 'echo ${{ toJSON(needs) }}'}",
    "matrix": "nodes: {a: {strategy: {matrix: {m: ['${{ SOURCE }}']}}, run: 'echo ${{ matrix.m }}'}}",
    "labels": "on: issues\nnodes: {a: {run: x}}\npublish: {labels: ['${{ SOURCE }}']}",
    "a base": "nodes: {a: {run: x, workspace: write}}\npublish: {pull-request: {from: a, base: '${{ SOURCE }}'}}",
    "reviewers": "nodes: {a: {run: x, workspace: write}}\n"
    "publish: {pull-request: {from: a, reviewers: ['${{ SOURCE }}']}}",
}
INPUTS = "on: {comment: {command: go}}\ninputs: {who: {type: TYPE, options: [a, b]}}\ntrust: {actors: ACTORS}\nnodes:\n"


def problems(text: str) -> str:
    try:
        load_workflow(text, "workflows/w.yaml")
    except InvalidDefinition as error:
        return "\n".join(str(each) for each in error.problems)
    return ""


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("source", SOURCES)
def test_no_way_leads_text_of_outsiders_where_it_would_act(source: str, way: str) -> None:
    quoted = source.replace("'", "''") if "'${{ SOURCE" in way or "'echo ${{ SOURCE" in way else source
    assert "text that an outsider can write" in problems(way.replace("SOURCE", quoted))


def told_by(agent: str, rest: str) -> str:
    """What is wrong with a workflow in which `SAID` stands for words of an agent."""
    said = agent if "(" in agent else f"needs.look.outputs.{agent}"
    shape = "{free: {type: string}, list: {type: array, items: {type: string}}}"
    nodes = f"nodes:\n  look: {{agent: helper, prompt: x, answer: {shape}}}\n"
    return problems(nodes + rest.replace("SAID", f"${{{{ {said} }}}}"))


AGENTS = pytest.mark.parametrize("agent", ["text", "free", "list", "toJSON(needs)"])


@AGENTS
@pytest.mark.parametrize(
    "rest",
    [
        "  act: {needs: look, run: 'echo SAID'}\n",
        "  act: {needs: look, env: {X: 'SAID'}, run: 'echo ${{ env.x }}'}\n",
        "  act: {needs: look, strategy: {matrix: {m: ['SAID']}}, run: 'echo ${{ matrix.m }}'}\n",
        "  a: {needs: look, run: x, outputs: {o: 'SAID'}}\n  b: {needs: a, run: 'echo ${{ needs.a.outputs.o }}'}\n",
    ],
    ids=["at once", "env", "matrix", "outputs"],
)
def test_no_word_of_an_agent_becomes_code(agent: str, rest: str) -> None:
    assert "text that an agent can write" in told_by(agent, rest)


@AGENTS
@pytest.mark.parametrize(
    "rest",
    [
        "publish: {labels: ['SAID']}\n",
        "  act: {needs: look, run: x, workspace: write}\npublish: {pull-request: {from: act, labels: ['SAID']}}\n",
        "  act: {needs: look, run: x, workspace: write}\npublish: {pull-request: {from: act, reviewers: ['SAID']}}\n",
        "  act: {needs: look, run: x, workspace: write}\npublish: {pull-request: {from: act, base: 'SAID'}}\n",
    ],
    ids=["labels", "labels of a pull request", "reviewers", "base"],
)
def test_no_word_of_an_agent_decides_where_something_goes(agent: str, rest: str) -> None:
    assert "text that an agent can write" in told_by(agent, rest)


def test_no_branch_is_chosen_by_anybody() -> None:
    act = "nodes: {act: {run: x, workspace: write}}\n"
    assert "mycelium/WORKFLOW/NUMBER" in problems(f"{act}publish: {{pull-request: {{from: act, branch: main}}}}")


@pytest.mark.parametrize(
    ("actors", "kind", "refused"),
    [
        ("read", "string", True),
        ("triage", "string", True),
        ("write", "string", False),
        ("admin", "string", False),
        ("read", "choice", False),
    ],
)
def test_inputs_of_who_may_not_write_are_text_of_outsiders(actors: str, kind: str, refused: bool) -> None:
    head = INPUTS.replace("TYPE", kind).replace("ACTORS", actors)
    head = head if kind == "choice" else head.replace(", options: [a, b]", "")
    for node in (
        "  a: {run: 'echo ${{ inputs.who }}'}",
        "  a: {run: 'echo ${{ env.W }}', env: {W: '${{ inputs.WHO }}'}}",
        "  a: {run: 'echo ${{ toJSON(inputs) }}'}",
    ):
        found = problems(head + node)
        assert ("anybody whom `trust` lets start the workflow can write" in found) is refused, found
        assert refused or not found
