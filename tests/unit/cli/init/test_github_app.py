"""`mycelium init --github-app` writes one page and says what to do; what it cannot use, it says before."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from orchestrator.cli.exit import ended
from orchestrator.cli.program import mycelium


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("GITHUB_REPOSITORY", "GITHUB_API_URL", "MYCELIUM_HOME_DIR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def origin(checkout: Path, url: str) -> None:
    subprocess.run(["git", "-C", str(checkout), "remote", "add", "origin", url], check=True)


def test_a_page_and_the_steps(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    origin(checkout, "git@github.com:octo/demo.git")
    assert ended(mycelium, ["init", "--github-app", "--organization", "octo", "--url", "https://my.example/"]) == 0
    page = (checkout / ".mycelium" / "github-app.html").read_text(encoding="utf-8")
    assert 'action="https://github.com/organizations/octo/settings/apps/new"' in page
    assert "https://my.example/webhooks/github" in page
    told = capsys.readouterr().out
    assert ".mycelium/github-app.html" in told
    assert "https://api.github.com/app-manifests/CODE/conversions" in told
    assert "MYCELIUM_GITHUB_PRIVATE_KEY" in told
    status = subprocess.run(["git", "status", "--porcelain"], cwd=checkout, capture_output=True, text=True, check=True)
    assert status.stdout == ""


def test_an_enterprise(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    origin(checkout, "git@ghe.example.com:octo/demo.git")
    monkeypatch.setenv("MYCELIUM_GITHUB_API_URL", "https://ghe.example.com/api/v3")
    assert ended(mycelium, ["init", "--github-app"]) == 0
    page = (checkout / ".mycelium" / "github-app.html").read_text(encoding="utf-8")
    assert 'action="https://ghe.example.com/settings/apps/new"' in page


@pytest.mark.parametrize(
    ("remote", "words", "expected"),
    [
        ("/srv/git/demo.git", ["--github-app"], "git remote add origin"),
        ("git@github.com:octo/demo.git", ["--github-app", "--url", "http://my.example"], "https://"),
    ],
)
def test_what_it_cannot_use(
    checkout: Path, capsys: pytest.CaptureFixture[str], remote: str, words: list[str], expected: str
) -> None:
    origin(checkout, remote)
    assert ended(mycelium, ["init", *words]) == 2
    assert expected in capsys.readouterr().err
    assert not (checkout / ".mycelium").exists()
