"""Every operation that is served, once and well, so that GitHub's description has a say about each."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
import requests

from tests.fakes.github import routing
from tests.fakes.github.state import Team
from tests.integration.github_standin.conftest import Scene

REPO = "/repos/acme/widgets"


class Caller:
    """Asks, and insists on success; `tokens` are by their kind."""

    def __init__(self, scene: Scene, private_key: str) -> None:
        self.scene = scene
        now = int(scene.hub.now().timestamp())
        claims = {"iat": now - 60, "exp": now + 300, "iss": str(scene.app.id)}
        broad = {"members": "read", "actions": "write", "administration": "read", **scene.app.permissions}
        self.tokens = {
            "app": jwt.encode(claims, private_key, algorithm="RS256"),
            "installation": scene.hub.installation_token(scene.installation, permissions=broad),
            "alice": scene.hub.personal_token(scene.alice),
            "": "",
        }

    def __call__(self, method: str, path: str, body: Any = None, *, by: str = "installation") -> Any:
        headers = {"Authorization": f"Bearer {self.tokens[by]}"} if by else {}
        answer = requests.request(method, self.scene.hub.api_url + path, json=body, headers=headers, timeout=10)
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None


@pytest.fixture
def ask(scene: Scene, key_pair: tuple[str, str]) -> Caller:
    scene.repository.owner.teams["core"] = Team(id=1, slug="core", members={"alice": "active"})
    return Caller(scene, key_pair[0])


def test_every_operation(scene: Scene, ask: Caller) -> None:
    for journey in (_apps, _people, _git, _pulls, _reviews, _issues, _checks):
        journey(scene, ask)
    served = {(route.method, route.operation) for route in routing.ROUTES}
    done = {(seen.method, seen.operation) for seen in scene.hub.requests}
    assert served - done == set()


def _apps(scene: Scene, ask: Caller) -> None:
    number = scene.installation.id
    places = ("/app", "/app/installations", f"/app/installations/{number}", f"{REPO}/installation")
    for path in (*places, "/orgs/acme/installation"):
        ask("GET", path, by="app")
    named = {"repositories": ["widgets"], "permissions": {"contents": "read"}}
    minted = ask("POST", f"/app/installations/{number}/access_tokens", named, by="app")
    assert [each["full_name"] for each in minted["repositories"]] == ["acme/widgets"]
    mine = scene.hub.repository("alice/own")
    scene.hub.install(scene.app, mine.owner, repositories=[mine])
    ask("GET", "/users/alice/installation", by="app")
    ask("GET", "/apps/mycelium-test", by="")
    ask("GET", "/installation/repositories")
    ask("GET", "/rate_limit")
    ask.tokens["spent"] = minted["token"]
    ask("DELETE", "/installation/token", by="spent")
    assert scene.hub.token(minted["token"]) is None
    ask("POST", f"/app-manifests/{scene.hub.manifest_code({'name': 'Another'})}/conversions", by="")


def _people(scene: Scene, ask: Caller) -> None:
    for path in ("/user", "/user/repos"):
        ask("GET", path, by="alice")
    assert ask("GET", "/users/mycelium-test%5Bbot%5D")["type"] == "Bot"
    people = [each["login"] for each in ask("GET", f"{REPO}/collaborators")]
    assert people == ["acme-owner", "alice"]
    ask("GET", f"{REPO}/collaborators/alice")
    ask("GET", f"{REPO}/collaborators/alice/permission")
    ask("GET", "/orgs/acme/teams/core/memberships/alice")
    ask("GET", REPO)
    ask("GET", f"{REPO}/actions/permissions")
    ask("GET", f"{REPO}/actions/permissions/workflow")


def _git(scene: Scene, ask: Caller) -> None:
    sha = scene.pull.head_sha
    ask("GET", f"{REPO}/branches")
    ask("GET", f"{REPO}/branches/topic")
    ask("GET", f"{REPO}/commits?sha=topic&path=src/app.py")
    ask("GET", f"{REPO}/commits/topic")
    ask("GET", f"{REPO}/compare/main...topic?per_page=1")
    ask("GET", f"{REPO}/commits/{sha}/pulls")
    ask("GET", f"{REPO}/git/ref/heads/topic")
    ask("GET", f"{REPO}/git/matching-refs/heads/to")
    assert ask("GET", f"{REPO}/git/tags/{scene.repository.git.tag('v1', sha)}")["object"]["sha"] == sha
    ask("GET", f"{REPO}/git/commits/{sha}")
    entries = ask("GET", f"{REPO}/git/trees/topic?recursive=1")["tree"]
    blob = next(entry["sha"] for entry in entries if entry["path"] == "README.md")
    ask("GET", f"{REPO}/git/blobs/{blob}")
    made = ask("POST", f"{REPO}/git/blobs", {"content": "aGk=", "encoding": "base64"})
    changed = [{"path": "a.txt", "mode": "100644", "type": "blob", "sha": made["sha"]}]
    tree = ask("POST", f"{REPO}/git/trees", {"base_tree": sha, "tree": changed})
    who = {"name": "A", "email": "a@example.org", "date": "2026-01-01T00:00:00Z"}
    commit = ask("POST", f"{REPO}/git/commits", {"message": "m", "tree": tree["sha"], "parents": [sha], "author": who})
    ask("POST", f"{REPO}/git/refs", {"ref": "refs/heads/made", "sha": sha})
    ask("PATCH", f"{REPO}/git/refs/heads/made", {"sha": commit["sha"]})
    ask("DELETE", f"{REPO}/git/refs/heads/made")
    there = ask("PUT", f"{REPO}/contents/d/e.txt", {"message": "m", "content": "aGk=", "branch": "topic"})
    ask("GET", f"{REPO}/contents/d?ref=topic")
    ask("DELETE", f"{REPO}/contents/d/e.txt", {"message": "m", "sha": there["content"]["sha"], "branch": "topic"})
    ask("POST", f"{REPO}/dispatches", {"event_type": "e", "client_payload": {"k": "v"}})
    ask("POST", f"{REPO}/actions/workflows/ci.yml/dispatches", {"ref": "main", "inputs": {"k": "v"}})
    scene.repository.attempts[7, 2] = "in_progress"
    assert ask("GET", f"{REPO}/actions/runs/7/attempts/2")["status"] == "in_progress"


def _pulls(scene: Scene, ask: Caller) -> None:
    scene.hub.commit(scene.repository, {"x.txt": "x\n"}, branch="other")
    made = ask("POST", f"{REPO}/pulls", {"head": "other", "base": "main", "title": "Other"})
    assert made["number"] == 2
    ask("PATCH", f"{REPO}/pulls/2", {"body": "New"})
    ask("GET", f"{REPO}/pulls?state=all&sort=updated&direction=desc")
    for path in ("", "/files", "/commits", "/requested_reviewers"):
        ask("GET", f"{REPO}/pulls/2{path}")
    ask("POST", f"{REPO}/pulls/2/requested_reviewers", {"reviewers": ["bob"]})
    ask("PUT", f"{REPO}/pulls/2/merge", {"merge_method": "squash"})
    ask("GET", f"{REPO}/pulls/2/merge")


def _reviews(scene: Scene, ask: Caller) -> None:
    path = f"{REPO}/pulls/1"
    comment = {"path": "src/app.py", "line": 2, "body": "Why?"}
    pending = ask("POST", f"{path}/reviews", {"body": "b", "comments": [comment]})["id"]
    ask("PUT", f"{path}/reviews/{pending}", {"body": "better"})
    ask("GET", f"{path}/reviews/{pending}")
    ask("POST", f"{path}/reviews/{pending}/events", {"event": "REQUEST_CHANGES"})
    ask("PUT", f"{path}/reviews/{pending}/dismissals", {"message": "settled"})
    gone = ask("POST", f"{path}/reviews", {"body": "never mind"})["id"]
    ask("DELETE", f"{path}/reviews/{gone}")
    assert [each["id"] for each in ask("GET", f"{path}/reviews")] == [pending]
    ask("GET", f"{path}/reviews/{pending}/comments")
    one = ask("POST", f"{path}/comments", {**comment, "commit_id": scene.pull.head_sha, "side": "LEFT"})["id"]
    reply = ask("POST", f"{path}/comments/{one}/replies", {"body": "Because."})
    assert (reply["in_reply_to_id"], reply["side"]) == (one, "LEFT")
    ask("PATCH", f"{REPO}/pulls/comments/{one}", {"body": "Why so?"})
    ask("GET", f"{REPO}/pulls/comments/{one}")
    ask("GET", f"{path}/comments")
    _react(ask, f"{REPO}/pulls/comments/{one}")


def _react(ask: Caller, to: str) -> None:
    made = ask("POST", f"{to}/reactions", {"content": "eyes"})
    assert [each["id"] for each in ask("GET", f"{to}/reactions")] == [made["id"]]
    ask("DELETE", f"{to}/reactions/{made['id']}")


def _issues(scene: Scene, ask: Caller) -> None:
    path = f"{REPO}/issues/{ask('POST', f'{REPO}/issues', {'title': 'Broken', 'labels': ['bug']})['number']}"
    ask("PATCH", path, {"labels": ["new"], "state": "closed"})
    ask("GET", path)
    ask("GET", f"{REPO}/issues?state=all&labels=new")
    comment = ask("POST", f"{path}/comments", {"body": "Hello"})["id"]
    ask("PATCH", f"{REPO}/issues/comments/{comment}", {"body": "Hello!"})
    ask("GET", f"{REPO}/issues/comments/{comment}")
    ask("GET", f"{path}/comments")
    ask("GET", f"{REPO}/issues/comments?direction=desc&sort=created")
    _react(ask, f"{REPO}/issues/comments/{comment}")
    _react(ask, path)
    ask("DELETE", f"{REPO}/issues/comments/{comment}")
    ask("POST", f"{REPO}/labels", {"name": "red", "color": "ff0000", "description": "Red"})
    ask("GET", f"{REPO}/labels")
    ask("GET", f"{REPO}/labels/RED")
    ask("POST", f"{path}/labels", {"labels": ["red"]})
    ask("GET", f"{path}/labels")
    assert [each["name"] for each in ask("PUT", f"{path}/labels", {"labels": ["bug", "red"]})] == ["bug", "red"]
    ask("DELETE", f"{path}/labels/bug")
    ask("DELETE", f"{path}/labels")


def _checks(scene: Scene, ask: Caller) -> None:
    sha = scene.pull.head_sha
    note = {"path": "src/app.py", "start_line": 1, "end_line": 1, "annotation_level": "notice", "message": "m"}
    output = {"title": "t", "summary": "s", "annotations": [note]}
    made = ask("POST", f"{REPO}/check-runs", {"name": "n", "head_sha": sha, "output": output})
    run, suite = made["id"], made["check_suite"]["id"]
    done = {"conclusion": "success", "completed_at": "2026-01-01T00:00:00Z"}
    ask("PATCH", f"{REPO}/check-runs/{run}", done)
    ask("GET", f"{REPO}/check-runs/{run}")
    ask("GET", f"{REPO}/check-runs/{run}/annotations")
    ask("POST", f"{REPO}/check-runs/{run}/rerequest")
    ask("GET", f"{REPO}/check-suites/{suite}")
    ask("GET", f"{REPO}/check-suites/{suite}/check-runs?filter=all&status=completed")
    ask("GET", f"{REPO}/commits/{sha}/check-runs?app_id={scene.app.id}")
    ask("GET", f"{REPO}/commits/{sha}/check-suites")
    ask("POST", f"{REPO}/statuses/{sha}", {"state": "pending", "context": "c"})
    for path in (f"commits/{sha}/statuses", f"commits/{sha}/status", f"statuses/{sha}"):
        ask("GET", f"{REPO}/{path}")
