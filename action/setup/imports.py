"""Imports everything that the program may import, wherever in a file it does so: `python imports.py PLACE`.

Importing is what writes compiled files, and of most packages a run needs a small part.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path

PACKAGES = ("action", "orchestrator")


def modules(place: Path) -> Iterator[str]:
    """The modules of the program, and whatever its files name in an import."""
    for package in PACKAGES:
        for path in sorted((place / package).rglob("*.py")):
            name = ".".join(path.relative_to(place).with_suffix("").parts).removesuffix(".__init__")
            # Programs begin to run where they are imported, and those of `setup` are no modules.
            if not name.startswith("action.setup") and not name.endswith("__main__"):
                yield name
                yield from _named(ast.parse(path.read_bytes()))


def _named(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (each.name for each in names)
            case ast.ImportFrom(module=str(module), level=0, names=names):
                yield module
                yield from (f"{module}.{each.name}" for each in names)


def main(place: Path) -> None:
    for name in dict.fromkeys(modules(place)):
        # Many a name is that of a class, and some packages are there only where others need them.
        with suppress(Exception):
            import_module(name)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
