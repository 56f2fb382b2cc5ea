"""Running git: limits of time and size, errors, and folders that vanish."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import SetupError
from orchestrator.git.command import Command, GitFailed, find_git
from orchestrator.git.ignoring import make_self_ignoring
from tests.integration.git.user_repository import UserRepository


@pytest.fixture
def git(user: UserRepository) -> Command:
    return find_git(user.environ).at(user.folder)


def test_a_failure_carries_what_git_said(git: Command) -> None:
    with pytest.raises(GitFailed, match="git cat-file failed with exit code 128: fatal: Not a valid object name nope"):
        git.run("cat-file", "blob", "nope")


def test_output_over_the_limit_is_refused_or_cut(git: Command) -> None:
    with pytest.raises(GitFailed, match="over the limit of 10 bytes"):
        git.run("cat-file", "commit", "HEAD", limit=10)
    cut = git.run("cat-file", "commit", "HEAD", limit=10, cut=True)
    assert (cut.truncated, len(cut.output)) == (True, 10)


def test_a_command_that_takes_too_long_is_stopped(git: Command, tmp_path: Path) -> None:
    slow = tmp_path / "slow"
    slow.write_text("#!/bin/sh\nexec sleep 600\n")
    slow.chmod(0o755)
    with pytest.raises(GitFailed, match="longer than"):
        replace(git, program=str(slow), timeout_seconds=0.05).run("status")


def test_a_folder_that_is_gone_is_named(git: Command, tmp_path: Path) -> None:
    with pytest.raises(GitFailed, match="is gone"):
        git.at(tmp_path / "gone").run("status")


def test_a_program_that_vanished_says_what_to_install(git: Command) -> None:
    with pytest.raises(SetupError, match="cannot be started"):
        replace(git, program="/no/such/git").run("status")


def test_a_full_disk_is_for_the_operator(git: Command, tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.write_text("#!/bin/sh\necho 'fatal: write error: No space left on device' >&2\nexit 128\n")
    full.chmod(0o755)
    with pytest.raises(SetupError, match="disk full"):
        replace(git, program=str(full)).run("write-tree")


def test_the_home_folder_ignores_itself(user: UserRepository) -> None:
    make_self_ignoring(user.folder / ".mycelium")
    assert stat.S_IMODE((user.folder / ".mycelium").stat().st_mode) == 0o700
    make_self_ignoring(user.folder / ".mycelium")
    user.write({".mycelium/state.db": b"x"})
    assert user.run("status", "--porcelain") == ""
