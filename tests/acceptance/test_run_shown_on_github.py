"""`mycelium run --event` with a token: what a pull request shows, read back from GitHub."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.fakes.checkout import Checkout, eventually
from tests.fakes.github import GitHubStandIn
from tests.fakes.github.state import PullRequest, Repository

TALK = """
name: Talk
on: pull_request
nodes:
  look: {run: 'echo "::warning file=a.py,line=2,title=Hm::Looks odd" && echo "# Found" >> "$GITHUB_STEP_SUMMARY"'}
  agree: {agent: code-reviewer, engine: replay, needs: look, prompt: Review it.}
  unwanted: {run: echo never, needs: look, if: "${{ false }}"}
  gate: {needs: agree, approval: "Go on?"}
  after: {needs: gate, run: "echo ended && exit 3"}
"""
SAID = [{"type": "result", "text": "All is well, @octocat. <img src=x> fixes #1"}]


class Scenery:
    """A pull request of Ada's in `octo/demo`, and a checkout of its head."""

    def __init__(self, github: GitHubStandIn, checkout: Checkout) -> None:
        self.github = github
        self.repository: Repository = github.repository("octo/demo", {"a.py": "one\ntwo\n"})
        github.commit(self.repository, {"a.py": "one\n2\n"}, branch="change")
        self.pull: PullRequest = github.pull_request(self.repository, "change", by=github.user("ada"))
        self.head = github.client(self.job()).get_repo("octo/demo").get_pull(self.pull.number).head.sha
        self.checkout = checkout
        self.checkout.workflow("talk", TALK, {"agree": SAID})
        self.checkout.write("event.json", json.dumps(self.event()))

    def job(self) -> str:
        permissions = {"checks": "write", "contents": "read", "issues": "write", "pull_requests": "write"}
        return self.github.actions_token(self.repository, permissions | {"statuses": "read"})

    def event(self) -> dict[str, Any]:
        return {
            "action": "opened",
            "number": self.pull.number,
            "pull_request": {"number": self.pull.number, "head": {"sha": self.head, "ref": "change"}},
            "repository": {"full_name": "octo/demo"},
        }

    def access(self, token: str) -> dict[str, str]:
        """What Actions sets, and a workflow of Actions passes on."""
        return {
            "MYCELIUM_GITHUB_TOKEN": token,
            "MYCELIUM_GITHUB_API_URL": self.github.api_url,
            "GITHUB_REPOSITORY": "octo/demo",
            "GITHUB_SERVER_URL": self.github.url,
            "GITHUB_RUN_ID": "77",
        }

    def mycelium(self, *words: str, token: str, code: int = 0) -> str:
        self.checkout.environ |= self.access(token)
        done = self.checkout.mycelium(*words, code=code)
        return done.stdout + done.stderr

    def checks(self) -> dict[str, tuple[str, str | None]]:
        commit = self.github.client(self.job()).get_repo("octo/demo").get_commit(self.head)
        return {run.name: (run.status, run.conclusion) for run in commit.get_check_runs()}

    def comments(self) -> list[str]:
        return [each.body for each in self._issue().get_comments()]

    def _issue(self) -> Any:
        return self.github.client(self.job()).get_repo("octo/demo").get_issue(self.pull.number)


@pytest.fixture
def scenery(github: GitHubStandIn, checkout: Checkout) -> Scenery:
    return Scenery(github, checkout)


def test_a_job_shows_everything_on_the_pull_request(scenery: Scenery) -> None:
    said = scenery.mycelium("run", "talk", "--event", "event.json", token=scenery.job(), code=4)
    assert f"/pull/{scenery.pull.number}" in said
    assert scenery.checks() == {
        "Talk": ("completed", "action_required"),
        "Talk / look": ("completed", "success"),
        "Talk / agree": ("completed", "success"),
        "Talk / unwanted": ("completed", "neutral"),
        "Talk / gate": ("completed", "action_required"),
        "Talk / after": ("queued", None),
    }
    (body,) = scenery.comments()
    assert "/mycelium approve gate" in body
    assert "```mermaid" in body
    assert f"{scenery.github.url}/octo/demo/actions/runs/77" in body
    assert "@&#8203;octocat. &lt;img src=x&gt; fixes #&#8203;1" in body

    scenery.mycelium("executions", "approve", "latest", "gate", token=scenery.job(), code=1)
    checks = scenery.checks()
    assert checks["Talk"] == ("completed", "failure")
    assert checks["Talk / gate"] == ("completed", "success")
    assert checks["Talk / after"] == ("completed", "failure")
    (body,) = scenery.comments()
    assert "**after failed**" in body
    assert "/mycelium rerun failed" in body
    commit = scenery.github.client(scenery.job()).get_repo("octo/demo").get_commit(scenery.head)
    (look,) = commit.get_check_runs(check_name="Talk / look")
    (note,) = look.get_annotations()
    assert (note.path, note.start_line, note.message) == ("a.py", 2, "Looks odd")
    assert "Found" in str(look.output.text)


def test_a_person_shows_statuses_and_the_comment_of_a_comment_event(scenery: Scenery) -> None:
    ada = scenery.github.personal_token(scenery.github.user("octo"))
    scenery.checkout.workflow("short", "name: Short\nnodes: {only: {run: echo yes}}\n")
    number = scenery.pull.number
    event = {
        "action": "created",
        "issue": {"number": number, "pull_request": {"url": "x"}},
        "comment": {"id": 1, "body": "/short", "user": {"id": 5, "login": "ada", "type": "User"}},
        "repository": {"full_name": "octo/demo"},
    }
    scenery.checkout.write("event.json", json.dumps(event))
    scenery.mycelium("run", "short", "--event", "event.json", token=ada)
    commit = scenery.github.client(ada).get_repo("octo/demo").get_commit(scenery.head)
    newest = {status.context: status.state for status in reversed(list(commit.get_statuses()))}
    assert newest == {"Short": "success", "Short / only": "success"}
    assert scenery.checks() == {}
    assert len(scenery.comments()) == 1


def test_what_the_pull_request_changes_in_workflows_is_shown_whatever_runs(scenery: Scenery) -> None:
    flow = "name: Flow\non: pull_request\nnodes:\n  look: {run: echo 1}\n  tell: {needs: look, run: echo 2}\n"
    broken = "nodes: {only: {ran: echo}}\n"
    files = {"workflows/flow.yaml": flow, "workflows/broken.yaml": broken}
    scenery.head = scenery.github.commit(scenery.repository, files, branch="change")
    scenery.checkout.git("remote", "add", "origin", str(scenery.repository.git.folder))
    scenery.checkout.workflow("short", "name: Short\nnodes: {only: {run: echo yes}}\n")
    scenery.checkout.write("event.json", json.dumps(scenery.event()))
    said = scenery.mycelium("run", "short", "--event", "event.json", token=scenery.job())
    assert "not up to date" not in said
    assert "not all shown" not in said
    assert scenery.checks() == {
        "Short": ("completed", "success"),
        "Short / only": ("completed", "success"),
        "Changes to workflows": ("completed", "failure"),
    }
    commit = scenery.github.client(scenery.job()).get_repo("octo/demo").get_commit(scenery.head)
    (check,) = commit.get_check_runs(check_name="Changes to workflows")
    assert check.external_id == "workflow-changes"
    assert {note.path for note in check.get_annotations()} == {"workflows/flow.yaml", "workflows/broken.yaml"}
    (body,) = [each for each in scenery.comments() if each.startswith("<!-- mycelium:changes -->")]
    assert "is invalid" in body
    assert "```mermaid" in body
    assert len(scenery.comments()) == 2
    scenery.mycelium("run", "short", "--event", "event.json", token=scenery.job())
    assert len(scenery.comments()) == 2
    assert commit.get_check_runs(check_name="Changes to workflows").totalCount == 1


def test_without_github_it_runs_all_the_same_says_so_and_catches_up(scenery: Scenery) -> None:
    scenery.checkout.workflow("short", "name: Short\nnodes: {only: {run: echo yes}}\n")
    token = scenery.job()
    nobody = "http://127.0.0.1:9/api/v3"
    scenery.checkout.environ |= scenery.access(token) | {"MYCELIUM_GITHUB_API_URL": nobody}
    done = scenery.checkout.mycelium("run", "short", "--event", "event.json")
    assert "not up to date" in done.stdout
    assert "mycelium executions resume" in done.stdout
    assert scenery.comments() == []
    said = scenery.mycelium("executions", "resume", "latest", token=token)
    assert "not up to date" not in said
    assert scenery.checks() == {"Short": ("completed", "success"), "Short / only": ("completed", "success")}
    assert len(scenery.comments()) == 1


def test_a_run_that_is_killed_is_shown_to_its_end_by_resume(scenery: Scenery) -> None:
    mended = scenery.checkout.folder / "mended"
    scenery.checkout.workflow("slow", f"name: Slow\nnodes: {{only: {{run: 'test -e {mended} || sleep 300'}}}}\n")
    token = scenery.job()
    scenery.checkout.environ |= scenery.access(token)
    process = scenery.checkout.start("run", "slow", "--event", "event.json")
    eventually(lambda: len(scenery.github.sent("POST", "/check-runs")) > 1, "a check run for the node")
    eventually(lambda: scenery.github.sent("POST", "/comments"), "a comment")
    process.kill()
    process.communicate()
    mended.touch()
    scenery.mycelium("executions", "resume", "latest", token=token)
    commit = scenery.github.client(token).get_repo("octo/demo").get_commit(scenery.head)
    assert sorted(run.name for run in commit.get_check_runs()) == ["Slow", "Slow / only"]
    assert set(scenery.checks().values()) == {("completed", "success")}
    (body,) = scenery.comments()
    assert "Slow: completed" in body
