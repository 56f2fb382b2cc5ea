"""What an attempt has used, as log lines: now and then while it works, and whenever a call of its program has ended."""

from __future__ import annotations

from orchestrator.execution.outcome import Usage
from orchestrator.lifecycle.ports.runner import LogSink
from orchestrator.report.numbers import human_cost, human_count, plural

FIRST_TOKENS = 10_000
"""So much is told of while a call goes on, then twice as much, and so on: a dozen lines for ten million tokens."""


class Spending:
    """Tells of what is used. Figures are those of the whole attempt."""

    def __init__(self, log: LogSink) -> None:
        self._log = log
        self._due = FIRST_TOKENS
        self._told = ""

    def heard(self, total: Usage) -> None:
        """The program says what it has used so far."""
        if total.tokens >= self._due:
            while total.tokens >= self._due:
                self._due *= 2
            self._tell(f"used so far: {spent_words(total)}")

    def ended(self, total: Usage) -> None:
        """A call has ended. What nobody counted is not told."""
        if words := spent_words(total):
            self._tell(f"used: {words}")

    def _tell(self, text: str) -> None:
        if text != self._told:
            self._told = text
            self._log.line(text, stream="mycelium")


def spent_words(usage: Usage) -> str:
    """`12.3k tokens (9k from the cache), 4 turns, $0.42`, as far as it is known."""
    words = []
    if usage.tokens:
        cached = f" ({human_count(usage.cache_read_tokens)} from the cache)" if usage.cache_read_tokens else ""
        words.append(f"{human_count(usage.tokens)} tokens{cached}")
    words += [plural(usage.turns, "turn")] * bool(usage.turns)
    if usage.cost_usd is not None and (usage.cost_usd or words):
        words.append(human_cost(usage.cost_usd, usage.cost_estimated))
    return ", ".join(words)
