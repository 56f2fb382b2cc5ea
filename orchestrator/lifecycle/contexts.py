"""The contexts that expressions read: `github inputs needs matrix env vars secrets execution`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from orchestrator.definition.event import BRANCH, TAG
from orchestrator.definition.expressions import EvaluationError, ExpressionError, interpolate, interpolate_text
from orchestrator.definition.expressions.functions import MAX_TEXT
from orchestrator.definition.model import JsonValue, Node, Workflow
from orchestrator.execution import needs
from orchestrator.execution.state import Execution, NodeRun

Contexts = dict[str, JsonValue]


def common(execution: Execution) -> Contexts:
    """What every node of an execution sees alike."""
    return {
        "github": _github(execution),
        "inputs": dict(execution.inputs),
        "vars": {},
        "execution": {
            "id": execution.id,
            "number": execution.number,
            "workflow": execution.workflow_id,
            "trigger": execution.trigger.value,
            "base": execution.base,
        },
    }


def of_node(
    execution: Execution,
    workflow: Workflow,
    run: NodeRun,
    predecessors: Sequence[NodeRun],
    secrets: Mapping[str, str],
) -> Contexts:
    """What the texts of one node run see, the environment of workflow and node evaluated."""
    contexts: Contexts = {
        **common(execution),
        "needs": needs.context(predecessors),
        "matrix": run.matrix,
        "secrets": dict(secrets),
    }
    of_workflow = _environment(workflow.env, contexts)
    of_run = _environment(workflow.nodes[run.node].env, {**contexts, "env": of_workflow})
    return {**contexts, "env": {**of_workflow, **of_run}}


def at_end(execution: Execution, workflow: Workflow) -> Contexts:
    """What the texts under `publish` see beside `needs`.

    No variables where they cannot be evaluated: no node ran then, and the end of the execution must not fail by it.
    """
    contexts = common(execution)
    try:
        return {**contexts, "env": _environment(workflow.env, contexts)}
    except ExpressionError:
        return {**contexts, "env": {}}


def environment(contexts: Contexts) -> dict[str, str]:
    """The `env` context as environment variables."""
    variables = contexts.get("env")
    return {name: str(value) for name, value in variables.items()} if isinstance(variables, dict) else {}


def outputs(node: Node, own: Mapping[str, JsonValue], contexts: Contexts) -> dict[str, JsonValue]:
    """The node's `outputs` map; its expressions see what the node itself gave as `outputs`."""
    seen = {**contexts, "outputs": dict(own)}
    return _together((name, interpolate(template, seen)) for name, template in node.outputs.items())


def _environment(variables: Mapping[str, str], contexts: Contexts) -> dict[str, JsonValue]:
    return _together((name, interpolate_text(template, contexts)) for name, template in variables.items())


def _together(values: Iterable[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    """The values by name; each may be as long as one text may be, but not all of them."""
    found: dict[str, JsonValue] = {}
    length = 0
    for name, value in values:
        length += len(value) if isinstance(value, str) else 1
        if length > MAX_TEXT:
            raise EvaluationError(f"with `{name}`, the texts come to more than {MAX_TEXT:,} characters")
        found[name] = value
    return found


def _github(execution: Execution) -> Contexts:
    pull_request = execution.event.get("pull_request")
    return {
        "event": execution.event,
        "event_name": execution.event_name,
        "actor": execution.triggered_by,
        "repository": execution.repository,
        "repository_owner": execution.repository.partition("/")[0],
        "ref": _ref(execution.branch),
        "ref_name": execution.branch.removeprefix(TAG),
        "head_ref": _branch(pull_request, "head"),
        "base_ref": _branch(pull_request, "base"),
        "sha": execution.head,
        "run_id": execution.id,
        "run_number": str(execution.number),
        "workflow": execution.workflow_name,
    }


def _ref(branch: str) -> str:
    """In full, as a tag is already."""
    return branch if not branch or branch.startswith("refs/") else BRANCH + branch


def _branch(pull_request: JsonValue, side: str) -> JsonValue:
    end = pull_request.get(side) if isinstance(pull_request, dict) else None
    return end.get("ref") if isinstance(end, dict) else ""
