"""The templates that ship: named `template:NAME`, whatever files a repository has."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator import gallery
from orchestrator.cli.exit import ended
from orchestrator.cli.program import mycelium
from orchestrator.errors import NotFound

MINE = "nodes: {mine: {run: 'true'}}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of somebody else's, with a file that is called as a template is."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "workflows").mkdir()
    (tmp_path / "workflows/template:code-review.yaml").write_text(MINE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_template_is_known_by_its_name() -> None:
    assert gallery.template("template:code-review") == gallery.template("code-review")
    assert gallery.template("code-review").reference in {each.reference for each in gallery.templates()}
    with pytest.raises(NotFound) as raised:
        gallery.template("template:code-revue")
    assert raised.value.hint == "did you mean `code-review`?"


def test_it_stands_for_a_file_of_the_workflows_folder() -> None:
    shipped = gallery.template("code-review")
    installed = shipped.installed("flows")
    assert shipped.path("flows") == "flows/template:code-review.yaml"
    assert installed[shipped.path("flows")] == shipped.file.read_bytes()
    assert all(path.startswith("flows/template:code-review.") for path in installed)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("words", [["plan"], ["validate"], ["plan", "--format", "json"]])
def test_plan_and_validate_take_it(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(mycelium, [words[0], "template:code-review", *words[1:]]) == 0
    shown = capsys.readouterr().out
    assert "mine" not in shown
    assert words == ["validate"] or "template:code-review" in shown


@pytest.mark.usefixtures("folder")
def test_its_bare_name_leads_to_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(mycelium, ["plan", "code-review"]) == 2
    assert "did you mean `template:code-review`?" in capsys.readouterr().err
