"""The user's checkout: where it is, and whether Mycelium can work on it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import BadInput, SetupError
from orchestrator.git.command import Command, GitFailed, find_git
from orchestrator.git.personal import as_configured


@dataclass(frozen=True, kw_only=True, slots=True)
class Checkout:
    """A work tree of the user's, also a linked one or a submodule's.

    `git_dir` has this checkout's HEAD and index, `common_dir` the objects and refs it shares with its siblings.
    `git` is bound to it and reads its config, so it runs only commands that no config can make run a program.
    """

    root: Path
    git_dir: Path
    common_dir: Path
    object_format: str
    git: Command


def find_root(start: Path, environ: Mapping[str, str]) -> Path:
    """The root folder of the checkout that `start` lies in. Errors as for `discover`."""
    return discover(start, environ).root


def discover(start: Path, environ: Mapping[str, str]) -> Checkout:
    """The checkout that `start` lies in.

    `BadInput` where there is none, or a bare repository; `SetupError` when git is missing, too old, or refuses
    because the repository belongs to another user.
    """
    if not start.is_dir():
        raise BadInput(f"there is no folder {start}")
    git = find_git(environ).at(start)
    git, facts = _facts(git, start, environ)
    git_dir, common_dir, bare, inside, object_format, *root = facts
    if bare == "true":
        raise BadInput(
            f"the repository at {git_dir} is bare: it has no checkout", hint="clone it, and run Mycelium in the clone"
        )
    if inside != "true" or len(root) != 1:
        raise BadInput(f"{start} is not inside a checkout", hint="go to the repository's root folder")
    place = Path(root[0])
    return Checkout(
        root=place,
        git_dir=Path(git_dir),
        common_dir=Path(common_dir),
        object_format=object_format,
        git=git.at(place, git_dir=Path(git_dir), work_tree=place),
    )


def _facts(git: Command, start: Path, environ: Mapping[str, str]) -> tuple[Command, list[str]]:
    questions = ("--git-dir", "--git-common-dir", "--is-bare-repository", "--is-inside-work-tree")
    ask = ("rev-parse", "--path-format=absolute", *questions, "--show-object-format", "--show-toplevel")
    answer = git.run(*ask, codes=(0, 128))
    if "dubious ownership" in answer.reason:
        git = _trusting(git, environ)
        answer = git.run(*ask, codes=(0, 128))
    lines = os.fsdecode(answer.output).splitlines()
    if len(lines) >= 5:
        return git, lines
    if "dubious ownership" in answer.reason:
        raise SetupError(
            f"the repository at {start} belongs to another user, so git refuses to read it",
            hint=f"run Mycelium as its owner, or trust it: git config --global --add safe.directory {start}",
        )
    if damaged := _git_entry(start):
        raise SetupError(
            f"git cannot read the repository at {damaged}: {answer.reason or 'it gave no reason'}",
            hint="see what `git status` says there, and mend or clone it anew",
        )
    if "not a git repository" in answer.reason:
        raise BadInput(
            f"{start} is not in a git repository",
            hint="go to one, or make one: git init && git add --all && git commit -m 'First commit'",
        )
    raise GitFailed("rev-parse", answer.code, answer.reason)


def _git_entry(start: Path) -> Path | None:
    """What marks a checkout at or above `start`, whether or not git can read it."""
    return next((place / ".git" for place in (start, *start.parents) if (place / ".git").exists()), None)


def _trusting(git: Command, environ: Mapping[str, str]) -> Command:
    """The same git with the user's personal config, for its `safe.directory` entries: git takes those nowhere else."""
    return as_configured(git, environ).having({"GIT_CONFIG_NOSYSTEM": "0"})
