"""A repository on the stand-in with a pull request, and a runner whose checkout is as `actions/checkout` leaves it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.fakes.actions_runner.events import example
from tests.fakes.actions_runner.runner import Job, Runner
from tests.fakes.checkout import Checkout
from tests.fakes.github import GitHubStandIn
from tests.fakes.github.state import Account, PullRequest, Repository

WRITING = {
    "actions": "read",
    "checks": "write",
    "contents": "write",
    "issues": "write",
    "pull_requests": "write",
    "statuses": "read",
}


def transcripts(name: str, words: dict[str, str]) -> dict[str, str]:
    """The files from which agents say this."""
    first = json.dumps({"mycelium_transcript": 1})
    lines = {key: json.dumps({"type": "result", "text": text}) for key, text in words.items()}
    return {f"workflows/{name}.replay/{key}.jsonl": f"{first}\n{line}\n" for key, line in lines.items()}


def account(found: Account) -> dict[str, Any]:
    return {"id": found.id, "login": found.login, "type": "User"}


def happened(base: Repository, pull: PullRequest, action: str) -> dict[str, Any]:
    """The event `pull_request`: GitHub's own example, put into this repository."""
    head = pull.head_repository or base
    made = example("pull_request", action)
    made["pull_request"].update(
        number=pull.number,
        user=account(pull.issue.user),
        head={"sha": pull.head_sha, "ref": pull.head_ref, "repo": {"full_name": head.full_name}},
        base={"sha": base.git.branch("main"), "ref": "main", "repo": {"full_name": base.full_name}},
    )
    made["repository"].update(full_name=base.full_name, default_branch="main")
    made.update(number=pull.number, sender=account(pull.issue.user))
    return made


def said(github: GitHubStandIn, base: Repository, pull: PullRequest, by: Account, body: str) -> dict[str, Any]:
    """The event `issue_comment`, after somebody has commented on a pull request."""
    comment = github.comment(base, pull.number, by, body)
    made = example("issue_comment", "created")
    made["repository"].update(full_name=base.full_name, default_branch="main")
    made["issue"].update(number=pull.number, pull_request={"url": "x"})
    made["comment"].update(id=comment.id, body=body, user=account(by))
    made["sender"] = account(by)
    return made


class Scene:
    """A repository on GitHub with a pull request, and a runner whose checkout is as `actions/checkout` leaves it."""

    def __init__(self, github: GitHubStandIn, folder: Path, files: dict[str, str], *, packages: bool = True) -> None:
        self.github = github
        self.repository: Repository = github.repository("octo/demo", {"a.py": "one\n", **files}, private=True)
        self.runner = Runner(
            folder=folder, repository="octo/demo", server=github.url, api=github.api_url, packages=packages
        )
        self.runner.environ["MYCELIUM_CONCURRENCY"] = "2"
        self.pull = self.open("change")
        self.checkout()

    def open(self, branch: str, **keys: Any) -> PullRequest:
        self.github.commit(keys.get("head_repository", self.repository), {"a.py": "two\n"}, branch=branch)
        by = keys.pop("by", self.repository.owner)
        return self.github.pull_request(self.repository, branch, by=by, **keys)

    def checkout(self) -> None:
        """Shallow, of one commit, and with no credentials: `persist-credentials: false`."""
        place = Checkout(folder=self.runner.folder)
        (place.folder / "home").mkdir(parents=True)
        place.root.mkdir()
        address = self.github.url.replace("://", f"://x:{self.token({'contents': 'read'})}@")
        place.git("init", "--quiet")
        place.git("fetch", "--quiet", "--depth=1", f"{address}/octo/demo.git", "refs/heads/main")
        place.git("checkout", "--quiet", "--detach", "FETCH_HEAD")
        place.git("remote", "add", "origin", f"{self.github.url}/octo/demo.git")

    def token(self, permissions: dict[str, str] | None = None) -> str:
        return self.github.actions_token(self.repository, WRITING if permissions is None else permissions)

    def event(self, pull: PullRequest, action: str = "opened") -> dict[str, Any]:
        return happened(self.repository, pull, action)

    def pulled(self, **keys: Any) -> Job:
        return self.runner.run("pull_request", self.event(self.pull), token=self.token(), **keys)

    def says(self, by: Account, body: str) -> Job:
        """Somebody comments on the pull request, and a job runs for it."""
        event = said(self.github, self.repository, self.pull, by, body)
        return self.runner.run("issue_comment", event, token=self.token())

    def checks(self) -> dict[str, tuple[str, str | None]]:
        found = self.github.client(self.token()).get_repo("octo/demo").get_commit(self.pull.head_sha).get_check_runs()
        return {run.name: (run.status, run.conclusion) for run in found}

    def comments(self) -> list[str]:
        found = self.github.client(self.token()).get_repo("octo/demo").get_issue(self.pull.number).get_comments()
        return [each.body for each in found]

    def written(self) -> list[str]:
        """What was changed on GitHub so far."""
        asked = ((seen.method, seen.path) for seen in self.github.requests)
        return [path for method, path in asked if method != "GET" and not path.endswith(("graphql", "upload-pack"))]
