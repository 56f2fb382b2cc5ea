"""Pull requests, what they change, and their reviews."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from orchestrator.errors import BadInput, Conflict
from orchestrator.execution.commit import FileChange
from orchestrator.github.part import Part
from orchestrator.github.shapes import changed_file, pull_request, review
from orchestrator.lifecycle.ports.github import LineComment, NewPullRequest, PullRequest, Review, Urgency, Verdict

if TYPE_CHECKING:
    import github


class Pulls(Part):
    def pull_request(self, number: int) -> PullRequest:
        return pull_request(self._pull(number))

    def pull_requests(self, *, head: str = "", base: str = "", state: str = "open") -> list[PullRequest]:
        owner = self._connection.repository.partition("/")[0]
        wanted = {"state": state}
        # Without the owner GitHub takes no notice of it, and lists all.
        wanted |= {"head": f"{owner}:{head}"} if head else {}
        wanted |= {"base": base} if base else {}
        found = [pull_request(each, whole=False) for each in self._repo.get_pulls(**wanted)]
        # An owner may have forks of its own repository, with branches of the same name.
        return [each for each in found if not head or (each.head_ref == head and not each.from_fork)]

    def changed_files(self, number: int) -> list[FileChange]:
        return [changed_file(each) for each in self._pull(number).get_files()]

    def patches(self, number: int) -> dict[str, str]:
        return {each.filename: each.patch for each in self._pull(number).get_files() if each.patch}

    def open_pull_request(self, new: NewPullRequest) -> PullRequest:
        with self._sending(Urgency.FINAL):
            try:
                made = self._repo.create_pull(
                    base=new.base, head=new.head, title=new.title, body=new.body, draft=new.draft
                )
            except BadInput as error:
                if "already exists" in error.message:
                    raise Conflict(error.message, hint="look for the one that is open") from error
                raise
        return pull_request(made)

    def edit_pull_request(self, number: int, *, title: str | None = None, body: str | None = None) -> None:
        from orchestrator.github.pygithub import NotSet

        if title is None and body is None:
            return
        with self._sending(Urgency.FINAL):
            self._pull(number).edit(
                title=NotSet if title is None else title,
                body=NotSet if body is None else body,
            )

    def request_reviewers(self, number: int, reviewers: Sequence[str]) -> None:
        people = [each for each in reviewers if "/" not in each]
        # GitHub knows teams by their slug within the repository's organisation.
        teams = [each.partition("/")[2] for each in reviewers if "/" in each]
        if reviewers:
            with self._sending(Urgency.FINAL):
                self._pull(number).create_review_request(people, teams)

    def reviews(self, number: int) -> list[Review]:
        return [review(each) for each in self._pull(number).get_reviews()]

    def write_review(
        self, number: int, *, commit: str, verdict: Verdict, body: str, comments: Sequence[LineComment]
    ) -> Review:
        remarks = [_remark(each) for each in comments]
        with self._sending(Urgency.FINAL):
            made = self._pull(number).create_review(
                # PyGithub's type knows comments by their position in the diff alone.
                self._commit(commit),
                body=body,
                event=verdict.value,
                comments=cast("Any", remarks),
            )
        return review(made)

    def _pull(self, number: int) -> github.PullRequest.PullRequest:
        return self._repo.get_pull(number)


def _remark(given: LineComment) -> dict[str, object]:
    found: dict[str, object] = {"path": given.path, "line": given.line, "side": given.side, "body": given.body}
    if given.start_line is not None and given.start_line != given.line:
        found |= {"start_line": given.start_line, "start_side": given.side}
    return found
