"""Check runs: who may make them, how they change, and every limit."""

from __future__ import annotations

from typing import Any

import pytest
from github import GithubException

from tests.integration.github_standin.conftest import Scene

OUTPUT = {"title": "t", "summary": "s"}
ANNOTATION: dict[str, Any] = {
    "path": "src/app.py",
    "start_line": 1,
    "end_line": 1,
    "annotation_level": "notice",
    "message": "m",
}
ACTION = {"label": "Cancel", "description": "Stop the execution", "identifier": "cancel"}


def words(caught: pytest.ExceptionInfo[GithubException]) -> str:
    data = caught.value.data
    return " | ".join([data["message"], *(error["message"] for error in data.get("errors", ()))])


def test_a_run_goes_through_its_states(scene: Scene) -> None:
    sha = scene.pull.head_sha
    run = scene.as_app.create_check_run(
        "mycelium", sha, external_id="e-1", status="in_progress", output={**OUTPUT, "annotations": [ANNOTATION] * 50}
    )
    assert (run.status, run.raw_data["conclusion"], run.raw_data["completed_at"]) == ("in_progress", None, None)
    run.edit(output={**OUTPUT, "annotations": [ANNOTATION] * 2})
    run.edit(conclusion="success", actions=[ACTION] * 3)
    assert (run.status, run.conclusion, run.external_id) == ("completed", "success", "e-1")
    assert run.output.annotations_count == run.get_annotations().totalCount == 52
    (found,) = scene.as_app.get_commit(sha).get_check_runs(check_name="mycelium")
    assert found.id == run.id
    assert [pull.number for pull in found.pull_requests] == [1]
    (suite,) = scene.as_app.get_commit(sha).get_check_suites()
    assert (suite.head_branch, suite.conclusion, suite.app.slug) == ("topic", "success", "mycelium-test")


def test_the_newest_of_a_name_comes_first_and_alone_unless_all_are_asked_for(scene: Scene) -> None:
    sha = scene.pull.head_sha
    first, second = (scene.as_app.create_check_run("again", sha) for _ in range(2))
    commit = scene.as_app.get_commit(sha)
    assert [run.id for run in commit.get_check_runs()] == [second.id]
    assert [run.id for run in commit.get_check_runs(filter="all")] == [second.id, first.id]


LIMITS = [
    pytest.param({"output": {**OUTPUT, "annotations": [ANNOTATION] * 51}}, "No more than 50 items", id="annotations"),
    pytest.param({"actions": [ACTION] * 4}, "No more than 3 items are allowed; 4 were supplied.", id="actions"),
    pytest.param({"actions": [{**ACTION, "label": "l" * 21}]}, "Only 20 characters are allowed", id="label"),
    pytest.param({"actions": [{**ACTION, "description": "d" * 41}]}, "Only 40 characters", id="description"),
    pytest.param({"actions": [{**ACTION, "identifier": "i" * 21}]}, "Only 20 characters", id="identifier"),
    pytest.param(
        {"output": {**OUTPUT, "summary": "s" * 65_536}},
        "Only 65535 characters are allowed; 65536 were supplied.",
        id="summary",
    ),
    pytest.param(
        {"output": {**OUTPUT, "text": "€" * 21_846}}, "text exceeds a maximum bytesize of 65535", id="bytes of text"
    ),
    pytest.param({"output": {"title": "t"}}, '"summary" wasn\'t supplied.', id="no summary"),
    pytest.param({"status": "completed"}, '"conclusion" wasn\'t supplied.', id="no conclusion"),
    pytest.param({"conclusion": "stale"}, "stale is not a member of", id="stale"),
    pytest.param(
        {"output": {**OUTPUT, "annotations": [{**ANNOTATION, "end_line": 2, "start_column": 1}]}},
        "annotations of one line",
        id="columns",
    ),
]


@pytest.mark.parametrize(("given", "message"), LIMITS)
def test_what_is_too_much_is_refused(scene: Scene, given: dict[str, Any], message: str) -> None:
    with pytest.raises(GithubException) as caught:
        scene.as_app.create_check_run("mycelium", scene.pull.head_sha, **given)
    assert caught.value.status == 422
    assert message in words(caught)
    run = scene.as_app.create_check_run("mycelium", scene.pull.head_sha)
    with pytest.raises(GithubException) as caught:
        run.edit(**given)
    assert message in words(caught)


def test_a_completed_run_does_not_run_again(scene: Scene) -> None:
    run = scene.as_app.create_check_run("mycelium", scene.pull.head_sha, conclusion="failure")
    run.edit(status="in_progress")
    assert (run.status, run.conclusion) == ("completed", "failure")
    run.edit(conclusion="success")
    assert run.conclusion == "success"


def test_only_apps_make_them(scene: Scene) -> None:
    sha, hub = scene.pull.head_sha, scene.hub
    tokens = {
        hub.personal_token(scene.alice): "You must authenticate via a GitHub App.",
        hub.personal_token(scene.alice, permissions={"checks": "write"}): (
            "Resource not accessible by personal access token"
        ),
        hub.installation_token(scene.installation, permissions={"checks": "read"}): (
            "Resource not accessible by integration"
        ),
        hub.actions_token(scene.repository): "Resource not accessible by integration",
    }
    for token, message in tokens.items():
        with pytest.raises(GithubException) as caught:
            scene.seen_by(token).create_check_run("mycelium", sha)
        assert (caught.value.status, words(caught)) == (403, message)


def test_no_app_changes_anothers(scene: Scene) -> None:
    run = scene.as_app.create_check_run("mycelium", scene.pull.head_sha)
    actions = scene.seen_by(scene.hub.actions_token(scene.repository, {"checks": "write"}))
    with pytest.raises(GithubException) as caught:
        actions.get_check_run(run.id).edit(conclusion="success")
    message = f"Invalid app_id `{scene.app.id}` - check run can only be modified by the GitHub App that created it."
    assert words(caught) == message


def test_actions_links_lead_to_github_alone(scene: Scene) -> None:
    actions = scene.seen_by(scene.hub.actions_token(scene.repository, {"checks": "write"}))
    run = actions.create_check_run("mycelium", scene.pull.head_sha, details_url="https://example.org/executions/1")
    assert run.details_url == f"{scene.hub.url}/acme/widgets/runs/{run.id}"
