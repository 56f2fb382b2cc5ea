"""Check runs of an execution that GitHub shows, and the store does not know: those of a job that was killed.

Which are an execution's says their external id; the store learns of each place the last one, so that it is changed and
not made again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from orchestrator.errors import NotFound
from orchestrator.execution.showing import EXECUTION, Shown, run_place
from orchestrator.lifecycle.ports.github import Forbidden, GitHub, Posted
from orchestrator.lifecycle.services import Services

_ID: Final = re.compile(r"(?P<execution>[^/#]+)(?:/(?P<run>[0-9]{1,5}))?(?:#(?P<round>[0-9]{1,5}))?")


def recognise(services: Services, github: GitHub, execution_id: str) -> None:
    """Note what GitHub shows of the execution beyond what is stored. GitHub's errors pass on, except that it refuses,
    or that the commit is gone: then there is nothing to be found."""
    execution = services.store.execution(execution_id)
    if execution.target is None or not execution.target.head_sha or not github.abilities.check_runs:
        return
    try:
        posted = github.find_check_runs(execution.target.head_sha)
    except (Forbidden, NotFound):
        return
    known = {thing.place: thing for thing in services.store.shown(execution_id)}
    places = {EXECUTION, *(run_place(run.index) for run in services.store.runs(execution_id))}
    found = [each for each in latest(execution_id, posted) if each.place in places]
    with services.store.begin() as tx:
        for each in found:
            before = known.get(each.place)
            if before is None or before.github_id != each.github_id:
                tx.put_shown(execution_id, each)


def belongs_to(posted: Posted, execution_id: str) -> bool:
    """Whether a check run of ours is of that execution, or of a node run of it."""
    named = _ID.fullmatch(posted.external_id)
    return named is not None and named["execution"] == execution_id


def latest(execution_id: str, posted: Iterable[Posted]) -> Iterator[Shown]:
    """Of each place of the execution the check run of its last round; what it says is not known."""
    found: dict[str, Shown] = {}
    for each in posted:
        named = _ID.fullmatch(each.external_id)
        if named is None or named["execution"] != execution_id:
            continue
        place = run_place(int(named["run"])) if named["run"] else EXECUTION
        round_ = int(named["round"] or 0)
        if place not in found or round_ > found[place].round:
            found[place] = Shown(
                place=place,
                github_id=each.id,
                round=round_,
                concluded=each.conclusion is not None,
                annotations=each.annotations,
            )
    yield from found.values()
