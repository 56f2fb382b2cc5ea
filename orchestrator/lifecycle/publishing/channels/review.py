"""A review of a pull request: verdict and line comments of an agent's answer, bound to the commit that it reviewed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from orchestrator.definition.review_answer import Opinion
from orchestrator.errors import BadInput
from orchestrator.execution.diff_lines import DiffLines, diff_lines
from orchestrator.execution.publication import Fate, PublicationState
from orchestrator.execution.review import Remark, ReviewAnswer, placed
from orchestrator.lifecycle.ports.github import Forbidden, LineComment, PullRequest, Review, Verdict
from orchestrator.lifecycle.publishing.outgoing import Done, Outgoing
from orchestrator.report.publishing import remark_body, review_body

_VERDICTS: Final = {
    Opinion.APPROVE: Verdict.APPROVE,
    Opinion.CHANGES: Verdict.REQUEST_CHANGES,
    Opinion.COMMENT: Verdict.COMMENT,
}
_MEANT: Final = {Opinion.APPROVE: "approves", Opinion.CHANGES: "asks for changes", Opinion.COMMENT: "comments"}


@dataclass(slots=True)
class _Draft:
    """A review as it may still become: each refusal makes it a weaker one."""

    verdict: Verdict
    inside: list[Remark]
    outside: list[Remark]
    notes: list[str] = field(default_factory=list)

    def only_comments(self, answer: ReviewAnswer, why: str) -> None:
        if self.verdict is not Verdict.COMMENT:
            self.notes.append(f"The agent {_MEANT[answer.opinion]}; this is a comment, because {why}.")
            self.verdict = Verdict.COMMENT


def write_review(out: Outgoing) -> Done:
    """Write it once; one with the same content is found again."""
    pull_request = out.github.pull_request(out.event.number or 0)
    answer, reviewed = out.planned.review, out.event.pull_request.head_sha if out.event.pull_request else ""
    if answer is None or pull_request.state != "open":
        return Done(state=PublicationState.SKIPPED, reason="the pull request is closed", url=pull_request.url)
    mark = out.mark(_digest(answer, reviewed))
    known = next((each for each in out.github.reviews(pull_request.number) if _is_it(each, mark, out.me.id)), None)
    if known:
        return _done(out, pull_request, known, reviewed)
    draft = _drafted(out, pull_request, answer, reviewed)
    made = _written(out, pull_request, draft, answer, reviewed, mark)
    return _done(out, pull_request, made, reviewed, draft.notes)


def _is_it(review: Review, mark: str, me: int) -> bool:
    return mark in review.body and review.author.id == me


def _drafted(out: Outgoing, pull_request: PullRequest, answer: ReviewAnswer, reviewed: str) -> _Draft:
    moved = pull_request.head_sha != reviewed
    lines = DiffLines() if moved or not answer.remarks else diff_lines(out.github.patches(pull_request.number))
    inside, outside = placed(answer.remarks, lines)
    draft = _Draft(verdict=_VERDICTS[answer.opinion], inside=inside, outside=outside)
    if moved:
        draft.only_comments(answer, f"it is about {reviewed[:12]}, and the pull request has moved on")
    if pull_request.author.id == out.me.id:
        draft.only_comments(answer, "GitHub lets nobody decide about a pull request of their own")
    return draft


def _written(
    out: Outgoing, pull_request: PullRequest, draft: _Draft, answer: ReviewAnswer, reviewed: str, mark: str
) -> Review:
    """What GitHub does not take stands in the text: first the verdict, then the line comments."""
    blob = out.address("blob", reviewed)
    while True:
        body = out.masked(review_body(out.view, answer, draft.outside, draft.notes, mark=mark, blob=blob))
        comments = [_comment(out, remark) for remark in draft.inside]
        try:
            return out.github.write_review(
                pull_request.number, commit=reviewed, verdict=draft.verdict, body=body, comments=comments
            )
        except Forbidden as error:
            if draft.verdict is Verdict.COMMENT:
                raise
            draft.only_comments(answer, f"more needs {error.needs}")
        except BadInput as error:
            if draft.inside:
                draft.inside, draft.outside = [], [*draft.inside, *draft.outside]
            elif draft.verdict is not Verdict.COMMENT:
                draft.only_comments(answer, f"GitHub says: {error.message}")
            else:
                raise


def _comment(out: Outgoing, remark: Remark) -> LineComment:
    return LineComment(
        path=remark.path,
        line=remark.line or 1,
        start_line=remark.start_line,
        side=remark.side,
        body=out.masked(remark_body(remark)),
    )


def _done(out: Outgoing, pull_request: PullRequest, made: Review, reviewed: str, notes: Sequence[str] = ()) -> Done:
    return Done(
        number=pull_request.number,
        remote_id=made.id,
        url=made.url or pull_request.url,
        commit=reviewed,
        reason=out.masked(" ".join(notes)),
        fate=Fate.OPEN,
    )


def _digest(answer: ReviewAnswer, reviewed: str) -> str:
    return hashlib.sha256(f"{reviewed} {answer!r}".encode(errors="replace")).hexdigest()[:16]
