"""`site build` brings a folder up to date, on a repository without executions too."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.cli.exit import ended
from orchestrator.cli.program import mycelium


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MYCELIUM_HOME_DIR", raising=False)
    monkeypatch.setenv("MYCELIUM_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path


def test_an_empty_history_is_a_site_too(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(mycelium, ["site", "build"]) == 0
    assert capsys.readouterr().out.startswith(".mycelium/site/index.html: 0 executions, 0 built, ")
    assert (repository / ".mycelium" / "site" / "index.html").is_file()


def test_the_folder_is_a_choice(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = repository / "public" / "CNAME"
    kept.parent.mkdir()
    kept.write_text("example.org\n", encoding="utf-8")
    assert ended(mycelium, ["site", "build", "--output", "public", "--full"]) == 0
    assert (repository / "public" / "index.html").is_file()
    assert kept.read_text(encoding="utf-8") == "example.org\n"
    assert "public/index.html" in capsys.readouterr().out
