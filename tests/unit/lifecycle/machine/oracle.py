"""What the documentation says about an execution, worked out anew from the whole graph and the results in it.

Sources: "Results and conditions" and "Failures" in docs/how-it-runs.md, "`needs`, `if`, and what is skipped" in
docs/workflow-format.md. Nothing here looks at how the machine does it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orchestrator.execution.outcome import FailureClass, Outcome
from orchestrator.execution.state import Execution, NodeRun
from tests.unit.lifecycle.machine.graphs import Broken, DrawnNode, Graph, Seen

RUN, SKIP, BROKEN = "run", "skip", "broken"
RETRIED_AS = {
    FailureClass.EXIT: "exit",
    FailureClass.TIMEOUT: "timeout",
    FailureClass.IDLE: "timeout",
    FailureClass.OVERLOADED: "overloaded",
    FailureClass.LOST: "lost",
}
NO_EXIT = ("timeout", "overloaded", "lost")


class Oracle:
    """Answers about one execution, from its node runs as they are now."""

    def __init__(self, graph: Graph, runs: Mapping[int, NodeRun]) -> None:
        self._graph = graph
        self._of: dict[str, list[NodeRun]] = {}
        for _, run in sorted(runs.items()):
            self._of.setdefault(run.node, []).append(run)

    def before(self, node: str) -> list[NodeRun]:
        """The runs that a run of `node` waits for."""
        return [run for need in self._graph.nodes[node].needs for run in self._of[need]]

    def above(self, node: str) -> list[NodeRun]:
        """Every run of every ancestor."""
        return [run for name in sorted(self._ancestors(node)) for run in self._of[name]]

    def failed_above(self, node: str) -> bool:
        return any(run.result == "failure" for run in self.above(node))

    def cancelled_above(self, node: str) -> bool:
        return any(run.result == "cancelled" for run in self.above(node))

    def result(self, node: str) -> str:
        """`needs.<node>.result`."""
        found = [str(run.result) for run in self._of[node]]
        if "failure" in found:
            return "failure"
        if "cancelled" in found:
            return "cancelled"
        return "skipped" if set(found) == {"skipped"} else "success"

    def verdict(self, run: NodeRun) -> str:
        """Whether a run begins once all it waits for has ended."""
        node = self._graph.nodes[run.node]
        seen = self._seen(node, run)
        if not self._needs_hold(node, seen):
            return SKIP
        try:
            return RUN if node.condition is None or node.condition.holds(seen) else SKIP
        except Broken:
            return BROKEN

    def kind(self, node: str) -> str:
        return self._graph.nodes[node].kind

    def minutes(self, node: str) -> int:
        """How long an approval waits; 0 for ever."""
        return int(self._graph.nodes[node].keys["approval"].get("timeout-minutes", 0))

    def follows(self, chosen: set[str]) -> set[str]:
        """The nodes `chosen`, and all that come after one of them."""
        return {name for name in self._graph.nodes if name in chosen or self._ancestors(name) & chosen}

    def files(self, node: str) -> dict[str, bytes]:
        """What lies in the workspace of `node` when it begins, of what its ancestors committed."""
        writers = [run for run in self.above(node) if self._graph.nodes[run.node].keys.get("workspace") == "write"]
        return {f"{run.key}.txt": content(run) for run in writers if run.outcome and run.outcome.commit}

    def _needs_hold(self, node: DrawnNode, seen: Seen) -> bool:
        if node.edges is None:
            return seen.success or bool(node.condition and node.condition.asks_status)
        wanted = {"always": {"success", "failure", "cancelled", "skipped"}}
        wanted |= {"on_success": {"success"}, "on_failure": {"failure"}}
        return all(seen.results[need] in wanted[when] for need, when in node.edges.items())

    def _seen(self, node: DrawnNode, run: NodeRun) -> Seen:
        results = {need: self.result(need) for need in node.needs}
        failed, cancelled = self.failed_above(node.id), self.cancelled_above(node.id)
        return Seen(
            results=results,
            words={need: self._word(need) for need in node.needs},
            x=node.needs[0] if node.needs else "",
            success=set(results.values()) <= {"success"} and not failed and not cancelled,
            failure=failed,
            cancelled=cancelled,
            v=run.matrix.get("v"),
        )

    def _word(self, node: str) -> object:
        words = [run.outcome.outputs.get("word") for run in self._of[node] if run.outcome]
        return ([None, ""] + [word for word in words if word])[-1]

    def _ancestors(self, node: str) -> set[str]:
        needs = self._graph.nodes[node].needs
        return set(needs).union(*(self._ancestors(need) for need in needs))


def content(run: NodeRun) -> bytes:
    """What a node run writes into its file."""
    return f"{run.key} at {run.epoch}".encode()


def after_attempt(node: DrawnNode, run: NodeRun, outcome: Outcome, *, cancelled: bool) -> tuple[str, float | None]:
    """The status of `run` after an attempt, and the seconds until the next one."""
    lost = outcome.failure is FailureClass.LOST
    if outcome.cancelled or (lost and cancelled):
        return "cancelled", None
    if outcome.failure is None:
        return "completed", None
    retry = node.keys.get("retry", {})
    kind = RETRIED_AS.get(outcome.failure)
    left = run.lost < 3 if lost else run.attempt < retry.get("attempts", 1)
    if cancelled or kind not in retry.get("on", NO_EXIT) or not left:
        return "failed", None
    return "queued", 0.0 if lost else _delay(retry, run.attempt, outcome)


def _delay(retry: Mapping[str, object], attempt: int, outcome: Outcome) -> float:
    first = float(str(retry.get("delay-seconds", 5)))
    grown = {"fixed": first, "linear": first * attempt, "exponential": first * 2 ** (attempt - 1)}
    asked = min(outcome.retry_after_seconds or 0, 3600)
    return max(min(grown[str(retry.get("backoff", "exponential"))], 600), asked)


def final_status(execution: Execution, runs: Sequence[NodeRun]) -> str:
    """What an execution has come to."""
    results = [str(run.result) for run in runs]
    if execution.cancel_requested:
        return "cancelled"
    if "failure" in results:
        return "failed"
    return "cancelled" if "cancelled" in results else "completed"
