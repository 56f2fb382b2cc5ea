"""The numbers of an execution: what happened, how long it took, what it cost."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from orchestrator.definition.model import Agent, Approval, Merge, Node, Run
from orchestrator.execution.amounts import Unit
from orchestrator.execution.state import CANCELLED_BY, ExecutionStatus, NodeRun, NodeStatus, Result
from orchestrator.report.budget import Standing, standings
from orchestrator.report.duration import span_seconds
from orchestrator.report.numbers import human_cost, plural
from orchestrator.report.plain_text import one_line
from orchestrator.report.view import ExecutionView

NOT_CONFINED = "none"
REPLAY_NOTICE = "Replayed transcripts: no model was called."

SUMMARY_ORDER = (
    NodeStatus.FAILED,
    NodeStatus.WAITING,
    NodeStatus.RUNNING,
    NodeStatus.COMPLETED,
    NodeStatus.QUEUED,
    NodeStatus.PENDING,
    NodeStatus.SKIPPED,
    NodeStatus.CANCELLED,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """Totals over all node runs. `cost_usd` is None when no run knows its cost; `seconds` before the start.

    `budget` is how the limits of the execution stand, over all attempts.
    """

    counts: dict[NodeStatus, int]
    total: int
    seconds: float | None
    cost_usd: float | None
    cost_estimated: bool
    input_tokens: int
    output_tokens: int
    budget: tuple[Standing, ...]

    def limits(self, unit: str) -> bool:
        """Whether the budget says what was spent of a unit, and of how much."""
        return any(standing.unit == unit for standing in self.budget)

    @property
    def tokens(self) -> int:
        """Read and written; 0 where nobody counted."""
        return self.input_tokens + self.output_tokens

    @property
    def settled(self) -> int:
        return sum(count for status, count in self.counts.items() if status.settled)

    @property
    def completed(self) -> int:
        return self.counts.get(NodeStatus.COMPLETED, 0)

    @property
    def counted(self) -> str:
        """`1 failed, 5 completed, 2 skipped`: what a reader cares about most comes first."""
        return ", ".join(f"{self.counts[status]} {status}" for status in SUMMARY_ORDER if self.counts.get(status))


def figures(view: ExecutionView) -> Figures:
    usages = [run.outcome.usage for run in view.runs if run.outcome and run.outcome.usage]
    costs = [usage.cost_usd for usage in usages if usage.cost_usd is not None]
    return Figures(
        counts=dict(Counter(run.status for run in view.runs)),
        total=len(view.runs),
        seconds=_seconds(view),
        cost_usd=sum(costs) if costs else None,
        cost_estimated=any(usage.cost_estimated for usage in usages),
        input_tokens=sum(usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens for usage in usages),
        output_tokens=sum(usage.output_tokens for usage in usages),
        budget=standings(view.ledger) if view.ledger else (),
    )


def _seconds(view: ExecutionView) -> float | None:
    execution = view.execution
    if view.still and execution.completed_at is None:
        return None
    return span_seconds(execution.started_at, execution.completed_at, view.now)


def spending(view: ExecutionView) -> tuple[str, ...]:
    """What agents cost, and how the limits stand: `0.42 of 2.00 USD`, or `$0.42` where dollars have no limit."""
    numbers = figures(view)
    recorded = " when recorded" if view.replayed else ""
    about = "≈" if numbers.cost_estimated else ""
    limited = [f"{about}{each.text}{recorded}" if each.unit is Unit.USD else each.text for each in numbers.budget]
    if numbers.cost_usd is None or numbers.limits(Unit.USD):
        return tuple(limited)
    return (human_cost(numbers.cost_usd, numbers.cost_estimated) + recorded, *limited)


def replay_notice(view: ExecutionView) -> str:
    """Says that no model was called, and for whom where others did call one; empty when nothing was replayed."""
    replayed = [run for run in view.runs if view.is_replayed(run)]
    if not replayed:
        return ""
    if all(view.is_replayed(run) for run in view.runs if view.is_agents(run)):
        return REPLAY_NOTICE
    return f"{REPLAY_NOTICE.removesuffix('.')} for {_listed([one_line(run.key, 60) for run in replayed])}."


def version_notice(view: ExecutionView) -> str:
    """Says that the workflow is not the one that its file has now; empty where it is."""
    if not view.last_valid:
        return ""
    return f"The workflow's file is invalid: this is its last valid version, of commit {view.last_valid[:12]}."


def confinement(view: ExecutionView) -> str:
    """Whether the agents' programs were kept in a sandbox: `agents confined`, `2 of 3 agents not confined`; empty
    where no such program ran."""
    used = [run.outcome.sandbox for run in view.runs if run.outcome and run.outcome.sandbox]
    loose = used.count(NOT_CONFINED)
    if not used or not loose:
        return "agents confined" if used else ""
    return "agents not confined" if loose == len(used) else f"{loose} of {len(used)} agents not confined"


def run_cost(run: NodeRun) -> str:
    """What its agents cost, for people; empty where nobody can say."""
    usage = run.outcome.usage if run.outcome else None
    return human_cost(usage.cost_usd, usage.cost_estimated) if usage and usage.cost_usd is not None else ""


def run_seconds(run: NodeRun, view: ExecutionView) -> float | None:
    """How long the last attempt took, or takes so far; None for what still runs where that will be looked at later."""
    return None if view.still and run.completed_at is None else span_seconds(run.started_at, run.completed_at, view.now)


def left_behind(run: NodeRun) -> str:
    """What the run left in the repository: `2 files, 1f2e3d4c`, `1 changed file discarded`, or nothing."""
    outcome = run.outcome
    if outcome is None or not (outcome.commit or outcome.discarded):
        return ""
    if outcome.commit is None:
        return f"{plural(outcome.discarded, 'changed file')} discarded"
    files = f"{plural(len(outcome.changes), 'file')}, " if outcome.changes else ""
    return files + outcome.commit[:8]


def counted_runs(number: int, view: ExecutionView) -> str:
    """`8 nodes`, or `10 node runs` where a matrix makes more of them than there are nodes."""
    return plural(number, "node" if len(view.runs) == len({run.node for run in view.runs}) else "node run")


def tolerated(run: NodeRun) -> bool:
    """Failed, and allowed to: `continue-on-error`."""
    return run.status is NodeStatus.FAILED and run.result is Result.SUCCESS


def failures(view: ExecutionView) -> tuple[NodeRun, ...]:
    """The node runs whose failure failed the execution, earliest first."""
    failed = [run for run in view.runs if run.status is NodeStatus.FAILED and not tolerated(run)]
    return tuple(sorted(failed, key=lambda run: (run.completed_at or view.now, run.index)))


def sentence(view: ExecutionView) -> str:
    """The state of the execution in one short sentence; plain text, safe to show after escaping."""
    counts, total, status = figures(view).counts, len(view.runs), view.execution.status
    if status is ExecutionStatus.FAILED:
        return _failed_sentence(view)
    if status is ExecutionStatus.WAITING:
        keys = [one_line(run.key, 60) for run in view.runs if run.status is NodeStatus.WAITING]
        return f"A person has to decide on {_listed(keys)}." if keys else "A person has to decide."
    if status is ExecutionStatus.COMPLETED:
        done = counts.get(NodeStatus.COMPLETED, 0)
        skipped = counts.get(NodeStatus.SKIPPED, 0)
        allowed = sum(1 for run in view.runs if tolerated(run))
        extras = [f"{skipped} skipped"] * bool(skipped) + [f"{allowed} failed and may"] * bool(allowed)
        every = ("All " if done == total and total > 1 else "") + f"{counted_runs(done, view)} completed"
        return ", ".join([every, *extras]) + "."
    if status is ExecutionStatus.CANCELLED:
        said = f"Cancelled after {counts.get(NodeStatus.COMPLETED, 0)} of {counted_runs(total, view)}"
        why = one_line(view.execution.error_message or "", 240)
        return f"{said}: {why.rstrip('.')}." if why and not why.startswith(CANCELLED_BY) else f"{said}."
    if status is ExecutionStatus.PENDING:
        return f"{counted_runs(total, view)} will run."
    running = [one_line(run.key, 60) for run in view.runs if run.status is NodeStatus.RUNNING]
    settled = sum(count for state, count in counts.items() if state.settled)
    return f"{settled} of {counted_runs(total, view)} done" + (f", running {_listed(running)}." if running else ".")


def _failed_sentence(view: ExecutionView) -> str:
    failed = failures(view)
    if not failed:
        return one_line(view.execution.error_message or "The execution failed.")
    keys = _listed([one_line(run.key, 60) for run in failed])
    skipped = len({run.node for run in view.runs if run.status is NodeStatus.SKIPPED})
    return f"{keys} failed" + (f", {plural(skipped, 'node')} did not run." if skipped else ".")


def _listed(keys: list[str]) -> str:
    shown = keys if len(keys) <= 3 else [*keys[:2], f"{len(keys) - 2} more"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def purpose(node: Node | None) -> str:
    """What a node is there for: its name, with the agent's beside it, or else what it does."""
    if node is None or not node.name or node.name.lower() == node.id.lower():
        return described(node)
    name = one_line(node.name, 80)
    return f"{name} ({one_line(node.action.agent, 60)})" if isinstance(node.action, Agent) else name


def described(node: Node | None) -> str:
    """What a node does, in a few words: `agent test-writer`, its command, `approval`, `merge of docs, tests`."""
    match node.action if node else None:
        case Agent(agent=agent):
            return f"agent {one_line(agent, 60)}"
        case Merge(nodes=nodes):
            return one_line(f"merge of {', '.join(nodes)}", 80)
        case Approval():
            return "approval"
        case Run(script=script):
            return one_line(script, 80)
        case _:
            return ""
