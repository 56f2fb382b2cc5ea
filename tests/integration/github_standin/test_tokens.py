"""Who asks: JWTs of Apps, tokens of installations, and what becomes of bad ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
import requests
from github import Auth, GithubException, GithubIntegration

from tests.integration.github_standin.conftest import Scene


@pytest.fixture
def integration(scene: Scene, key_pair: tuple[str, str]) -> GithubIntegration:
    auth = Auth.AppAuth(scene.app.client_id, key_pair[0])
    return GithubIntegration(auth=auth, base_url=scene.hub.api_url, seconds_between_writes=None, retry=None)


def test_an_app_mints_tokens_of_any_length(scene: Scene, integration: GithubIntegration) -> None:
    installation = integration.get_repo_installation("acme", "widgets")
    minted = integration.get_access_token(installation.id)
    assert minted.token.startswith(f"ghs_{scene.app.id}_")
    assert minted.permissions["checks"] == "write"
    assert timedelta(minutes=58) < minted.expires_at - datetime.now(UTC) <= timedelta(hours=1)
    scene.hub.stateless_tokens = False
    assert len(integration.get_access_token(installation.id).token) == 40


def test_its_installations_and_their_repositories_are_listed(scene: Scene, integration: GithubIntegration) -> None:
    (installation,) = integration.get_installations()
    assert installation.id == scene.installation.id
    assert [repository.full_name for repository in installation.get_repos()] == ["acme/widgets"]
    assert integration.get_app().slug == "mycelium-test"


def test_a_token_may_have_less_than_its_installation_and_never_more(
    scene: Scene, integration: GithubIntegration
) -> None:
    minted = integration.get_access_token(scene.installation.id, permissions={"issues": "read"})
    assert minted.permissions == {"issues": "read"}
    with pytest.raises(GithubException) as caught:
        scene.seen_by(minted.token).create_check_run("mycelium", scene.pull.head_sha)
    assert caught.value.status == 403
    with pytest.raises(GithubException) as caught:
        integration.get_access_token(scene.installation.id, permissions={"administration": "write"})
    assert caught.value.data["message"] == "The permissions requested are not granted to this installation."


def test_a_token_is_bound_to_the_repositories_it_names(scene: Scene) -> None:
    secret = scene.hub.repository("acme/secret", private=True)
    everywhere = scene.hub.installation_token(scene.installation)
    here = scene.hub.installation_token(scene.installation, repositories=[scene.repository])
    assert scene.hub.client(everywhere).get_repo(secret.full_name).private
    with pytest.raises(GithubException) as caught:
        scene.hub.client(here).get_repo(secret.full_name)
    assert caught.value.status == 404


def test_a_token_is_good_for_an_hour(scene: Scene) -> None:
    client, start = scene.as_app, scene.hub.now()
    assert client.get_pull(1).number == 1
    scene.hub.now = lambda: start + timedelta(minutes=61)
    with pytest.raises(GithubException) as caught:
        client.get_pull(1)
    assert (caught.value.status, caught.value.data["message"]) == (401, "Bad credentials")


CLAIMS = [
    ({"exp": -1}, "'Expiration time' claim ('exp') must be a numeric value"),
    ({"exp": 700}, "'Expiration time' claim ('exp') is too far in the future"),
    ({"iat": 120}, "'Issued at' claim ('iat') must be an Integer"),
    ({"iss": "nobody"}, "Integration not found"),
]


@pytest.mark.parametrize(("changed", "message"), CLAIMS)
def test_a_jwt_with_bad_claims_is_refused(
    scene: Scene, key_pair: tuple[str, str], changed: dict[str, Any], message: str
) -> None:
    now = int(scene.hub.now().timestamp())
    claims: dict[str, Any] = {"iat": now - 60, "exp": now + 300, "iss": scene.app.client_id}
    claims |= {name: value if isinstance(value, str) else now + value for name, value in changed.items()}
    answer = _as_app(scene, jwt.encode(claims, key_pair[0], algorithm="RS256"))
    assert answer.status_code == 401
    assert answer.json()["message"].startswith(message)


def test_a_jwt_of_another_key_is_refused(scene: Scene, key_pair: tuple[str, str]) -> None:
    now = int(scene.hub.now().timestamp())
    claims = {"iat": now, "exp": now + 300, "iss": str(scene.app.id)}
    good = jwt.encode(claims, key_pair[0], algorithm="RS256")
    assert _as_app(scene, good).status_code == 200
    forged = good[:-8] + ("A" * 8 if good[-8:] != "A" * 8 else "B" * 8)
    assert _as_app(scene, forged).json()["message"] == "A JSON web token could not be decoded"


def _as_app(scene: Scene, token: str) -> requests.Response:
    return requests.get(f"{scene.hub.api_url}/app", headers={"Authorization": f"Bearer {token}"}, timeout=10)


def test_a_wrong_token_and_none_at_all(scene: Scene) -> None:
    with pytest.raises(GithubException) as caught:
        scene.seen_by("ghp_wrong")
    assert (caught.value.status, caught.value.data["message"]) == (401, "Bad credentials")
    address = f"{scene.hub.api_url}/repos/acme/widgets/issues/1/comments"
    assert requests.get(address, timeout=10).status_code == 200
    refused = requests.post(address, json={"body": "hello"}, timeout=10)
    assert (refused.status_code, refused.json()["message"]) == (401, "Requires authentication")


def test_installations_are_nobody_s_account(scene: Scene) -> None:
    with pytest.raises(GithubException) as caught:
        _ = scene.hub.client(scene.hub.installation_token(scene.installation)).get_user().login
    assert caught.value.data["message"] == "Resource not accessible by integration"
    assert scene.hub.client(scene.hub.personal_token(scene.alice)).get_user().login == "alice"


def test_an_installation_learns_its_name_from_graphql(scene: Scene) -> None:
    for token, login in (
        (scene.hub.installation_token(scene.installation), "mycelium-test[bot]"),
        (scene.hub.actions_token(scene.repository), "github-actions[bot]"),
    ):
        client = scene.hub.client(token).requester
        _, body = client.requestJsonAndCheck(
            "POST", client.graphql_url, input={"query": "query { viewer { login databaseId } }"}
        )
        account = scene.hub.state.account(login)
        assert account
        assert body["data"]["viewer"] == {"login": login, "databaseId": account.id}


def test_a_suspended_installation_is_told_so(scene: Scene, integration: GithubIntegration) -> None:
    client = scene.as_app
    scene.installation.suspended = True
    with pytest.raises(GithubException) as caught:
        client.get_pull(1)
    assert (caught.value.status, caught.value.data["message"]) == (403, "This installation has been suspended")
    assert integration.get_app_installation(scene.installation.id).suspended_at is not None


def test_a_repository_is_found_under_its_old_name(scene: Scene) -> None:
    scene.hub.rename(scene.repository, "acme/gadgets")
    answer = requests.get(f"{scene.hub.api_url}/repos/acme/widgets/pulls?state=all", timeout=10)
    assert [(each.status_code, each.headers["Location"]) for each in answer.history] == [
        (301, f"{scene.hub.api_url}/repositories/{scene.repository.id}/pulls?state=all")
    ]
    assert [pull["base"]["repo"]["full_name"] for pull in answer.json()] == ["acme/gadgets"]


def test_an_app_is_made_from_a_manifest_once(scene: Scene) -> None:
    manifest = {"name": "My App", "default_permissions": {"checks": "write"}, "default_events": ["push"]}
    address = f"{scene.hub.api_url}/app-manifests/{scene.hub.manifest_code(manifest)}/conversions"
    made = requests.post(address, timeout=10).json()
    auth = Auth.AppAuth(made["id"], made["pem"])
    app = GithubIntegration(auth=auth, base_url=scene.hub.api_url).get_app()
    assert (app.slug, app.permissions["checks"], app.events) == ("my-app", "write", ["push"])
    assert requests.post(address, timeout=10).status_code == 404
