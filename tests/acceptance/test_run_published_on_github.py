"""`mycelium run --event` with a token: everything that a workflow publishes, read back from GitHub."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.checkout import Checkout
from tests.fakes.github import GitHubStandIn
from tests.fakes.github.state import PullRequest, Repository

BETTER = """
name: Better
on: pull_request
nodes:
  review:
    agent: code-reviewer
    engine: replay
    prompt: Review it.
    answer:
      verdict: {enum: [approve, changes]}
      summary: {type: string}
      comments: {type: array}
  fix: {run: "printf 'one\\nbetter\\n' > a.py", needs: review, workspace: write}
publish:
  pull-request: {from: fix, title: Fix what the review found, labels: [bug]}
  review: review
  comment: "Said: ${{ needs.review.outputs.summary }}"
  labels: question
  issue: {title: Left over, body: By hand, labels: [documentation]}
  push: fix
"""
SAID = [
    {
        "type": "result",
        "text": "Two things.",
        "answer": {
            "verdict": "changes",
            "summary": "Two things, @octocat.",
            "comments": [
                {"path": "a.py", "line": 2, "body": "Better so", "suggestion": "better"},
                {"path": "a.py", "line": 90, "body": "Nobody sees this line"},
            ],
        },
    }
]
PERMISSIONS = {"contents": "write", "issues": "write", "pull_requests": "write", "statuses": "read", "checks": "write"}


class Scenery:
    """A pull request of Ada's in `octo/demo` that has the workflow, and a clone whose checkout is its head."""

    def __init__(self, github: GitHubStandIn, folder: Path) -> None:
        self.github = github
        self.repository: Repository = github.repository("octo/demo", {"a.py": "one\ntwo\n"})
        transcript = "".join(json.dumps(line) + "\n" for line in ({"mycelium_transcript": 1}, *SAID))
        files = {
            "workflows/better.yaml": BETTER,
            "workflows/better.replay/review.jsonl": transcript,
            "a.py": "one\n2\n",
        }
        self.head = github.commit(self.repository, files, branch="change")
        self.pull: PullRequest = github.pull_request(self.repository, "change", by=github.user("ada"))
        self.token = github.actions_token(self.repository, PERMISSIONS)
        self.checkout = Checkout(folder=folder / "user")
        (self.checkout.folder / "home").mkdir(parents=True)
        self.checkout.root.mkdir()
        self.address = github.url.replace("http://", f"http://x-access-token:{self.token}@") + "/octo/demo.git"
        self.checkout.git("clone", "--quiet", "--branch", "change", self.address, ".")
        self.checkout.git("remote", "set-url", "origin", f"{github.url}/octo/demo.git")
        self.checkout.write("event.json", json.dumps(self.event()))
        self.checkout.environ |= {
            "MYCELIUM_GITHUB_TOKEN": self.token,
            "MYCELIUM_GITHUB_API_URL": github.api_url,
            "GITHUB_REPOSITORY": "octo/demo",
            "GITHUB_SERVER_URL": github.url,
        }

    def event(self) -> dict[str, Any]:
        ends = {"head": ("change", self.head), "base": ("main", "0" * 40)}
        told = {name: {"ref": ref, "sha": sha, "repo": {"full_name": "octo/demo"}} for name, (ref, sha) in ends.items()}
        return {
            "action": "opened",
            "number": self.pull.number,
            "pull_request": {"number": self.pull.number, **told},
            "repository": {"full_name": "octo/demo"},
        }

    @property
    def repo(self) -> Any:
        return self.github.client(self.token).get_repo("octo/demo")

    def check_out_the_trial_merge(self) -> str:
        """As `actions/checkout` does for the event `pull_request`; its commit."""
        merge = str(self.repo.get_pull(self.pull.number).merge_commit_sha)
        self.checkout.git("checkout", "--quiet", "--orphan", "nothing")
        for name in (self.checkout.root / ".git").iterdir():
            shutil.rmtree(name) if name.is_dir() else name.unlink()
        self.checkout.git("init", "--quiet")
        self.checkout.git("fetch", "--quiet", "--depth=1", self.address, merge)
        self.checkout.git("checkout", "--quiet", "--force", "--detach", "FETCH_HEAD")
        self.checkout.git("remote", "add", "origin", f"{self.github.url}/octo/demo.git")
        return merge

    def published(self) -> dict[str, dict[str, Any]]:
        told = self.checkout.mycelium("executions", "show", "--json").json()["publications"]
        return {each["target"]: each for each in told}


@pytest.fixture
def scenery(github: GitHubStandIn, tmp_path: Path) -> Iterator[Scenery]:
    made = Scenery(github, tmp_path)
    yield made
    made.checkout.end()


def test_each_kind_is_on_github(scenery: Scenery) -> None:
    scenery.repository.actions_may_open_pull_requests = True
    said = scenery.checkout.mycelium("run", "better", "--event", "event.json").stdout
    found = scenery.published()
    assert {name: each["state"] for name, each in found.items()} == dict.fromkeys(found, "published"), found
    pull = scenery.repo.get_pull(scenery.pull.number)
    fixed = scenery.repo.get_branch("mycelium/better/1").commit.sha

    opened = scenery.repo.get_pull(found["pull-request"]["number"])
    assert (opened.title, opened.head.sha, opened.base.ref, opened.draft) == (
        "Fix what the review found",
        fixed,
        "change",
        True,
    )
    assert [label.name for label in opened.labels] == ["bug"]
    assert "```mermaid" in opened.body
    assert f"  published     pull-request: Fix what the review found; {opened.html_url}\n" in said

    assert pull.head.sha == fixed
    (review,) = pull.get_reviews()
    (line,) = pull.get_review_comments()
    assert (review.state, review.commit_id) == ("CHANGES_REQUESTED", scenery.head)
    assert "Nobody sees this line" in review.body
    assert (line.path, line.body) == ("a.py", "Better so\n\n```suggestion\nbetter\n```")
    assert "question" in [label.name for label in pull.labels]
    assert [body for each in pull.get_issue_comments() if "Said: Two things, @&#8203;octocat." in (body := each.body)]
    (issue,) = [each for each in scenery.repo.get_issues() if each.pull_request is None]
    assert (issue.title, [label.name for label in issue.labels]) == ("Left over", ["documentation"])

    kept = [file for file in scenery.checkout.folder.rglob("*") if file.is_file() and file.name != "event.json"]
    assert [file for file in kept if scenery.token.encode() in file.read_bytes()] == []


def test_in_a_checkout_of_the_trial_merge_nodes_work_on_the_head(scenery: Scenery) -> None:
    scenery.repository.actions_may_open_pull_requests = True
    scenery.github.commit(scenery.repository, {"other.txt": "The base has moved on\n"}, branch="main")
    merge = scenery.check_out_the_trial_merge()
    done = scenery.checkout.mycelium("run", "better", "--event", "event.json")
    assert f"Nodes work on the head of pull request {scenery.pull.number}, {scenery.head[:12]}" in done.stderr
    found = scenery.published()
    assert {name: each["state"] for name, each in found.items()} == dict.fromkeys(found, "published"), found
    opened = scenery.repo.get_pull(found["pull-request"]["number"])
    assert [parent.sha for parent in scenery.repo.get_commit(opened.head.sha).parents] == [scenery.head]
    assert scenery.repo.get_pull(scenery.pull.number).head.sha == opened.head.sha

    git = scenery.checkout.git
    assert git("rev-parse", "HEAD").strip() == merge
    assert git("log", "--format=%H", "mycelium/better/1").split() == [opened.head.sha, scenery.head]
    git("fsck", "--no-progress")


def test_where_jobs_may_open_no_pull_request_the_branch_is_there_with_a_link(scenery: Scenery) -> None:
    said = scenery.checkout.mycelium("run", "better", "--event", "event.json").stdout
    found = scenery.published()["pull-request"]
    assert found["state"] == "failed"
    assert "Allow GitHub Actions to create and approve pull requests" in found["reason"]
    assert f"{scenery.github.url}/octo/demo/compare/change...mycelium/better/1?expand=1" in said
    assert scenery.repo.get_branch("mycelium/better/1").commit.sha == found["commit"]
