"""What the set-up of the tests says on a machine that lacks something: a word, or an error where `CI` is set."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REQUIREMENTS = Path(__file__).resolve().parents[2] / "requirements"
TOOLS = ("sh", "dirname", "cat", "cksum", "uname", "id")


def run(script: str, folder: Path, *, bwrap: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    """In a copy, and with nothing but the simplest tools on PATH; and a `bwrap`, if given."""
    shutil.copytree(REQUIREMENTS, folder / "requirements")
    (folder / "bin").mkdir()
    for name in TOOLS:
        (folder / "bin" / name).symlink_to(str(shutil.which(name)))
    if bwrap:
        (folder / "bin" / "bwrap").write_text(f"#!/bin/sh\n{bwrap}\n")
        (folder / "bin" / "bwrap").chmod(0o755)
    return subprocess.run(
        [str(folder / "bin" / "sh"), str(folder / "requirements" / script)],
        env={"PATH": str(folder / "bin"), **environ},
        capture_output=True,
        text=True,
        check=False,
    )


WITHOUT = [
    pytest.param("agents.sh", "Node.js and npm", id="agents"),
    pytest.param("github.sh", "Node.js and npm", id="github"),
    pytest.param(
        "system.sh",
        "bubblewrap",
        id="bubblewrap",
        marks=pytest.mark.skipif(sys.platform != "linux", reason="needed on Linux alone"),
    ),
]


@pytest.mark.parametrize(("script", "missing"), WITHOUT)
def test_it_goes_on_without_and_says_what_is_skipped(script: str, missing: str, tmp_path: Path) -> None:
    done = run(script, tmp_path)
    assert done.returncode == 0, done.stderr
    (line,) = done.stderr.splitlines()
    assert missing in line
    assert "skipped" in line


@pytest.mark.parametrize(("script", "missing"), WITHOUT)
def test_continuous_integration_does_not(script: str, missing: str, tmp_path: Path) -> None:
    done = run(script, tmp_path, CI="true")
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert missing in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="needed on Linux alone")
@pytest.mark.parametrize(
    ("ci", "code", "beginning"), [("", 0, "The tests of sandboxes will be skipped"), ("true", 2, "error: ")]
)
def test_a_bubblewrap_that_does_not_work_is_as_good_as_none(ci: str, code: int, beginning: str, tmp_path: Path) -> None:
    done = run("system.sh", tmp_path, bwrap="echo 'bwrap: setting up uid map: Permission denied' >&2; exit 1", CI=ci)
    assert (done.returncode, done.stderr.startswith(beginning)) == (code, True)
    assert "setting up uid map: Permission denied" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="needed on Linux alone")
def test_one_that_works_is_nothing_to_talk_about(tmp_path: Path) -> None:
    done = run("system.sh", tmp_path, bwrap="exit 0", CI="true")
    assert (done.returncode, done.stderr) == (0, "")
