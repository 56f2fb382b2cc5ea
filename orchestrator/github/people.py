"""Who speaks, and who somebody is in the repository."""

from __future__ import annotations

import re
from dataclasses import dataclass
from threading import Lock
from typing import Final
from urllib.parse import quote

from orchestrator.errors import BadInput, NotFound
from orchestrator.github.part import Connection, Part
from orchestrator.github.shapes import GHOST, role, user
from orchestrator.lifecycle.ports.github import Credential, Forbidden, Role, User

ROLE_SECONDS: Final = 60.0
MOST_ROLES: Final = 10_000
ACTIONS: Final = User(id=41898282, login="github-actions[bot]", kind="Bot")
"""Who `GITHUB_TOKEN` is on github.com, where GitHub does not say."""

_VIEWER: Final = "query { viewer { login databaseId } }"
_TEAM: Final = re.compile(r"[A-Za-z0-9-]+/[A-Za-z0-9._-]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    role: Role
    until: float


class People(Part):
    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._me: User | None = None
        self._guessed = False
        self._roles: dict[str, _Known] = {}
        self._roles_lock = Lock()

    def me(self) -> User:
        if self._me is None:
            match self._connection.credential.kind:
                case Credential.APP:
                    self._me = self._app_user()
                case Credential.ACTIONS:
                    self._me = self._viewer()
                case Credential.PERSONAL:
                    self._me = self._person()
        return self._me

    def role(self, login: str) -> Role:
        now = self._connection.clock.monotonic()
        with self._roles_lock:
            known = self._roles.get(login.lower())
        if known and known.until > now:
            return known.role
        found = self._role(login)
        with self._roles_lock:
            if len(self._roles) >= MOST_ROLES:
                self._roles.clear()
            self._roles[login.lower()] = _Known(role=found, until=now + ROLE_SECONDS)
        return found

    def in_team(self, login: str, team: str) -> bool:
        if not _TEAM.fullmatch(team):
            raise BadInput(f"`{team}` is no team", hint="write organisation/team-slug")
        organisation, _, slug = team.partition("/")
        try:
            # PyGithub would fetch organisation and team first.
            _, found = self._wire.requestJsonAndCheck(
                "GET", f"/orgs/{organisation}/teams/{slug}/memberships/{quote(login, safe='')}"
            )
        except NotFound:
            return False
        return bool(found["state"] == "active")

    def _role(self, login: str) -> Role:
        try:
            # PyGithub has a method for either name of the role, and both are needed.
            _, found = self._wire.requestJsonAndCheck(
                "GET", f"{self._path}/collaborators/{quote(login, safe='')}/permission"
            )
        except NotFound:
            # Apps have no role, and neither has who is not there any more.
            return Role.NONE
        return role(found)

    def _person(self) -> User:
        from github.AuthenticatedUser import AuthenticatedUser

        found = AuthenticatedUser(self._wire, url="/user")
        return User(id=found.id, login=found.login, kind=found.type)

    def _app_user(self) -> User:
        _, app = self._connection.app_wire().requestJsonAndCheck("GET", "/app")
        return self._bot(f"{app['slug']}[bot]")

    def _bot(self, login: str) -> User:
        from github.NamedUser import NamedUser

        return user(NamedUser(self._wire, url=f"/users/{quote(login, safe='')}"))

    def _viewer(self) -> User:
        """An installation's token cannot ask REST whose it is: it may be a job's, or one that a job got from an App."""
        try:
            _, answer = self._wire.requestJsonAndCheck("POST", self._wire.graphql_url, input={"query": _VIEWER})
        except (NotFound, Forbidden, BadInput):
            answer = None
        viewer = ((answer or {}).get("data") or {}).get("viewer") or {}
        if not viewer.get("login"):
            return self._guess()
        if not viewer.get("databaseId"):
            return self._bot(str(viewer["login"]))
        return User(id=int(viewer["databaseId"]), login=str(viewer["login"]), kind="Bot")

    def _guess(self) -> User:
        """Where GraphQL is turned off: most likely a job's, whose bot has another id on each Enterprise Server."""
        self._guessed = True
        for ask in (self._person, lambda: self._bot(ACTIONS.login)):
            try:
                return ask()
            except (NotFound, Forbidden):
                continue
        return ACTIONS

    def _learn(self, author: User) -> None:
        """What we have written says who we are, where GitHub did not."""
        if self._guessed and author != GHOST:
            self._me, self._guessed = author, False
