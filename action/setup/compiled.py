"""Compiles the program into a folder: `python compiled.py PLACE FOLDER`; `start.sh` puts it beside the sources.

The runner brings the sources anew for each job, with times that say nothing, so that compiled files name the sources'
hashes instead. Any Python that cannot use one of them compiles by itself.
"""

from __future__ import annotations

import sys
from importlib.util import cache_from_source
from pathlib import Path
from py_compile import PycInvalidationMode, compile

PACKAGES = ("action", "orchestrator")


def main(place: Path, folder: Path) -> None:
    for package in PACKAGES:
        for source in sorted((place / package).rglob("*.py")):
            target = folder / Path(cache_from_source(str(source))).relative_to(place)
            compile(str(source), cfile=str(target), doraise=True, invalidation_mode=PycInvalidationMode.CHECKED_HASH)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]))
