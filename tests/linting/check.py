"""Runs all programs at once on the files of a folder, and collects what they find."""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.linting.programs import BIN, PARSER, Files, Program, programs

# A colour setting, a proxy or a token of the developer's must not change what is found.
ENVIRONMENT = {"PATH": os.environ.get("PATH", os.defpath), "HOME": os.devnull, "LC_ALL": "C.UTF-8"}


def findings(root: Path, *, careless: bool = False) -> list[str]:
    """What is wrong below `root`, a text for each program that found something, led by the program's name.

    What is `careless` on purpose, as a page that names a tag and not a commit, is not shown to zizmor. Raises
    FileNotFoundError where a program is not installed; `why_not()` tells before.
    """
    wanted = [program for program in programs(Files.below(root)) if not (careless and program.name == "zizmor")]
    with ThreadPoolExecutor(max_workers=max(len(wanted), 1)) as pool:
        return [found for found in pool.map(lambda program: _run(program, root), wanted) if found]


def findings_in_workflow(text: str, folder: Path, name: str = "mycelium.yml") -> list[str]:
    """The same for one workflow file, written as `.github/workflows/NAME` below `folder`."""
    place = folder / ".github" / "workflows"
    place.mkdir(parents=True, exist_ok=True)
    (place / name).write_text(text, encoding="utf-8")
    return findings(folder)


def why_not() -> str | None:
    """Why nothing can be checked here, for `pytest.mark.skipif`; None where it can."""
    if os.environ.get("CI"):
        return None
    missing = [name for name in ("check-jsonschema", "zizmor", "actionlint", "hadolint") if not (BIN / name).exists()]
    missing += [] if PARSER.exists() else ["GitHub's parser"]
    return f"needs {', '.join(missing)}: requirements/linters.sh" if missing else None


def _run(program: Program, root: Path) -> str:
    done = subprocess.run(
        program.command,
        cwd=root,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return f"{program.name}:\n{done.stdout.strip() or f'exit code {done.returncode}'}" if done.returncode else ""
