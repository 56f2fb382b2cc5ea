"""Saying on GitHub that an execution has come to nothing, by somebody who knows no more of it than its id.

What stands there as at work was shown by a job that was killed, and nobody goes on with it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

from orchestrator.errors import NotFound
from orchestrator.lifecycle.archive.entry import Entry
from orchestrator.lifecycle.ports.github import Busy, Comment, Forbidden, GitHub, Posted, Urgency
from orchestrator.lifecycle.projection.recognising import belongs_to
from orchestrator.report.check_run import CheckRun, CheckStatus, Conclusion
from orchestrator.report.comment import is_comment_of, marker, newest_marker, shown_execution
from orchestrator.report.markdown_safety import safe_message

TITLE: Final = "Cancelled: its job was killed"
_TRIES: Final = 60
_PAUSE_SECONDS: Final = 0.5
_LONGEST_REASON: Final = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Lost:
    """Which execution, and where it may be shown: `head` is empty where there is no commit, `thread` None where there
    is nothing to comment on. `why` it does not go on."""

    execution_id: str
    workflow_id: str
    head: str
    thread: int | None
    why: str


def lost(entry: Entry, why: str) -> Lost:
    """That of the index's line, of which nothing is believed: only what is ours and bears its id is touched."""
    return Lost(execution_id=entry.id, workflow_id=entry.workflow_id, head=entry.head, thread=entry.thread, why=why)


def bury(github: GitHub, lost: Lost, *, sleep: Callable[[float], object] = time.sleep) -> None:
    """End the check runs of ours that are its, and have our comment say so, if it shows it. What GitHub refuses stays
    as it is; its other errors pass on, and `Busy` after half a minute."""
    text = (
        f"The job that ran this execution was killed, and it does not go on: {safe_message(lost.why, _LONGEST_REASON)}"
    )
    for posted in _open_checks(github, lost):
        check = CheckRun(
            name=posted.name,
            external_id=posted.external_id,
            status=CheckStatus.COMPLETED,
            conclusion=Conclusion.CANCELLED,
            title=TITLE,
            summary=text,
        )
        _send(partial(github.update_check_run, posted.id, check, urgency=Urgency.FINAL), sleep)
    for comment in _comments(github, lost):
        body = f"{marker(lost.workflow_id)}\n{newest_marker(lost.execution_id)}\n**{TITLE}.** {text}"
        _send(partial(github.edit_comment, comment.id, body, urgency=Urgency.FINAL), sleep)


def _open_checks(github: GitHub, lost: Lost) -> list[Posted]:
    if not lost.head or not github.abilities.check_runs:
        return []
    try:
        posted = github.find_check_runs(lost.head)
    except (Forbidden, NotFound):
        return []
    return [each for each in posted if each.conclusion is None and belongs_to(each, lost.execution_id)]


def _comments(github: GitHub, lost: Lost) -> Iterator[Comment]:
    if lost.thread is None:
        return
    with suppress(Forbidden, NotFound):
        me = github.me().id
        for each in github.comments(lost.thread):
            ours = each.author.id == me and is_comment_of(each.body, lost.workflow_id)
            if ours and shown_execution(each.body) == lost.execution_id:
                yield each


def _send(write: Callable[[], object], sleep: Callable[[float], object]) -> None:
    for tried in range(_TRIES):
        try:
            write()
        except (Forbidden, NotFound):
            return
        except Busy:
            if tried == _TRIES - 1:
                raise
            sleep(_PAUSE_SECONDS)
        else:
            return
