"""What a repository has: languages, the command of its tests, agents of its own. Nothing of it is run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from orchestrator.cli.init.commands import Reader, commands

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
    run = commands(own, read)
    return Found(
        languages=tuple(name for name, _ in counted.most_common(_SHOWN)),
        test=run.test,
        setup=run.setup,
        agents=tuple(path for path in own if path.startswith(".claude/agents/") and path.endswith(".md")),
    )
