"""A repository to set up, with a terminal's environment that has nothing of this machine."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from orchestrator import __version__
from tests.unit.cli.init.repository import Repository


@pytest.fixture(scope="session")
def releases(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A repository with this version's release, and its commit. Its tag is signed, so it has an object of its own."""
    place = Repository(tmp_path_factory.mktemp("releases"))
    place.git("commit", "--quiet", "--allow-empty", "--message", "Release")
    place.git("tag", "--annotate", "--message", "Release", f"v{__version__}")
    place.git("tag", "v0")
    place.git("commit", "--quiet", "--allow-empty", "--message", "Go on")
    return place.root, place.git("rev-parse", "v0").strip()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, releases: tuple[Path, str]) -> Repository:
    for name in ("GITHUB_REPOSITORY", "GITHUB_API_URL", "MYCELIUM_GITHUB_TOKEN", "MYCELIUM_WORKFLOWS_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MYCELIUM_ACTION_URL", str(releases[0]))
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
