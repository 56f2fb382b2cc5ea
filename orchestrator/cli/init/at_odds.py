"""What in a file of somebody's own is at odds with the events and permissions that Mycelium needs there.

Before that it may have been well: a `concurrency` for pushes alone, a token that only reads left to later steps. It is
for the file's owner to change, as nobody else knows what counts on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, Final

from orchestrator.cli.init.actions_file import ActionsFile
from orchestrator.cli.init.asked_of_actions import PUSH
from orchestrator.cli.init.existing import Existing
from orchestrator.definition.expressions import ExpressionError, interpolate_text

_OF_PULL_REQUESTS: Final = ("pull_request", "pull_request_review")
_WATCHED: Final = (*_OF_PULL_REQUESTS, "issue_comment", "issues")
"""What people wait for or decide with. How pushes, schedules and starts by hand queue is the owner's to say."""
_PR: Final = 7

Moment = tuple[str, str]
"""An event and its type."""


def at_odds(there: Existing, file: ActionsFile) -> list[str]:
    """What has to be changed in the file, in words."""
    found = []
    if apart := _colliding(there, file):
        found.append(f"a group of its own under `concurrency` for each job of {', '.join(apart)}")
    if "write" in file.asked.permissions.values() and _leaves_token(there.job):
        found.append("`persist-credentials: false` at the checkout")
    return found


def _leaves_token(job: Mapping[str, Any]) -> bool:
    """Whether a checkout of the job keeps its token where all later steps, and what agents run, can read it."""
    steps = job.get("steps")
    checkouts = [each for each in steps if _checks_out(each)] if isinstance(steps, list) else []
    return any(str(_mapping(each.get("with")).get("persist-credentials")).lower() != "false" for each in checkouts)


def _checks_out(step: object) -> bool:
    return isinstance(step, dict) and str(step.get("uses")).startswith("actions/checkout@")


def _colliding(there: Existing, file: ActionsFile) -> list[str]:
    """The events whose jobs would be ended, or left out, by others that do not start the same again."""
    shared = [each for each in (there.document.get("concurrency"), there.job.get("concurrency")) if each]
    moments = list(_moments(file))
    found = [
        one[0]
        for concurrency in shared
        for one, other in product(moments, repeat=2)
        if one[0] in _WATCHED and not _goes_on(file, one, other) and _meet(_group(concurrency), one, other)
    ]
    return list(dict.fromkeys(found))


def _moments(file: ActionsFile) -> Iterator[Moment]:
    for event, filters in file.events.items():
        yield from ((event, str(action)) for action in filters.get("types", ("",)))


def _goes_on(file: ActionsFile, one: Moment, other: Moment) -> bool:
    """Whether the job of `other` starts all that the one of `one` has started."""
    replaced = {("pull_request", action) for action in (*file.asked.replaced, PUSH)}
    return {one, other} <= replaced


def _group(concurrency: object) -> str:
    return str(_mapping(concurrency).get("group", "") if isinstance(concurrency, Mapping) else concurrency)


def _meet(group: str, one: Moment, other: Moment) -> bool:
    """Whether two runs, about one pull request or issue, have the same group. What cannot be told may be so."""
    try:
        first, second = (interpolate_text(group, _contexts(each, run)) for run, each in enumerate((one, other)))
    except ExpressionError:
        return True
    return first.lower() == second.lower()


def _contexts(moment: Moment, run: int) -> dict[str, Any]:
    """What expressions can read of a run. Runs about one pull request have its head and its branch in common."""
    event, action = moment
    payload: dict[str, Any] = {"action": action}
    pull_request = {"number": _PR, "head": {"ref": "topic", "sha": "b" * 40}, "base": {"ref": "main"}}
    if event in _OF_PULL_REQUESTS:
        payload |= {"number": _PR, "pull_request": pull_request}
    if event in ("issue_comment", "issues"):
        payload |= {"issue": {"number": _PR}, "comment": {"id": run}}
    about = event in _OF_PULL_REQUESTS
    github = {
        "workflow": "Mycelium",
        "repository": "octo/demo",
        "event_name": event,
        "event": payload,
        "run_id": f"run {run}",
        "run_number": f"run {run}",
        "ref": f"refs/pull/{_PR}/merge" if about else "refs/heads/main",
        "ref_name": f"{_PR}/merge" if about else "main",
        "head_ref": "topic" if about else "",
        "base_ref": "main" if about else "",
        "sha": "a" * 40,
    }
    return {"github": github, "inputs": {}, "vars": {}}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
