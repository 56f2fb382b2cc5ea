"""What waits for a person, and exactly what to type."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.definition.model import Approval
from orchestrator.execution.state import Execution, NodeRun, NodeStatus
from orchestrator.report.duration import human_duration
from orchestrator.report.plain_text import one_line
from orchestrator.report.view import ExecutionView

START_ANEW = "Nothing of it is kept: run its job again to start it anew."
"""What is left to do where no command reaches an execution."""

_APART = re.compile(r"[\s\"']")
"""What ends a word of a command, or begins a quote in it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """An approval that waits. `approve` and `reject` are shell commands, the other two comments on GitHub: `commented`
    where there is something to comment on.

    `pull` is the shell command that comes before the first two on a machine that does not know the execution; empty
    where none is needed. `grounds` is what the agents right before it said, by node run key: what a person would want
    to read first.
    """

    run: NodeRun
    question: str
    approve: str
    reject: str
    approve_comment: str
    reject_comment: str
    commented: bool
    pull: str = ""
    deadline: str = ""
    grounds: tuple[tuple[str, str], ...] = ()

    @property
    def typed(self) -> tuple[str, str]:
        """What approves and what rejects, where the execution is shown on GitHub: of commands, after `pull`."""
        return (self.approve_comment, self.reject_comment) if self.commented else (self.approve, self.reject)


def takes_comments(view: ExecutionView) -> bool:
    """Whether there is a pull request or issue that takes commands; a push has none."""
    target = view.execution.target
    return target is not None and target.number is not None


def is_lost(view: ExecutionView) -> bool:
    """Whether no command reaches it once its job has ended: it is kept nowhere. Until then comments do."""
    return bool(view.links.job) and not view.links.pull


def rerun_commands(view: ExecutionView, run: NodeRun | None = None) -> tuple[str, ...]:
    """What to type, one after the other, where it is shown on GitHub, to run a node again; without one, all that
    failed. Nothing where it is lost."""
    key = one_line(run.key, 200) if run else ""
    if is_lost(view):
        return ()
    if takes_comments(view):
        return (f"/mycelium rerun {_word(key) if run else 'failed'}",)
    what = f"--node {shlex.quote(key)}" if run else "--failed"
    again = f"mycelium executions rerun {shlex.quote(view.execution.id)} {what}"
    return tuple(filter(None, (view.links.pull, again)))


def decisions(view: ExecutionView) -> tuple[Decision, ...]:
    """Every waiting approval, by index."""
    return tuple(_decision(view, run) for run in view.runs if run.status is NodeStatus.WAITING)


def how_to_approve(view: ExecutionView, decision: Decision) -> str:
    """For a line of a log: what to type on this machine, or from elsewhere if it is the log of a job."""
    if not view.links.job:
        return f"Type: {decision.approve}"
    if decision.commented:
        return f"Comment: {decision.approve_comment}"
    return f"Type in a clone: {decision.pull} && {decision.approve}" if decision.pull else f"Nobody can. {START_ANEW}"


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
        approve_comment=f"/mycelium approve {_word(key)}",
        reject_comment=f"/mycelium reject {_word(key)}",
        commented=takes_comments(view),
        pull=view.links.pull,
        deadline=_deadline(view, run, action),
        grounds=tuple(_grounds(view, run)),
    )


def _word(key: str) -> str:
    """A key as one word of a command in a comment: those of matrix runs have spaces."""
    if key and not _APART.search(key):
        return key
    return "'\"'".join(f'"{piece}"' for piece in key.split('"'))


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
