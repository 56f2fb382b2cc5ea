"""Tags for the agents' git directories: builds that take their version from `git describe` need them."""

from __future__ import annotations

import os

from orchestrator.git import gitdir
from orchestrator.git.command import Command
from orchestrator.git.discovery import Checkout
from orchestrator.git.mirror import Mirror
from orchestrator.git.origin import FETCHED

_TAGS = "refs/tags/"


def note(checkout: Checkout, mirror: Mirror) -> None:
    """Write down those of the checkout and those that were fetched; of a name that both have, the checkout's."""
    below = f"{FETCHED}/tags/"
    fetched = {ref.replace(below, _TAGS, 1): at for ref, at in _below(mirror.git, below)}
    found = {**fetched, **dict(_below(mirror.git, _TAGS)), **dict(_below(checkout.git, _TAGS))}
    lines = "".join(f"{at} {ref}\n" for ref, at in sorted(found.items(), key=_bytes))
    gitdir.put(mirror.path / "tags", f"# pack-refs with: sorted \n{lines}" if lines else "")


def _bytes(item: tuple[str, str]) -> bytes:
    return os.fsencode(item[0])


def _below(git: Command, place: str) -> list[tuple[str, str]]:
    """Refs below it, and what they point at."""
    listed = git.run("for-each-ref", "--format=%(refname) %(objectname)", place.rstrip("/")).line
    return [(ref, at) for ref, _, at in (line.partition(" ") for line in listed.splitlines())]
