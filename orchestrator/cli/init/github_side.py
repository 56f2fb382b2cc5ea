"""What is to be done on GitHub beside the files: a secret, and the setting that lets jobs open pull requests."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass

from orchestrator.errors import MyceliumError
from orchestrator.lifecycle.ports.github import RepositoryFacts
from orchestrator.settings import Settings

_SECONDS = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class GitHubSide:
    """The repository `name` (`owner/name`) on the GitHub at `web`. `gh` is the program, where it is installed."""

    name: str
    web: str
    settings: Settings
    gh: str | None

    @classmethod
    def of(cls, settings: Settings) -> GitHubSide | None:
        """None where `origin` is no repository of GitHub, and nothing else names one."""
        from orchestrator import app
        from orchestrator.github.address import address

        name = app.github_repository(settings)
        web = address(settings.github_api_url).web
        return cls(name=name, web=web, settings=settings, gh=shutil.which("gh")) if name else None

    def secrets(self) -> frozenset[str] | None:
        """The names of those that are set; None where nobody here can tell."""
        answer = self._asked("secret", "list", "--json", "name", "--jq", ".[].name")
        return frozenset(answer.split()) if answer is not None else None

    def ask_for_secret(self, name: str) -> bool:
        """Have `gh` ask for the value in this terminal, and set it: this process never sees it."""
        if self.gh is None:
            return False
        try:
            return not subprocess.run([self.gh, *self._set(name)], check=False).returncode
        except OSError:
            return False

    def set_secret(self, name: str, value: str) -> bool:
        """Hand `gh` the value through a pipe. What it says is not shown: it might repeat it."""
        if self.gh is None:
            return False
        words = [self.gh, *self._set(name)]
        try:
            done = subprocess.run(words, input=value, text=True, capture_output=True, timeout=_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return False
        return not done.returncode

    def may_open_pull_requests(self) -> bool | None:
        """Whether the jobs' token may: by the settings' credential, else by `gh`; None where neither tells."""
        facts = self._facts()
        if facts and facts.actions_may_open_pull_requests is not None:
            return facts.actions_may_open_pull_requests
        return _yes(self._asked_api("/actions/permissions/workflow", ".can_approve_pull_request_reviews"))

    def private(self) -> bool | None:
        """Whether not everybody may read the repository; None where nobody here can tell."""
        facts = self._facts()
        return facts.private if facts else _yes(self._asked_api("", ".private"))

    def pages_come_from_actions(self) -> bool:
        """Whether Pages are on, with Actions as their source, as far as `gh` can tell."""
        return self._asked_api("/pages", ".build_type") == "workflow"

    @property
    def pages_settings(self) -> str:
        return f"{self.web}/{self.name}/settings/pages"

    @property
    def actions_settings(self) -> str:
        return f"{self.web}/{self.name}/settings/actions"

    def compare(self, branch: str) -> str:
        return f"{self.web}/{self.name}/compare/{branch}?expand=1"

    def _facts(self) -> RepositoryFacts | None:
        from orchestrator import app

        try:
            repository = app.github(self.settings, None)
            return repository.facts() if repository else None
        except MyceliumError:
            return None

    def _set(self, name: str) -> tuple[str, ...]:
        return ("secret", "set", name, "--repo", self._repo)

    @property
    def _repo(self) -> str:
        host = self.web.partition("://")[2]
        return self.name if host == "github.com" else f"{host}/{self.name}"

    def _asked(self, *words: str) -> str | None:
        return self._run(*words, "--repo", self._repo)

    def _asked_api(self, path: str, pick: str) -> str | None:
        host = self.web.partition("://")[2]
        return self._run("api", "--hostname", host, f"repos/{self.name}{path}", "--jq", pick)

    def _run(self, *words: str) -> str | None:
        """What `gh` answers; None where there is none, or it is not logged in, or may not."""
        if self.gh is None:
            return None
        environ = {**os.environ, "GH_PROMPT_DISABLED": "1", "GH_NO_UPDATE_NOTIFIER": "1"}
        try:
            done = subprocess.run(
                [self.gh, *words],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
                env=environ,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout.strip() if not done.returncode else None


def _yes(answer: str | None) -> bool | None:
    return {"true": True, "false": False}.get(answer or "")
