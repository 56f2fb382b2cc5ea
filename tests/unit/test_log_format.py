"""The form of our own log lines."""

from __future__ import annotations

import json
import subprocess
import sys

PROGRAM = """
import logging, sys
from orchestrator.log_format import configure
configure(level="info", form=sys.argv[1])
logging.getLogger("part").debug("hidden")
logging.getLogger("part").info("told %s", "once")
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("part").exception("failed")
"""


def logged(form: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", PROGRAM, form], capture_output=True, text=True, check=True)
    return done.stderr.splitlines()


def test_lines_for_people_are_short() -> None:
    assert logged("console")[0] == "INFO part: told once"


def test_json_lines_hold_what_a_collector_needs() -> None:
    told, failed = (json.loads(line) for line in logged("json"))
    assert (told["level"], told["logger"], told["message"]) == ("info", "part", "told once")
    assert told["timestamp"].endswith("Z")
    assert "ZeroDivisionError" in failed["error"]


def test_levels_below_the_set_one_are_left_out() -> None:
    assert not any("hidden" in line for line in logged("json"))
