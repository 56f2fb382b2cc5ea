"""The commands that test a repository, and those that have to run before on a machine that has nothing of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from shlex import quote

from orchestrator.cli.init import node_commands, python_commands

Reader = Callable[[str], str]
"""The text of a file of the repository; empty where there is none."""

_BY_FILE = {
    "Cargo.toml": ("cargo test", "cargo fetch"),
    "go.mod": ("go test ./...", "go mod download"),
    "gradlew": ("./gradlew test", "./gradlew --version"),
    "pom.xml": ("mvn --batch-mode test", "mvn --version"),
    "mix.exs": ("mix test", "mix local.hex --force && mix deps.get"),
}
_BELOW = {
    "Cargo.toml": ("cargo test --manifest-path {}/Cargo.toml", "cargo fetch --manifest-path {}/Cargo.toml"),
    "go.mod": ("go -C {} test ./...", "go -C {} mod download"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Commands:
    """`test` runs the tests, after `setup`; each is empty where nothing suggests one."""

    test: str = ""
    setup: str = ""


def commands(paths: Iterable[str], read: Reader) -> Commands:
    """What people would type first, and what is at the root before what is below it. Packages of Node in folders, such
    as `frontend`, come after what else there is."""
    known = frozenset(paths)
    if "Makefile" in known and re.search(r"^test:", read("Makefile"), re.MULTILINE):
        # What a target needs beside packages of Node nobody can tell: it may install it itself.
        return Commands(test="make test", setup=node_commands.install(known) if "package.json" in known else "")
    if root := node_commands.at_root(known, read):
        return Commands(test=root[0], setup=root[1])
    main = _at_root(known) or python_commands.commands(known, read) or _in_folder(known)
    found = [each for each in (main, node_commands.below(known, read)) if each]
    return Commands(test=" && ".join(test for test, _ in found), setup=" && ".join(setup for _, setup in found))


def _at_root(paths: frozenset[str]) -> tuple[str, str] | None:
    return next((found for file, found in _BY_FILE.items() if file in paths), None)


def _in_folder(paths: frozenset[str]) -> tuple[str, str] | None:
    """Of a project that is the only one of its kind."""
    for file, (test, setup) in _BELOW.items():
        folders = [PurePosixPath(path).parent for path in paths if PurePosixPath(path).name == file]
        if len(folders) == 1:
            return test.format(quote(str(folders[0]))), setup.format(quote(str(folders[0])))
    return None
