"""What a repository has: languages, the command of its tests, agents of its own. Nothing of it is run."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

LANGUAGES = {
    **dict.fromkeys((".py", ".pyi"), "Python"),
    **dict.fromkeys((".ts", ".tsx", ".mts"), "TypeScript"),
    **dict.fromkeys((".js", ".jsx", ".mjs", ".cjs"), "JavaScript"),
    **dict.fromkeys((".c", ".h"), "C"),
    **dict.fromkeys((".cc", ".cpp", ".hpp"), "C++"),
    **dict.fromkeys((".kt", ".kts"), "Kotlin"),
    **dict.fromkeys((".ex", ".exs"), "Elixir"),
    **dict.fromkeys((".sh", ".bash"), "Shell"),
    ".go": "Go",
    ".rs": "Rust",
    ".java": "Java",
    ".rb": "Ruby",
    ".php": "PHP",
    ".cs": "C#",
    ".swift": "Swift",
    ".scala": "Scala",
}
_SHOWN = 3
_VENDORED = re.compile(r"(^|/)(node_modules|vendor|third_party|dist|build)/")
_NO_TEST = "no test specified"
_INSTALLS = {
    "package-lock.json": "npm ci",
    "pnpm-lock.yaml": "pnpm install --frozen-lockfile",
    "yarn.lock": "yarn install",
}

Reader = Callable[[str], str]
"""The text of a file of the repository; empty where there is none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """`languages` are those with most files first, `test` and `setup` commands or empty, `agents` paths of files."""

    languages: tuple[str, ...] = ()
    test: str = ""
    setup: str = ""
    agents: tuple[str, ...] = ()


def look(paths: Sequence[str], read: Reader) -> Found:
    """What the files at `paths`, from the repository's root, tell."""
    own = [path for path in paths if not _VENDORED.search(path)]
    counted = Counter(LANGUAGES[suffix] for path in own if (suffix := PurePosixPath(path).suffix) in LANGUAGES)
    test = _test(set(paths), read)
    package_manager = next((install for lock, install in _INSTALLS.items() if lock in paths), "")
    return Found(
        languages=tuple(name for name, _ in counted.most_common(_SHOWN)),
        test=test,
        setup=package_manager if "package.json" in paths and test else "",
        agents=tuple(path for path in own if path.startswith(".claude/agents/") and path.endswith(".md")),
    )


def _test(paths: set[str], read: Reader) -> str:
    """The command that people would type first; the same order as in the gallery's templates."""
    if "Makefile" in paths and re.search(r"^test:", read("Makefile"), re.MULTILINE):
        return "make test"
    if "package.json" in paths and (script := _script(read("package.json"), "test")) and _NO_TEST not in script:
        runner = next((name for name in ("pnpm", "yarn") if any(path.startswith(f"{name}") for path in paths)), "npm")
        return f"{runner} test"
    for file, command in _BY_FILE.items():
        if file in paths:
            return command
    has_tests = any(path.startswith(("tests/", "test/")) and path.endswith(".py") for path in paths)
    python = paths & {"pyproject.toml", "setup.py", "setup.cfg", "tox.ini", "pytest.ini"}
    if has_tests or (python and any(PurePosixPath(path).name.startswith("test_") for path in paths)):
        return "uv run pytest -q" if "uv.lock" in paths else "python -m pytest -q"
    return ""


_BY_FILE = {
    "Cargo.toml": "cargo test",
    "go.mod": "go test ./...",
    "gradlew": "./gradlew test",
    "pom.xml": "mvn --batch-mode test",
    "mix.exs": "mix test",
}


def _script(package: str, name: str) -> str:
    try:
        found = json.loads(package)
        scripts = found.get("scripts") if isinstance(found, dict) else None
        return str(scripts.get(name) or "") if isinstance(scripts, dict) else ""
    except (ValueError, RecursionError):
        return ""
