"""Who may start a workflow, and whose definitions count: `trust`, applied to one event.

What somebody may do is what the permission API says of them (`role`). How an account is called, what it is associated
with in a payload, and who signed a commit say nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum

from orchestrator.definition.event import Account, Event, PullRequestState
from orchestrator.definition.reasons import Reason, Rule
from orchestrator.definition.roles import Forks, Role, Trust

OWN_BRANCHES = "mycelium/"
"""What branches are called that Mycelium pushes."""

MARKER = "<!-- mycelium:"
"""What every comment that Mycelium writes holds, so that it is known also where a person's token wrote it."""

_UNATTENDED = frozenset({"schedule", "merge_group"})


class Standing(StrEnum):
    """Whether an event may start a workflow: yes, once somebody allows it, or no."""

    ADMITTED = "admitted"
    WAITING = "waiting"
    DENIED = "denied"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Admission:
    """What `trust` says, and why."""

    standing: Standing
    reason: Reason


class Source(Enum):
    """Which commit definitions are read from."""

    HEAD = "the pull request's head"
    BASE = "the base branch"
    PUSHED = "the pushed commit"
    REF = "the ref that was named"
    DEFAULT = "the default branch"


def own(event: Event, me: Account) -> Reason | None:
    """Why the event is our own doing, if it is: it starts nothing, or one execution would start the next for ever.

    An app's account does nothing but our work. A person's account is also that person's, so that there only branches
    of ours count, and what carries our mark.
    """
    if event.comment and MARKER in event.comment.body:
        return Reason(starts=False, text="Mycelium wrote the comment", rule=Rule.OWN)
    if not me.id or event.sender.id != me.id:
        return None
    branch = event.pull_request.head_ref if event.pull_request else event.ref.removeprefix("refs/heads/")
    marked = MARKER in event.written
    if not me.is_person or marked or (branch.startswith(OWN_BRANCHES) and not event.comment):
        return Reason(starts=False, text=f"`{me.login}` is Mycelium itself", rule=Rule.OWN)
    return None


def source_of(event: Event, author_role: Role) -> Source:
    """Where the definitions of an event are read from; `author_role` is that of the pull request's author.

    A head inside the repository was pushed by somebody who may write to it; but anybody may open a pull request from
    such a branch, and bots do what others ask them to.
    """
    if event.pull_request:
        return Source.HEAD if of_a_member(event.pull_request, author_role) else Source.BASE
    match event.name:
        case "push":
            return Source.PUSHED
        case "merge_group":
            return Source.BASE
        case "workflow_dispatch":
            return Source.REF
        case _:
            return Source.DEFAULT


def of_a_member(pull_request: PullRequestState, author_role: Role) -> bool:
    """Whether its head is trusted as much as the repository's own branches."""
    return not pull_request.from_fork and pull_request.author.is_person and author_role >= Role.WRITE


def admitted(trust: Trust, event: Event, role: Role | None, *, asked: bool, allowed: bool = False) -> Admission:
    """What `trust` says of an event that fits.

    `role` is the sender's, None where nobody knows it. `asked`: somebody asked for this very workflow, and is not made
    to wait for others. `allowed`: a maintainer has let it start, as it is now.
    """
    forked = event.pull_request is not None and event.pull_request.from_fork
    if event.name in _UNATTENDED:
        return _admission(Standing.ADMITTED, "GitHub starts it, and no person", Rule.ACTOR)
    if forked and trust.forks is Forks.NEVER:
        return _admission(Standing.DENIED, "`trust.forks` is never, and the pull request is a fork's", Rule.FORK)
    if not event.sender.is_person and not _listed(trust, event.sender):
        return _admission(Standing.DENIED, _stranger(event.sender), Rule.BOT)
    waits = event.pull_request is not None and not asked
    if forked and waits and not allowed:
        return _admission(Standing.WAITING, "the pull request is a fork's", Rule.FORK)
    if event.sender.is_person and (role is None or role < trust.actors) and not (allowed and waits):
        return _unfit(trust, event.sender, role, waits)
    if allowed:
        return _admission(Standing.ADMITTED, "it was allowed for this commit", Rule.ALLOWED)
    if forked:
        return _admission(Standing.WAITING, "the pull request is a fork's", Rule.FORK)
    return _admission(Standing.ADMITTED, _fit(trust, event.sender, role), Rule.ACTOR)


def has_role(actor: Account, role: Role, least: Role) -> Reason:
    """Whether a person has at least a role, for commands that no workflow's `trust` speaks of."""
    if not actor.is_person:
        return Reason(starts=False, text=f"`{actor.login}` is no person", rule=Rule.BOT)
    text = f"`{actor.login}` has the role {role.word}; it takes {least.word}"
    return Reason(starts=role >= least, text=text, rule=Rule.ACTOR)


def _listed(trust: Trust, actor: Account) -> bool:
    return actor.kind == "Bot" and actor.id in trust.bots


def _stranger(actor: Account) -> str:
    if actor.kind == "Bot":
        return f"the bot `{actor.login}` ({actor.id}) is not listed in `trust.bots`"
    return f"`{actor.login}` is no person, by GitHub's account"


def _unfit(trust: Trust, actor: Account, role: Role | None, waits: bool) -> Admission:
    if role is None:
        text = f"it takes the role {trust.actors.word} or higher, which GitHub knows of `{actor.login}`"
        return _admission(Standing.UNKNOWN, text, Rule.ACTOR)
    text = f"`{actor.login}` has the role {role.word}, and `trust.actors` asks for {trust.actors.word}"
    return _admission(Standing.WAITING if waits else Standing.DENIED, text, Rule.ACTOR)


def _fit(trust: Trust, actor: Account, role: Role | None) -> str:
    if not actor.is_person or role is None:
        return f"the bot `{actor.login}` is listed in `trust.bots`"
    return f"`{actor.login}` has the role {role.word}, and `trust.actors` asks for {trust.actors.word}"


def _admission(standing: Standing, text: str, rule: Rule) -> Admission:
    starts = {Standing.ADMITTED: True, Standing.DENIED: False}.get(standing)
    return Admission(standing=standing, reason=Reason(starts=starts, text=text, rule=rule))
