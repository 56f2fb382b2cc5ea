"""Budgets as people read them: in a log, a terminal, a comment and on pages."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.console import Console

from orchestrator.execution.amounts import Amounts, Unit
from orchestrator.execution.budget import Lack, Short
from orchestrator.execution.ledger import Balance, Ledger
from orchestrator.execution.state import NodeStatus
from orchestrator.report.budget import exactly, listed, overshoots, refusal, standings, waiting
from orchestrator.report.comment import comment
from orchestrator.report.figures import figures, spending
from orchestrator.report.numbers import human_cost
from orchestrator.report.plain import plain_lines
from orchestrator.report.terminal import terminal_view
from orchestrator.report.view import ExecutionView
from tests.fakes import views

USD, TOKENS, TURNS, MINUTES = Unit.USD, Unit.TOKENS, Unit.TURNS, Unit.MINUTES


@pytest.mark.parametrize(
    ("unit", "counted", "words"),
    [
        (USD, 500_000, "0.50 USD"),
        (USD, 502_500, "0.5025 USD"),
        (USD, 2_000_000, "2.00 USD"),
        (USD, 0, "0.00 USD"),
        (TOKENS, 12_000, "12,000 tokens"),
        (TOKENS, 1, "1 token"),
        (TURNS, 20, "20 turns"),
        (MINUTES, 90_000, "1.5 minutes"),
        (MINUTES, 60_000, "1 minute"),
        (MINUTES, 1_800_000, "30 minutes"),
        (MINUTES, 300, "0.005 minutes"),
    ],
)
def test_amounts(unit: Unit, counted: int, words: str) -> None:
    assert exactly(unit, counted) == words


@pytest.mark.parametrize(
    ("unit", "limit", "spent", "words"),
    [
        (USD, 2_000_000, 421_337, "0.42 of 2.00 USD"),
        (USD, 2_000_000, 2_104_000, "2.10 of 2.00 USD (0.10 over)"),
        (USD, 2_000_000, 2_000_100, "2.00 of 2.00 USD (<0.01 over)"),
        (TOKENS, 100_000, 96_200, "96.2k of 100k tokens"),
        (TURNS, 20, 3, "3 of 20 turns"),
        (MINUTES, 3_600_000, 195_000, "3.2 of 60 minutes"),
        (MINUTES, 3_600_000, 0, "0 of 60 minutes"),
    ],
)
def test_how_a_limit_stands(unit: Unit, limit: int, spent: int, words: str) -> None:
    (standing,) = standings(Ledger(limit={unit: limit}, balance=Balance(spent={unit: spent})))
    assert standing.text == words


def lack(*, needed: int = 500_000, free: int, left: int, own: bool = False) -> Lack:
    return Lack(unit=USD, needed=needed, free=free, left=left, limit=2_000_000, own=own)


def test_why_an_attempt_waits_or_never_starts() -> None:
    busy = Short(lacks=(lack(free=120_000, left=900_000),))
    assert waiting(busy) == (
        "waits until other nodes give back what they have reserved: it needs 0.50 USD, and 0.12 USD of the "
        "execution's 2.00 USD are left"
    )
    spent = Short(lacks=(lack(free=-90_000, left=-90_000),))
    assert refusal(spent) == (
        "it did not start: it needs 0.50 USD, and 0.00 USD of the execution's 2.00 USD are left "
        "(raise the `budget` of the workflow)"
    )
    own = Short(lacks=(lack(free=-90_000, left=-90_000, own=True), lack(free=0, left=0)))
    assert refusal(own).startswith("it did not start: of its 2.00 USD, 2.09 USD are spent; it needs ")
    assert refusal(own).endswith("(raise the `budget` of the node)")


def test_an_overshoot_is_a_sentence() -> None:
    allowed: Amounts = {USD: 500_000, TURNS: 2}
    assert overshoots(allowed, {USD: 600_000, TURNS: 2, TOKENS: 9}) == (
        "the attempt used 0.10 USD more than the 0.50 USD it was allowed",
    )
    assert listed(allowed) == "0.50 USD, 2 turns"


def test_an_estimate_is_marked() -> None:
    assert (human_cost(0.421, True), human_cost(0.001, True), human_cost(0.421)) == ("≈$0.42", "≈<$0.01", "$0.42")


def limited(shown: ExecutionView, limit: Amounts, spent: Amounts) -> ExecutionView:
    return replace(shown, ledger=Ledger(limit=limit, balance=Balance(spent=spent)))


def drawn(shown: ExecutionView) -> str:
    console = Console(width=120, record=True, force_terminal=False)
    with console.capture() as capture:
        console.print(terminal_view(shown, width=120, height=40))
    return capture.get()


def test_every_place_says_how_the_budget_stands() -> None:
    shown = limited(views.large(), {USD: 2_000_000, TURNS: 40}, {USD: 420_000, TURNS: 12})
    assert spending(shown) == ("0.42 of 2.00 USD", "12 of 40 turns")
    assert "· 0.42 of 2.00 USD · 12 of 40 turns" in comment(shown)
    assert "0.42 of 2.00 USD  12 of 40 turns" in drawn(shown)
    counted = limited(views.completed(), {TOKENS: 200_000}, {TOKENS: 193_000})
    assert "193k of 200k tokens" in comment(counted)
    assert "193k tokens" not in comment(counted)
    ended = limited(views.completed(), {USD: 2_000_000}, {USD: 420_000})
    assert ", 0.42 of 2.00 USD when recorded: " in plain_lines(None, ended)[-1]


def test_what_dollars_do_not_limit_is_a_cost_beside_the_limits() -> None:
    shown = views.completed()
    cost = spending(shown)
    assert len(cost) == 1
    assert spending(limited(shown, {TOKENS: 100_000}, {TOKENS: 96_200})) == (*cost, "96.2k of 100k tokens")
    assert spending(limited(shown, {}, {USD: 1})) == cost


def test_an_estimated_cost_is_marked_wherever_it_is_told() -> None:
    shown = views.completed()
    runs = tuple(
        replace(run, outcome=replace(run.outcome, usage=replace(run.outcome.usage, cost_estimated=True)))
        if run.outcome and run.outcome.usage
        else run
        for run in shown.runs
    )
    estimated = replace(shown, runs=runs)
    assert figures(estimated).cost_estimated
    assert spending(estimated)[0].startswith("≈$")
    assert spending(limited(estimated, {USD: 2_000_000}, {USD: 420_000}))[0].startswith("≈0.42 of 2.00 USD")
    assert "documentation-engineer, ≈$0.11" in comment(estimated)


def test_a_run_that_waits_for_others_says_so() -> None:
    shown = views.running()
    waits, *others = shown.runs
    queued = replace(waits, status=NodeStatus.QUEUED, error_code="AGENT_BUDGET")
    assert "waits for budget" in drawn(replace(shown, runs=(queued, *others)))
    assert "waits for budget" not in drawn(shown)
