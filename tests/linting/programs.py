"""One function a program: which command checks these files, or none where the program or its files are missing."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
PARSER = ROOT / ".venv" / "linters" / "node_modules" / "@actions" / "workflow-parser" / "dist"
# check-jsonschema itself; but where a grammar of international addresses is installed, it would build that first, for
# three seconds, and none of these schemas asks for one.
CHECK_JSONSCHEMA = "import sys; sys.modules['rfc3987_syntax'] = None; from check_jsonschema import main; main()"


@dataclass(frozen=True, kw_only=True, slots=True)
class Files:
    """What is to be checked below a folder, by kind."""

    workflows: tuple[Path, ...]
    actions: tuple[Path, ...]
    dependabot: tuple[Path, ...]
    dockerfiles: tuple[Path, ...]

    @classmethod
    def below(cls, root: Path) -> Files:
        return cls(
            workflows=tuple(sorted((root / ".github" / "workflows").glob("*.y*ml"))),
            actions=tuple(sorted([*root.glob("action.y*ml"), *(root / ".github" / "actions").glob("*/action.y*ml")])),
            dependabot=tuple(sorted((root / ".github").glob("dependabot.y*ml"))),
            dockerfiles=tuple(sorted([*root.glob("Dockerfile"), *root.glob("deploy/Dockerfile")])),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """A command that ends with 0 where it finds nothing, and else prints what it finds."""

    name: str
    command: Sequence[str | Path]


def programs(files: Files) -> list[Program]:
    """What there is to run for these files."""
    wanted = [
        Program(name="GitHub's parser", command=_parser(files)),
        Program(name="SchemaStore: workflow", command=_schema("github-workflows", files.workflows)),
        Program(name="SchemaStore: action", command=_schema("github-actions", files.actions)),
        Program(name="SchemaStore: dependabot", command=_schema("dependabot", files.dependabot)),
        Program(name="zizmor", command=_zizmor(files)),
        Program(name="actionlint", command=_actionlint(files)),
        Program(name="hadolint", command=_hadolint(files)),
    ]
    return [program for program in wanted if program.command]


def _parser(files: Files) -> list[str | Path]:
    checked = [*files.workflows, *files.actions]
    if not checked or not PARSER.exists() or shutil.which("node") is None:
        return []
    return ["node", Path(__file__).with_name("parse.mjs"), PARSER, *checked]


def _schema(name: str, checked: tuple[Path, ...]) -> list[str | Path]:
    """From the schemas that travel in the package: nothing is fetched."""
    return [sys.executable, "-c", CHECK_JSONSCHEMA, "--builtin-schema", f"vendor.{name}", *checked] if checked else []


def _zizmor(files: Files) -> list[str | Path]:
    checked = [*files.workflows, *files.actions, *files.dependabot]
    if not checked:
        return []
    quiet = ["--quiet", "--no-progress", "--color", "never"]
    return [BIN / "zizmor", "--persona", "pedantic", "--offline", "--strict-collection", *quiet, *checked]


def _actionlint(files: Files) -> list[str | Path]:
    """Without the programs for scripts that it finds on PATH or not: what it says is the same on every machine."""
    if not files.workflows:
        return []
    return [BIN / "actionlint", "-no-color", "-oneline", "-shellcheck=", "-pyflakes=", *files.workflows]


def _hadolint(files: Files) -> list[str | Path]:
    return [BIN / "hadolint", "--no-color", *files.dockerfiles] if files.dockerfiles else []
