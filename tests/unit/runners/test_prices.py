"""Costs of models that nobody tells."""

from __future__ import annotations

import pytest

from orchestrator.execution.outcome import Usage
from orchestrator.runners.prices import PRICES, price, priced


@pytest.mark.parametrize("name", PRICES)
def test_every_model_is_found_by_its_name_with_a_date_and_wherever_it_is_served(name: str) -> None:
    dated = (name, f"{name}-20261001", f"{name}-2026-10-01", f"{name}@20261001")
    for model in (*dated, f"openai/{name}", f"us.anthropic.{name}-20261001-v1:0", name.upper()):
        assert price(model) is PRICES[name], model


@pytest.mark.parametrize("model", ["", "gpt-5.4-ultra", "claude-opus-6", "gpt-7", "llama-3", "its own choice"])
def test_a_model_that_is_not_listed_has_no_price(model: str) -> None:
    assert price(model) is None
    assert priced(Usage(model=model, input_tokens=1)).cost_usd is None


def test_a_cost_is_the_sum_of_its_parts_and_says_that_it_is_an_estimate() -> None:
    usage = Usage(
        model="gpt-6-sol",
        input_tokens=1_000_000,
        output_tokens=100_000,
        cache_read_tokens=2_000_000,
        cache_write_tokens=10_000,
    )
    found = priced(usage)
    assert found.cost_usd == pytest.approx(2 + 1 + 0.4 + 0.025)
    assert found.cost_estimated


def test_a_cost_that_was_told_stays() -> None:
    told = Usage(model="gpt-6-sol", input_tokens=1_000_000, cost_usd=0.5)
    assert priced(told) is told
