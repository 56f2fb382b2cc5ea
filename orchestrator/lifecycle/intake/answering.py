"""Telling those who asked: a reaction to their comment, and one comment of ours that is edited in place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from orchestrator.definition.reasons import Rule
from orchestrator.errors import BadInput, NotFound, Unavailable
from orchestrator.lifecycle.intake.occasion import Desk
from orchestrator.lifecycle.ports import Decision, Ruling
from orchestrator.lifecycle.ports.github import Busy, Comment, Forbidden, Urgency
from orchestrator.report.answers import MARKER, Answer, answers_comment, answers_in, key_of

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
    try:
        ours = our_comment(desk, number)
        body = _in_job(latest, ours.body if ours else "") if desk.job else answers_comment([*map(as_answer, latest)])
        if ours is None:
            desk.github.write_comment(number, body, urgency=Urgency.PEOPLE)
        elif _plain(ours.body) != _plain(body):
            desk.github.edit_comment(ours.id, body, urgency=Urgency.PEOPLE)
    except (NotFound, Forbidden, BadInput):
        return


def _in_job(latest: Sequence[Decision], before: str) -> str:
    """What earlier jobs have answered is known to the comment alone, and stays, but for what is answered anew."""
    answers = [replace(as_answer(each), key=_key(each), waits=_waits(each)) for each in latest]
    new = {each.key: each for each in reversed(answers)}
    kept = [text for key, text in answers_in(before).items() if key not in new]
    return answers_comment([*reversed(new.values())], kept[: _SHOWN - len(new)])


def _key(made: Decision) -> str:
    """A comment has one answer for each thing it asks for, and of what no comment asks for the latest counts."""
    return key_of(made.subject, str(made.comment_id or ""))


def _waits(made: Decision) -> tuple[int, str] | None:
    held = made.ruling is Ruling.WAITING and made.rule == Rule.FORK.value
    return (made.comment_id, made.head_sha) if held and made.comment_id is not None and made.head_sha else None


def _plain(body: str) -> str:
    """Without what GitHub may do to line ends."""
    return body.replace("\r\n", "\n").strip()


def our_comment(desk: Desk, number: int) -> Comment | None:
    """The comment with our answers, by its author and its mark; None where there is none yet."""
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
