"""`python -m tests.bench`: measures what Mycelium costs, and prints tables; `docs/benchmarks.md` explains them.

Nothing is asserted: machines differ.
"""

from __future__ import annotations

import json
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.bench import machine
from tests.bench.options import Options, parse
from tests.bench.scene import Scene

MODULES: Mapping[str, str] = {
    "engine": "tests.bench.engine_part",
    "first-process": "tests.bench.first_process",
    "memory": "tests.bench.memory",
    "commands": "tests.bench.commands",
    "store": "tests.bench.store",
    "history": "tests.bench.history",
    "worktrees": "tests.bench.worktrees",
    "agents": "tests.bench.agents",
    "action": "tests.bench.action",
}
"""Each has `measure(options, scene)`, whose result becomes JSON, and `show(result, options)`, text for a terminal."""


def main(options: Options) -> None:
    found: dict[str, Any] = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine.facts()}
    for part in options.parts:
        module = import_module(MODULES[part])
        measure: Callable[[Options, Scene], Any] = module.measure
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            found[part] = measure(options, Scene(Path(folder)))
        print(module.show(found[part], options), flush=True)
        if options.json:
            options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    # Servers and process trees are ended on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    main(parse())
