"""Folders serve one attempt after the other, and nothing of one attempt reaches the next."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from orchestrator.errors import SetupError
from orchestrator.lifecycle.attempts.temporary import Folders


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_an_attempt_gets_what_the_last_one_left_empty() -> None:
    with Folders() as folders:
        first = folders.empty("scratch")
        (first / "file").write_text("left")
        (first / "folder").mkdir()
        (first / "folder/file").write_text("left")
        folders.clear()
        assert folders.empty("scratch") == first
        assert list(first.iterdir()) == []
        assert stat.S_IMODE(first.stat().st_mode) == 0o700


def test_empty_files_that_may_be_there_serve_the_next_attempt() -> None:
    with Folders() as folders:
        path = folders.empty("script", may_hold=["output", "summary"])
        for name in ("output", "summary", "other"):
            (path / name).touch(mode=0o600)
        kept = (path / "output").stat().st_ino
        (path / "summary").write_text("left")
        folders.clear()
        assert folders.empty("script", may_hold=["output", "summary"]) == path
        assert [each.name for each in path.iterdir()] == ["output"]
        assert (path / "output").stat().st_ino == kept


@pytest.mark.parametrize("change", ["mode", "link", "another name", "folder", "longer"])
def test_a_file_that_is_not_as_it_was_made_is_removed(tmp_path: Path, change: str) -> None:
    with Folders() as folders:
        file = folders.empty("script", may_hold=["output"]) / "output"
        if change == "folder":
            file.mkdir()
        elif change == "link":
            file.symlink_to(tmp_path)
        else:
            file.touch(mode=0o600)
        if change == "mode":
            file.chmod(0o666)
        if change == "another name":
            (tmp_path / "outside").hardlink_to(file)
        if change == "longer":
            file.write_text("left")
        folders.clear()
        assert list(folders.empty("script", may_hold=["output"]).iterdir()) == []


def test_a_link_is_removed_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/file").write_text("kept")
    with Folders() as folders:
        (folders.empty("scratch") / "link").symlink_to(tmp_path / "kept")
        folders.clear()
    assert (tmp_path / "kept/file").read_text() == "kept"


@pytest.mark.parametrize("change", ["mode", "another", "link", "gone"])
def test_a_folder_that_was_changed_itself_is_given_up(tmp_path: Path, change: str) -> None:
    with Folders() as folders:
        first = folders.empty("scratch")
        if change == "mode":
            first.chmod(0o777)
        else:
            first.rename(first.with_name("moved"))
        if change == "another":
            first.mkdir(mode=0o700)
        if change == "link":
            first.symlink_to(tmp_path)
        folders.clear()
        second = folders.empty("scratch")
        assert list(second.iterdir()) == []
        assert stat.S_IMODE(second.lstat().st_mode) == 0o700
        assert not second.is_symlink()
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_made_before_it_is_used_and_all_is_gone_afterwards(tmp_path: Path) -> None:
    with Folders() as folders:
        assert list(tmp_path.iterdir()) == []
        (folders.empty("workspace") / "file").write_text("left")
    assert list(tmp_path.iterdir()) == []


def test_no_folder_is_an_error_with_advice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    with Folders() as folders, pytest.raises(SetupError, match="no folder for temporary files") as raised:
        folders.empty("scratch")
    assert "TMPDIR" in (raised.value.hint or "")
