"""What a call of Claude Code used, when it goes on with a session that has used something already."""

from __future__ import annotations

import json

import pytest

from orchestrator.execution.outcome import Usage
from orchestrator.runners.claude_stream import ClaudeReader

BEFORE = Usage(input_tokens=200, output_tokens=40, cache_read_tokens=7, turns=2, cost_usd=0.016)


def used(spent: Usage | None, *, tokens: tuple[int, int, int], cost: float) -> Usage:
    reader = ClaudeReader(spent=spent)
    figures = dict(zip(("inputTokens", "outputTokens", "cacheReadInputTokens"), tokens, strict=True))
    told = {
        "type": "result",
        "subtype": "success",
        "num_turns": 1,
        "total_cost_usd": cost,
        "modelUsage": {"m": figures},
    }
    list(reader.line(json.dumps(told)))
    return reader.ending(0).usage


@pytest.mark.parametrize(
    ("tokens", "cost"), [((300, 60, 7), 0.024), ((100, 20, 0), 0.008)], ids=["of the session", "of this call"]
)
def test_a_resumed_call_counts_its_own(tokens: tuple[int, int, int], cost: float) -> None:
    usage = used(BEFORE, tokens=tokens, cost=cost)
    assert (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens, usage.turns) == (100, 20, 0, 1)
    assert usage.cost_usd == pytest.approx(0.008)


def test_a_first_call_counts_all() -> None:
    assert used(None, tokens=(300, 60, 7), cost=0.024).input_tokens == 300


def test_what_nobody_knows_stays_unknown() -> None:
    reader = ClaudeReader(spent=BEFORE)
    list(reader.line('{"type": "result", "subtype": "success", "modelUsage": {"m": {"inputTokens": 300}}}'))
    assert reader.ending(0).usage.cost_usd is None
