"""What the job gave the action: its inputs, which `action.yml` puts into the environment as `INPUT_…`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from orchestrator.errors import BadInput

PREFIX = "INPUT_"
_MOST_DAYS = 36_500


class Mode(StrEnum):
    """What the action is there for."""

    RUN = "run"
    VALIDATE = "validate"
    SITE = "site"


@dataclass(frozen=True, kw_only=True, slots=True)
class Inputs:
    """As `docs/action.md` has them; empty texts are what was not given."""

    mode: Mode = Mode.RUN
    workflow: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    token: str = field(default="", repr=False)
    folder: Path = Path()
    against: str = ""
    site_path: str = "_site"
    agents: Mapping[str, str] = field(default_factory=dict)
    history_branch: str = ""
    history_days: int | None = None
    forks_run: bool = False


def read(environ: Mapping[str, str]) -> Inputs:
    """`BadInput` says which of them cannot be used."""

    def given(name: str) -> str:
        return environ.get(PREFIX + name, "").strip()

    return Inputs(
        mode=Mode(_choice("mode", given("MODE") or Mode.RUN, list(Mode))),
        workflow=given("WORKFLOW"),
        inputs=_pairs("inputs", given("INPUTS")),
        token=given("TOKEN"),
        folder=Path(environ.get("GITHUB_WORKSPACE") or ".", given("WORKING_DIRECTORY")),
        against=given("AGAINST"),
        site_path=given("SITE_PATH") or "_site",
        agents=_pairs("agent-versions", given("AGENT_VERSIONS")),
        history_branch=given("HISTORY_BRANCH"),
        history_days=_days("history-days", given("HISTORY_DAYS")),
        forks_run=_choice("forks", given("FORKS") or "wait", ("wait", "run")) == "run",
    )


def _choice(name: str, word: str, words: Sequence[str]) -> str:
    if word not in words:
        raise BadInput(f"`{name}` is `{word[:40]}`", hint=f"it is one of {', '.join(words)}")
    return word


def _days(name: str, text: str) -> int | None:
    """At least one; None for an empty text."""
    if text and not (text.isascii() and text.isdigit() and 0 < int(text) <= _MOST_DAYS):
        raise BadInput(f"`{name}` is `{text[:40]}`", hint=f"it is a number of days, 1 to {_MOST_DAYS}, or empty")
    return int(text) if text else None


def _pairs(name: str, text: str) -> dict[str, str]:
    """`NAME=VALUE`, one a line."""
    found: dict[str, str] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        key, equals, value = line.partition("=")
        if not equals or not key.strip():
            raise BadInput(f"{name}: {line[:80]!r} is not NAME=VALUE", hint="write one a line")
        if key.strip() in found:
            raise BadInput(f"{name}: {key.strip()} is given twice", hint="keep one of them")
        found[key.strip()] = value.strip()
    return found
