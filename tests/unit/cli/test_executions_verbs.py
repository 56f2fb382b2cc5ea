"""What `executions` shows of the history, and that it leaves nothing behind where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.cli.exit import ended
from orchestrator.cli.program import mycelium

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One outside any repository."""
    for name in ("MYCELIUM_HOME_DIR", "MYCELIUM_DATABASE_URL", "GIT_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MYCELIUM_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    place = tmp_path / "folder"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


@pytest.mark.parametrize(
    "words",
    [
        ("executions", "list"),
        ("executions", "show"),
        ("executions", "logs"),
        ("executions", "cancel"),
        ("site", "build"),
    ],
    ids=" ".join,
)
def test_outside_a_repository_nothing_is_made(words: tuple[str, ...], folder: Path, capsys: Capture) -> None:
    assert ended(mycelium, [*words]) == 2
    shown = capsys.readouterr().err
    assert "is not in a git repository" in shown
    assert "git init" in shown
    assert not list(folder.iterdir())


@pytest.mark.parametrize("verb", ["doctor", "validate"])
def test_what_needs_no_repository_makes_nothing_either(verb: str, folder: Path, capsys: Capture) -> None:
    assert ended(mycelium, [verb]) in (0, 2)
    assert not list(folder.iterdir())


def test_a_home_folder_elsewhere_is_looked_into_from_anywhere(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("MYCELIUM_HOME_DIR", str(folder.parent / "home"))
    assert ended(mycelium, ["executions", "list"]) == 0
    assert capsys.readouterr().err == "Nothing has run here.\n"
