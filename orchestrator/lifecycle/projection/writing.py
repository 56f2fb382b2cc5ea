"""Carrying out one write to GitHub, so that it happens once whoever dies around it.

Before something is sent that must not be sent twice, it is stored that it was begun; what became of it is stored after
the answer. Where the one is there without the other, GitHub is asked first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from orchestrator.errors import BadInput, Conflict, NotFound
from orchestrator.execution.showing import Shown, Target
from orchestrator.lifecycle.ports.github import CommitStatus, GitHub, Posted, Urgency, User
from orchestrator.lifecycle.projection.due import Deed, Write
from orchestrator.report.check_run import ANNOTATIONS_A_REQUEST, CheckRun, without_content

Keep = Callable[[Shown], None]


class Superseded(Exception):
    """Something newer has the comment."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """What a write is done with, and where: `keep` stores what became of it. The comment is the one by `me` whose text
    `ours` knows; that raises `Superseded` where it is not to be touched any more."""

    github: GitHub
    target: Target
    keep: Keep
    me: Callable[[], User]
    ours: Callable[[str], bool]


def carry_out(desk: Desk, write: Write) -> Shown:
    """What GitHub shows after it; stored already.

    `Busy` and `Forbidden` pass on, and then nothing was done; after `Unavailable` it may have been. What GitHub will
    not have as it is comes back as refused.
    """
    try:
        done = _done(desk, write)
    except (BadInput, Conflict) as error:
        done = _at_least_ended(desk, write, error)
    desk.keep(done)
    return done


def _at_least_ended(desk: Desk, write: Write, error: BadInput | Conflict) -> Shown:
    """What GitHub refused is not sent again, but a check run that has ended is not left open: it says that and how."""
    content = write.wanted.content
    refused = replace(write.shown, digest=write.wanted.digest, begun=False, refused=error.message)
    stays = not write.wanted.concluded or write.deed is Deed.ANNOTATE or isinstance(error, NotFound | Conflict)
    if stays or not isinstance(content, CheckRun):
        return refused
    least = replace(write.wanted, content=without_content(content, error.message))
    try:
        return replace(_done(desk, replace(write, wanted=least)), refused=error.message)
    except (BadInput, Conflict):
        return refused


def _done(desk: Desk, write: Write) -> Shown:
    content, target = write.wanted.content, desk.target
    match content:
        case CheckRun():
            return _check(desk, write, content, target.head_sha)
        case CommitStatus():
            desk.github.set_status(target.head_sha, content, urgency=write.wanted.urgency)
            return replace(write.shown, digest=write.wanted.digest, concluded=write.wanted.concluded, refused="")
        case str():
            return _comment(desk, write, content, target.number or 0)


def _check(desk: Desk, write: Write, check: CheckRun, head_sha: str) -> Shown:
    try:
        match write.deed:
            case Deed.CREATE:
                return _created(desk, write, check, head_sha)
            case Deed.CHANGE:
                return _changed(desk, write, check)
            case Deed.ANNOTATE:
                return _annotated(desk, write, check, head_sha)
    except NotFound:
        if write.shown.github_id is None:
            raise  # the commit is gone
        return replace(write.shown, github_id=None, digest="", annotations=0, begun=False)


def _created(desk: Desk, write: Write, check: CheckRun, head_sha: str) -> Shown:
    shown = write.shown
    if shown.github_id is not None:
        shown = Shown(place=shown.place, round=shown.round + 1)
    named = replace(check, external_id=external_id(check, shown.round))
    if shown.begun and (found := _found(desk, named, head_sha)):
        return replace(
            shown,
            github_id=found.id,
            digest="",
            concluded=_has_ended(found),
            annotations=found.annotations,
            begun=False,
        )
    shown = _begun(desk, shown)
    posted = desk.github.create_check_run(head_sha, named, urgency=write.wanted.urgency)
    return replace(
        shown,
        github_id=posted.id,
        digest=write.wanted.digest,
        concluded=write.wanted.concluded,
        annotations=len(check.batches[0]) if check.batches else 0,
        begun=False,
        refused="",
    )


def _changed(desk: Desk, write: Write, check: CheckRun) -> Shown:
    shown, wanted = write.shown, write.wanted
    named = replace(check, external_id=external_id(check, shown.round))
    desk.github.update_check_run(shown.github_id or 0, named, urgency=wanted.urgency)
    return replace(shown, digest=wanted.digest, concluded=wanted.concluded, refused="")


def _annotated(desk: Desk, write: Write, check: CheckRun, head_sha: str) -> Shown:
    shown = write.shown
    named = replace(check, external_id=external_id(check, shown.round))
    if shown.begun and (found := _found(desk, named, head_sha)):
        return replace(shown, annotations=found.annotations, begun=False)
    shown = _begun(desk, shown)
    batch = write.wanted.annotations[shown.annotations : shown.annotations + ANNOTATIONS_A_REQUEST]
    desk.github.annotate(shown.github_id or 0, named, batch)
    return replace(shown, annotations=shown.annotations + len(batch), begun=False)


def _begun(desk: Desk, shown: Shown) -> Shown:
    """Stored before it is sent."""
    begun = replace(shown, begun=True)
    if not shown.begun:
        desk.keep(begun)
    return begun


def _found(desk: Desk, named: CheckRun, head_sha: str) -> Posted | None:
    posted = desk.github.find_check_runs(head_sha, named.name)
    return next((each for each in posted if each.external_id == named.external_id), None)


def _has_ended(posted: Posted) -> bool:
    return posted.conclusion is not None


def _comment(desk: Desk, write: Write, body: str, number: int) -> Shown:
    shown, wanted = write.shown, write.wanted
    # Executions that others keep may have taken it over: before the last word we look who has it.
    last = wanted.urgency is Urgency.FINAL
    ours = _own_comment(desk, number) if last or shown.github_id is None else shown.github_id
    try:
        if ours is None:
            ours = desk.github.write_comment(number, body, urgency=wanted.urgency).id
        else:
            desk.github.edit_comment(ours, body, urgency=wanted.urgency)
    except NotFound:
        if shown.github_id is None:
            raise  # the pull request is gone
        return replace(shown, github_id=None, digest="")  # somebody deleted it: look, and write another
    return replace(shown, github_id=ours, digest=wanted.digest, concluded=wanted.concluded, refused="")


def _own_comment(desk: Desk, number: int) -> int | None:
    """On any page, by its marker and by its author: anybody may write the marker."""
    me = desk.me().id
    for comment in desk.github.comments(number):
        if comment.author.id == me and desk.ours(comment.body):
            return comment.id
    return None


def external_id(check: CheckRun, round_: int) -> str:
    """Ours for a check run: what it is about, and which one of its name it is."""
    return f"{check.external_id}#{round_}" if round_ else check.external_id
