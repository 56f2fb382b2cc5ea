"""Comments of issues and pull requests, and reactions to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from orchestrator.github.part import Part
from orchestrator.github.payload import comment_body
from orchestrator.github.shapes import comment
from orchestrator.lifecycle.ports.github import Comment, Urgency

if TYPE_CHECKING:
    from orchestrator.github.pygithub import IssueComment


class Comments(Part):
    def comments(self, number: int) -> Iterator[Comment]:
        for found in self._issue(number).get_comments():
            yield comment(found)

    def comment(self, comment_id: int) -> Comment:
        return comment(self._comment(comment_id))

    def write_comment(self, number: int, body: str, *, urgency: Urgency = Urgency.PROGRESS) -> Comment:
        text = comment_body(body)
        with self._sending(urgency):
            made = comment(self._issue(number).create_comment(text))
        self._learn(made.author)
        return made

    def edit_comment(self, comment_id: int, body: str, *, urgency: Urgency = Urgency.PROGRESS) -> None:
        text = comment_body(body)
        with self._sending(urgency):
            self._comment(comment_id).edit(text)

    def react(self, comment_id: int, content: str) -> None:
        with self._sending(Urgency.PEOPLE):
            self._comment(comment_id).create_reaction(content)

    def _comment(self, comment_id: int) -> IssueComment:
        """By its address alone; PyGithub only has them of an issue, which it would fetch."""
        from orchestrator.github.pygithub import IssueComment

        return IssueComment(self._wire, url=f"{self._path}/issues/comments/{comment_id}")
