"""Whether an attempt may start, and with what: tables, and laws that hold for any story."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import reduce
from operator import add

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.definition.model import Agent, Approval, Budget, Merge
from orchestrator.execution.amounts import HIGHEST, Unit, amount, beyond, less, limits, total, used, value
from orchestrator.execution.budget import (
    LEAST,
    Allowance,
    Coming,
    Reserved,
    Short,
    all_coming,
    allowance,
    draws,
    reserve,
)
from orchestrator.execution.ledger import Balance, Ledger, Reservation, balance
from orchestrator.execution.outcome import Usage
from tests.fakes.world import node, workflow

USD, TOKENS, TURNS, MINUTES = Unit.USD, Unit.TOKENS, Unit.TURNS, Unit.MINUTES
NO_LIMIT = Ledger()
ALONE = Coming(runs=1, sharing=1, promised=0)


def dollars(limit: float, *, spent: float = 0, reserved: float = 0) -> Ledger:
    found = Balance(spent={USD: amount(USD, spent)}, reserved={USD: amount(USD, reserved)})
    return Ledger(limit={USD: amount(USD, limit)}, balance=found)


def asked(execution: Ledger, run: Ledger = NO_LIMIT, coming: Coming = ALONE) -> float | None:
    """The dollars an attempt gets, or None."""
    answer = reserve(execution, run, dict.fromkeys(execution.limit, coming))
    return value(USD, answer.amounts[USD]) if isinstance(answer, Reserved) else None


def passes(execution: Ledger, run: Ledger = NO_LIMIT, coming: Coming = ALONE) -> bool:
    """Whether an attempt that may not start now may start later."""
    answer = reserve(execution, run, dict.fromkeys(execution.limit, coming))
    assert isinstance(answer, Short)
    return answer.passes


@pytest.mark.parametrize(
    ("unit", "written", "counted"),
    [
        (USD, 0.1, 100_000),
        (USD, 2, 2_000_000),
        (USD, 0.0000005, 0),
        (TOKENS, 5, 5),
        (TURNS, 3, 3),
        (MINUTES, 1.5, 90_000),
    ],
)
def test_amounts_are_whole(unit: Unit, written: float, counted: int) -> None:
    assert amount(unit, written) == counted


def test_dollars_add_up_as_people_expect() -> None:
    tenths = [used(Usage(cost_usd=0.1), 0)] * 10
    assert value(USD, total(tenths)[USD]) == 1.0
    # One by one: from Python 3.12 on, `sum` makes up for what is lost on the way.
    assert reduce(add, [0.1] * 10) != 1.0


def test_a_budget_limits_what_it_names() -> None:
    assert limits(Budget(usd=0.5, turns=20)) == {USD: 500_000, TURNS: 20}
    assert limits(None) == {}


def test_all_tokens_count_and_an_unknown_cost_does_not() -> None:
    usage = Usage(input_tokens=1, output_tokens=2, cache_read_tokens=4, cache_write_tokens=8, turns=3)
    assert used(usage, 1.5) == {USD: 0, TOKENS: 15, TURNS: 3, MINUTES: 1_500}
    assert used(None, -1.0) == dict.fromkeys(Unit, 0)


@pytest.mark.parametrize("cost", [math.inf, math.nan, -1.0])
def test_a_cost_that_is_none_counts_as_none(cost: float) -> None:
    assert used(Usage(cost_usd=cost), 0)[USD] == 0


def test_no_attempt_counts_for_more_than_databases_can_add_up() -> None:
    assert used(Usage(input_tokens=10**30, cost_usd=1e300), 0)[TOKENS] == HIGHEST
    assert HIGHEST * 100_000 < 2**63


def test_an_engine_is_told_what_is_limited() -> None:
    assert allowance({USD: 250_000, MINUTES: 90_000}) == Allowance(usd=0.25, minutes=1.5)
    assert allowance({TOKENS: 5, TURNS: 2}) == Allowance(tokens=5, turns=2)


def test_what_is_left_is_never_less_than_nothing() -> None:
    assert less({USD: 5, TURNS: 1}, {USD: 7, TOKENS: 3}) == {USD: 0, TURNS: 1}
    assert beyond({USD: 5, TURNS: 1}, {USD: 7, TOKENS: 3}) == {USD: 2}


@pytest.mark.parametrize(
    ("execution", "run", "coming", "gets"),
    [
        # three beside each other, and one after them
        (dollars(2), NO_LIMIT, Coming(runs=4, sharing=4, promised=0), 0.5),
        (dollars(2, reserved=0.5), NO_LIMIT, Coming(runs=3, sharing=3, promised=0), 0.5),
        (dollars(2, reserved=1), NO_LIMIT, Coming(runs=2, sharing=2, promised=0), 0.5),
        (dollars(2, spent=0.9), NO_LIMIT, ALONE, 1.1),
        # what another was promised is set aside, unless too little would be left
        (dollars(2), NO_LIMIT, Coming(runs=3, sharing=2, promised=1_500_000), 0.25),
        (dollars(2), NO_LIMIT, Coming(runs=3, sharing=1, promised=3_000_000), 0.666666),
        (dollars(2), NO_LIMIT, Coming(runs=2, sharing=1, promised=2_000_000), 1.0),
        # a budget of its own is reserved as a whole, less what earlier attempts spent
        (dollars(2), dollars(0.5), Coming(runs=9, sharing=8, promised=500_000), 0.5),
        (dollars(2, spent=0.2), dollars(0.5, spent=0.2), ALONE, 0.3),
        (dollars(2, reserved=1.6), dollars(0.5), ALONE, None),
        (NO_LIMIT, dollars(0.5, spent=0.1), ALONE, 0.4),
        (NO_LIMIT, dollars(0.5, spent=0.4995), ALONE, None),
        (NO_LIMIT, dollars(0.5, spent=0.7), ALONE, None),
        # an attempt does not start with next to nothing
        (dollars(2, spent=1.999), NO_LIMIT, ALONE, 0.001),
        (dollars(2, spent=1.999), NO_LIMIT, Coming(runs=5, sharing=5, promised=0), 0.001),
        (dollars(2, spent=1.9995), NO_LIMIT, ALONE, None),
        (dollars(2, spent=2.5), NO_LIMIT, ALONE, None),
    ],
)
def test_what_an_attempt_gets(execution: Ledger, run: Ledger, coming: Coming, gets: float | None) -> None:
    assert asked(execution, run, coming) == gets


@pytest.mark.parametrize(
    ("execution", "run", "later"),
    [
        (dollars(2, reserved=1.6), dollars(0.5), True),
        (dollars(2, spent=1.2, reserved=0.6), dollars(0.5), True),
        (dollars(2, spent=1.6, reserved=0.2), dollars(0.5), False),
        (dollars(2, spent=1.6), dollars(0.5), False),
        (dollars(2, reserved=2), NO_LIMIT, True),
        (dollars(2, spent=1.9995, reserved=0.0005), NO_LIMIT, False),
        (dollars(2, reserved=2), dollars(0.5, spent=0.5), False),
    ],
)
def test_whether_waiting_helps(execution: Ledger, run: Ledger, later: bool) -> None:
    assert passes(execution, run) is later


def test_who_is_not_counted_gets_what_is_free_and_nothing_of_what_is_spent() -> None:
    nobody = Coming(runs=0, sharing=0, promised=0)
    assert asked(dollars(2, reserved=0.5), coming=nobody) == 1.5
    assert not passes(dollars(2, spent=2), coming=nobody)


def test_every_unit_must_be_there() -> None:
    execution = Ledger(limit={USD: 1_000_000, TURNS: 10}, balance=Balance(reserved={TURNS: 10}))
    coming = {USD: ALONE, TURNS: ALONE}
    answer = reserve(execution, Ledger(limit={TOKENS: 100}), coming)
    assert isinstance(answer, Short)
    assert [(lack.unit, lack.needed, lack.own) for lack in answer.lacks] == [(TURNS, 1, False)]
    assert reserve(replace(execution, balance=Balance()), Ledger(limit={TOKENS: 100}), coming) == Reserved(
        amounts={USD: 1_000_000, TOKENS: 100, TURNS: 10}
    )


AGENT = Agent(agent="a")
MERGE = Merge(nodes=("a",), resolver="r")


def test_who_is_still_to_come() -> None:
    nodes = (
        node("a", action=AGENT, budget=Budget(usd=0.25)),
        node("b", action=AGENT),
        node("m", "a", action=MERGE),
        node("plain", action=Merge(nodes=("a",))),
        node("make"),
        node("gate", action=Approval()),
    )
    known = workflow(*nodes, budget=Budget(usd=2, turns=9))
    runs = {"a": 3, "b": 2, "m": 1, "plain": 1, "make": 4, "gate": 1}
    assert all_coming(known, runs) == {
        USD: Coming(runs=6, sharing=3, promised=750_000),
        TURNS: Coming(runs=6, sharing=6, promised=0),
    }


@pytest.mark.parametrize(
    ("action", "own", "whole", "draw"),
    [
        (AGENT, None, None, False),
        (AGENT, Budget(usd=1), None, True),
        (AGENT, None, Budget(usd=1), True),
        (MERGE, None, Budget(usd=1), True),
        (Merge(nodes=("a",)), None, Budget(usd=1), False),
        (Approval(), None, Budget(usd=1), False),
    ],
)
def test_who_reserves(action: Agent | Merge | Approval, own: Budget | None, whole: Budget | None, draw: bool) -> None:
    known = workflow(node("x", action=action, budget=own), budget=whole)
    assert draws(known, known.nodes["x"]) is draw


def test_usage_of_several_calls() -> None:
    one = Usage(model="a", input_tokens=1, turns=1, cost_usd=0.5, cost_estimated=True)
    other = Usage(model="b", input_tokens=2, output_tokens=4, turns=2, replayed=True)
    assert one + other == Usage(
        model="b", input_tokens=3, output_tokens=4, turns=3, cost_usd=0.5, cost_estimated=True, replayed=True
    )


counts = st.integers(0, 3_000_000)
units = st.dictionaries(st.sampled_from(Unit), counts)
limited = st.dictionaries(st.sampled_from(Unit), st.integers(1_000, 3_000_000))
comings = st.builds(Coming, runs=st.integers(0, 9), sharing=st.integers(0, 2), promised=counts)


@given(execution=limited, own=limited, spent=units, reserved=units, earlier=units, coming=comings)
def test_nobody_gets_what_is_not_there(
    execution: Mapping[Unit, int],
    own: Mapping[Unit, int],
    spent: Mapping[Unit, int],
    reserved: Mapping[Unit, int],
    earlier: Mapping[Unit, int],
    coming: Coming,
) -> None:
    whole = Ledger(limit=execution, balance=Balance(spent=spent, reserved=reserved))
    run = Ledger(limit=own, balance=Balance(spent=earlier))
    answer = reserve(whole, run, dict.fromkeys(execution, coming))
    if isinstance(answer, Reserved):
        assert set(answer.amounts) == {*execution, *own}
        assert all(LEAST[unit] <= counted for unit, counted in answer.amounts.items())
        assert all(answer.amounts[unit] <= whole.free(unit) for unit in execution)
        assert all(answer.amounts[unit] == run.left(unit) for unit in own)
    else:
        assert answer.lacks
        # Waiting helps exactly where all that is reserved coming back would be enough.
        idle = replace(whole, balance=Balance(spent=spent))
        assert answer.passes == isinstance(reserve(idle, run, dict.fromkeys(execution, coming)), Reserved)


@given(limit=st.integers(1_000, 10**9), runs=st.integers(1, 30), spent=st.lists(counts, min_size=30, max_size=30))
def test_all_that_share_may_be_at_work_at_once(limit: int, runs: int, spent: list[int]) -> None:
    """With enough for everybody, each gets the same but for rounding, and the books balance."""
    if limit < runs * LEAST[USD]:
        return
    held: list[Reservation] = []
    for index in range(runs):
        coming = Coming(runs=runs - index, sharing=runs - index, promised=0)
        answer = reserve(Ledger(limit={USD: limit}, balance=balance(held)), NO_LIMIT, {USD: coming})
        assert isinstance(answer, Reserved)
        held.append(Reservation(index=index, epoch=1, reserved=answer.amounts))
    granted = [each.reserved[USD] for each in held]
    assert sum(granted) == limit
    assert max(granted) - min(granted) <= 1
    closed = [replace(each, spent={USD: min(spent[each.index], each.reserved[USD])}) for each in held]
    assert balance(closed).reserved == {}
    assert balance(closed).spent[USD] <= limit
