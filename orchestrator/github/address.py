"""Where GitHub is, and which repository there is meant."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from orchestrator.errors import SetupError

SETTING: Final = "MYCELIUM_GITHUB_API_URL"
LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
_FULL_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+")
_SCP: Final = re.compile(r"(?:[^/@\s]+@)?[^/:\s]+:(?!//)(?P<path>.+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """`api` is the base of the REST API, `web` where people and git go; neither ends with a slash."""

    api: str
    web: str

    @property
    def host(self) -> str:
        return urlsplit(self.api).netloc


def address(api_url: str) -> Address:
    """The places that belong to a `MYCELIUM_GITHUB_API_URL`; `SetupError` where it cannot be one.

    github.com is `https://api.github.com`, Enterprise Server `https://HOST/api/v3`, an enterprise with data residency
    `https://api.NAME.ghe.com`. A token is never sent in the clear, but to this machine.
    https://docs.github.com/en/enterprise-server/rest/using-the-rest-api/getting-started-with-the-rest-api
    """
    api = api_url.strip().rstrip("/")
    parts = urlsplit(api)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc or parts.query or parts.fragment:
        raise SetupError(
            f"{SETTING} is not the address of an API", hint="https://api.github.com, or https://HOST/api/v3"
        )
    if parts.scheme == "http" and host not in LOOPBACK:
        raise SetupError(f"{SETTING} begins with http://, which would show the token on the way", hint="use https://")
    if host in ("github.com", "www.github.com"):
        raise SetupError(f"{SETTING} is GitHub's web address", hint="its API is https://api.github.com")
    return Address(api=api, web=_web(parts.scheme, parts.netloc))


def _web(scheme: str, place: str) -> str:
    host = place.rpartition(":")[0] or place
    if host == "api.github.com" or (host.startswith("api.") and host.endswith(".ghe.com")):
        place = place.removeprefix("api.")
    return f"{scheme}://{place}"


def repository_of(remote: str) -> str | None:
    """`owner/name` of a git address: the last two parts of its path. None for a folder, or what has no such parts.

    The host is not compared: SSH configuration and proxies give GitHub any name.
    """
    if "://" in remote:
        parts = urlsplit(remote)
        path = "" if parts.scheme == "file" else parts.path
    else:
        scp = _SCP.fullmatch(remote)
        path = scp["path"] if scp else ""
    name = "/".join(unquote(path).strip("/").removesuffix(".git").split("/")[-2:])
    return full_name(name)


def full_name(text: str) -> str | None:
    """`text` if it can be the `owner/name` of a repository."""
    return text if _FULL_NAME.fullmatch(text) and text.partition("/")[2] not in (".", "..") else None
