"""The check run of one node run: what came of it, what it said, and the end of its log."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from orchestrator.definition.model import JsonValue
from orchestrator.execution.outcome import FailureClass
from orchestrator.execution.state import NodeRun, NodeStatus
from orchestrator.report.attention import START_ANEW, Decision, decisions, is_lost, rerun_commands, takes_comments
from orchestrator.report.check_run import (
    MAX_BATCHES,
    MAX_TITLE,
    CheckAction,
    CheckRun,
    Conclusion,
    batched,
    bounded,
    check_name,
    check_status,
    shown_of,
)
from orchestrator.report.duration import human_duration
from orchestrator.report.failure_tail import failure_tail
from orchestrator.report.figures import REPLAY_NOTICE, purpose, run_seconds, tolerated
from orchestrator.report.markdown_safety import fenced, safe_code, safe_inline, safe_markdown, safe_message
from orchestrator.report.numbers import human_cost
from orchestrator.report.parts import Paragraphs, Part
from orchestrator.report.plain_text import clip, clip_bytes, code_spans, one_line
from orchestrator.report.view import ExecutionView

APPROVE = CheckAction(label="Approve", description="Let the execution go on", identifier="approve")
REJECT = CheckAction(label="Reject", description="Stop here; what needs it is skipped", identifier="reject")
RERUN = CheckAction(label="Run again", description="This node, and all that follows", identifier="rerun")

_CONCLUSIONS = {
    NodeStatus.COMPLETED: Conclusion.SUCCESS,
    NodeStatus.FAILED: Conclusion.FAILURE,
    NodeStatus.CANCELLED: Conclusion.CANCELLED,
    NodeStatus.WAITING: Conclusion.ACTION_REQUIRED,
}
_SAID_ELSEWHERE = frozenset({"text", "summary", "usage", "commit", "files_changed"})
_LOG_LINES = 40
_APART = "\n\n"


def run_check(
    view: ExecutionView, run: NodeRun, *, buttons: bool = False, links: bool = True, most: int = MAX_BATCHES
) -> CheckRun:
    """The check run of one node run. `buttons` and `links` as in `execution_check`; `most` is how many batches of its
    annotations there may be."""
    conclusion = run_conclusion(view, run)
    batches = batched(run.outcome.annotations if run.outcome and conclusion else (), most=most)
    return CheckRun(
        name=check_name(view, run.key),
        external_id=f"{view.execution.id}/{run.index}",
        status=check_status(conclusion, pending=run.attempt == 0),
        conclusion=conclusion,
        title=clip(_title(view, run), MAX_TITLE),
        summary=bounded(_paragraphs(_summary(view, run, buttons=buttons)), view),
        text=bounded(_paragraphs(_text(view, run, sum(map(len, batches)))), view),
        batches=batches,
        started_at=run.started_at,
        completed_at=run.completed_at if conclusion else None,
        details_url=view.links.page if links else "",
        actions=_actions(conclusion) if buttons else (),
    )


def run_conclusion(view: ExecutionView, run: NodeRun) -> Conclusion | None:
    """None while it runs or waits for its turn; `neutral` for a failure that `continue-on-error` allows."""
    if tolerated(run):
        return Conclusion.NEUTRAL
    if run.status is NodeStatus.SKIPPED:
        return Conclusion(view.workflow.skipped.value)
    failure = run.outcome.failure if run.outcome else None
    if run.status is NodeStatus.FAILED and failure in (FailureClass.TIMEOUT, FailureClass.IDLE):
        return Conclusion.TIMED_OUT
    return _CONCLUSIONS.get(run.status)


def _actions(conclusion: Conclusion | None) -> tuple[CheckAction, ...]:
    if conclusion is Conclusion.ACTION_REQUIRED:
        return (APPROVE, REJECT)
    return (RERUN,) if conclusion in (Conclusion.FAILURE, Conclusion.TIMED_OUT, Conclusion.CANCELLED) else ()


def _title(view: ExecutionView, run: NodeRun) -> str:
    seconds = run_seconds(run, view)
    took = f" in {human_duration(seconds)}" if seconds is not None and run.status.settled else ""
    # GitHub shows a title as it is, backticks and all.
    message = "".join(piece for piece, _ in code_spans(one_line(run.outcome.message, 200))) if run.outcome else ""
    if run.status is NodeStatus.FAILED:
        return message or f"Failed{took}"
    if run.status is NodeStatus.WAITING:
        return "Waits for a person to decide"
    node = view.workflow.nodes.get(run.node)
    tries = f", attempt {run.attempt}" if run.status is NodeStatus.RUNNING and run.attempt > 1 else ""
    state = f"{run.status.value}{took}{tries}"
    return f"{one_line(node.name, 120)}: {state}" if node and node.name else state.capitalize()


def _summary(view: ExecutionView, run: NodeRun, *, buttons: bool) -> Iterator[str]:
    outcome = run.outcome
    cost = outcome.usage.cost_usd if outcome and outcome.usage else None
    spent = (
        ""
        if cost is None
        else f", {human_cost(cost, bool(outcome and outcome.usage and outcome.usage.cost_estimated))}"
    )
    yield f"{safe_inline(purpose(view.workflow.nodes.get(run.node)), 140) or 'node'}: {run.status.value}{spent}."
    if outcome and outcome.message:
        yield safe_message(outcome.message, 1_000)
    yield from _asked(view, run, buttons=buttons)
    if _actions(run_conclusion(view, run)) == (RERUN,):
        yield from _again(view, run)
    if view.is_replayed(run):
        yield f"**{REPLAY_NOTICE}**"
    if outcome and outcome.sandbox:
        yield f"Sandbox: {safe_code(outcome.sandbox, 20)}."


def _again(view: ExecutionView, run: NodeRun) -> Iterator[str]:
    if is_lost(view):
        yield START_ANEW
        return
    how = "this comment runs" if takes_comments(view) else "this command runs"
    how = "these commands, in a clone, run" if len(commands := rerun_commands(view, run)) > 1 else how
    yield f"Once the execution has ended, {how} the node again, and all that follows:"
    yield fenced("\n".join(commands))


def _paragraphs(texts: Iterable[str]) -> list[Part]:
    """Each a part that is left out whole where they do not fit."""
    return [Paragraphs(markdown=text) for text in texts]


def _asked(view: ExecutionView, run: NodeRun, *, buttons: bool) -> Iterator[str]:
    """The question of an approval, with what to type: nobody may be listening to its buttons."""
    if run.status is not NodeStatus.WAITING:
        return
    for decision in (each for each in decisions(view) if each.run.index == run.index):
        yield f"**{safe_inline(decision.question, 300)}**"
        if is_lost(view) and not decision.commented:
            yield f"Nobody can answer. {START_ANEW}"
            return
        yield from _answered(decision, buttons=buttons)


def _answered(decision: Decision, *, buttons: bool) -> Iterator[str]:
    commands: tuple[str, ...] = decision.typed
    how = "Comment one of these" if decision.commented else "Type one of these in a terminal"
    if decision.pull and not decision.commented:
        commands = (decision.pull, *commands)
        how = "In a clone, type the first of these, and then one of the others"
    how = f"Press a button. Or {how[0].lower()}{how[1:]}" if buttons else how
    yield f"{how}:\n\n{fenced(_APART.join(commands))}"
    if decision.deadline:
        yield f"*Without an answer it is {decision.deadline}.*"


def _text(view: ExecutionView, run: NodeRun, noted: int) -> Iterator[str]:
    """`noted` is how many of its annotations are shown beside it."""
    outcome = run.outcome
    if outcome and (left_out := shown_of(noted, outcome.annotations, "the log")):
        yield left_out
    answer = outcome.outputs.get("text") if outcome else None
    if isinstance(answer, str) and answer.strip():
        yield safe_markdown(answer, limit=24_000)
    if outcome and outcome.summary.strip():
        yield safe_markdown(outcome.summary, limit=20_000)
    if outputs := _outputs(outcome.outputs if outcome else {}):
        yield f"**Outputs**\n\n{fenced(clip_bytes(outputs, 6_000), 'json')}"
    if tail := "\n".join(clip(line.text, 400) for line in failure_tail(view, run, _LOG_LINES)):
        yield f"**The end of the log**\n\n{fenced(clip_bytes(tail, 4_000), 'text')}"


def _outputs(outputs: dict[str, JsonValue]) -> str:
    own = {name: value for name, value in outputs.items() if name not in _SAID_ELSEWHERE and value not in (None, "")}
    return json.dumps(own, indent=2, ensure_ascii=False) if own else ""
