"""Telling those who asked: a reaction to their comment, and one comment of ours that is edited in place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from orchestrator.errors import BadInput, NotFound, Unavailable
from orchestrator.lifecycle.intake.occasion import Desk
from orchestrator.lifecycle.ports import Decision, Ruling
from orchestrator.lifecycle.ports.github import Busy, Comment, Forbidden, Urgency
from orchestrator.report.answers import MARKER, Answer, answers_comment

_SHOWN: Final = 5
_LOOKED_AT: Final = 100
_REACTIONS: Final = {Ruling.MATCHED: "rocket", Ruling.WAITING: "eyes"}


def answer(desk: Desk) -> None:
    """Give every answer that is owed. `Busy` and `Unavailable` leave the rest for the next time.

    Each time something of it is done for good, so that it comes to its end where GitHub takes a write at a time. An
    answer may be given twice where a process dies in between: that changes nothing that people see. What GitHub will
    not have, because the comment is gone or the token may not write, is not tried again.
    """
    with desk.services.store.begin() as tx:
        owed = tx.intake.untold()
    trouble: Unavailable | None = None
    for number in dict.fromkeys(each.number for each in owed):
        try:
            _answer(desk, number, [each for each in owed if each.number == number])
        except Busy:
            raise
        except Unavailable as error:
            trouble = trouble or error
    if trouble:
        raise trouble


def _answer(desk: Desk, number: int | None, owed: Sequence[Decision]) -> None:
    if number is not None:
        _reply(desk, number)
    for each in owed:
        if number is not None:
            _receive(desk, number, each)
        _note(desk, each)


def _receive(desk: Desk, number: int, made: Decision) -> None:
    """The receipt: a reaction where a comment asked, and the label taken off again where a label did."""
    try:
        if made.comment_id is not None:
            desk.github.react(made.comment_id, _REACTIONS.get(made.ruling, "confused"))
        if made.label:
            desk.github.remove_label(number, made.label)
    except (NotFound, Forbidden):
        return


def _reply(desk: Desk, number: int) -> None:
    with desk.services.store.begin() as tx:
        latest = [each for each in tx.intake.of_thread(number, limit=_LOOKED_AT) if each.owed][:_SHOWN]
    body = answers_comment([as_answer(each) for each in latest])
    try:
        ours = _our_comment(desk, number)
        if ours is None:
            desk.github.write_comment(number, body, urgency=Urgency.PEOPLE)
        elif _plain(ours.body) != _plain(body):
            desk.github.edit_comment(ours.id, body, urgency=Urgency.PEOPLE)
    except (NotFound, Forbidden, BadInput):
        return


def _plain(body: str) -> str:
    """Without what GitHub may do to line ends."""
    return body.replace("\r\n", "\n").strip()


def _our_comment(desk: Desk, number: int) -> Comment | None:
    me = desk.github.me().id
    found = (each for each in desk.github.comments(number) if each.author.id == me and each.body.startswith(MARKER))
    return next(found, None)


def _note(desk: Desk, told: Decision) -> None:
    """Mark it as told, unless something else was decided on it meanwhile."""
    with desk.services.store.begin() as tx:
        if told in tx.intake.decided(told.delivery_id):
            tx.intake.amend(replace(told, told=True))


def as_answer(made: Decision) -> Answer:
    """A decision as it is told."""
    return Answer(
        subject=made.subject,
        ruling=made.ruling.value,
        asked_by=made.actor,
        text=made.reason,
        lines=made.lines,
        execution_id=made.execution_id,
    )
