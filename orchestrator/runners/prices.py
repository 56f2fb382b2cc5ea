"""What models cost, for programs that do not say: an estimate, shown as one.

Standard prices of the services' own pages, in USD per million tokens; surcharges for long contexts and faster service,
and temporary discounts, are not in it. Sources, read on 2026-11-18:
https://platform.claude.com/docs/en/about-claude/pricing
https://developers.openai.com/api/docs/pricing
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from orchestrator.execution.outcome import Usage

_MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """USD per million tokens: read by the model, written by it, and read from and written into its cache."""

    input: float
    output: float
    cache_read: float
    cache_write: float


PRICES: Final[dict[str, Price]] = {
    "claude-fable-5": Price(10, 50, 1, 12.5),
    "claude-fable-5-1": Price(10, 50, 0.25, 12.5),
    "claude-fable-5-2": Price(8, 40, 0.2, 10),
    "claude-mythos-5": Price(10, 50, 1, 12.5),
    "claude-mythos-5-1": Price(10, 50, 0.25, 12.5),
    "claude-opus-4": Price(15, 75, 1.5, 18.75),
    "claude-opus-4-1": Price(15, 75, 1.5, 18.75),
    "claude-opus-4-5": Price(5, 25, 0.5, 6.25),
    "claude-opus-4-6": Price(5, 25, 0.5, 6.25),
    "claude-opus-4-7": Price(5, 25, 0.5, 6.25),
    "claude-opus-4-8": Price(5, 25, 0.5, 6.25),
    "claude-opus-5": Price(5, 25, 0.5, 6.25),
    "claude-opus-5-5": Price(4, 20, 0.2, 5),
    "claude-sonnet-4": Price(3, 15, 0.3, 3.75),
    "claude-sonnet-4-5": Price(3, 15, 0.3, 3.75),
    "claude-sonnet-4-6": Price(3, 15, 0.3, 3.75),
    "claude-sonnet-5": Price(2, 10, 0.2, 2.5),
    "claude-sonnet-5-5": Price(2, 10, 0.1, 2.5),
    "claude-haiku-4-5": Price(1, 5, 0.1, 1.25),
    "claude-haiku-5-5": Price(0.1, 0.5, 0.01, 0.125),
    "gpt-5": Price(1.25, 10, 0.125, 1.25),
    "gpt-5-codex": Price(1.25, 10, 0.125, 1.25),
    "gpt-5-mini": Price(0.25, 2, 0.025, 0.25),
    "gpt-5-nano": Price(0.05, 0.4, 0.005, 0.05),
    "gpt-5.1": Price(1.25, 10, 0.125, 1.25),
    "gpt-5.1-codex": Price(1.25, 10, 0.125, 1.25),
    "gpt-5.1-codex-max": Price(1.25, 10, 0.125, 1.25),
    "gpt-5.1-codex-mini": Price(0.25, 2, 0.025, 0.25),
    "gpt-5.2": Price(1.75, 14, 0.175, 1.75),
    "gpt-5.2-codex": Price(1.75, 14, 0.175, 1.75),
    "gpt-5.3-codex": Price(1.75, 14, 0.175, 1.75),
    "gpt-5.4": Price(2.5, 15, 0.25, 2.5),
    "gpt-5.4-mini": Price(0.75, 4.5, 0.075, 0.75),
    "gpt-5.4-nano": Price(0.2, 1.25, 0.02, 0.2),
    "gpt-5.5": Price(5, 30, 0.5, 5),
    "gpt-5.6": Price(5, 30, 0.5, 6.25),
    "gpt-5.6-luna": Price(0.2, 1.2, 0.02, 0.25),
    "gpt-5.6-sol": Price(5, 30, 0.5, 6.25),
    "gpt-5.6-terra": Price(2, 12, 0.2, 2.5),
    "gpt-6-astra": Price(10, 50, 1, 12.5),
    "gpt-6-luna": Price(0.1, 0.5, 0.01, 0.125),
    "gpt-6-sol": Price(2, 10, 0.2, 2.5),
    "gpt-6.1-sol": Price(2, 10, 0.1, 2.5),
    "gpt-6.1-terra": Price(1, 5, 0.05, 1.25),
    "gpt-6.2-astra": Price(8, 40, 0.4, 10),
    "gpt-6.2-sol": Price(2, 10, 0.1, 2.5),
}
_NAME: Final = re.compile(
    r"(?:.*/)?(?:[a-z]+\.)*"  # a provider's path, and a region
    r"(?P<name>(?:claude|gpt)-[a-z0-9.-]+?)"
    r"(?:[-@]\d{4}-?\d{2}-?\d{2}|-latest)?(?:-v\d+(?::\d+)?)?(?:\[1m\])?"
)


def price(model: str) -> Price | None:
    """The price of a model by its name, whoever serves it and whatever its date; None where nobody can say."""
    found = _NAME.fullmatch(model.lower())
    return PRICES.get(found["name"]) if found else None


def priced(usage: Usage) -> Usage:
    """`usage` with a cost, as far as there is one to be known."""
    known = price(usage.model)
    if usage.cost_usd is not None or known is None or not usage.tokens:
        return usage
    cost = (
        usage.input_tokens * known.input
        + usage.output_tokens * known.output
        + usage.cache_read_tokens * known.cache_read
        + usage.cache_write_tokens * known.cache_write
    )
    return replace(usage, cost_usd=cost / _MILLION, cost_estimated=True)
