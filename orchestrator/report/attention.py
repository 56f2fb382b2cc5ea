"""What waits for a person, and exactly what to type."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.definition.model import Approval
from orchestrator.execution.state import Execution, NodeRun, NodeStatus
from orchestrator.report.duration import human_duration
from orchestrator.report.plain_text import one_line
from orchestrator.report.view import ExecutionView


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """An approval that waits. `approve` and `reject` are shell commands, the other two comments on GitHub.

    `grounds` is what the agents right before it said, by node run key: what a person would want to read first.
    """

    run: NodeRun
    question: str
    approve: str
    reject: str
    approve_comment: str
    reject_comment: str
    deadline: str = ""
    grounds: tuple[tuple[str, str], ...] = ()


def decisions(view: ExecutionView) -> tuple[Decision, ...]:
    """Every waiting approval, by index."""
    return tuple(_decision(view, run) for run in view.runs if run.status is NodeStatus.WAITING)


def diff_command(execution: Execution) -> str:
    """The shell command that shows what the result branch brings."""
    base = execution.head or execution.base or ""
    return f"git diff {base[:12]} {shlex.quote(execution.result_branch or '')}"


def _decision(view: ExecutionView, run: NodeRun) -> Decision:
    node = view.workflow.nodes.get(run.node)
    action = node.action if node else None
    asked = run.outcome.message if run.outcome and run.outcome.message else ""
    written = action.message if isinstance(action, Approval) else ""
    key = one_line(run.key, 200)
    target = f"{shlex.quote(view.execution.id)} {shlex.quote(key)}"
    return Decision(
        run=run,
        question=one_line(asked or written, 300) or f"Go on with {key}?",
        approve=f"mycelium executions approve {target}",
        reject=f"mycelium executions reject {target}",
        approve_comment=f"/mycelium approve {key}",
        reject_comment=f"/mycelium reject {key}",
        deadline=_deadline(view, run, action),
        grounds=tuple(_grounds(view, run)),
    )


def _grounds(view: ExecutionView, run: NodeRun) -> Iterator[tuple[str, str]]:
    before = {source for source, target in view.edges if target == run.index}
    for other in view.runs:
        text = other.outcome.outputs.get("text") if other.outcome else None
        if other.index in before and isinstance(text, str) and text.strip():
            yield other.key, text.strip()


def _deadline(view: ExecutionView, run: NodeRun, action: object) -> str:
    if run.deadline is None:
        return ""
    verb = "approved" if isinstance(action, Approval) and action.on_timeout == "approve" else "rejected"
    if view.still:
        return f"{verb} by itself on {run.deadline:%Y-%m-%d} at {run.deadline:%H:%M} UTC"
    left = (run.deadline - view.now).total_seconds()
    return f"{verb} by itself in {human_duration(left)}" if left > 0 else f"about to be {verb} by itself"
