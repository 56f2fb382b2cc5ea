"""Budgets with the real program and several workers; the agents are replayed, and count as if they had cost that."""

from __future__ import annotations

from tests.fakes.checkout import Checkout, runs, statuses

REVIEWS = """
name: Reviews
budget: {usd: 2.00, tokens: 10000}
defaults: {engine: replay}
nodes:
  one: {agent: code-reviewer}
  two: {agent: security-auditor}
  big: {agent: test-writer, budget: {usd: 1.50}}
  last: {agent: code-reviewer, needs: [one, two, big], budget: {usd: 1.00}}
"""


def prepared(checkout: Checkout, *, big: float) -> None:
    costs = {"one": 0.2, "two": 0.15, "big": big, "last": 0.4}
    checkout.workflow("reviews", REVIEWS, {name: _transcript(name, usd) for name, usd in costs.items()})


def _transcript(name: str, usd: float) -> list[dict[str, object]]:
    usage = {"model": "sonnet", "input_tokens": 900, "output_tokens": 100, "turns": 2, "cost_usd": usd}
    return [
        {"type": "usage", **usage, "after_ms": 300},
        {"type": "result", "text": f"{name} is done"},
    ]


def test_what_fits_runs_and_its_figures_are_told(checkout: Checkout) -> None:
    prepared(checkout, big=0.25)
    shown = checkout.run("reviews")
    assert set(statuses(shown).values()) == {"completed"}
    assert shown["budget"]["limit"] == {"usd": 2.0, "tokens": 10_000}
    assert (shown["budget"]["spent"]["usd"], shown["budget"]["spent"]["tokens"]) == (1.0, 4_000)
    assert (shown["budget"]["reserved"], shown["budget"]["over"]) == ({}, {})
    attempts = {name: run["budget"]["limit"]["usd"] for name, run in runs(shown).items()}
    assert (attempts["big"], attempts["last"]) == (1.5, 1.0)
    text = checkout.mycelium("executions", "show", "latest").stdout
    assert ", 1.00 of 2.00 USD, 4k of 10k tokens: All 4 nodes completed." in text
    assert '1.00<span class="of"> of 2.00 USD' in checkout.page(shown["id"])


def test_what_does_not_fit_does_not_start_and_says_so(checkout: Checkout) -> None:
    prepared(checkout, big=1.6)
    shown = checkout.run("reviews", code=1)
    assert statuses(shown) == {"one": "completed", "two": "completed", "big": "completed", "last": "failed"}
    last = runs(shown)["last"]
    assert (last["error_code"], last["budget"]) == ("AGENT_BUDGET", None)
    assert last["error_message"] == (
        "it did not start: it needs 1.00 USD, and 0.05 USD of the execution's 2.00 USD are left "
        "(raise the `budget` of the workflow)"
    )
    log = "\n".join(checkout.log())
    assert "the attempt used 0.10 USD more than the 1.50 USD it was allowed" in log
    checkout.mycelium("executions", "rerun", "latest", "--failed", code=1)
    assert "1.95 of 2.00 USD" in checkout.mycelium("executions", "show", "latest").stdout
