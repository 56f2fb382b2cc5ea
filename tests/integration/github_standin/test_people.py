"""Roles, teams and what is told of people."""

from __future__ import annotations

import pytest
from github import GithubException

from tests.fakes.github.state import Team
from tests.integration.github_standin.conftest import Scene


def told(scene: Scene, login: str) -> tuple[str, str]:
    return scene.as_app.get_collaborator_permission(login), _role(scene, login)


def _role(scene: Scene, login: str) -> str:
    seen = scene.hub.sent("GET", f"/collaborators/{login}/permission")[-1]
    return str(seen.answer["role_name"])


@pytest.mark.parametrize(
    ("role", "permission"),
    [("admin", "admin"), ("maintain", "write"), ("write", "write"), ("triage", "read"), ("read", "read")],
)
def test_a_role_has_a_name_and_an_old_name(scene: Scene, role: str, permission: str) -> None:
    scene.repository.collaborators["bob"] = role
    assert told(scene, "bob") == (permission, role)


def test_a_custom_role_is_told_by_its_name(scene: Scene) -> None:
    scene.repository.owner.custom_roles["release-captain"] = "maintain"
    scene.repository.collaborators["bob"] = "release-captain"
    assert told(scene, "Bob") == ("write", "release-captain")


def test_of_all_grants_the_highest_counts(scene: Scene) -> None:
    organization = scene.repository.owner
    organization.members["bob"] = "member"
    organization.base_permission = "triage"
    assert told(scene, "bob") == ("read", "triage")
    team = Team(id=1, slug="core", members={"bob": "active"}, repositories={"acme/widgets": "maintain"})
    organization.teams["core"] = team
    assert told(scene, "bob") == ("write", "maintain")
    team.members["bob"] = "pending"
    assert told(scene, "bob") == ("read", "triage")


def test_strangers_read_what_is_public_and_nothing_private(scene: Scene) -> None:
    assert told(scene, "bob") == ("read", "read")
    scene.repository.private = True
    assert told(scene, "bob") == ("none", "none")


@pytest.mark.parametrize("login", ["nobody", "mycelium-test[bot]"])
def test_bots_are_no_users(scene: Scene, login: str) -> None:
    with pytest.raises(GithubException) as caught:
        scene.as_app.get_collaborator_permission(login)
    assert caught.value.status == 404
    assert caught.value.data["message"] == f"{login} is not a user"


def test_who_does_not_push_may_not_ask(scene: Scene) -> None:
    with pytest.raises(GithubException) as caught:
        scene.as_user(scene.bob).get_collaborator_permission("alice")
    assert caught.value.data["message"] == "Must have push access to view collaborator permission."


def test_an_association_does_not_know_private_members(scene: Scene) -> None:
    organization = scene.repository.owner
    organization.members["alice"] = "admin"
    scene.repository.collaborators.clear()
    comment = scene.as_user(scene.alice).get_issue(1).create_comment("hello")

    def shown() -> str:
        return str(scene.as_app.get_issue(1).get_comment(comment.id).raw_data["author_association"])

    assert shown() == "NONE"
    scene.repository.contributors.add("alice")
    assert shown() == "CONTRIBUTOR"
    organization.public_members.add("alice")
    assert shown() == "MEMBER"
    assert told(scene, "alice") == ("admin", "admin")


def test_membership_of_a_team_and_of_its_children(scene: Scene) -> None:
    organization = scene.repository.owner
    core = organization.teams["core"] = Team(id=1, slug="core", members={"alice": "active"})
    organization.teams["night"] = Team(id=2, slug="night", parent=core, members={"bob": "pending"})
    app = scene.hub.app("people", scene.app.public_key, permissions={"members": "read"})
    client = scene.hub.client(scene.hub.installation_token(scene.hub.install(app, organization)))

    def state(login: str) -> str:
        _, body = client.requester.requestJsonAndCheck("GET", f"/orgs/acme/teams/core/memberships/{login}")
        return str(body["state"])

    assert (state("alice"), state("bob")) == ("active", "pending")
    with pytest.raises(GithubException) as caught:
        state("acme-owner")
    assert caught.value.status == 404


def test_teams_are_told_to_those_who_may_ask(scene: Scene) -> None:
    scene.repository.owner.teams["core"] = Team(id=1, slug="core", members={"alice": "active"})
    for token, status in (
        (scene.hub.installation_token(scene.installation), 403),
        (scene.hub.actions_token(scene.repository), 403),
        (scene.hub.personal_token(scene.alice), 403),
        (scene.hub.personal_token(scene.bob, scopes=["repo", "read:org"]), 404),
    ):
        with pytest.raises(GithubException) as caught:
            scene.hub.client(token).requester.requestJsonAndCheck("GET", "/orgs/acme/teams/core/memberships/alice")
        assert caught.value.status == status
