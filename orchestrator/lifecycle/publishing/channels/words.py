"""Comments, labels and issues."""

from __future__ import annotations

from itertools import islice
from typing import Final

from orchestrator.execution.publication import Fate
from orchestrator.lifecycle.ports.github import Comment, Issue, Urgency
from orchestrator.lifecycle.publishing.outgoing import Done, Outgoing
from orchestrator.report.publishing import plain_body, sealed

MOST_LOOKED_AT: Final = 200
"""Issues among which one that was made just now, whose answer was lost, is looked for: they come newest first."""


def write_comment(out: Outgoing) -> Done:
    """Write it, or bring the one that is there up to date."""
    number, said = out.event.number or 0, out.said(out.planned.target.body)
    body = sealed(out.masked(plain_body(out.view, said, out.mark())), out.mark)
    known = next((each for each in out.github.comments(number) if _is_mine(out, each)), None)
    if known is None:
        known = out.github.write_comment(number, body, urgency=Urgency.FINAL)
    elif known.body != body:
        out.github.edit_comment(known.id, body, urgency=Urgency.FINAL)
    return Done(number=number, remote_id=known.id, url=known.url, fate=Fate.OPEN)


def set_labels(out: Outgoing) -> Done:
    """Add the labels that are missing, and take off those that are there."""
    number = out.event.number or 0
    issue = out.github.issue(number)
    there = {label.lower() for label in issue.labels}
    if missing := [label for label in out.planned.labels if label.lower() not in there]:
        out.github.add_labels(number, missing)
    for label in out.planned.remove:
        if label.lower() in there:
            out.github.remove_label(number, label)
    return Done(number=number, url=issue.url, fate=Fate.OPEN)


def write_issue(out: Outgoing) -> Done:
    """Write it, once for an execution: one that is there stays as it is, whatever people have made of it."""
    title = out.title()
    known = _known_issue(out)
    if known is None:
        body = out.masked(plain_body(out.view, out.said(out.planned.target.body), out.mark()))
        known = out.github.write_issue(title, body, out.planned.labels)
    return Done(number=known.number, url=known.url, title=title, fate=Fate.OPEN)


def _is_mine(out: Outgoing, comment: Comment) -> bool:
    begins = out.mark().removesuffix("-->")
    return begins in comment.body and comment.author.id == out.me.id


def _known_issue(out: Outgoing) -> Issue | None:
    if out.publication.number is not None:
        return out.github.issue(out.publication.number)
    recent = islice(out.github.find_issues(state="all"), MOST_LOOKED_AT)
    return next((each for each in recent if out.mark() in each.body and each.author.id == out.me.id), None)
