"""The coding agents that workflows need, installed from npm at the version that `requirements/agents` pins."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from orchestrator.definition.engines import engines
from orchestrator.definition.model import Workflow
from orchestrator.errors import BadInput, SetupError
from orchestrator.runners.guards import kernel

LOCK: Final = Path(__file__).resolve().parent.parent / "requirements/agents"
_TIMEOUT_SECONDS: Final = 300
_PASSED: Final = frozenset(
    {"path", "home", "tmpdir", "lang", "lc_all", "http_proxy", "https_proxy", "all_proxy", "no_proxy"}
    | {"ssl_cert_file", "ssl_cert_dir", "node_extra_ca_certs", "node_use_system_ca", "node_use_env_proxy"}
)
"""What anything needs that downloads, in whichever case it is written. All else may hold tokens and keys."""
_PASSED_TO_NPM: Final = ("npm_config_", "node_auth_token", "npm_token")
"""Beginnings of what tells npm where its packages are, and who asks for them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """One that npm has: `package` brings `command`; `after` is its script that puts the program in its place."""

    package: str
    command: str
    after: str = ""


PROGRAMS: Final[Mapping[str, Program]] = {
    "claude": Program(package="@anthropic-ai/claude-code", command="claude", after="install.cjs"),
    "codex": Program(package="@openai/codex", command="codex"),
}
"""By the name of the engine."""


def needed(workflows: Iterable[Workflow], inputs: Mapping[str, str]) -> list[str]:
    """The engines with a program of their own that nodes of these workflows name.

    Of one that cannot be told before, its node says what is missing.
    """
    found = {engine for workflow in workflows for engine in engines(workflow, inputs)}
    return [name for name in PROGRAMS if name in found]


def missing(names: Iterable[str], path: str) -> list[str]:
    """Those whose program is not on PATH: whoever installed one wants that one."""
    return [name for name in names if shutil.which(PROGRAMS[name].command, path=path) is None]


def programs_of(folder: Path) -> Path:
    """Where programs lie that were installed into `folder`."""
    return folder / "node_modules/.bin"


def versions(names: Iterable[str], given: Mapping[str, str]) -> dict[str, str]:
    """Which version of each: the given one, else the pinned. `BadInput` where somebody gives that of no agent."""
    if unknown := sorted(set(given) - set(PROGRAMS)):
        raise BadInput(f"agent-versions: there is no agent `{unknown[0][:40]}`", hint=f"known: {', '.join(PROGRAMS)}")
    lock = _lock()
    return {name: given.get(name) or _pinned(lock, PROGRAMS[name].package) for name in names}


def are_exact(chosen: Mapping[str, str]) -> bool:
    """Whether each of these versions is one release for ever, as `latest` and `2` are not."""
    return all(re.fullmatch(r"\d+\.\d+\.\d+([-+][\w.+-]+)?", version) for version in chosen.values())


def key(chosen: Mapping[str, str]) -> str:
    """A name for what these versions make on this machine; others make another."""
    machine = f"{sysconfig.get_platform()}-{platform.libc_ver()[0] or sys.platform}"
    content = json.dumps([sorted(chosen.items()), machine]).encode() + (LOCK / "package-lock.json").read_bytes()
    return f"{'-'.join(sorted(chosen))}-{hashlib.sha256(content).hexdigest()[:16]}"


def install(chosen: Mapping[str, str], folder: Path) -> None:
    """Install these versions into `folder`, with nothing else in it. `SetupError` where npm is missing or fails; then
    there is no folder: a program that is there counts as one that works."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        _install(chosen, folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _install(chosen: Mapping[str, str], folder: Path) -> None:
    wanted, lock = {name: PROGRAMS[name] for name in chosen}, _lock()
    packages = {each.package: chosen[name] for name, each in wanted.items()}
    _write(folder / "package.json", {"private": True, "dependencies": packages})
    if all(_pinned(lock, package) == version for package, version in packages.items()):
        _write(folder / "package-lock.json", _part(lock, packages))
        _npm(folder, "ci")
    else:
        _npm(folder, "install")
    for each in wanted.values():
        if each.after:
            _call(folder, _without_secrets(os.environ), "node", f"node_modules/{each.package}/{each.after}")


def _lock() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((LOCK / "package-lock.json").read_bytes())
    return found


def _pinned(lock: Mapping[str, Any], package: str) -> str:
    return str(lock["packages"][f"node_modules/{package}"]["version"])


def _part(lock: Mapping[str, Any], packages: Mapping[str, str]) -> dict[str, Any]:
    """The lock of these packages alone, with the same hashes."""
    entries: dict[str, Any] = {"": {"dependencies": dict(packages)}}
    waiting = list(packages)
    while waiting:
        path = f"node_modules/{waiting.pop()}"
        if path in entries or path not in lock["packages"]:
            continue
        entries[path] = found = lock["packages"][path]
        waiting += [*found.get("dependencies", ()), *found.get("optionalDependencies", ())]
    return {"lockfileVersion": lock["lockfileVersion"], "requires": True, "packages": entries}


def _npm(folder: Path, verb: str) -> None:
    # No script of a package runs but the one that is called by name.
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
    environ = _without_secrets(os.environ, _PASSED_TO_NPM)
    _call(folder, environ, "npm", verb, *quiet, "--include=optional", "--engine-strict=false")


def _without_secrets(environ: Mapping[str, str], beginnings: tuple[str, ...] = ()) -> dict[str, str]:
    """What a program that others wrote gets of the environment, in which the job's token and all keys are."""
    lowered = {name: name.lower() for name in environ}
    return {name: environ[name] for name, low in lowered.items() if low in _PASSED or low.startswith(beginnings)}


def _call(folder: Path, environ: Mapping[str, str], *words: str) -> None:
    """Run a program that others wrote, which becomes no other user by `sudo`."""
    if not shutil.which(words[0], path=environ.get("PATH")):
        hint = "add actions/setup-node before this step, or install the agent yourself"
        raise SetupError(f"coding agents are installed with {words[0]}, which is not on PATH", hint=hint)
    try:
        done = subprocess.run(
            (sys.executable, "-I", "-S", kernel.__file__, *words),
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise SetupError(f"{words[0]} took longer than {_TIMEOUT_SECONDS} s to install a coding agent") from error
    if done.returncode:
        said = os.fsdecode(done.stderr or done.stdout).strip()
        raise SetupError(f"a coding agent cannot be installed: {words[0]} says: {said[-600:]}")


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")
