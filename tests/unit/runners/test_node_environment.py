"""A node sees the allow-list, our own names, and what its workflow asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.lifecycle.ports.runner import ShellTask
from orchestrator.runners.environment import base_environment, passed
from tests.fakes.running import task


@pytest.mark.parametrize(
    "name",
    [
        "GITHUB_TOKEN",
        "MYCELIUM_SECRET_X",
        "MYCELIUM_DATABASE_URL",
        "AWS_SECRET_ACCESS_KEY",
        "ANTHROPIC_API_KEY",
        "BASH_ENV",
    ],
)
def test_credentials_do_not_pass(tmp_path: Path, name: str) -> None:
    env = base_environment(task(tmp_path, ShellTask(script="")), passed({name: "s3cret", "PATH": "/bin"}))
    assert "s3cret" not in env.values()
    assert env["PATH"] == "/bin"


def test_own_names(tmp_path: Path) -> None:
    env = base_environment(task(tmp_path, ShellTask(script="")), passed({"LC_ALL": "C", "TERM": "xterm"}))
    assert env["MYCELIUM_NODE_RUN"] == f"{tmp_path}/test (3.11)/2"
    assert (env["CI"], env["TERM"], env["LC_ALL"]) == ("true", "dumb", "C")
    assert env["TMPDIR"] == str(tmp_path / "tmp")
    assert "GITHUB_ACTIONS" not in env


def test_a_url_with_a_password_passes_only_as_a_proxy(tmp_path: Path) -> None:
    given = {"PIP_INDEX_URL": "https://me:pw@host.invalid/", "HTTPS_PROXY": "http://me:pw@proxy.invalid:1"}
    env = base_environment(task(tmp_path, ShellTask(script="")), passed(given))
    assert "PIP_INDEX_URL" not in env
    assert env["HTTPS_PROXY"] == given["HTTPS_PROXY"]
