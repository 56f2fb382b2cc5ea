"""Who asks: personal tokens, installation tokens, the token of a job, and Apps that sign their requests."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from tests.fakes.github.refusals import Refused
from tests.fakes.github.state import Account, App, Installation, Repository, State

_LEEWAY = 60
"""Seconds by which an App's clock may be ahead."""
_LONGEST = 600
"""Seconds that an App's JWT may live, counted from now: https://docs.github.com/apps (generating a JWT)."""


class TokenKind(StrEnum):
    CLASSIC = "classic"
    FINE_GRAINED = "fine-grained"
    INSTALLATION = "installation"
    ACTIONS = "actions"


@dataclass(kw_only=True, eq=False)
class Token:
    """`permissions` rule all kinds but classic ones, which have `scopes`. `repositories` None: all that may be seen."""

    value: str
    kind: TokenKind
    account: Account
    permissions: Mapping[str, str] = field(default_factory=dict)
    scopes: frozenset[str] = frozenset()
    repositories: frozenset[str] | None = None
    installation: Installation | None = None
    expires_at: datetime | None = None

    @property
    def of_app(self) -> App | None:
        return self.installation.app if self.installation else None

    def covers(self, repository: Repository) -> bool:
        """Whether its permissions are about this repository."""
        if self.installation and not self.installation.covers(repository):
            return False
        return self.repositories is None or repository.full_name in self.repositories


def new_value(kind: TokenKind, app: App | None = None, *, stateless: bool = False) -> str:
    """A token as long as GitHub's: installation tokens come short, or stateless with a JWT in them."""
    if kind is TokenKind.CLASSIC:
        return f"ghp_{secrets.token_hex(18)}"
    if kind is TokenKind.FINE_GRAINED:
        return f"github_pat_{secrets.token_hex(11)}_{secrets.token_hex(29)}a"
    if not stateless or app is None:
        return f"ghs_{secrets.token_hex(18)}"
    parts = [{"alg": "RS256", "typ": "JWT"}, {"iss": app.client_id, "jti": secrets.token_hex(16)}]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return f"ghs_{app.id}_{'.'.join(encoded)}.{secrets.token_urlsafe(256)}"


def app_of(state: State, value: str, now: datetime) -> App:
    """The App that signed a JWT; refused with GitHub's words where something is wrong with it."""
    import jwt

    try:
        claims = jwt.decode(value, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        raise Refused(401, "A JSON web token could not be decoded") from None
    issuer = str(claims.get("iss", ""))
    app = next((app for app in state.apps.values() if issuer in (str(app.id), app.client_id)), None)
    if app is None:
        raise Refused(401, "Integration not found" if issuer else "'Issuer' claim ('iss') must be an Integer")
    try:
        jwt.decode(value, app.public_key, algorithms=["RS256"], options={"verify_exp": False, "verify_iat": False})
    except jwt.InvalidTokenError:
        raise Refused(401, "A JSON web token could not be decoded") from None
    _check_times(claims, now.timestamp())
    return app


def _check_times(claims: Mapping[str, object], now: float) -> None:
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int) or issued > now + _LEEWAY:
        raise Refused(
            401,
            "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
        )
    if not isinstance(expires, int) or expires <= now:
        raise Refused(
            401,
            "'Expiration time' claim ('exp') must be a numeric value representing the future time "
            "at which the assertion expires",
        )
    if expires > now + _LONGEST or expires - issued > _LONGEST + _LEEWAY:
        raise Refused(401, "'Expiration time' claim ('exp') is too far in the future")


def lifetime(now: datetime) -> datetime:
    """Until when an installation token made now is good."""
    return (now + timedelta(hours=1)).replace(microsecond=0)
