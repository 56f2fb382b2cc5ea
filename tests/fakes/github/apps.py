"""Apps, their installations and tokens: https://docs.github.com/rest/apps/apps."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from tests.fakes.github import scenery
from tests.fakes.github.access import LEVELS
from tests.fakes.github.accounts import node_id, simple
from tests.fakes.github.refusals import Refused, forbidden, not_found
from tests.fakes.github.repositories import usual
from tests.fakes.github.routing import Answer, Call, page_of, paged, route
from tests.fakes.github.state import App, Installation, Repository
from tests.fakes.github.times import shown
from tests.fakes.github.urls import Urls

MOST_REPOSITORIES = 500
"""Repositories one token can be bound to by name."""


def shown_app(urls: Urls, app: App) -> dict[str, Any]:
    return {
        "id": app.id,
        "client_id": app.client_id,
        "slug": app.slug,
        "node_id": node_id("A", app.id),
        "owner": simple(urls, app.owner),
        "name": app.name,
        "description": None,
        "external_url": f"{urls.web}/apps/{app.slug}",
        "html_url": f"{urls.web}/apps/{app.slug}",
        "created_at": shown(app.created_at),
        "updated_at": shown(app.created_at),
        "permissions": app.permissions,
        "events": app.events,
    }


def shown_installation(urls: Urls, installation: Installation) -> dict[str, Any]:
    address = f"{urls.api}/app/installations/{installation.id}"
    return {
        "id": installation.id,
        "account": simple(urls, installation.account),
        "repository_selection": "all" if installation.repositories is None else "selected",
        "access_tokens_url": f"{address}/access_tokens",
        "repositories_url": f"{urls.api}/installation/repositories",
        "html_url": f"{urls.web}/settings/installations/{installation.id}",
        "app_id": installation.app.id,
        "app_slug": installation.app.slug,
        "target_id": installation.account.id,
        "target_type": installation.account.kind,
        "permissions": installation.permissions,
        "events": installation.app.events,
        "created_at": shown(installation.created_at),
        "updated_at": shown(installation.created_at),
        "single_file_name": None,
        "suspended_by": simple(urls, installation.account) if installation.suspended else None,
        "suspended_at": shown(installation.created_at) if installation.suspended else None,
    }


def _own(call: Call) -> App:
    assert call.app is not None
    return call.app


def _installation(call: Call) -> Installation:
    found = call.hub.state.installations.get(call.number("installation_id"))
    if found is None or found.app is not call.app:
        raise not_found()
    return found


@route("GET", "/app", by_app=True)
def me(call: Call) -> Answer:
    installed = [each for each in call.hub.state.installations.values() if each.app is call.app]
    return Answer(body={**shown_app(call.urls, _own(call)), "installations_count": len(installed)})


@route("POST", "/app-manifests/{code}/conversions")
def convert(call: Call) -> Answer:
    """Once, and without a token: the App with its key and secrets, which GitHub tells only here."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    manifest = call.hub.state.manifests.pop(call.params["code"], None)
    if manifest is None:
        raise not_found()
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    public = key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()
    name = str(manifest["name"])
    made = scenery.app(
        call.hub, name.lower().replace(" ", "-"), public, manifest.get("default_permissions") or {}, None
    )
    made.name, made.events = name, list(manifest.get("default_events") or ())
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    told = {"client_secret": secrets.token_hex(20), "webhook_secret": secrets.token_hex(20), "pem": pem.decode()}
    return Answer(status=201, body={**shown_app(call.urls, made), **told})


@route("GET", "/apps/{app_slug}")
def by_slug(call: Call) -> Answer:
    app = next((each for each in call.hub.state.apps.values() if each.slug == call.params["app_slug"]), None)
    if app is None:
        raise not_found()
    return Answer(body=shown_app(call.urls, app))


@route("GET", "/app/installations", by_app=True)
def installations(call: Call) -> Answer:
    own = [each for each in call.hub.state.installations.values() if each.app is call.app]
    return page_of(call, own, lambda each: shown_installation(call.urls, each))


@route("GET", "/app/installations/{installation_id}", by_app=True)
def installation(call: Call) -> Answer:
    return Answer(body=shown_installation(call.urls, _installation(call)))


@route("GET", "/repos/{owner}/{repo}/installation", by_app=True)
def of_repository(call: Call) -> Answer:
    for each in call.hub.state.installations.values():
        if each.app is call.app and each.covers(call.repository):
            return Answer(body=shown_installation(call.urls, each))
    raise not_found()


@route("GET", "/orgs/{org}/installation", by_app=True)
def of_organization(call: Call) -> Answer:
    return _of_account(call, call.params["org"])


@route("GET", "/users/{username}/installation", by_app=True)
def of_user(call: Call) -> Answer:
    return _of_account(call, call.params["username"])


def _of_account(call: Call, login: str) -> Answer:
    for each in call.hub.state.installations.values():
        if each.app is call.app and each.account.login.lower() == login.lower():
            return Answer(body=shown_installation(call.urls, each))
    raise not_found()


@route("POST", "/app/installations/{installation_id}/access_tokens", by_app=True)
def mint(call: Call) -> Answer:
    """A token with what the installation has, or less."""
    of = _installation(call)
    if of.suspended:
        raise forbidden("This installation has been suspended")
    wanted = call.given("permissions", dict) or None
    _check_permissions(of, wanted or {})
    repositories = _repositories(call, of)
    token = scenery.installation_token(call.hub, of, wanted, repositories, call.hub.stateless_tokens)
    body: dict[str, Any] = {
        "token": token.value,
        "expires_at": shown(token.expires_at),
        "permissions": dict(token.permissions),
        "repository_selection": "all" if repositories is None and of.repositories is None else "selected",
    }
    if repositories is not None:
        body["repositories"] = [usual(call.urls, each) for each in repositories]
    return Answer(status=201, body=body)


def _check_permissions(of: Installation, wanted: Mapping[str, str]) -> None:
    for name, level in wanted.items():
        if level not in LEVELS or LEVELS.index(level) > LEVELS.index(of.permissions.get(name, "none")):
            raise Refused(422, "The permissions requested are not granted to this installation.")


def _repositories(call: Call, of: Installation) -> list[Repository] | None:
    names, ids = call.given("repositories", list), call.given("repository_ids", list)
    if names is None and ids is None:
        return None
    if len(names or ids or ()) > MOST_REPOSITORIES:
        raise Refused(422, f"Only {MOST_REPOSITORIES} repositories can be named.")
    known = [each for each in call.hub.state.repositories.values() if of.covers(each)]
    chosen = [each for each in known if each.name in (names or ()) or each.id in (ids or ())]
    if len(chosen) < len(names or ids or ()):
        raise Refused(
            422, "There is at least one repository that does not exist or is not accessible to the parent installation."
        )
    return chosen


@route("GET", "/installation/repositories")
def repositories(call: Call) -> Answer:
    token = call.token
    if token is None or token.installation is None:
        raise forbidden(
            "You must authenticate with an installation access token in order to list repositories for an installation."
        )
    covered = [each for each in call.hub.state.repositories.values() if token.covers(each)]
    chosen, headers = paged(call, covered)
    body = {
        "total_count": len(covered),
        "repositories": [usual(call.urls, each) for each in chosen],
        "repository_selection": "all" if token.repositories is None else "selected",
    }
    return Answer(body=body, headers=headers)


@route("DELETE", "/installation/token")
def revoke(call: Call) -> Answer:
    if call.token is None or call.token.installation is None:
        raise Refused(401, "Requires authentication")
    call.hub.tokens.pop(call.token.value, None)
    return Answer(status=204)
