"""`/mycelium allow SHA`: a maintainer lets what waits on a pull request start, for exactly this commit."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from orchestrator.definition.authority import has_role
from orchestrator.definition.reasons import Reason, Rule
from orchestrator.definition.roles import Role
from orchestrator.lifecycle.intake.admission import SHOWN_SHA, reconsider
from orchestrator.lifecycle.intake.occasion import Occasion
from orchestrator.lifecycle.ports import HeldStart, Hold, Ruling

_LOOKED_AT: Final = 1_000
"""Decisions on a pull request among which earlier heads are looked for."""


def allow(found: Occasion, sha: str) -> Reason:
    """Let what waits for `sha` start; `found` is the comment's occasion, with the pull request as it is now."""
    pull_request = found.event.pull_request
    if pull_request is None:
        return _refused("only what waits on a pull request can be allowed", Rule.WHERE)
    if pull_request.closed:
        return _refused("the pull request is closed", Rule.WHERE)
    role = has_role(found.event.sender, found.role or Role.NONE, Role.WRITE)
    if not role.starts:
        return role
    if found.event.sender.id == pull_request.author.id:
        return _refused(f"`{found.event.sender.login}` cannot allow their own pull request", Rule.ACTOR)
    if not pull_request.head_sha.startswith(sha):
        head = pull_request.head_sha[:SHOWN_SHA]
        return _refused(f"the head of the pull request is {head}, and not {sha[:SHOWN_SHA]}", Rule.MOVED)
    if len(sha) < len(pull_request.head_sha) and found.desk.job:
        # No job knows what earlier heads there were, of which one may begin alike.
        return _refused(f"`{sha}` is not all of the commit's digits, which it takes in Actions", Rule.MOVED)
    if _names_another(found, pull_request.head_sha, sha):
        return _refused(f"`{sha}` begins more than one commit of this pull request: give all of its digits", Rule.MOVED)
    return _let(found, [held for held in _waiting(found) if held.head_sha == pull_request.head_sha])


def _let(found: Occasion, waiting: list[HeldStart]) -> Reason:
    if not waiting:
        return _refused("nothing waits to be allowed for this commit", Rule.COMMAND)
    by = found.event.sender.login
    rulings = [reconsider(found.desk, replace(held, allowed_by=by)) for held in waiting]
    started = [made.subject for made in rulings if made and made.ruling is Ruling.MATCHED]
    others = [f"`{made.subject}`: {made.reason}" for made in rulings if made and made.ruling is not Ruling.MATCHED]
    names = ", ".join(f"`{name}`" for name in started)
    text = "; ".join([*([f"{names} started"] if started else []), *others])
    return Reason(starts=True, text=text or "what waited is gone", rule=Rule.ALLOWED)


def _names_another(found: Occasion, head: str, sha: str) -> bool:
    """Whether an earlier head began alike: two such commits are made in seconds, one to be looked at and one to run."""
    number = found.event.number
    if number is None or len(sha) == len(head):
        return False
    with found.desk.services.store.begin() as tx:
        heads = {each.head_sha for each in tx.intake.of_thread(number, limit=_LOOKED_AT)}
    return any(each != head and each.startswith(sha) for each in heads)


def _waiting(found: Occasion) -> list[HeldStart]:
    with found.desk.services.store.begin() as tx:
        return tx.intake.held([Hold.WAITING], number=found.event.number)


def _refused(text: str, rule: Rule) -> Reason:
    return Reason(starts=False, text=text, rule=rule)
