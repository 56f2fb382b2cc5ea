"""`python -m tests.linting`: checks this repository; ends with 1 where something is found, and prints it."""

from __future__ import annotations

import sys

from tests.linting.check import findings
from tests.linting.programs import ROOT


def main() -> int:
    found = findings(ROOT)
    sys.stdout.write("".join(f"{text}\n" for text in found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
