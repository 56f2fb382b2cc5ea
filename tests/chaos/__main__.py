"""`python -m tests.chaos`: kill processes at random under load, and look for anything that went wrong.

Exit code 1 where something did; the folder with everything that was written is kept then.
"""

from __future__ import annotations

import argparse
import random
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from tests.chaos.soak import Options, Result, Soak


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="how long to kill, for all databases together (30)")
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000), help="what to repeat (random)")
    given = parser.parse_args()
    # Whoever is told to end takes along what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    databases = ("sqlite", "postgresql") if given.database == "both" else (given.database,)
    wrong = [_soak(database, given.seed, given.minutes / len(databases)) for database in databases]
    return 1 if any(wrong) else 0


def _soak(database: str, seed: int, minutes: float) -> bool:
    print(f"{database}, seed {seed}, {minutes:g} minutes", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    result = Soak(Options(database=database, seed=seed, folder=folder / "soak", minutes=minutes), _say).run()
    _say(summary(result, seed))
    if result.violations:
        _say(f"everything is in {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return bool(result.violations)


def summary(result: Result, seed: int) -> str:
    """The figures of a soak, for people."""
    kills = "\n".join(f"  {number:5} {kind}" for kind, number in result.kills.most_common())
    return (
        f"{result.executions} executions, {result.node_runs} node runs, "
        f"{result.seconds / 60:.1f} minutes, seed {seed}\n"
        f"{result.kills.total()} kills survived\n{kills}\n"
        f"{result.lost} node runs lost and run anew, {result.given_up} executions rerun after a fourth loss, "
        f"{result.resumed} resumed\n"
        f"{len(result.violations)} violations" + "".join(f"\n  {each}" for each in result.violations)
    )


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
