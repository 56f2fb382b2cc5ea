"""Counts what the calls of an attempt use, against what they may."""

from __future__ import annotations

from dataclasses import dataclass, field

from orchestrator.execution.budget import Allowance
from orchestrator.execution.outcome import FailureClass, Usage
from orchestrator.lifecycle.ports.runner import AgentTask


@dataclass(kw_only=True, slots=True)
class Meter:
    """`turns` are those of one call, as `max-turns` says; `tokens`, `usd` and `all_turns` those of the attempt, as its
    budget does. None is no limit. `before` is what earlier calls used, `now` what this one has so far."""

    turns: int | None = None
    all_turns: int | None = None
    tokens: int | None = None
    usd: float | None = None
    before: Usage = field(default_factory=Usage)
    now: Usage = field(default_factory=Usage)

    @property
    def total(self) -> Usage:
        """Of all calls."""
        return self.before + self.now

    def begin(self, turns: int | None) -> None:
        """Another call, which may take `turns`."""
        self.before, self.now, self.turns = self.total, Usage(), turns

    @classmethod
    def of(cls, action: AgentTask) -> Meter:
        """What an attempt at `action` may use."""
        allowed = action.allowance or Allowance()
        return cls(turns=action.max_turns, all_turns=allowed.turns, tokens=allowed.tokens, usd=allowed.usd)

    @property
    def used_up(self) -> bool:
        """Whether another call could only overrun."""
        left = (self.turns_left, self.usd_left, None if self.tokens is None else self.tokens - self.total.tokens)
        return any(amount is not None and amount <= 0 for amount in left)

    @property
    def cost_unknown(self) -> bool:
        """Whether a limit in USD cannot be kept, because nobody says what was used."""
        return self.usd is not None and self.total.tokens > 0 and self.total.cost_usd is None

    @property
    def turns_left(self) -> int | None:
        """What a call that begins may take."""
        left = [] if self.all_turns is None else [max(0, self.all_turns - self.total.turns)]
        return min([*left, *([] if self.turns is None else [self.turns])], default=None)

    @property
    def turns_of_budget(self) -> bool:
        """Whether the call under way has the turns that its budget leaves, because `max-turns` would be more."""
        return self.all_turns is not None and (self.turns is None or self.all_turns - self.before.turns < self.turns)

    @property
    def usd_left(self) -> float | None:
        """What a call that begins may cost."""
        return None if self.usd is None else max(0.0, self.usd - (self.total.cost_usd or 0.0))

    def exceeded(self) -> tuple[FailureClass, str] | None:
        """What has been passed, if anything; a program that keeps its own limits never gets there."""
        total = self.total
        if self.tokens is not None and total.tokens > self.tokens:
            return FailureClass.BUDGET, f"it used {total.tokens:,} of the {self.tokens:,} tokens it had"
        if self.usd is not None and (total.cost_usd or 0.0) > self.usd:
            return FailureClass.BUDGET, f"it cost {total.cost_usd:.2f} of the {self.usd:.2f} USD it had"
        if self.all_turns is not None and total.turns > self.all_turns:
            return FailureClass.BUDGET, f"it took {total.turns} of the {self.all_turns} turns of its budget"
        if self.turns is not None and self.now.turns > self.turns:
            return FailureClass.MAX_TURNS, "it used up its turns; raise `max-turns` or ask for less"
        return None
