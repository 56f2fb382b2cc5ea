"""What `mycelium doctor` says about GitHub: who speaks, and what is missing for what."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from orchestrator.cli.finding import Finding, Surroundings, Verdict

if TYPE_CHECKING:
    from orchestrator.github.diagnosis import Diagnosis, Lack

NAME = "GitHub"
_NONE = "no credential: executions can be seen on this machine alone"
_NONE_HINT = "set MYCELIUM_GITHUB_TOKEN, or make an App with `mycelium init --github-app`"
_NOWHERE = "there is a credential, and no repository that it could be for"
_NOWHERE_HINT = "git remote add origin https://github.com/OWNER/NAME, or set GITHUB_REPOSITORY"


def github(surroundings: Surroundings) -> Finding:
    """Asks GitHub, as only it knows; nothing is changed there."""
    from orchestrator import app

    settings = surroundings.settings
    repository = app.github(settings, None)
    if repository is None:
        if settings.github_token or settings.github_app_id:
            return Finding(name=NAME, verdict=Verdict.FAILED, detail=_NOWHERE, hint=_NOWHERE_HINT)
        return Finding(name=NAME, verdict=Verdict.OPTIONAL, detail=_NONE, hint=_NONE_HINT)
    from orchestrator.github.diagnosis import diagnose

    return _finding(diagnose(repository, _pause))


def _finding(found: Diagnosis) -> Finding:
    detail = f"{found.speaker} on {found.repository}" + (f" ({found.unseen})" if found.unseen else "")
    if not found.lacks:
        return Finding(name=NAME, verdict=Verdict.OK, detail=detail)
    lacks = "; ".join(f"without {lack.needs} {lack.breaks}" for lack in found.lacks)
    return Finding(name=NAME, verdict=Verdict.OPTIONAL, detail=f"{detail}: {lacks}", hint=_hints(found.lacks))


def _hints(lacks: tuple[Lack, ...]) -> str:
    return "; ".join(dict.fromkeys(lack.hint for lack in lacks if lack.hint))


def _pause(until: datetime) -> None:
    time.sleep(min(max((until - datetime.now(UTC)).total_seconds(), 0), 2))
