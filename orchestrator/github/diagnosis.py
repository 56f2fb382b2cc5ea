"""What a credential is, and what it lacks: what each missing permission breaks, found out without changing anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from orchestrator.errors import BadInput, Conflict, NotFound
from orchestrator.github.needs import OPEN_PULL_REQUESTS, advice
from orchestrator.github.permissions import EVENTS, WANTED, missing
from orchestrator.github.repository import GitHubRepository
from orchestrator.lifecycle.ports.github import Busy, Credential, Forbidden

NOWHERE: Final = "0" * 40
_KINDS: Final = {
    Credential.APP: "the GitHub App",
    Credential.ACTIONS: "the token of a job,",
    Credential.INSTALLATION: "an installation's token of the GitHub App",
    Credential.PERSONAL: "the personal token of",
}
_WITHOUT: Final = {each.name: each.without for each in WANTED} | {
    "statuses": "executions show no commit statuses",
    "checks": "executions show no check runs",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Lack:
    """`needs` is what is missing, `breaks` what does not work without, `hint` what to do."""

    needs: str
    breaks: str
    hint: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnosis:
    """`speaker` is who speaks, as people would say it; `unseen` is what the credential cannot find out."""

    speaker: str
    repository: str
    lacks: tuple[Lack, ...]
    unseen: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Probe:
    """A request that cannot succeed: GitHub looks at permissions first, and then finds nothing to do it to."""

    permission: str
    path: str


_PROBES: Final = (
    Probe(permission="contents", path="/git/refs"),
    Probe(permission="pull_requests", path="/pulls"),
    Probe(permission="issues", path="/issues"),
)
_OF_APPS: Final = Probe(permission="checks", path="/check-runs")
_OF_PEOPLE: Final = Probe(permission="statuses", path=f"/statuses/{NOWHERE}")


def diagnose(repository: GitHubRepository, pause: Callable[[datetime], None]) -> Diagnosis:
    """Ask GitHub; `pause` waits until a time, as between any two writes. Errors where nothing works at all."""
    kind = repository.abilities.credential
    facts = repository.facts()
    lacks = _of_app(repository) if kind is Credential.APP else _probed(repository, kind, pause)
    if kind is Credential.ACTIONS and facts.actions_may_open_pull_requests is False:
        hint = advice(kind, OPEN_PULL_REQUESTS)
        lacks.append(Lack(needs=OPEN_PULL_REQUESTS, breaks="no pull requests are opened", hint=hint))
    speaker = f"{_KINDS[kind]} {repository.me().login}"
    hidden = kind is Credential.ACTIONS and facts.actions_may_open_pull_requests is None
    unseen = f"it cannot see {OPEN_PULL_REQUESTS}" if hidden else ""
    return Diagnosis(speaker=speaker, repository=facts.full_name, lacks=tuple(lacks), unseen=unseen)


def _of_app(repository: GitHubRepository) -> list[Lack]:
    """What was not granted, and what the App is not told of."""
    found = []
    for each in missing(repository.granted()):
        needed = f"{each.name.replace('_', ' ')}: {each.level}"
        found.append(Lack(needs=needed, breaks=each.without, hint=advice(Credential.APP, needed)))
    if unheard := [event for event in EVENTS if event not in repository.subscriptions()]:
        breaks = "a server does not hear of them"
        hint = "subscribe to them in the App's settings, under Permissions & events; runs from a terminal need none"
        found.append(Lack(needs=f"the events {', '.join(unheard)}", breaks=breaks, hint=hint))
    return found


def _probed(repository: GitHubRepository, kind: Credential, pause: Callable[[datetime], None]) -> list[Lack]:
    found = []
    for probe in (*_PROBES, _OF_PEOPLE if kind is Credential.PERSONAL else _OF_APPS):
        try:
            _asked(repository, probe, pause)
        except Forbidden as error:
            found.append(
                Lack(
                    needs=error.needs,
                    breaks=_WITHOUT[probe.permission],
                    hint=advice(kind, error.needs) or error.hint or "",
                )
            )
    return found


def _asked(repository: GitHubRepository, probe: Probe, pause: Callable[[datetime], None]) -> None:
    try:
        repository.probe(probe.path)
    except Busy as error:
        pause(error.until)
        _asked(repository, probe, pause)
    except (BadInput, Conflict, NotFound):
        # It may, and there was nothing to do it to.
        return
