"""An execution as people are shown it: one value that terminal, comment, check runs and pages render."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from orchestrator.definition.model import Agent, Workflow
from orchestrator.execution.commit import Commit
from orchestrator.execution.experience import Experience
from orchestrator.execution.ledger import Ledger, Reservation
from orchestrator.execution.log_line import LogLine
from orchestrator.execution.publication import Publication
from orchestrator.execution.state import Execution, NodeRun

REPLAY_ENGINE: Final = "replay"
"""The engine that plays a transcript and calls no model."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Links:
    """Where more can be seen; empty where there is nothing to link to. `job` is the one of Actions that ran it, `pull`
    the shell command that brings here what it kept: without one nothing of the execution is left when the job ends."""

    page: str = ""
    pull_request: str = ""
    job: str = ""
    pull: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExecutionView:
    """Everything a rendering may show. `now` stands for the time of rendering, or of the end once there is one.

    `runs` are by index; `edges` are (source index, target index). `tails` holds the last log lines of failed node runs,
    by index. `commits` are those a pull request would show, oldest first. `engines` names what runs each agent that has
    begun, by index, for as long as no outcome tells. `ledger` is the budget of the execution, or None where neither it
    nor a node has one; `reservations` has the latest one of each node run, by index. `experience` is what agents have
    done lately, by name, where that was asked for. `last_valid` is the commit that the workflow is from where its file
    was invalid when the execution began. `still` says that the rendering will be looked at much later: it
    tells no durations of what goes on.
    """

    execution: Execution
    workflow: Workflow
    runs: tuple[NodeRun, ...]
    edges: tuple[tuple[int, int], ...]
    now: datetime
    commits: tuple[Commit, ...] = ()
    tails: dict[int, tuple[LogLine, ...]] = field(default_factory=dict)
    engines: dict[int, str] = field(default_factory=dict)
    ledger: Ledger | None = None
    reservations: dict[int, Reservation] = field(default_factory=dict)
    experience: Mapping[str, Experience] = field(default_factory=dict)
    publications: tuple[Publication, ...] = ()
    links: Links = Links()
    last_valid: str = ""
    still: bool = False

    @property
    def replayed(self) -> bool:
        """Whether any agent's part was played from a transcript instead of asking a model."""
        return any(self.is_replayed(run) for run in self.runs)

    def is_replayed(self, run: NodeRun) -> bool:
        """By what the outcome says, or before there is one by the engine."""
        if run.outcome and run.outcome.usage:
            return run.outcome.usage.replayed
        return self.engines.get(run.index) == REPLAY_ENGINE

    def is_agents(self, run: NodeRun) -> bool:
        """Whether an agent has begun to work in this run: by itself, or to resolve a merge."""
        if run.outcome and run.outcome.usage:
            return True
        node = self.workflow.nodes.get(run.node)
        return run.started_at is not None and node is not None and isinstance(node.action, Agent)

    def experience_of(self, run: NodeRun) -> Experience | None:
        """What is known of the agent that works, or worked, in this run."""
        node = self.workflow.nodes.get(run.node)
        named = node.action.agent if node and isinstance(node.action, Agent) else ""
        called = run.outcome.called if run.outcome else None
        return self.experience.get(called.agent if called else named)
