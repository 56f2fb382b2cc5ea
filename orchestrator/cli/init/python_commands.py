"""How Python projects are installed and tested: by the tool whose lock file is there, else with pip, in `.venv`.

The Python of a machine often takes no packages (PEP 668), so that they need an environment of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath
from shlex import quote
from typing import Final

_LOCKED: Final = {
    "uv.lock": ("uv run pytest -q", "uv sync"),
    "poetry.lock": ("poetry run pytest -q", "poetry install"),
    "Pipfile.lock": ("pipenv run pytest -q", "pipenv sync --dev"),
}
_REQUIREMENTS: Final = (
    *("requirements.txt", "requirements-dev.txt", "dev-requirements.txt", "requirements_dev.txt"),
    *("requirements-test.txt", "test-requirements.txt", "requirements/dev.txt", "requirements/test.txt"),
)
_PROJECTS: Final = ("pyproject.toml", "setup.py", "setup.cfg")
_SETTINGS: Final = ("tox.ini", "pytest.ini")
_EXTRAS: Final = ("test", "tests", "testing", "dev")
_MANY: Final = 5

Reader = Callable[[str], str]


def commands(paths: frozenset[str], read: Reader) -> tuple[str, str] | None:
    """The tests, and what installs what they need; None where there are no tests of Python."""
    projects = _projects(paths)
    if not _is_tested(paths, known=bool(projects or paths & {*_SETTINGS, *_REQUIREMENTS, *_LOCKED})):
        return None
    for lock, found in _LOCKED.items():
        if lock in paths and (lock == "Pipfile.lock" or "pyproject.toml" in paths):
            extra = _extra(read("pyproject.toml"))
            return found if not extra or lock == "Pipfile.lock" else (found[0], f"{found[1]} --extra{_S[lock]} {extra}")
    words = ["python3 -m venv .venv && .venv/bin/python -m pip install --quiet", *_wanted(projects, paths, read)]
    return ".venv/bin/python -m pytest -q", " ".join(words)


_S: Final = {"uv.lock": "", "poetry.lock": "s"}


def _projects(paths: frozenset[str]) -> list[str]:
    """The files of projects, the one at the root alone where there is one."""
    found = {str(PurePosixPath(path).parent): path for name in reversed(_PROJECTS) for path in _named(paths, name)}
    return [found["."]] if "." in found else sorted(found.values()) if len(found) <= _MANY else []


def _is_tested(paths: frozenset[str], *, known: bool) -> bool:
    if any(path.startswith(("tests/", "test/")) and path.endswith(".py") for path in paths):
        return True
    return known and any(path.endswith(".py") and PurePosixPath(path).name.startswith("test_") for path in paths)


def _wanted(projects: Iterable[str], paths: frozenset[str], read: Reader) -> list[str]:
    """What pip is told: projects that can be installed, lists of requirements, and pytest where no list has it: the
    settings of a project name it too, and what groups or extras of others have is not installed."""
    files = [path for path in projects if _can_be_installed(path, read)]
    lists = [path for path in _REQUIREMENTS if path in paths]
    words = [f"-e {quote(_place(path) + (f'[{extra}]' if (extra := _extra(read(path))) else ''))}" for path in files]
    words += [f"-r {path}" for path in lists]
    return words if any(re.search(r"^pytest\b(?!-)", read(path), re.M | re.I) for path in lists) else [*words, "pytest"]


def _can_be_installed(path: str, read: Reader) -> bool:
    return path.endswith("setup.py") or re.search(r"^\[(project|build-system|metadata)\]", read(path), re.M) is not None


def _place(path: str) -> str:
    folder = str(PurePosixPath(path).parent)
    return folder if folder == "." else f"./{folder}"


def _extra(project: str) -> str:
    """The extra of a project that its tests are named by."""
    section = re.search(r"^\[project\.optional-dependencies\]\n(.*?)(?=^\[|\Z)", project, re.M | re.S)
    names = re.findall(r"^([A-Za-z0-9._-]+) *=", section[1], re.M) if section else []
    return next((name for name in _EXTRAS if name in names), "")


def _named(paths: Iterable[str], name: str) -> list[str]:
    return [path for path in paths if PurePosixPath(path).name == name]
