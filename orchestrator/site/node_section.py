"""One node run as its section of the page shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.definition.model import Agent, Approval, JsonValue, Merge, Node, Run
from orchestrator.execution.ledger import Balance, Ledger, Reservation
from orchestrator.execution.outcome import Artifact
from orchestrator.execution.state import NodeRun, NodeStatus
from orchestrator.report.attention import Decision, decisions
from orchestrator.report.budget import Standing, standings
from orchestrator.report.experience import usual
from orchestrator.report.figures import described, run_seconds
from orchestrator.report.plain_text import one_line
from orchestrator.report.view import ExecutionView
from orchestrator.site.agent_sections import agent_anchor
from orchestrator.site.diff import FileDiff
from orchestrator.site.graph import state_of
from orchestrator.site.log import RunLog

_OPEN_UP_TO = 12
_AGENTS_OWN = frozenset({"text", "commit", "files_changed", "usage"})
_SHOWN_ELSEWHERE = {"agent": _AGENTS_OWN, "merge": _AGENTS_OWN, "run": frozenset({"commit", "summary"})}


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptFile:
    """An artifact; `href` is empty when its bytes are gone."""

    name: str
    size: int
    href: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Instruction:
    """What the node was told: a prompt or a script, as written in the workflow."""

    title: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeSection:
    """Everything the template needs; `slug` makes the ids of its log lines, `anchor` is the section's own."""

    run: NodeRun
    slug: str
    anchor: str
    state: str
    name: str
    what: str
    kind: str
    seconds: float | None
    opened: bool
    log: RunLog
    diffs: tuple[FileDiff, ...]
    files: tuple[KeptFile, ...]
    reason: str
    decision: Decision | None
    instruction: Instruction | None
    budget: tuple[Standing, ...]
    agent: str
    usual: str

    @property
    def agent_href(self) -> str:
        """Where its agent's section is, on the page of all agents."""
        return f"agents.html#{agent_anchor(self.agent)}"

    @property
    def answer(self) -> str:
        """An agent's closing words; its outputs without those that are shown in their own place."""
        text = self.run.outcome.outputs.get("text") if self.run.outcome else None
        return text if isinstance(text, str) and self.kind in ("agent", "merge") else ""

    @property
    def outputs(self) -> dict[str, JsonValue]:
        outputs = self.run.outcome.outputs if self.run.outcome else {}
        hidden = _SHOWN_ELSEWHERE.get(self.kind, frozenset({"commit"}))
        return {name: value for name, value in outputs.items() if name not in hidden and value not in ("", None)}

    @property
    def script(self) -> str:
        """What a `run` node ran, as written in the workflow."""
        return self.instruction.text if self.instruction and self.kind == "run" else ""

    @property
    def last_words(self) -> str:
        """The end of what a command said: its output `summary` where that is neither the step summary nor in sight."""
        outcome = self.run.outcome
        if self.kind != "run" or outcome is None or outcome.summary.strip() or self.state == "failed":
            return ""
        said = outcome.outputs.get("summary")
        return said if isinstance(said, str) else ""

    @property
    def log_href(self) -> str:
        return f"logs/{self.slug}.html"


@dataclass(frozen=True, kw_only=True, slots=True)
class Material:
    """What was read for one node run."""

    slug: str
    log: RunLog
    diffs: tuple[FileDiff, ...]
    files: tuple[KeptFile, ...]


def node_section(view: ExecutionView, run: NodeRun, material: Material) -> NodeSection:
    node = view.workflow.nodes.get(run.node)
    asked: Mapping[int, Decision] = {decision.run.index: decision for decision in decisions(view)}
    known = view.experience_of(run)
    calm = run.status in (NodeStatus.COMPLETED, NodeStatus.SKIPPED, NodeStatus.PENDING, NodeStatus.QUEUED)
    return NodeSection(
        run=run,
        slug=material.slug,
        anchor=f"node-{material.slug}",
        state=state_of(run),
        name=one_line(node.name, 120) if node and node.name.lower() != node.id.lower() else "",
        what=described(node),
        kind=node.kind.value if node else "",
        seconds=run_seconds(run, view),
        opened=not calm or (len(view.runs) <= _OPEN_UP_TO and run.status is NodeStatus.COMPLETED),
        log=material.log,
        diffs=material.diffs,
        files=material.files,
        reason=_skip_reason(view, run),
        decision=asked.get(run.index),
        instruction=_instruction(node),
        budget=_budget(view.reservations.get(run.index)),
        agent=known.agent if known else "",
        usual=usual(known) if known else "",
    )


def kept_file(artifact: Artifact, href: str) -> KeptFile:
    return KeptFile(name=artifact.name, size=artifact.size, href=href)


def _budget(reservation: Reservation | None) -> tuple[Standing, ...]:
    """What the latest attempt used of what it was allowed; nothing while it is at work."""
    if reservation is None or reservation.spent is None:
        return ()
    return standings(Ledger(limit=reservation.reserved, balance=Balance(spent=reservation.spent)))


def _instruction(node: Node | None) -> Instruction | None:
    match node.action if node else None:
        case Run(script=script):
            return Instruction(title="Command", text=script)
        case Agent(prompt=prompt) | Merge(prompt=prompt) if prompt:
            return Instruction(title="Prompt", text=prompt)
        case Approval(message=message) if message:
            return Instruction(title="Question", text=message)
        case _:
            return None


def _skip_reason(view: ExecutionView, run: NodeRun) -> str:
    """Why a skipped run did not run, as far as its predecessors tell."""
    if run.status is not NodeStatus.SKIPPED:
        return ""
    by_index = {other.index: other for other in view.runs}
    before = [by_index[source] for source, target in view.edges if target == run.index and source in by_index]
    for status in (NodeStatus.FAILED, NodeStatus.CANCELLED, NodeStatus.SKIPPED):
        keys = sorted({other.key for other in before if other.status is status})
        if keys:
            verb = "" if status is NodeStatus.FAILED else "was "
            return f"Did not run because {', '.join(keys[:3])} {verb}{status.value}."
    node = view.workflow.nodes.get(run.node)
    condition = f" `{node.condition}`" if node and node.condition else ""
    return f"Did not run because its condition{condition} was not met."
