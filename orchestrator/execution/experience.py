"""What is remembered of agents: a record of each attempt, and what many of them come to.

Records hold names and figures, no text that an agent wrote, and outlive the executions they are of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from orchestrator.execution.outcome import AgentCall, Outcome, Usage
from orchestrator.execution.state import Execution, NodeRun

SUCCESS: Final = "success"
CANCELLED: Final = "cancelled"
LOST: Final = "lost"

_LONGEST_WORD: Final = 200
_REPLAY: Final = "replay"


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentRun:
    """One attempt of an agent: of an agent node, or of a merge whose resolver was called.

    `run` is the node run's index, `epoch` the claim, and the three of execution, run and epoch name the attempt.
    `attempt` counts as `NodeRun.attempt` does. `given` is the same for attempts at a node run that were given the
    same: it grows when a predecessor runs anew. `model` is what the engine reported, else what was asked for, `""`
    where nobody said. `outcome` is `success`, `cancelled`, or the failure class. `files_changed` are those it
    committed.
    """

    execution_id: str
    run: int
    epoch: int
    attempt: int
    given: int = 0
    key: str
    workflow_id: str
    repository: str = ""
    agent: str
    engine: str = ""
    model: str = ""
    outcome: str
    started_at: datetime
    ended_at: datetime
    seconds: float
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    turns: int = 0
    cost_usd: float | None = None
    cost_estimated: bool = False
    files_changed: int = 0
    committed: bool = False
    replayed: bool = False

    @property
    def retry(self) -> int:
        """0 for a first attempt, 1 for the first retry, and so on."""
        return self.attempt - 1

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens + self.cache_read_tokens + self.cache_write_tokens

    @property
    def succeeded(self) -> bool:
        return self.outcome == SUCCESS

    @property
    def failed(self) -> bool:
        return is_failure(self.outcome)


@dataclass(frozen=True, kw_only=True, slots=True)
class Experience:
    """What the attempts of one agent come to; of one of its engines and models, or of one week, where those are told.

    A *run* is a node run with what it was given: its retries belong to it, and so do its reruns, unless a
    predecessor ran anew as well. It counts where its last attempt does, and its result is that one's. `flaky` counts
    the runs that failed at least once, whenever that was, and succeeded in the end; an attempt lost with its worker is
    no failure of the agent.

    Medians (and `seconds_p90`) are those of successful attempts, interpolated, None without any; `cost_median` of
    those whose cost is known. Totals are those of all attempts. `week` is a Monday.
    """

    agent: str
    engine: str | None = None
    model: str | None = None
    week: date | None = None
    runs: int
    attempts: int
    succeeded: int
    cancelled: int = 0
    flaky: int = 0
    retries: int = 0
    outcomes: Mapping[str, int] = field(default_factory=dict)
    seconds_median: float | None = None
    seconds_p90: float | None = None
    cost_median: float | None = None
    cost_total: float | None = None
    cost_estimated: bool = False
    tokens_median: float | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    files_median: float | None = None
    commits: int = 0
    first_at: datetime
    last_at: datetime

    @property
    def success_rate(self) -> float | None:
        """The share, from 0 to 1, of the runs that succeeded among those that were not cancelled."""
        return _share(self.succeeded, self.runs - self.cancelled)

    @property
    def flakiness(self) -> float | None:
        """The share of flaky runs among those that were not cancelled."""
        return _share(self.flaky, self.runs - self.cancelled)

    @property
    def retries_per_run(self) -> float:
        return self.retries / self.runs if self.runs else 0.0

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens + self.cache_read_tokens + self.cache_write_tokens


def is_failure(outcome: str) -> bool:
    """Whether an attempt failed by itself: neither cancelled, nor lost with its worker."""
    return outcome not in (SUCCESS, CANCELLED, LOST)


def agent_run(
    execution: Execution, run: NodeRun, call: AgentCall, outcome: Outcome, given: int, now: datetime
) -> AgentRun:
    """The record of an attempt: `run` as it was claimed, ended with `outcome` at `now`."""
    usage = outcome.usage or Usage()
    started = run.started_at or now
    return AgentRun(
        execution_id=execution.id,
        run=run.index,
        epoch=run.epoch,
        attempt=run.attempt,
        given=given,
        key=run.key,
        workflow_id=execution.workflow_id,
        repository=execution.repository,
        agent=call.agent,
        engine=_word(call.engine),
        model=_word(usage.model or call.model),
        outcome=_outcome(outcome),
        started_at=started,
        ended_at=max(started, now),
        seconds=max(0.0, (now - started).total_seconds()),
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        turns=usage.turns,
        cost_usd=usage.cost_usd,
        cost_estimated=usage.cost_estimated,
        files_changed=len(outcome.changes) if outcome.commit else 0,
        committed=outcome.commit is not None,
        replayed=usage.replayed or call.engine == _REPLAY,
    )


def given(predecessors: Iterable[NodeRun]) -> int:
    """Grows when one of them is claimed again: what a run is given comes from its predecessors, and from the plan."""
    return sum(before.epoch for before in predecessors)


def _outcome(outcome: Outcome) -> str:
    if outcome.cancelled:
        return CANCELLED
    return outcome.failure.value if outcome.failure else SUCCESS


def _word(text: str) -> str:
    return " ".join(text.split())[:_LONGEST_WORD]


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole > 0 else None
