"""A repository to set up, with a terminal's environment that has nothing of this machine."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.unit.cli.init.repository import Repository


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    for name in ("GITHUB_REPOSITORY", "GITHUB_API_URL", "MYCELIUM_GITHUB_TOKEN", "MYCELIUM_WORKFLOWS_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    # git, and no gh of this machine.
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("git", "sh", "cat"):
        (tools / name).symlink_to(
            subprocess.run(["which", name], capture_output=True, text=True, check=True).stdout.strip()
        )
    monkeypatch.setenv("PATH", str(tools))
    root = tmp_path / "demo"
    root.mkdir()
    monkeypatch.chdir(root)
    return Repository(root)
