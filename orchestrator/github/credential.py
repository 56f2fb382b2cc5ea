"""What speaks to GitHub: an App, a personal token, or the token of a job; read from settings, never shown."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from orchestrator.errors import SetupError
from orchestrator.lifecycle.ports.github import Abilities, Credential
from orchestrator.settings import Settings

INSTALLATION_TOKEN: Final = "ghs_"  # noqa: S105 - how such tokens begin
"""What begins so is an installation's: that of a job, unless it says, or GitHub does, that it is another App's."""

ACTIONS_APP: Final = "15368"
"""The App that jobs speak as, on github.com."""

_NAMES_APP: Final = re.compile(rf"{INSTALLATION_TOKEN}(\d+)_")

ABILITIES: Final = {
    Credential.APP: Abilities(credential=Credential.APP, check_runs=True, buttons=True, links=True),
    Credential.ACTIONS: Abilities(credential=Credential.ACTIONS, check_runs=True, buttons=False, links=False),
    # Whether anybody hears its buttons is not known to whoever was given nothing but a token of it.
    Credential.INSTALLATION: Abilities(credential=Credential.INSTALLATION, check_runs=True, buttons=False, links=True),
    Credential.PERSONAL: Abilities(credential=Credential.PERSONAL, check_runs=False, buttons=False, links=False),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """A token as it was given: of any length, and with no more known of it than how it begins."""

    value: str = field(repr=False)

    @property
    def kind(self) -> Credential:
        return Credential.ACTIONS if self.value.startswith(INSTALLATION_TOKEN) else Credential.PERSONAL

    @property
    def app_id(self) -> str:
        """Whose installation it is of, where it says so: those of a newer form do, `ghs_APPID_…`."""
        found = _NAMES_APP.match(self.value)
        return found[1] if found else ""

    @property
    def setting(self) -> str:
        return "MYCELIUM_GITHUB_TOKEN"

    def scope(self, owner: str) -> str:  # noqa: ARG002 - a token has its limits wherever it speaks
        """Whose limits a request counts against; it tells nothing of the token."""
        return f"token:{hashlib.sha256(self.value.encode()).hexdigest()[:16]}"


@dataclass(frozen=True, kw_only=True, slots=True)
class AppKey:
    """A GitHub App, by its id or client id, and its private key as PEM."""

    app_id: str
    private_key: str = field(repr=False)

    @property
    def kind(self) -> Credential:
        return Credential.APP

    @property
    def setting(self) -> str:
        return "MYCELIUM_GITHUB_APP_ID and MYCELIUM_GITHUB_PRIVATE_KEY"

    def scope(self, owner: str) -> str:
        """An App has one installation for each owner, and each has limits of its own."""
        return f"app:{self.app_id}:{owner.lower()}"


def credential(settings: Settings) -> AppKey | Token | None:
    """What the settings name; an App goes before a token. `SetupError` says which of them cannot be used."""
    if settings.github_app_id or settings.github_private_key:
        return _app(settings)
    return _token(settings.github_token) if settings.github_token.strip() else None


def _token(given: str) -> Token:
    value = given.strip()
    # What cannot stand in a header would be shown, token and all, by whoever refuses it.
    if not value.isascii() or not value.isprintable() or " " in value:
        raise SetupError("MYCELIUM_GITHUB_TOKEN holds characters that no token has", hint="copy the token again")
    return Token(value=value)


def _app(settings: Settings) -> AppKey:
    for name, value in (("APP_ID", settings.github_app_id), ("PRIVATE_KEY", settings.github_private_key)):
        if not value.strip():
            raise SetupError(
                f"a GitHub App needs MYCELIUM_GITHUB_{name} too", hint="its settings page on GitHub has both"
            )
    app_id = settings.github_app_id.strip()
    if not app_id.isascii() or not app_id.replace(".", "").isalnum():
        raise SetupError(
            "MYCELIUM_GITHUB_APP_ID is neither an App's id nor its client id", hint="such as 123456 or Iv23li…"
        )
    return AppKey(app_id=app_id, private_key=_private_key(settings.github_private_key, settings.root))


def _private_key(given: str, root: Path) -> str:
    """The PEM, from a setting that holds it (line ends may be written `\\n`) or the path of a file with it."""
    text = given.strip()
    if not text.startswith("-----BEGIN"):
        text = _read(root / Path(text).expanduser())
    text = text.replace("\\n", "\n").strip() + "\n"
    _require_key(text)
    return text


def _read(path: Path) -> str:
    reason: str | None
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        reason = error.strerror
    except ValueError:
        reason = "it is no text"
    # The name of the file is not repeated, nor the error that has it: it may be a key, mangled.
    hint = "it takes the PEM that GitHub gave you, or the path of that file"
    raise SetupError(f"the file that MYCELIUM_GITHUB_PRIVATE_KEY names cannot be read: {reason}", hint=hint)


def _require_key(text: str) -> None:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, RSAPrivateKey):
        hint = "download a new one from the App's settings page, and give it whole, with its BEGIN and END lines"
        raise SetupError("MYCELIUM_GITHUB_PRIVATE_KEY is not a private key of a GitHub App", hint=hint)
