"""Runs a program that must not outlive the process that asked for it, where the kernel does not see to that (macOS).

`python -I guard.py PARENT PROGRAM [ARGUMENT…]`: standard input goes to the program. Needs nothing but Python itself.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys

LOOK_SECONDS = 0.5


def main(arguments: list[str]) -> int:
    """Run the program to its end, or kill it once `PARENT` is no longer our parent; its exit code."""
    parent, command = int(arguments[0]), arguments[1:]
    child = subprocess.Popen(command)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_signal: child.kill())
    while os.getppid() == parent:
        try:
            return child.wait(LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            continue
    child.kill()
    return child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
