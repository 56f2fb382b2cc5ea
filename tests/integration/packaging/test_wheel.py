"""A wheel holds all that is committed of the packages, the gallery and the site, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PLACES = {"workflows/": "orchestrator/data/workflows/", "static-site/": "orchestrator/data/static-site/"}
PACKAGES = ("orchestrator/", "webhooks/", "action/")


def place(committed: str) -> str:
    for folder, packed in PLACES.items():
        if committed.startswith(folder):
            return packed + committed.removeprefix(folder)
    return committed


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="only a checkout knows what is committed")
def test_the_wheel_holds_what_is_committed(tmp_path: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *PACKAGES, *PLACES],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    committed = {place(name) for name in listed.split("\0") if name and (ROOT / name).exists()}

    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )

    (wheel,) = tmp_path.glob("*.whl")
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert "orchestrator/data/workflows/templates/code-review.yaml" in packed
    assert "orchestrator/agents/shipped/code-reviewer.md" in packed
    assert packed == committed
