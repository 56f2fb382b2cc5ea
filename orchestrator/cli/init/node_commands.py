"""How packages of Node are installed and tested: by the package manager whose lock file is there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import PurePosixPath
from shlex import quote
from typing import Final

_INSTALLS: Final = {
    "package-lock.json": "npm ci",
    "npm-shrinkwrap.json": "npm ci",
    "pnpm-lock.yaml": "pnpm install --frozen-lockfile",
    "yarn.lock": "yarn install",
    "bun.lock": "bun install --frozen-lockfile",
    "bun.lockb": "bun install --frozen-lockfile",
}
_NO_TEST: Final = "no test specified"
_MANY: Final = 5


def at_root(paths: frozenset[str], read: Callable[[str], str]) -> tuple[str, str] | None:
    """The tests, and what installs what they need: of the package at the root, or of its workspaces."""
    if _is_tested("package.json", paths, read):
        manager = _manager(paths)
        return f"{'bun run' if manager == 'bun' else manager} test", install(paths)
    if _tested(paths, read) and ("pnpm-workspace.yaml" in paths or '"workspaces"' in read("package.json")):
        return _in_workspaces(paths), install(paths)
    return None


def below(paths: frozenset[str], read: Callable[[str], str]) -> tuple[str, str] | None:
    """The same of packages in folders, each by itself; None where there are none, or too many to name."""
    folders = [str(PurePosixPath(path).parent) for path in _tested(paths, read)]
    if not 0 < len(folders) <= _MANY:
        return None
    tests = [f"(cd {quote(folder)} && {_manager(paths, folder)} test)" for folder in folders]
    installs = [f"(cd {quote(folder)} && {install(paths, folder)})" for folder in folders]
    return " && ".join(tests), " && ".join(installs)


def install(paths: frozenset[str], folder: str = ".") -> str:
    """By the lock file, or what there is without one."""
    return next((line for lock, line in _INSTALLS.items() if _below(folder, lock) in paths), "npm install")


def _manager(paths: frozenset[str], folder: str = ".") -> str:
    return install(paths, folder).split()[0]


def _in_workspaces(paths: frozenset[str]) -> str:
    match _manager(paths):
        case "pnpm":
            return "pnpm --recursive test"
        case "yarn" if ".yarnrc.yml" in paths:
            return "yarn workspaces foreach --all run test"
        case "yarn":
            return "yarn workspaces run test"
        case "bun":
            return "bun run --filter '*' test"
        case _:
            return "npm test --workspaces --if-present"


def _below(folder: str, name: str) -> str:
    return name if folder == "." else f"{folder}/{name}"


def _tested(paths: frozenset[str], read: Callable[[str], str]) -> list[str]:
    named = sorted(path for path in paths if PurePosixPath(path).name == "package.json")
    return [path for path in named if _is_tested(path, paths, read)]


def _is_tested(path: str, paths: frozenset[str], read: Callable[[str], str]) -> bool:
    script = _script(read(path), "test") if path in paths else ""
    return bool(script) and _NO_TEST not in script


def _script(package: str, name: str) -> str:
    try:
        found = json.loads(package)
        scripts = found.get("scripts") if isinstance(found, dict) else None
        return str(scripts.get(name) or "") if isinstance(scripts, dict) else ""
    except (ValueError, RecursionError):
        return ""
