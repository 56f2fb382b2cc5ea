"""A scene for each test, and renderings that cost nothing where many are made."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.report.figures import figures, sentence
from orchestrator.report.parts import Paragraphs, Part
from orchestrator.report.view import ExecutionView
from tests.fakes.projected import Scene


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(folder=tmp_path)


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Comments and summaries say how many node runs have settled, and no more: what matters is when they are sent."""

    def parts(view: ExecutionView, **_: object) -> tuple[Part, ...]:
        return (Paragraphs(markdown=f"{figures(view).settled} settled. {sentence(view)}"),)

    monkeypatch.setattr("orchestrator.report.check_run.overview", parts)
    monkeypatch.setattr("orchestrator.report.check_run.results", lambda _view, **_: ())
    monkeypatch.setattr("orchestrator.report.comment.comment_parts", parts)
