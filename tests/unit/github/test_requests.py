"""Each method asks for what it needs, once: PyGithub would fetch again whatever an answer has not got."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import responses

from orchestrator.errors import BadInput, Conflict, NotFound, Unavailable
from orchestrator.execution.commit import FileChange
from orchestrator.github.budget.limits import Limits
from orchestrator.github.needs import OPEN_PULL_REQUESTS
from orchestrator.github.repository import GitHubRepository
from orchestrator.lifecycle.ports.github import (
    CommitStatus,
    Credential,
    Forbidden,
    LineComment,
    NewPullRequest,
    Role,
    User,
    Verdict,
)
from orchestrator.report.check_run import CheckAction, CheckAnnotation, CheckRun, CheckStatus, Conclusion
from tests.fakes.clock import FakeClock
from tests.unit.github.conftest import API, REPO, account, check_run, comment, pull

Made = Callable[..., GitHubRepository]

SHA = "a" * 40
CHECK = CheckRun(
    name="demo", external_id="1", status=CheckStatus.QUEUED, conclusion=None, title="Runs", summary="It runs."
)
NOTE = CheckAnnotation(path="a.py", start_line=3, end_line=3, level="failure", message="No.", start_column=2)
ACTIONS = {"TOKEN": "ghs_" + "x" * 300}
AT_ONCE = Limits(between_writes=0)


def sent(wire: responses.RequestsMock, number: int = -1) -> Any:
    return json.loads(wire.calls[number].request.body or "null")


def test_pull_requests_of_a_list_are_not_fetched_one_by_one(github: Made, wire: responses.RequestsMock) -> None:
    fork = {"sha": SHA, "ref": "change", "repo": {"full_name": "octo/fork-of-it"}}
    gone = {"sha": SHA, "ref": "change", "repo": None}
    listed = [
        pull(1, whole=False),
        pull(2, whole=False, merged_at="2026-03-01T12:00:00Z", user=None, labels=[{"name": "bug"}]),
        *(pull(number, whole=False, head=head) for number, head in ((3, fork), (4, gone))),
    ]
    wire.get(f"{REPO}/pulls", json=listed)
    one, merged = github().pull_requests(head="change", state="all")
    assert (one.number, one.merged, one.merge_commit_sha, one.author.login) == (1, False, None, "ada")
    assert (merged.merged, merged.merge_commit_sha, merged.labels) == (True, "c" * 40, ("bug",))
    assert merged.author.login == "ghost"
    wire.replace(responses.GET, f"{REPO}/pulls", json=listed)
    assert [found.head_repository for found in github().pull_requests(state="all")][2:] == ["octo/fork-of-it", ""]


def test_who_merged_is_told_of_one(github: Made, wire: responses.RequestsMock) -> None:
    merged = pull(merged=True, merged_at="2026-03-01T12:00:00Z", merged_by=account("grace", 9), body="Why")
    wire.get(f"{REPO}/pulls/1", json=merged)
    found = github().pull_request(1)
    assert (found.merged_by, found.body) == (User(id=9, login="grace"), "Why")
    assert found.url == "https://github.com/octo/demo/pull/1"


def test_issues_of_a_list_without_pull_requests(github: Made, wire: responses.RequestsMock) -> None:
    known = {"number": 4, "title": "T", "body": None, "state": "open", "user": account(), "labels": [{"name": "x"}]}
    listed = [
        {**known, "html_url": "https://github.com/octo/demo/issues/4", "url": f"{REPO}/issues/4"},
        {**known, "number": 5, "html_url": "https://github.com/octo/demo/pull/5", "url": f"{REPO}/issues/5"},
    ]
    wire.get(f"{REPO}/issues", json=listed)
    (found,) = github().find_issues(label="x")
    assert (found.number, found.body, found.labels) == (4, "", ("x",))
    assert "labels=x" in str(wire.calls[0].request.url)


def test_a_check_run_with_everything(github: Made, wire: responses.RequestsMock) -> None:
    wire.post(f"{REPO}/check-runs", json=check_run(), status=201)
    button = CheckAction(label="Cancel", description="Stop it", identifier="cancel")
    check = replace(
        CHECK,
        status=CheckStatus.COMPLETED,
        conclusion=Conclusion.SUCCESS,
        text="More",
        batches=((NOTE,), (NOTE,)),
        actions=(button,),
        details_url="https://x.example",
    )
    made = github(**ACTIONS).create_check_run(SHA, check)
    assert (made.id, made.external_id, made.annotations) == (7, "x", 2)
    assert sent(wire) == {
        "name": "demo",
        "head_sha": SHA,
        "external_id": "1",
        "status": "completed",
        "conclusion": "success",
        "details_url": "https://x.example",
        "actions": [{"label": "Cancel", "description": "Stop it", "identifier": "cancel"}],
        "output": {
            "title": "Runs",
            "summary": "It runs.",
            "text": "More",
            "annotations": [
                {
                    "path": "a.py",
                    "start_line": 3,
                    "end_line": 3,
                    "annotation_level": "failure",
                    "message": "No.",
                    "start_column": 2,
                }
            ],
        },
    }


def test_a_check_run_keeps_its_annotations(github: Made, wire: responses.RequestsMock) -> None:
    wire.patch(f"{REPO}/check-runs/7", json=check_run())
    job = github(AT_ONCE, **ACTIONS)
    check = replace(CHECK, batches=((NOTE,),))
    job.update_check_run(7, check)
    assert "annotations" not in sent(wire)["output"]
    job.annotate(7, check, [NOTE] * 50)
    assert len(sent(wire)["output"]["annotations"]) == 50
    assert set(sent(wire)) == {"output"}
    with pytest.raises(BadInput, match="at most 50 annotations"):
        job.annotate(7, check, [NOTE] * 51)


def test_check_runs_of_others_are_none_of_ours(github: Made, wire: responses.RequestsMock) -> None:
    wire.post(f"{API}/graphql", json={"data": {"viewer": {"login": "mycelium[bot]", "databaseId": 77}}})
    found = [check_run(1), check_run(3), check_run(2, slug="github-actions")]
    wire.get(f"{REPO}/commits/{SHA}/check-runs", json={"total_count": 3, "check_runs": found})
    job = github(**ACTIONS)
    assert [each.id for each in job.find_check_runs(SHA, "demo")] == [3, 1]
    assert job.me() == User(id=77, login="mycelium[bot]", kind="Bot")
    assert len(wire.calls) == 2
    assert "check_name=demo" in str(wire.calls[1].request.url)


def test_who_a_job_is_where_github_does_not_say(github: Made, wire: responses.RequestsMock) -> None:
    wire.post(f"{API}/graphql", status=404, json={"message": "Not Found"})
    wire.get(f"{API}/user", status=403, json={"message": "Resource not accessible by integration"})
    wire.get(f"{API}/users/github-actions%5Bbot%5D", status=404, json={"message": "Not Found"})
    job = github(**ACTIONS)
    assert job.me() == User(id=41898282, login="github-actions[bot]", kind="Bot")
    wire.post(f"{REPO}/issues/1/comments", json=comment(author=account("other[bot]", 8, "Bot")), status=201)
    job.write_comment(1, "x")
    assert job.me() == User(id=8, login="other[bot]", kind="Bot")


def test_who_a_job_is_on_an_enterprise_server(github: Made, wire: responses.RequestsMock) -> None:
    wire.post(f"{API}/graphql", status=404, json={"message": "Not Found"})
    wire.get(f"{API}/user", status=403, json={"message": "Resource not accessible by integration"})
    wire.get(f"{API}/users/github-actions%5Bbot%5D", json=account("github-actions[bot]", 12, "Bot"))
    assert github(**ACTIONS).me() == User(id=12, login="github-actions[bot]", kind="Bot")


def test_who_a_job_is_where_github_says_half(github: Made, wire: responses.RequestsMock) -> None:
    wire.post(f"{API}/graphql", json={"data": {"viewer": {"login": "mine[bot]", "databaseId": None}}})
    wire.get(f"{API}/users/mine%5Bbot%5D", json=account("mine[bot]", 78, "Bot"))
    assert github(**ACTIONS).me() == User(id=78, login="mine[bot]", kind="Bot")


def test_who_a_person_is(github: Made, wire: responses.RequestsMock) -> None:
    wire.get(f"{API}/user", json=account("grace", 9))
    person = github()
    assert [person.me(), person.me()] == [User(id=9, login="grace")] * 2
    assert not person.abilities.check_runs


def test_statuses_and_reviews_do_not_fetch_their_commit(github: Made, wire: responses.RequestsMock) -> None:
    wire.post(f"{REPO}/statuses/{SHA}", json={"state": "pending"}, status=201)
    person = github(AT_ONCE)
    person.set_status(SHA, CommitStatus(context="demo", state="pending"))
    assert sent(wire) == {"state": "pending", "description": "", "context": "demo"}
    with pytest.raises(BadInput, match="at most 140"):
        person.set_status(SHA, CommitStatus(context="demo", state="pending", description="x" * 141))
    review = {"id": 3, "user": account(), "state": "COMMENTED", "body": "B", "commit_id": SHA, "html_url": "https://x"}
    wire.post(f"{REPO}/pulls/1/reviews", json=review)
    remarks = [
        LineComment(path="a.py", line=9, body="Why?", start_line=7),
        LineComment(path="a.py", line=3, body="No", side="LEFT"),
    ]
    made = person.write_review(1, commit=SHA, verdict=Verdict.COMMENT, body="B", comments=remarks)
    assert (made.id, made.state, made.commit) == (3, "COMMENTED", SHA)
    assert sent(wire) == {
        "commit_id": SHA,
        "body": "B",
        "event": "COMMENT",
        "comments": [
            {"path": "a.py", "line": 9, "side": "RIGHT", "body": "Why?", "start_line": 7, "start_side": "RIGHT"},
            {"path": "a.py", "line": 3, "side": "LEFT", "body": "No"},
        ],
    }


NEW = NewPullRequest(head="fix", base="main", title="Fix", body="Fixes it.")


def test_opening_and_editing_a_pull_request(github: Made, wire: responses.RequestsMock) -> None:
    wire.post(f"{REPO}/pulls", json=pull(8), status=201)
    person = github(AT_ONCE)
    assert person.open_pull_request(NEW).number == 8
    assert sent(wire) == {"base": "main", "head": "fix", "title": "Fix", "body": "Fixes it.", "draft": True}
    wire.patch(f"{REPO}/pulls/8", json=pull(8))
    person.edit_pull_request(8, body="")
    assert sent(wire) == {"body": ""}
    person.edit_pull_request(8)
    assert len(wire.calls) == 2


def test_a_second_pull_request_for_a_branch(github: Made, wire: responses.RequestsMock) -> None:
    errors = [{"resource": "PullRequest", "code": "custom", "message": "A pull request already exists for octo:fix."}]
    wire.post(f"{REPO}/pulls", status=422, json={"message": "Validation Failed", "errors": errors})
    with pytest.raises(Conflict, match="already exists for octo:fix"):
        github().open_pull_request(NEW)


def test_actions_may_not_open_pull_requests(github: Made, wire: responses.RequestsMock) -> None:
    message = "GitHub Actions is not permitted to create or approve pull requests."
    wire.post(f"{REPO}/pulls", status=403, json={"message": message})
    with pytest.raises(Forbidden) as raised:
        github(**ACTIONS).open_pull_request(NEW)
    assert raised.value.needs == OPEN_PULL_REQUESTS
    assert "Settings → Actions → General" in str(raised.value)


def test_changed_files_in_our_words(github: Made, wire: responses.RequestsMock) -> None:
    kinds = ("added", "removed", "modified", "changed", "copied")
    listed = [{"filename": f"{kind}.py", "status": kind, "additions": 2, "deletions": 1} for kind in kinds]
    listed.append({"filename": "b", "status": "renamed", "additions": 0, "deletions": 0, "previous_filename": "a"})
    wire.get(f"{REPO}/pulls/1/files", json=listed)
    found = github().changed_files(1)
    assert [each.status for each in found] == ["added", "deleted", "modified", "modified", "added", "renamed"]
    assert found[-1] == FileChange(path="b", status="renamed", additions=0, deletions=0, previous_path="a")


@pytest.mark.parametrize(
    ("answer", "role"),
    [
        ({"permission": "write", "role_name": "maintain"}, Role.MAINTAIN),
        ({"permission": "read", "role_name": "triage"}, Role.TRIAGE),
        ({"permission": "write", "role_name": "release-captain"}, Role.WRITE),
        ({"permission": "admin", "role_name": "admin"}, Role.ADMIN),
        ({"permission": "none", "role_name": "none"}, Role.NONE),
        ({"permission": "read"}, Role.READ),
        ({"permission": "godlike", "role_name": "godlike"}, Role.NONE),
    ],
)
def test_roles(github: Made, wire: responses.RequestsMock, answer: dict[str, str], role: Role) -> None:
    wire.get(f"{REPO}/collaborators/ada/permission", json=answer)
    assert github().role("ada") is role


def test_a_role_is_a_minute_old_at_most(github: Made, wire: responses.RequestsMock, clock: FakeClock) -> None:
    place = f"{REPO}/collaborators/ada/permission"
    wire.get(place, json={"permission": "write", "role_name": "write"})
    reader = github()
    assert [reader.role("ada"), reader.role("Ada")] == [Role.WRITE] * 2
    clock.advance(59)
    assert reader.role("ada") is Role.WRITE
    wire.replace(responses.GET, place, json={"permission": "none", "role_name": "none"})
    clock.advance(2)
    assert reader.role("ada") is Role.NONE
    assert len(wire.calls) == 2


def test_bots_and_strangers_have_no_role(github: Made, wire: responses.RequestsMock) -> None:
    place = f"{REPO}/collaborators/dependabot%5Bbot%5D/permission"
    wire.get(place, status=404, json={"message": "dependabot[bot] is not a user"})
    assert github().role("dependabot[bot]") is Role.NONE


def test_teams(github: Made, wire: responses.RequestsMock) -> None:
    for login, state in (("ada", "active"), ("bob", "pending")):
        wire.get(f"{API}/orgs/octo/teams/core/memberships/{login}", json={"state": state, "role": "member"})
    wire.get(f"{API}/orgs/octo/teams/core/memberships/eve", status=404, json={"message": "Not Found"})
    reader = github()
    assert [reader.in_team(login, "octo/core") for login in ("ada", "bob", "eve")] == [True, False, False]
    for wrong in ("core", "octo/core/../../x", "octo/", "/core"):
        with pytest.raises(BadInput, match="is no team"):
            reader.in_team("ada", wrong)


def test_branches(github: Made, wire: responses.RequestsMock) -> None:
    wire.get(f"{REPO}/branches/fix/it", json={"name": "fix/it", "commit": {"sha": SHA}})
    wire.get(f"{REPO}/branches/gone", status=404, json={"message": "Branch not found"})
    wire.get(f"{REPO}/branches/renamed", status=301, headers={"Location": f"{REPO}/branches/main"})
    reader = github()
    assert [reader.branch(name) for name in ("fix/it", "gone", "renamed")] == [SHA, None, None]


def test_what_refs_lead_to(github: Made, wire: responses.RequestsMock) -> None:
    def at(sha: str, kind: str) -> dict[str, object]:
        return {"object": {"sha": sha, "type": kind}}

    wire.get(f"{REPO}/git/ref/heads/{SHA}", json=at("1" * 40, "commit"))
    wire.get(f"{REPO}/git/ref/tags/v1", json=at("2" * 40, "tag"))
    wire.get(f"{REPO}/git/tags/{'2' * 40}", json=at("3" * 40, "tag"))
    wire.get(f"{REPO}/git/tags/{'3' * 40}", json=at("4" * 40, "commit"))
    wire.get(f"{REPO}/git/ref/tags/tree", json=at("5" * 40, "tree"))
    wire.get(f"{REPO}/git/ref/tags/gone", status=404, json={"message": "Not Found"})
    names = (f"heads/{SHA}", "tags/v1", "tags/tree", "tags/gone")
    assert [github().tip(f"refs/{name}") for name in names] == ["1" * 40, "4" * 40, None, None]
    asked = len(wire.calls)
    no_refs = ("pull/1/head", "heads/../tags/v1", "heads/", "heads/a:b", "heads/main~1", "heads/\ud800", "heads/a?b")
    assert [github().tip(each) for each in (SHA, "main", "", *(f"refs/{name}" for name in no_refs))] == [None] * 10
    assert len(wire.calls) == asked


def test_what_is_worth_knowing_of_the_repository(github: Made, wire: responses.RequestsMock) -> None:
    found = {
        "id": 77,
        "full_name": "octo/demo",
        "private": True,
        "default_branch": "trunk",
        "html_url": "https://github.com/octo/demo",
        "permissions": {"admin": False, "push": True, "pull": True},
    }
    wire.get(REPO, json=found)
    wire.get(f"{REPO}/actions/permissions/workflow", json={"can_approve_pull_request_reviews": False})
    facts = github().facts()
    assert (facts.id, facts.private, facts.default_branch) == (77, True, "trunk")
    assert facts.permissions == {"push": "granted", "pull": "granted"}
    assert facts.actions_may_open_pull_requests is False
    wire.replace(responses.GET, REPO, json={key: found[key] for key in found if key != "permissions"})
    wire.replace(responses.GET, f"{REPO}/actions/permissions/workflow", status=403, json={"message": "Resource not …"})
    assert github(**ACTIONS).facts().actions_may_open_pull_requests is None


def test_where_git_goes(github: Made) -> None:
    remote = github().remote()
    assert remote.url == "https://github.com/octo/demo.git"
    assert remote.token.startswith("ghp_")
    assert remote.token not in repr(remote)


def test_what_each_credential_can_do_at_all(github: Made, wire: responses.RequestsMock) -> None:
    wire.post(f"{API}/graphql", json={"data": {"viewer": {"login": "github-actions[bot]", "databaseId": 1}}})
    job, person = github(**ACTIONS).abilities, github().abilities
    assert (job.credential, job.check_runs, job.buttons, job.links) == (Credential.ACTIONS, True, False, False)
    assert (person.credential, person.check_runs) == (Credential.PERSONAL, False)


def test_a_token_that_a_job_got_from_an_app_is_the_apps(github: Made, wire: responses.RequestsMock) -> None:
    wire.post(f"{API}/graphql", json={"data": {"viewer": {"login": "robot[bot]", "databaseId": 77}}})
    job = github(**ACTIONS)
    found = [job.abilities for _ in range(3)][-1]
    assert (found.credential, found.check_runs, found.buttons, found.links) == (
        Credential.INSTALLATION,
        *(True, False, True),
    )
    assert job.me().id == 77
    assert len(wire.calls) == 1


@pytest.mark.parametrize(("app", "kind"), [("15368", Credential.ACTIONS), ("77", Credential.INSTALLATION)])
def test_a_token_that_names_its_app_needs_no_question(github: Made, app: str, kind: Credential) -> None:
    assert github(TOKEN=f"ghs_{app}_ey.x").abilities.credential is kind


def test_where_the_question_is_refused_it_is_a_jobs_until_github_tells(
    github: Made, wire: responses.RequestsMock, clock: FakeClock
) -> None:
    for _ in range(2):
        wire.post(f"{API}/graphql", status=502)
    job = github(AT_ONCE, **ACTIONS)
    assert job.abilities.credential is job.abilities.credential is Credential.ACTIONS
    assert len(wire.calls) == 1, "it is not asked again at once"
    clock.advance(61)
    assert job.abilities.credential is Credential.ACTIONS
    clock.advance(61)
    wire.post(f"{API}/graphql", json={"data": {"viewer": {"login": "robot[bot]", "databaseId": 77}}})
    assert job.abilities.credential is Credential.INSTALLATION


def test_reactions_labels_and_issues(github: Made, wire: responses.RequestsMock) -> None:
    person = github(AT_ONCE)
    wire.post(f"{REPO}/issues/comments/4/reactions", json={"id": 1, "content": "eyes", "user": account()})
    person.react(4, "eyes")
    assert sent(wire) == {"content": "eyes"}
    wire.post(f"{REPO}/issues/1/labels", json=[])
    person.add_labels(1, ["a", "b/c"])
    assert sent(wire) == ["a", "b/c"]
    person.add_labels(1, [])
    issue = {"number": 4, "title": "T", "body": "B", "state": "open", "user": account(), "labels": [{"name": "a"}]}
    wire.post(f"{REPO}/issues", json={**issue, "html_url": "https://github.com/octo/demo/issues/4"}, status=201)
    assert person.write_issue("T", "B", ["a"]).labels == ("a",)
    assert sent(wire) == {"title": "T", "body": "B", "labels": ["a"]}
    wire.get(f"{REPO}/issues/4", json={**issue, "html_url": "https://github.com/octo/demo/issues/4"})
    assert person.issue(4).number == 4
    assert len(wire.calls) == 4


def test_what_a_review_may_speak_of_and_who_is_asked_for_one(github: Made, wire: responses.RequestsMock) -> None:
    known = {"status": "modified", "additions": 1, "deletions": 1}
    listed = [{**known, "filename": "a.py", "patch": "@@ -1 +1 @@\n-x\n+y"}, {**known, "filename": "b.png"}]
    wire.get(f"{REPO}/pulls/1/files", json=listed)
    person = github()
    assert person.patches(1) == {"a.py": "@@ -1 +1 @@\n-x\n+y"}
    wire.post(f"{REPO}/pulls/1/requested_reviewers", json=pull(), status=201)
    person.request_reviewers(1, ["ada", "octo/core"])
    assert sent(wire) == {"reviewers": ["ada"], "team_reviewers": ["core"]}
    person.request_reviewers(1, [])
    assert len(wire.calls) == 2


def test_reviews_that_are_there(github: Made, wire: responses.RequestsMock) -> None:
    review = {"id": 3, "user": None, "state": "APPROVED", "body": None, "commit_id": None, "html_url": "https://x"}
    wire.get(f"{REPO}/pulls/1/reviews", json=[review])
    (found,) = github().reviews(1)
    assert (found.author.login, found.body, found.commit) == ("ghost", "", "")


@pytest.mark.parametrize("body", ["", "x" * 65_537])
def test_a_comment_that_github_would_refuse_is_not_sent(github: Made, body: str) -> None:
    for write in (github().write_comment, github().edit_comment):
        with pytest.raises(BadInput, match="between 1 and 65,536"):
            write(1, body)


def test_a_commit_that_github_does_not_know(github: Made, wire: responses.RequestsMock) -> None:
    wire.post(f"{REPO}/check-runs", status=422, json={"message": f"No commit found for SHA: {SHA}"})
    with pytest.raises(NotFound, match="No commit found"):
        github(**ACTIONS).create_check_run(SHA, CHECK)


def test_a_kept_role_is_of_an_account_and_not_of_its_login(github: Made, wire: responses.RequestsMock) -> None:
    """Logins that are given up are free for anybody."""
    place = "https://api.github.com/repos/octo/demo/collaborators/{}/permission"
    ada = {"permission": "write", "role_name": "write", "user": {"id": 5}}
    wire.get(place.format("ada"), json=ada)
    wire.get(place.format("ada-two"), json=ada)
    reader = github()
    assert [reader.role("ada", account=5), reader.role("ada", account=6)] == [Role.WRITE, Role.NONE]
    # Under the new login nothing that was kept of the old one counts any more.
    assert reader.role("ada-two", account=5) is Role.WRITE
    wire.replace(responses.GET, place.format("ada"), status=404, json={"message": "Not Found"})
    assert reader.role("ada") is Role.NONE


@pytest.mark.parametrize(
    ("path", "body", "ask"),
    [
        ("/pulls/1", {**pull(), "number": "one"}, lambda found: found.pull_request(1)),
        ("/pulls/1", {**pull(), "head": None}, lambda found: found.pull_request(1)),
        ("/pulls/1", {}, lambda found: found.pull_request(1)),
        ("/pulls/1", ["x"], lambda found: found.pull_request(1)),
        ("/issues/1/comments", [{**comment(), "created_at": "yesterday"}], lambda found: list(found.comments(1))),
        ("/issues/1/comments", ["x"], lambda found: list(found.comments(1))),
        ("/branches/main", {"name": "main"}, lambda found: found.branch("main")),
        ("", {"full_name": 7}, lambda found: found.facts()),
    ],
)
def test_an_answer_that_is_not_what_is_documented_is_asked_for_again_later(
    github: Made, wire: responses.RequestsMock, path: str, body: Any, ask: Callable[[GitHubRepository], object]
) -> None:
    wire.assert_all_requests_are_fired = False
    wire.get(f"{REPO}{path}", json=body)
    with pytest.raises(Unavailable, match="not what it documents"):
        ask(github())


def test_a_mistake_of_ours_stays_one(github: Made) -> None:
    with pytest.raises(TypeError):
        github().pull_request()  # type: ignore[call-arg]


@pytest.mark.parametrize("name", ["../../../other/repo/branches/main", "..", "a/../b", "", "a//b", "./main"])
def test_no_name_of_a_branch_leads_to_something_else(github: Made, wire: responses.RequestsMock, name: str) -> None:
    assert github().branch(name) is None
    assert len(wire.calls) == 0


@pytest.mark.parametrize(
    ("answer", "is_over"),
    [
        ({"json": {"status": "completed"}}, True),
        ({"json": {"status": "in_progress"}}, False),
        ({"status": 404}, True),
        ({"status": 403, "json": {"message": "Resource not accessible by integration"}}, False),
    ],
)
def test_whether_a_job_is_over(
    github: Made, wire: responses.RequestsMock, answer: dict[str, Any], *, is_over: bool
) -> None:
    wire.get(f"{REPO}/actions/runs/77/attempts/2", **answer)
    assert github().job_is_over("77", "2") is is_over


@pytest.mark.parametrize(("check", "is_over"), [("7", True), ("17", False), ("107", True), ("9", False), ("x", False)])
def test_whether_a_job_is_over_whose_run_goes_on(
    github: Made, wire: responses.RequestsMock, check: str, *, is_over: bool
) -> None:
    """They are told apart by their check runs; the first page has a hundred."""
    first = [{"check_run_url": f"{REPO}/check-runs/{100 + number}", "status": "completed"} for number in range(98)]
    first += [{"check_run_url": f"{REPO}/check-runs/17", "status": "in_progress"}] * 2
    pages = [first, [{"check_run_url": f"{REPO}/check-runs/7", "status": "completed"}]]
    wire.assert_all_requests_are_fired = False
    wire.get(f"{REPO}/actions/runs/77/attempts/2", json={"status": "in_progress"})
    for number, jobs in enumerate(pages, start=1):
        query = [responses.matchers.query_param_matcher({"per_page": 100, "page": number})]
        wire.get(f"{REPO}/actions/runs/77/attempts/2/jobs", json={"jobs": jobs}, match=query)
    assert github().job_is_over("77", "2", check) is is_over


def test_what_is_no_job_is_not_over(github: Made) -> None:
    assert not github().job_is_over("../77", "2")
