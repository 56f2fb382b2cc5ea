"""What to measure, as the command line says."""

from __future__ import annotations

import re
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.scene import DATABASES, Scene
from tests.bench.shapes import SHAPES, Shape, chain, fan

PARTS = ("engine", "first-process", "memory", "commands", "store", "history", "worktrees", "agents", "action")
SIZED = {"chain": chain, "fan": fan}


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """`json` is the file for all figures."""

    parts: Sequence[str]
    shapes: Sequence[Shape]
    databases: Sequence[str]
    rounds: int
    concurrency: int
    json: Path | None

    def settings(self, scene: Scene, kind: str, url: str) -> dict[str, str]:
        """The settings of everything that works on that database, by their names without prefix."""
        return {
            "HOME_DIR": str(scene.folder / f"home-{kind}"),
            "DATABASE_URL": url,
            "CONCURRENCY": str(self.concurrency),
        }


def parse(words: Sequence[str] | None = None) -> Options:
    parser = ArgumentParser(prog="python -m tests.bench", description="Measure what Mycelium costs.")
    parser.add_argument(
        "--part", action="append", choices=PARTS, help="repeatable; all by default, the engine where --shape is given"
    )
    parser.add_argument(
        "--shape", action="append", type=_shape, help=f"repeatable; {', '.join(SHAPES)}, chain-N, fan-N"
    )
    parser.add_argument("--database", action="append", choices=DATABASES, help="repeatable; both by default")
    parser.add_argument("--rounds", type=int, default=5, help="the median of so many counts (%(default)s)")
    parser.add_argument("--concurrency", type=int, default=2, help="how many nodes run at once (%(default)s)")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write all figures to this file")
    given = parser.parse_args(words)
    return Options(
        parts=given.part or (["engine"] if given.shape else PARTS),
        shapes=given.shape or [make() for make in SHAPES.values()],
        databases=given.database or DATABASES,
        rounds=given.rounds,
        concurrency=given.concurrency,
        json=given.json,
    )


def _shape(name: str) -> Shape:
    if name in SHAPES:
        return SHAPES[name]()
    if sized := re.fullmatch(r"(chain|fan)-([1-9]\d{0,3})", name):
        return SIZED[sized[1]](int(sized[2]))
    raise ArgumentTypeError(f"no shape {name!r}: {', '.join(SHAPES)}, chain-N, fan-N")
