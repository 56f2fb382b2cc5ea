"""Which commit the Action is at: releases have tags, and a tag can be moved to another commit, a commit cannot."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

MOVING: Final = "v0"
"""The tag that moves with the releases."""
REPOSITORY: Final = "mycelium-orchestrator/mycelium"
ACTION: Final = f"{REPOSITORY}@{MOVING}"
"""The published Action, as it is named where nobody knows its commit."""

_RELEASE: Final = re.compile(r"v(\d+)\.(\d+)\.(\d+)")
_PINNED: Final = re.compile(r"\S+@[0-9a-f]{40}( # \S+)?")


def pinned(tags: Mapping[str, str], version: str) -> str | None:
    """The Action of this version's release, else of the newest, with the release's name behind it; None without either.

    `tags` are commits by the names of their tags. Dependabot brings commit and name up to date together.
    """
    name = f"v{version}" if f"v{version}" in tags else MOVING
    if name not in tags:
        return None
    commit = tags[name]
    releases = [match for each, at in tags.items() if at == commit and (match := _RELEASE.fullmatch(each))]
    newest = max(releases, key=lambda match: tuple(map(int, match.groups())), default=None)
    return f"{REPOSITORY}@{commit} # {name if name != MOVING or newest is None else newest[0]}"


def is_pinned(action: str) -> bool:
    """Whether it names a commit."""
    return _PINNED.fullmatch(action) is not None
