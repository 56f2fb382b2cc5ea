"""What a worktree costs; `measure` and `show` as all parts have them."""

from __future__ import annotations

from typing import Any

from tests.bench.options import Options
from tests.bench.scene import Scene


def measure(options: Options, scene: Scene) -> dict[str, Any]:
    return {}


def show(found: dict[str, Any], options: Options) -> str:
    return "" if found else "Worktrees: not measured yet.\n"
