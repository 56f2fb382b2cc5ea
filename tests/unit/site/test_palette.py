"""Contrast after WCAG 2.2: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio."""

from __future__ import annotations

import re

import pytest

from orchestrator.site.pages import assets_folder

TEXT, GRAPHICS = 4.5, 3.0
GROUNDS = ("bg", "surface", "sunken")
PAIRS = [
    *[(ink, ground, TEXT) for ink in ("ink", "ink-2", "ink-3", "accent") for ground in GROUNDS],
    *[(ink, ground, TEXT) for ink in ("green", "red", "amber") for ground in GROUNDS],
    *[(ink, f"{ink}-soft", TEXT) for ink in ("accent", "green", "red", "amber")],
    *[("ink", f"{soft}-soft", TEXT) for soft in ("accent", "green", "red", "amber")],
    *[(ink, ground, TEXT) for ink in ("ink", "ink-3") for ground in ("add", "del")],
    ("ink-3", "red-soft", TEXT),
    ("green", "add", TEXT),
    ("red", "del", TEXT),
    *[(bar, ground, GRAPHICS) for bar in ("bar-green", "bar-red", "bar-amber") for ground in ("bg", "surface")],
]


def palettes() -> dict[str, dict[str, str]]:
    style = (assets_folder() / "site.css").read_text(encoding="utf-8")
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]+)", body)) for body in re.findall(r":root \{(.*?)\}", style, re.S)
    )
    return {"light": light, "dark": light | dark}


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_measure_is_that_of_the_standard() -> None:
    assert contrast("#fff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground", "least"), PAIRS)
def test_colours_can_be_told_apart(scheme: str, ink: str, ground: str, least: float) -> None:
    palette = palettes()[scheme]
    assert contrast(palette[ink], palette[ground]) >= least
