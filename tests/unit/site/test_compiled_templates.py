"""Templates are compiled once, not in each process."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment

from orchestrator.site.compiled import CompiledTemplates

PLAIN: Mapping[str, object] = {"trim_blocks": True}


@pytest.fixture(autouse=True)
def _writes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)


def rendered(folder: Path, source: str, options: Mapping[str, object] = PLAIN) -> tuple[str, bool]:
    """The page, and whether the template was compiled for it."""
    compiled = []

    class Watched(Environment):
        def compile(self, *given, **named):  # type: ignore[no-untyped-def, override]
            compiled.append(given)
            return super().compile(*given, **named)

    pages = Watched(loader=DictLoader({"page": source}), bytecode_cache=CompiledTemplates(options, folder))
    return pages.get_template("page").render(name="you"), bool(compiled)


def test_the_second_process_compiles_nothing(tmp_path: Path) -> None:
    assert rendered(tmp_path, "Hello {{ name }}") == ("Hello you", True)
    assert rendered(tmp_path, "Hello {{ name }}") == ("Hello you", False)


def test_what_has_changed_is_compiled_again(tmp_path: Path) -> None:
    rendered(tmp_path, "Hello {{ name }}")
    assert rendered(tmp_path, "Bye {{ name }}") == ("Bye you", True)
    assert rendered(tmp_path, "Bye {{ name }}", {"trim_blocks": False}) == ("Bye you", True)


def test_damaged_files_and_folders_that_are_not_there_cost_only_time(tmp_path: Path) -> None:
    rendered(tmp_path, "Hello {{ name }}")
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(kept.read_bytes()[:40])
    assert rendered(tmp_path, "Hello {{ name }}") == ("Hello you", True)
    assert rendered(tmp_path / "nowhere", "Hello {{ name }}") == ("Hello you", True)


def test_nothing_is_written_where_python_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    rendered(tmp_path, "Hello {{ name }}")
    assert list(tmp_path.iterdir()) == []
