"""What a program left in a folder leads nobody out of it."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from orchestrator.runners.private_files import leave_plain, renew, write_private


def test_links_pipes_and_sockets_go_and_all_else_stays(tmp_path: Path) -> None:
    outside, home = tmp_path / "outside", tmp_path / "home"
    (outside / "folder").mkdir(parents=True)
    (outside / "file").write_text("theirs")
    (home / "a/b").mkdir(parents=True)
    (home / "a/b/kept").write_text("kept")
    (home / "a/folder").symlink_to(outside)
    (home / "a/b/file").symlink_to(outside / "file")
    (home / "nowhere").symlink_to(tmp_path / "none")
    os.mkfifo(home / "a/pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(home / "s"))
        leave_plain(home)
    assert sorted(str(path.relative_to(home)) for path in home.rglob("*")) == ["a", "a/b", "a/b/kept"]
    assert (home / "a/b/kept").read_text() == "kept"
    assert sorted(path.name for path in outside.iterdir()) == ["file", "folder"]


@pytest.mark.skipif(os.getuid() == 0, reason="nothing is closed to root")
def test_what_is_closed_is_opened_first(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/out").symlink_to("/")
    for folder, mode in ((tmp_path / "a", 0o500), (tmp_path, 0o000)):
        folder.chmod(mode)
    leave_plain(tmp_path)
    assert list((tmp_path / "a").iterdir()) == []


def test_a_renewed_folder_has_what_is_kept_and_nothing_else(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for name in (".claude/projects/x/y.jsonl", ".claude/settings.json", ".bashrc"):
        write_private(home / name, name)
    renew(home, (".claude/projects", ".claude/none", ".codex/sessions"))
    assert [path for path in home.rglob("*") if path.is_file()] == [home / ".claude/projects/x/y.jsonl"]
    renew(home, ())
    assert list(home.iterdir()) == []


def test_a_folder_that_is_gone_is_no_matter(tmp_path: Path) -> None:
    leave_plain(tmp_path / "gone")


def test_a_private_file_is_its_user_s_alone(tmp_path: Path) -> None:
    file = tmp_path / "folder/file"
    for text in ("one", "two"):
        write_private(file, text)
    assert (file.read_text(), file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == ("two", 0o600, 0o700)
