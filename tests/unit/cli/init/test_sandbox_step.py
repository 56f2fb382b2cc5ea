"""The step that has agents confined, on machines of several kinds."""

from __future__ import annotations

import subprocess
import textwrap
from pathlib import Path

import pytest

from orchestrator.cli.init.sandbox_step import SCRIPT

ROOT = Path(__file__).resolve().parents[4]
WORKS = "#!/bin/sh\nexit 0\n"
# Works once somebody has written that namespaces are allowed.
STRICT = '#!/bin/sh\n[ -e "$ROOM/allowed" ]\n'
# Does what it is told: brings bubblewrap, and lets it work.
SUDO = """#!/bin/sh
echo "$*" >> "$ROOM/asked"
case "$*" in *install*) /bin/cp "$ROOM/strict" "$ROOM/bin/bwrap" ;; *sysctl*) : > "$ROOM/allowed" ;; esac
"""


@pytest.mark.parametrize(
    ("programs", "asked", "warned"),
    [
        ({"bwrap": WORKS, "sudo": SUDO}, [], False),
        ({"bwrap": STRICT, "sudo": SUDO}, ["sysctl"], False),
        ({"sudo": SUDO}, ["update", "install", "sysctl"], False),
        ({"sudo": "#!/bin/sh\nexit 1\n"}, [], True),
        ({"bwrap": STRICT}, [], True),
        ({}, [], True),
    ],
)
def test_it_does_what_is_lacking_and_never_fails(
    tmp_path: Path, programs: dict[str, str], asked: list[str], warned: bool
) -> None:
    (tmp_path / "bin").mkdir()
    for name, text in {**programs, "../strict": STRICT}.items():
        place = tmp_path / "bin" / name
        place.write_text(text, encoding="utf-8")
        place.chmod(0o755)
    environ = {"PATH": str(tmp_path / "bin"), "ROOM": str(tmp_path)}
    done = subprocess.run(["/bin/bash", "-e", "-c", SCRIPT], env=environ, capture_output=True, text=True, check=True)
    log = tmp_path / "asked"
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    assert len(lines) == len(asked)
    assert all(word in line for word, line in zip(asked, lines, strict=True))
    assert ("::warning::" in done.stdout) == warned


@pytest.mark.parametrize("page", ["README.md", "docs/action.md"])
def test_pages_show_the_same(page: str) -> None:
    assert textwrap.indent(SCRIPT, " " * 10) in (ROOT / page).read_text(encoding="utf-8")
