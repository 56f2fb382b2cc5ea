"""What `mycelium doctor` looks at: each check answers with what it found and what to do about it."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from orchestrator.cli.finding import Finding, Surroundings, Verdict
from orchestrator.cli.github_check import github
from orchestrator.errors import MyceliumError, SetupError

if TYPE_CHECKING:
    from orchestrator.runners.engine import Engine

OLDEST_SQLITE = (3, 35)
LEAST_FREE_BYTES = 1_000_000_000
PROGRAM_SECONDS = 10
CONTAINED: Mapping[str, str] = {
    "pid namespace": "each agent in a PID namespace of its own",
    "cgroup": "each agent in a control group of its own",
    "descendants": "agents are found by descent alone",
}
CONTAINMENT_HINT = (
    "on Linux, allow user namespaces (sysctl user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns), "
    "or give Mycelium a control group (systemd: Delegate=yes); in a container, see docs/runners.md"
)


def examine(surroundings: Surroundings) -> list[Finding]:
    """Every check, in the order in which one would repair."""
    return [_guarded(name, check, surroundings) for name, check in CHECKS.items()]


def _guarded(name: str, check: Callable[[Surroundings], Finding], surroundings: Surroundings) -> Finding:
    try:
        return check(surroundings)
    except MyceliumError as error:
        return Finding(name=name, verdict=Verdict.FAILED, detail=error.message, hint=error.hint or "")
    except OSError as error:
        return Finding(
            name=name, verdict=Verdict.FAILED, detail=str(error), hint="check the folder and its permissions"
        )


def python(_: Surroundings) -> Finding:
    return Finding(name="Python", verdict=Verdict.OK, detail=platform.python_version())


def git(surroundings: Surroundings) -> Finding:
    from orchestrator.git.command import find_git

    find_git(surroundings.environ)
    return Finding(name="git", verdict=Verdict.OK, detail=_first_line("git", "--version").removeprefix("git version "))


def repository(surroundings: Surroundings) -> Finding:
    from orchestrator.git.discovery import discover

    checkout = discover(surroundings.cwd, surroundings.environ)
    if checkout.git.run("rev-parse", "--verify", "--quiet", "HEAD", codes=(0, 1)).code:
        return Finding(
            name="Repository",
            verdict=Verdict.FAILED,
            detail=f"{checkout.root} has no commit yet",
            hint="make one: git add --all && git commit -m 'First commit'",
        )
    return Finding(name="Repository", verdict=Verdict.OK, detail=str(checkout.root))


def home(surroundings: Surroundings) -> Finding:
    folder = surroundings.settings.home_dir
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        return Finding(
            name="Home folder",
            verdict=Verdict.FAILED,
            detail=f"{folder} cannot be written",
            hint=f"give yourself the right to write {existing}, or set MYCELIUM_HOME_DIR",
        )
    return Finding(name="Home folder", verdict=Verdict.OK, detail=str(folder))


def disk(surroundings: Surroundings) -> Finding:
    folder = surroundings.settings.home_dir
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(existing).free
    detail = f"{free / 1e9:.1f} GB free"
    if free < LEAST_FREE_BYTES:
        return Finding(
            name="Disk",
            verdict=Verdict.FAILED,
            detail=f"{detail} at {existing}",
            hint=f"make room: at least {LEAST_FREE_BYTES / 1e9:.0f} GB, or set MYCELIUM_HOME_DIR to a larger disk",
        )
    return Finding(name="Disk", verdict=Verdict.OK, detail=detail)


def server(surroundings: Surroundings) -> Finding:
    if surroundings.settings.redis_url:
        return Finding(name="Valkey", verdict=Verdict.OK, detail="the one of MYCELIUM_REDIS_URL (not contacted)")
    from orchestrator.queue.server import find_binary

    binary = str(find_binary())
    version = next((word[2:] for word in _first_line(binary, "--version").split() if word.startswith("v=")), "")
    if not version:
        return Finding(
            name="Valkey",
            verdict=Verdict.FAILED,
            detail=f"{binary} does not run here",
            hint="install valkey-server or redis-server with the system's package manager",
        )
    return Finding(name="Valkey", verdict=Verdict.OK, detail=f"{version} ({binary})")


def sqlite(_: Surroundings) -> Finding:
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        return Finding(
            name="SQLite",
            verdict=Verdict.FAILED,
            detail=f"{sqlite3.sqlite_version} is too old",
            hint=f"use a Python whose sqlite3 is {'.'.join(map(str, OLDEST_SQLITE))} or newer",
        )
    return Finding(name="SQLite", verdict=Verdict.OK, detail=sqlite3.sqlite_version)


def database(surroundings: Surroundings) -> Finding:
    """Looks without changing anything: only another command may create or upgrade a database."""
    from orchestrator.store.opening import open_store, parse_url
    from orchestrator.store.upgrade import HEAD, REVISIONS

    settings = surroundings.settings
    url = parse_url(settings.database_url)
    if url.get_backend_name() == "sqlite":
        file = Path(str(url.database))
        if not file.exists():
            return Finding(name="Database", verdict=Verdict.OK, detail=f"{file} (made by the first run)")
        if (revision := _sqlite_revision(file)) in REVISIONS[:-1]:
            return Finding(
                name="Database", verdict=Verdict.OK, detail=f"{file}, revision {revision} (upgraded when used)"
            )
    open_store(settings.database_url, home=settings.home_dir).close()
    return Finding(name="Database", verdict=Verdict.OK, detail=f"{url.database}, revision {HEAD}")


def _sqlite_revision(file: Path) -> str | None:
    try:
        with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True)) as connection:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error:
        return None
    return str(row[0]) if row else None


def claude(surroundings: Surroundings) -> Finding:
    from orchestrator.runners.claude import ClaudeEngine

    hint = "set ANTHROPIC_API_KEY, or CLAUDE_CODE_OAUTH_TOKEN to what `claude setup-token` prints"
    return _engine(surroundings, ClaudeEngine(), hint)


def codex(surroundings: Surroundings) -> Finding:
    from orchestrator.runners.codex import CodexEngine

    return _engine(surroundings, CodexEngine(), "set OPENAI_API_KEY")


def containment(_: Surroundings) -> Finding:
    """How the processes of agents are kept together; found out by doing it."""
    from orchestrator.runners.guards.way import Way
    from orchestrator.runners.process import containment

    found = containment()
    closed = "; ".join(f"no {way}: {why}" for way, why in found.refused.items())
    detail = CONTAINED[found.way] + (f" ({closed})" if closed else "")
    if found.way is Way.DESCENDANTS:
        return Finding(name="Containment", verdict=Verdict.OPTIONAL, detail=detail, hint=CONTAINMENT_HINT)
    return Finding(name="Containment", verdict=Verdict.OK, detail=detail)


def _engine(surroundings: Surroundings, engine: Engine, hint: str) -> Finding:
    """Only whether there are credentials, never which: the answer ends up in bug reports."""
    program = shutil.which(engine.program, path=surroundings.environ.get("PATH"))
    if program is None:
        detail = f"not on PATH; `engine: {engine.program}` needs it"
        return Finding(name=engine.title, verdict=Verdict.OPTIONAL, detail=detail, hint=engine.install)
    version = _first_line(program, "--version") or "unknown version"
    if engine.credentials.missing(surroundings.environ, engine.title):
        detail = f"{version}, without credentials"
        return Finding(name=engine.title, verdict=Verdict.OPTIONAL, detail=detail, hint=hint)
    return Finding(name=engine.title, verdict=Verdict.OK, detail=f"{version}, with credentials")


def blackboard(surroundings: Surroundings) -> Finding:
    from orchestrator.queue.blackboard import require_package

    try:
        package = f"redis-mcp-server {require_package()}"
    except SetupError as error:
        return Finding(name="Blackboard", verdict=Verdict.OPTIONAL, detail=error.message, hint=error.hint or "")
    own = "the one of MYCELIUM_BLACKBOARD_URL (not contacted)"
    where = own if surroundings.settings.blackboard_url else "a server that `mycelium run` brings"
    return Finding(name="Blackboard", verdict=Verdict.OK, detail=f"{package}, {where}")


def project(surroundings: Surroundings) -> Finding:
    """What `mycelium.yaml` describes, and the programs of it that this machine has not got."""
    from orchestrator.cli import project_file
    from orchestrator.definition.project import FILE

    found = project_file.of_checkout(surroundings.settings)
    named = {"engines": list(found.engines), "MCP servers": list(found.mcp)}
    told = "; ".join(f"{kind} {', '.join(names)}" for kind, names in named.items() if names)
    programs = {engine.command[0][0]: engine.install for engine in found.engines.values()}
    programs |= {server.command: "" for server in found.mcp.values() if server.command}
    path = surroundings.environ.get("PATH")
    missing = {name: install for name, install in programs.items() if not shutil.which(name, path=path)}
    if not missing:
        return Finding(name=FILE, verdict=Verdict.OK, detail=told or "describes nothing (it is optional)")
    hints = [install for install in missing.values() if install] or ["install it, or put it on the PATH"]
    detail = f"{told}; not on PATH: {', '.join(missing)}"
    return Finding(name=FILE, verdict=Verdict.OPTIONAL, detail=detail, hint="; ".join(hints))


def sandbox(_: Surroundings) -> Finding:
    """Tries it with the very options that agents are started with."""
    from orchestrator.runners.sandbox import usable

    ability = usable()
    if ability.works:
        return Finding(name="Sandbox", verdict=Verdict.OK, detail=f"{ability.detail}: agents are confined")
    detail = f"agents are not confined: {ability.detail}"
    return Finding(name="Sandbox", verdict=Verdict.OPTIONAL, detail=detail, hint=ability.hint)


def _first_line(*command: str) -> str:
    """The first line a program prints; empty when it fails or does not answer."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PROGRAM_SECONDS, stdin=subprocess.DEVNULL, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip().partition("\n")[0]


CHECKS: Mapping[str, Callable[[Surroundings], Finding]] = {
    "Python": python,
    "git": git,
    "Repository": repository,
    "Home folder": home,
    "Disk": disk,
    "Valkey": server,
    "SQLite": sqlite,
    "Database": database,
    "GitHub": github,
    "Claude Code": claude,
    "Codex": codex,
    "Sandbox": sandbox,
    "mycelium.yaml": project,
    "Containment": containment,
    "Blackboard": blackboard,
}
