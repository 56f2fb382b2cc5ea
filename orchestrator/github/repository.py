"""One repository on GitHub: the port's methods, put together from their parts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from orchestrator.errors import NotFound
from orchestrator.github.answers import guarded
from orchestrator.github.checks import Checks
from orchestrator.github.comments import Comments
from orchestrator.github.credential import ABILITIES
from orchestrator.github.issues import Issues
from orchestrator.github.people import People
from orchestrator.github.pulls import Pulls
from orchestrator.lifecycle.ports.github import (
    Abilities,
    Credential,
    Forbidden,
    Remote,
    RepositoryFacts,
    Room,
    Urgency,
)

_NO_PARTS: Final = frozenset({"", ".", ".."})
_PAGE: Final = 100
_MOST_PAGES: Final = 5
_MOST_TAGS: Final = 5
"""A tag may mark another one."""
_REF: Final = re.compile(r"refs/((?:heads|tags)/[^\x00-\x20\x7f\ud800-\udfff~^:?*\[\\]+)")
"""https://git-scm.com/docs/git-check-ref-format, as far as it matters to whoever asks for one."""


@guarded
class GitHubRepository(People, Checks, Comments, Pulls, Issues):
    """Implements `GitHub` with PyGithub. Nothing is imported or connected before something is asked of GitHub."""

    @property
    def repository(self) -> str:
        return self._connection.repository

    @property
    def url(self) -> str:
        return f"{self._connection.address.web}/{self.repository}"

    @property
    def abilities(self) -> Abilities:
        return ABILITIES[self.kind()]

    def room(self) -> Room:
        return self._connection.budget.room()

    def facts(self) -> RepositoryFacts:
        found = self._repo
        granted = dict(self._connection.tokens.permissions())
        if self._connection.credential.kind is Credential.PERSONAL:
            granted = {name: "granted" for name, given in found.permissions.raw_data.items() if given}
        return RepositoryFacts(
            full_name=found.full_name,
            id=found.id,
            private=found.private,
            default_branch=found.default_branch,
            url=found.html_url,
            actions_may_open_pull_requests=self._actions_may_open_pull_requests(),
            permissions=granted,
        )

    def branch(self, name: str) -> str | None:
        from orchestrator.github.transport import Moved

        if not _NO_PARTS.isdisjoint(name.split("/")):
            return None  # no branch can be called so, and the address would lead to something else
        try:
            return self._repo.get_branch(name).commit.sha
        except (NotFound, Moved):
            # GitHub sends whoever asks for a renamed branch on to the new one.
            return None

    def tip(self, ref: str) -> str | None:
        from orchestrator.github.transport import Moved

        name = _REF.fullmatch(ref)
        if name is None or not _NO_PARTS.isdisjoint(ref.split("/")):
            return None
        try:
            return self._marked(f"{self._path}/git/ref/{quote(name[1])}")
        except (NotFound, Moved):
            return None

    def _marked(self, path: str) -> str | None:
        """https://docs.github.com/en/rest/git/tags"""
        for _ in range(_MOST_TAGS):
            _, found = self._wire.requestJsonAndCheck("GET", path)
            sha, kind = str(found["object"]["sha"]), found["object"]["type"]
            if kind != "tag":
                return sha if kind == "commit" else None
            path = f"{self._path}/git/tags/{quote(sha)}"
        return None

    def merge_base(self, base: str, head: str) -> str:
        path = f"{self._path}/compare/{quote(base)}...{quote(head)}"
        # The first page has the files of the whole difference, which nobody here wants.
        _, found = self._wire.requestJsonAndCheck("GET", path, parameters={"per_page": 1, "page": 2})
        return str(found["merge_base_commit"]["sha"])

    def remote(self) -> Remote:
        return Remote(url=f"{self.url}.git", token=self._connection.tokens.token())

    def job_is_over(self, run: str, attempt: str, check: str = "") -> bool:
        """Whether a job of an attempt of a run of Actions has ended; false where nobody can say. It takes `actions:
        read`. Without the number of its check run it is over when the whole attempt is.

        https://docs.github.com/en/rest/actions/workflow-runs#get-a-workflow-run-attempt
        """
        if not (run.isdecimal() and attempt.isdecimal()):
            return False
        path = f"{self._path}/actions/runs/{run}/attempts/{attempt}"
        try:
            _, found = self._wire.requestJsonAndCheck("GET", path)
        except NotFound:
            return True
        except Forbidden:
            return False
        return found["status"] == "completed" or (check.isdecimal() and self._has_ended(f"{path}/jobs", check))

    def _has_ended(self, path: str, check: str) -> bool:
        """Of the jobs there, that with this check run: their names are for people, and say less.

        https://docs.github.com/en/rest/actions/workflow-jobs#list-jobs-for-a-workflow-run-attempt
        """
        for page in range(1, _MOST_PAGES + 1):
            _, found = self._wire.requestJsonAndCheck("GET", path, parameters={"per_page": _PAGE, "page": page})
            for job in found["jobs"]:
                if job["check_run_url"].endswith(f"/{check}"):
                    return bool(job["status"] == "completed")
            if len(found["jobs"]) < _PAGE:
                break
        return False

    def granted(self) -> Mapping[str, str]:
        """What an App's token may do; empty for others, whose tokens do not tell."""
        return self._connection.tokens.permissions()

    def subscriptions(self) -> list[str]:
        """The events that the App is told of."""
        _, app = self._connection.app_wire().requestJsonAndCheck("GET", "/app")
        return list(app.get("events") or ())

    def probe(self, path: str) -> None:
        """Ask to make something of nothing: `Forbidden` where it may not, else `BadInput` or `NotFound`."""
        with self._sending(Urgency.FINAL, once=True):
            self._wire.requestJsonAndCheck("POST", f"{self._path}{path}", input={})

    def _actions_may_open_pull_requests(self) -> bool | None:
        """Only who administers the repository may know."""
        try:
            _, found = self._wire.requestJsonAndCheck("GET", f"{self._path}/actions/permissions/workflow")
        except (Forbidden, NotFound):
            return None
        return bool(found["can_approve_pull_request_reviews"])
