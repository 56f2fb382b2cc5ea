"""Issues and labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import quote

from orchestrator.errors import NotFound
from orchestrator.github.part import Part
from orchestrator.github.shapes import is_pull_request, issue
from orchestrator.lifecycle.ports.github import Issue, Urgency


class Issues(Part):
    def issue(self, number: int) -> Issue:
        return issue(self._issue(number))

    def find_issues(self, *, label: str = "", state: str = "open") -> Iterator[Issue]:
        from orchestrator.github.pygithub import NotSet

        for found in self._repo.get_issues(state=state, labels=[label] if label else NotSet):
            if not is_pull_request(found):
                yield issue(found)

    def write_issue(self, title: str, body: str, labels: Sequence[str]) -> Issue:
        with self._sending(Urgency.FINAL):
            return issue(self._repo.create_issue(title, body=body, labels=list(labels)))

    def add_labels(self, number: int, labels: Sequence[str]) -> None:
        if labels:
            with self._sending(Urgency.FINAL):
                self._issue(number).add_to_labels(*labels)

    def remove_label(self, number: int, label: str) -> None:
        # PyGithub leaves a `/` in the name as it is, and so asks for another address.
        place = f"{self._path}/issues/{number}/labels/{quote(label, safe='')}"
        with self._sending(Urgency.FINAL):
            try:
                self._wire.requestJsonAndCheck("DELETE", place)
            except NotFound as error:
                if "label does not exist" not in error.message.lower():
                    raise
