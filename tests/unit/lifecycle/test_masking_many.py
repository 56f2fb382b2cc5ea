"""A text loses every value, whether few or many are known."""

from __future__ import annotations

from base64 import b64encode

import pytest

from orchestrator.lifecycle.masking import FEW, Mask


@pytest.mark.parametrize("count", [1, FEW, 1_000])
def test_each_of_many_values_is_masked(count: int) -> None:
    values = [f"v{number:04}!" for number in range(count)]
    mask = Mask(values)
    assert mask.text(" ".join(values)) == " ".join(["***"] * count)
    assert mask.text("nothing of them, v12") == "nothing of them, v12"
    assert values[0] not in mask.text(f"x{values[0]}y \x1b[1mv0\x1b[0m000! {values[0] * 2}")
    encoded = b64encode(b"user:" + ("long-" + values[-1]).encode()).decode()
    assert Mask([*values, "long-" + values[-1]]).text(encoded) != encoded


def test_of_values_that_hold_each_other_the_longest_counts() -> None:
    many = [f"filler{number:05}" for number in range(FEW)]
    for mask in (Mask(["abcd", "abcdef"]), Mask([*many, "abcd", "abcdef"])):
        assert mask.text("abcdefg abcde") == "***g ***e"
