"""What an attempt has used is told while it works, without a flood, and when a call has ended."""

from __future__ import annotations

import pytest

from orchestrator.execution.log_line import Level
from orchestrator.execution.outcome import Usage
from orchestrator.runners.spending import Spending, spent_words
from tests.fakes.running import ListLog


@pytest.mark.parametrize(
    ("usage", "words"),
    [
        (Usage(), ""),
        (Usage(cost_usd=0.0), ""),
        (Usage(turns=1), "1 turn"),
        (Usage(input_tokens=800, output_tokens=100, cache_read_tokens=100), "1k tokens (100 from the cache)"),
        (Usage(input_tokens=12_000, turns=4, cost_usd=0.42), "12k tokens, 4 turns, $0.42"),
        (Usage(input_tokens=12_000, cost_usd=0.0), "12k tokens, $0.00"),
        (Usage(input_tokens=12_000, cost_usd=0.421, cost_estimated=True), "12k tokens, ≈$0.42"),
        (Usage(cost_usd=0.001), "<$0.01"),
    ],
)
def test_in_words(usage: Usage, words: str) -> None:
    assert spent_words(usage) == words


def test_it_is_told_each_time_it_has_become_twice_as_much() -> None:
    log = ListLog()
    spending = Spending(log)
    for tokens in range(0, 200_001, 1_000):
        spending.heard(Usage(input_tokens=tokens))
    told = [f"used so far: {amount} tokens" for amount in ("10k", "20k", "40k", "80k", "160k")]
    assert log.lines == [(text, Level.INFO, "mycelium", "") for text in told]


def test_one_large_step_is_one_line() -> None:
    log = ListLog()
    spending = Spending(log)
    spending.heard(Usage(input_tokens=5_000_000))
    spending.heard(Usage(input_tokens=5_100_000))
    assert log.texts == ["used so far: 5M tokens"]


def test_each_call_ends_with_what_all_of_them_used() -> None:
    log = ListLog()
    spending = Spending(log)
    spending.ended(Usage())
    spending.ended(Usage(input_tokens=1_000, turns=2))
    spending.ended(Usage(input_tokens=1_000, turns=2))
    spending.ended(Usage(input_tokens=1_500, turns=3))
    assert log.texts == ["used: 1k tokens, 2 turns", "used: 1.5k tokens, 3 turns"]
