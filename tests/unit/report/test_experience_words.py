"""Experience in words: short, and never more than what is known."""

from __future__ import annotations

import pytest

from orchestrator.report.experience import columns, facts, failures, percent, success, usual
from tests.fakes.views import experience

UNKNOWN = {"seconds_median": None, "seconds_p90": None, "cost_median": None, "tokens_median": None}


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (None, "–"),
        (0.0, "0 %"),
        (0.0001, "1 %"),
        (0.5, "50 %"),
        (0.916, "92 %"),
        (0.9999, "99 %"),
        (1.0, "100 %"),
    ],
)
def test_only_all_is_all_and_only_nothing_nothing(share: float | None, words: str) -> None:
    assert percent(share) == words


def test_what_is_usual() -> None:
    assert usual(experience()) == "usually 1m 20s, $0.04; 92 % of 48 runs succeeded"
    assert usual(experience(cost_median=None)) == "usually 1m 20s; 92 % of 48 runs succeeded"
    assert usual(experience(cost_estimated=True)) == "usually 1m 20s, ≈$0.04; 92 % of 48 runs succeeded"
    assert usual(experience(**UNKNOWN, succeeded=0)) == "0 % of 48 runs succeeded"


@pytest.mark.parametrize(("runs", "told"), [(4, False), (5, True)])
def test_a_few_runs_are_not_usual(runs: int, told: bool) -> None:
    assert bool(usual(experience(runs=runs + 2, succeeded=runs))) is told


def test_success_counts_what_came_to_an_end() -> None:
    assert success(experience(runs=1, cancelled=0, succeeded=1)) == "100 % of 1 run succeeded"
    assert success(experience(runs=2, cancelled=2, succeeded=0)) == "no run has come to an end"


def test_facts() -> None:
    assert list(facts(experience())) == [
        ("Success", "92 % of 48 runs succeeded, 2 cancelled"),
        ("Time", "1m 20s, 9 of 10 within 3m 4s"),
        ("Cost", "$0.04, $3.20 in all"),
        ("Tokens", "12.3k, 1.2M in all"),
        ("Files", "2.5 changed, 41 commits in all"),
        ("Retries", "0.08 a run"),
        ("Flaky", "6 % failed first and succeeded in the end"),
        ("Failures", "5 timeout, 2 auth, 1 lost"),
    ]


def test_what_is_not_known_is_not_told() -> None:
    nothing = experience(
        **UNKNOWN,
        **{"runs": 1, "attempts": 1, "succeeded": 0, "cancelled": 0, "flaky": 0, "retries": 0, "commits": 0},
        outcomes={"refused": 1},
        cost_total=None,
        input_tokens=0,
        output_tokens=0,
        files_median=None,
    )
    assert list(facts(nothing)) == [("Success", "0 % of 1 run succeeded"), ("Failures", "1 refused")]
    assert columns(nothing) == ("1", "0 %", "–", "–", "0 %")


def test_what_was_spent_in_vain_is_told_without_a_median() -> None:
    told = dict(facts(experience(**UNKNOWN)))
    assert (told["Cost"], told["Tokens"]) == ("$3.20 in all", "1.2M in all")
    assert "Time" not in told


def test_few_times_are_not_spread_out() -> None:
    assert dict(facts(experience(succeeded=4)))["Time"] == "1m 20s"


def test_columns() -> None:
    assert columns(experience(cost_estimated=True)) == ("50", "92 %", "1m 20s", "≈$0.04", "6 %")
    assert columns(None) == ("–", "–", "–", "–", "–")


def test_failures_come_by_number() -> None:
    assert failures(experience(outcomes={"b": 1, "a": 1, "c": 3, "success": 9, "cancelled": 2})) == [
        ("c", 3),
        ("a", 1),
        ("b", 1),
    ]
