"""Who speaks, and who somebody is in the repository."""

from __future__ import annotations

import re
from dataclasses import dataclass
from threading import Lock
from typing import Final
from urllib.parse import quote

from orchestrator.errors import BadInput, MyceliumError, NotFound
from orchestrator.github.credential import ACTIONS_APP, Token
from orchestrator.github.part import Connection, Part
from orchestrator.github.shapes import GHOST, role, user
from orchestrator.lifecycle.ports.github import Credential, Forbidden, Role, User

ROLE_SECONDS: Final = 60.0
MOST_ROLES: Final = 10_000
ACTIONS: Final = User(id=41898282, login="github-actions[bot]", kind="Bot")
"""Who `GITHUB_TOKEN` is on github.com, where GitHub does not say."""

ASK_AGAIN_SECONDS: Final = 60.0
_PUBLIC: Final = "api.github.com"
_ACTIONS_SLUG: Final = ACTIONS.login.removesuffix("[bot]")
_VIEWER: Final = "query { viewer { login databaseId } }"
_TEAM: Final = re.compile(r"[A-Za-z0-9-]+/[A-Za-z0-9._-]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    role: Role
    account: int
    until: float


class People(Part):
    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._me: User | None = None
        self._guessed = False
        self._kind: Credential | None = None
        self._ask_after = float("-inf")
        self._roles: dict[str, _Known] = {}
        self._roles_lock = Lock()

    def me(self) -> User:
        if self._me is None:
            match self._connection.credential.kind:
                case Credential.APP:
                    self._me = self._app_user()
                case Credential.ACTIONS | Credential.INSTALLATION:
                    self._me = self._viewer()
                case Credential.PERSONAL:
                    self._me = self._person()
        return self._me

    def kind(self) -> Credential:
        """What the credential is. Of an installation's token GitHub is asked whose it is, unless it says so itself.

        Where GitHub does not tell now it counts as that of a job, which promises least, for the next minute.
        """
        credential = self._connection.credential
        if credential.kind is not Credential.ACTIONS:
            return credential.kind
        if self._kind is None and (app := self._named_app()):
            self._kind = Credential.ACTIONS if app == ACTIONS_APP else Credential.INSTALLATION
        if self._kind is None and self._connection.clock.monotonic() >= self._ask_after:
            self._kind = self._kind_told()
        return self._kind or Credential.ACTIONS

    def _named_app(self) -> str:
        """Only on github.com is it known which number a job's App has."""
        credential = self._connection.credential
        public = self._connection.address.host == _PUBLIC
        return credential.app_id if public and isinstance(credential, Token) else ""

    def _kind_told(self) -> Credential | None:
        try:
            login = self.me().login
        except MyceliumError:
            login = ""
        if not login or self._guessed:
            self._ask_after = self._connection.clock.monotonic() + ASK_AGAIN_SECONDS
            return None
        # No person, and no other App, can have this name.
        return Credential.ACTIONS if login in (ACTIONS.login, _ACTIONS_SLUG) else Credential.INSTALLATION

    def role(self, login: str, *, account: int = 0) -> Role:
        now = self._connection.clock.monotonic()
        with self._roles_lock:
            known = self._roles.get(login.lower())
        if known is None or known.until <= now:
            known = self._asked(login, now)
        # Whoever gives up a login makes it free for anybody.
        return Role.NONE if account and known.account not in (0, account) else known.role

    def _asked(self, login: str, now: float) -> _Known:
        found, account = self._role(login)
        known = _Known(role=found, account=account, until=now + ROLE_SECONDS)
        with self._roles_lock:
            if len(self._roles) >= MOST_ROLES:
                self._roles.clear()
            # An account that has another login now has lost the one before.
            for other in [name for name, each in self._roles.items() if account and each.account == account]:
                del self._roles[other]
            self._roles[login.lower()] = known
        return known

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

    def _role(self, login: str) -> tuple[Role, int]:
        """The role, and the number of the account that it is of; 0 where GitHub does not tell."""
        try:
            # PyGithub has a method for either name of the role, and both are needed.
            _, found = self._wire.requestJsonAndCheck(
                "GET", f"{self._path}/collaborators/{quote(login, safe='')}/permission"
            )
        except NotFound:
            # Apps have no role, and neither has who is not there any more.
            return Role.NONE, 0
        return role(found), int((found.get("user") or {}).get("id") or 0)

    def _person(self) -> User:
        from orchestrator.github.pygithub import AuthenticatedUser

        found = AuthenticatedUser(self._wire, url="/user")
        return User(id=found.id, login=found.login, kind=found.type)

    def _app_user(self) -> User:
        _, app = self._connection.app_wire().requestJsonAndCheck("GET", "/app")
        return self._bot(f"{app['slug']}[bot]")

    def _bot(self, login: str) -> User:
        from orchestrator.github.pygithub import NamedUser

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
