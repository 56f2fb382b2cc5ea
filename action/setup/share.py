"""Copies packages to where other jobs find them: `python share.py PACKAGES SHARED`; whole or not at all.

What lies there may be in use by a job that runs at the same time, so nothing of it is ever written to.
"""

from __future__ import annotations

import shutil
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory


def main(packages: Path, shared: Path) -> None:
    shared.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=shared.parent, prefix=f"{shared.name}.") as beside:
        # With its times, by which compiled files are found to be up to date.
        made = shutil.copytree(packages, Path(beside) / "packages", symlinks=True)
        # A folder in which there is something cannot be renamed to: another job was quicker.
        with suppress(OSError):
            made.rename(shared)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
    except OSError as error:
        print(f"The packages are not kept in the tool cache: {error}")
