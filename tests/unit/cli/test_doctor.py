"""Each thing that can be missing is found, with what to do about it; credentials are never shown."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest

from orchestrator import settings
from orchestrator.cli import checks
from orchestrator.cli.exit import ended
from orchestrator.cli.finding import Finding, Surroundings, Verdict
from orchestrator.cli.program import mycelium
from orchestrator.errors import SetupError
from orchestrator.github.diagnosis import Diagnosis, Lack
from orchestrator.runners.guard_pool import Containment
from orchestrator.runners.guards.way import Way
from orchestrator.runners.sandbox import Ability


def surroundings(root: Path, environ: Mapping[str, str] | None = None) -> Surroundings:
    values = {"HOME": str(root), "PATH": os.environ["PATH"], **(environ or {})}
    return Surroundings(settings=settings.load(root, values), cwd=root, environ=values)


def finding(name: str, root: Path, environ: Mapping[str, str] | None = None) -> Finding:
    return next(found for found in checks.examine(surroundings(root, environ)) if found.name == name)


def git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


def test_a_folder_outside_any_repository(tmp_path: Path) -> None:
    found = finding("Repository", tmp_path)
    assert found.verdict is Verdict.FAILED
    assert "git init" in found.hint


def test_a_repository_without_a_commit_and_with_one(tmp_path: Path) -> None:
    git(tmp_path, "init")
    assert finding("Repository", tmp_path).detail.endswith("has no commit yet")
    git(tmp_path, "commit", "--allow-empty", "-m", "First")
    assert finding("Repository", tmp_path).verdict is Verdict.OK


def test_a_home_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = finding("Home folder", tmp_path, {"MYCELIUM_HOME_DIR": str(tmp_path / "file" / "home")})
    assert found.verdict is Verdict.FAILED
    assert "MYCELIUM_HOME_DIR" in found.hint


def test_a_disk_that_is_nearly_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=10_000_000))
    found = finding("Disk", tmp_path)
    assert (found.verdict, found.detail) == (Verdict.FAILED, f"0.0 GB free at {tmp_path}")


def test_no_server_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Path:
        raise SetupError("no server", hint="install one")

    monkeypatch.setattr("orchestrator.queue.server.find_binary", missing)
    found = finding("Valkey", tmp_path)
    assert (found.verdict, found.detail, found.hint) == (Verdict.FAILED, "no server", "install one")
    assert finding("Valkey", tmp_path, {"MYCELIUM_REDIS_URL": "redis://x"}).verdict is Verdict.OK


def test_the_database_is_looked_at_and_not_made(tmp_path: Path) -> None:
    found = finding("Database", tmp_path)
    assert (found.verdict, found.detail) == (Verdict.OK, f"{tmp_path}/.mycelium/state.db (made by the first run)")
    assert not (tmp_path / ".mycelium").exists()


def test_a_database_of_another_program(tmp_path: Path) -> None:
    import sqlite3
    from contextlib import closing

    file = tmp_path / "other.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    found = finding("Database", tmp_path, {"MYCELIUM_DATABASE_URL": f"sqlite:///{file}"})
    assert found.verdict is Verdict.FAILED
    assert "another program" in found.detail


def test_claude_without_and_with_credentials(tmp_path: Path) -> None:
    path = {"PATH": str(tmp_path)}
    assert "not on PATH" in finding("Claude Code", tmp_path, path).detail
    program = tmp_path / "claude"
    program.write_text("#!/bin/sh\necho '2.1.0 (Claude Code)'\n", encoding="utf-8")
    program.chmod(0o755)
    assert finding("Claude Code", tmp_path, path).verdict is Verdict.OPTIONAL
    found = finding("Claude Code", tmp_path, {**path, "ANTHROPIC_API_KEY": "sk-secret"})
    assert (found.verdict, found.detail) == (Verdict.OK, "2.1.0 (Claude Code), with credentials")
    (tmp_path / ".claude").mkdir()
    (tmp_path / ".claude" / ".credentials.json").write_text("{}", encoding="utf-8")
    without = finding("Claude Code", tmp_path, path)
    assert (without.verdict, "claude setup-token" in without.hint) == (Verdict.OPTIONAL, True)


def test_codex_without_and_with_credentials(tmp_path: Path) -> None:
    path = {"PATH": str(tmp_path)}
    assert finding("Codex", tmp_path, path).hint == "npm install -g @openai/codex"
    program = tmp_path / "codex"
    program.write_text("#!/bin/sh\necho 'codex-cli 0.169.0'\n", encoding="utf-8")
    program.chmod(0o755)
    assert finding("Codex", tmp_path, path).detail == "codex-cli 0.169.0, without credentials"
    found = finding("Codex", tmp_path, {**path, "CODEX_API_KEY": "sk-secret"})
    assert (found.verdict, found.detail) == (Verdict.OK, "codex-cli 0.169.0, with credentials")


def test_what_the_sandbox_can_do_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    works = Ability(works=True, detail="bubblewrap 0.8.0")
    monkeypatch.setattr("orchestrator.runners.sandbox.usable", lambda: works)
    found = finding("Sandbox", tmp_path)
    assert (found.verdict, found.detail, found.hint) == (Verdict.OK, "bubblewrap 0.8.0: agents are confined", "")
    lacks = Ability(works=False, detail="bubblewrap is not installed", hint="install it")
    monkeypatch.setattr("orchestrator.runners.sandbox.usable", lambda: lacks)
    found = finding("Sandbox", tmp_path)
    assert (found.verdict, found.hint) == (Verdict.OPTIONAL, "install it")
    assert found.detail == "agents are not confined: bubblewrap is not installed"


def test_the_project_file_and_the_programs_it_names(tmp_path: Path) -> None:
    path = {"PATH": str(tmp_path)}
    assert finding("mycelium.yaml", tmp_path, path).detail == "describes nothing (it is optional)"
    file = tmp_path / "mycelium.yaml"
    file.write_text("engines: {mine: {command: [mine], install: get mine}}\nmcp: {docs: {command: docs-mcp}}\n")
    found = finding("mycelium.yaml", tmp_path, path)
    assert (found.verdict, found.hint) == (Verdict.OPTIONAL, "get mine")
    assert found.detail == "engines mine; MCP servers docs; not on PATH: mine, docs-mcp"
    for name in ("mine", "docs-mcp"):
        (tmp_path / name).touch(0o755)
    assert finding("mycelium.yaml", tmp_path, path).detail == "engines mine; MCP servers docs"
    file.write_text("engine: {}\n")
    found = finding("mycelium.yaml", tmp_path, path)
    assert found.verdict is Verdict.FAILED
    assert "mycelium.yaml:1:1" in found.detail


@pytest.mark.parametrize(
    ("found", "verdict", "detail"),
    [
        (Containment(way=Way.PID_NAMESPACE), Verdict.OK, "each agent in a PID namespace of its own"),
        (
            Containment(way=Way.CGROUP, refused={Way.PID_NAMESPACE: "not allowed"}),
            Verdict.OK,
            "each agent in a control group of its own (no pid namespace: not allowed)",
        ),
        (
            Containment(way=Way.DESCENDANTS, refused={Way.PID_NAMESPACE: "a", Way.CGROUP: "b"}),
            Verdict.OPTIONAL,
            "agents are found by descent alone (no pid namespace: a; no cgroup: b)",
        ),
    ],
)
def test_what_keeps_agents_together(
    found: Containment, verdict: Verdict, detail: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.runners.process.containment", lambda: found)
    shown = finding("Containment", tmp_path)
    assert (shown.verdict, shown.detail) == (verdict, detail)
    assert ("Delegate=yes" in shown.hint) is (verdict is Verdict.OPTIONAL)


def test_the_blackboard_with_its_package_and_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = finding("Blackboard", tmp_path)
    assert found.verdict is Verdict.OK
    assert "a server that `mycelium run` brings" in found.detail
    url = {"MYCELIUM_BLACKBOARD_URL": "redis://:sesame@x"}
    assert finding("Blackboard", tmp_path, url).detail.endswith("the one of MYCELIUM_BLACKBOARD_URL (not contacted)")
    monkeypatch.setattr("orchestrator.queue.blackboard.PACKAGE", "redis-mcp-server-of-nobody")
    found = finding("Blackboard", tmp_path)
    assert found.verdict is Verdict.OPTIONAL
    assert "mycelium-orchestrator[blackboard]" in found.hint


@pytest.mark.parametrize("missing", [True, False])
def test_the_exit_code_and_json_follow_the_findings(
    missing: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    verdict = Verdict.FAILED if missing else Verdict.OPTIONAL
    found = Finding(name="Thing", verdict=verdict, detail="d", hint="do this")
    monkeypatch.setattr("orchestrator.cli.doctor.examine", lambda _: [found])
    assert ended(mycelium, ["doctor", "--json"]) == (2 if missing else 0)
    assert json.loads(capsys.readouterr().out) == {
        "ok": not missing,
        "checks": [{"name": "Thing", "verdict": verdict.value, "detail": "d", "hint": "do this"}],
    }
    ended(mycelium, ["doctor"])
    assert capsys.readouterr().out == f"{'✗' if missing else '–'} Thing  d\n         do this\n"


def test_github_without_a_credential_without_a_repository_and_with_a_broken_one(tmp_path: Path) -> None:
    found = finding("GitHub", tmp_path)
    assert (found.verdict, "MYCELIUM_GITHUB_TOKEN" in found.hint) == (Verdict.OPTIONAL, True)
    found = finding("GitHub", tmp_path, {"MYCELIUM_GITHUB_TOKEN": "ghp_secret"})
    assert (found.verdict, "origin" in found.hint) == (Verdict.FAILED, True)
    broken = {"MYCELIUM_GITHUB_APP_ID": "1", "GITHUB_REPOSITORY": "octo/demo"}
    found = finding("GitHub", tmp_path, broken)
    assert (found.verdict, "MYCELIUM_GITHUB_PRIVATE_KEY" in found.detail) == (Verdict.FAILED, True)


@pytest.mark.parametrize("lacks", [(), (Lack(needs="checks: write", breaks="nothing is shown", hint="grant it"),)])
def test_github_says_who_speaks_and_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lacks: tuple[Lack, ...]
) -> None:
    unseen = "it cannot see everything"
    told = Diagnosis(speaker="the GitHub App mycelium[bot]", repository="octo/demo", lacks=lacks, unseen=unseen)
    monkeypatch.setattr("orchestrator.github.diagnosis.diagnose", lambda *_: told)
    environ = {"MYCELIUM_GITHUB_TOKEN": "ghp_secret", "GITHUB_REPOSITORY": "octo/demo"}
    found = finding("GitHub", tmp_path, environ)
    assert found.detail.startswith(f"the GitHub App mycelium[bot] on octo/demo ({unseen})")
    assert ("without checks: write nothing is shown" in found.detail) is bool(lacks)
    assert (found.verdict, found.hint) == ((Verdict.OPTIONAL, "grant it") if lacks else (Verdict.OK, ""))
