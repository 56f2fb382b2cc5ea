"""Carries commits out of the mirror: into the user's repository as a branch, and between machines as bundles."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from orchestrator.errors import BadInput, Conflict
from orchestrator.git.command import GitFailed
from orchestrator.git.discovery import Checkout
from orchestrator.git.mirror import Mirror, is_kept_ref, kept_ref
from orchestrator.git.origin import is_shallow

_MAX_PACK_BYTES = 2_000_000_000
# What `git fetch` does too: a few objects are stored loose, many as one pack.
_UNPACK_LIMIT = 100


def create_branch(mirror: Mirror, checkout: Checkout, name: str, commit: str) -> None:
    """A branch at `commit` in the user's repository; nothing happens when it is there already.

    `BadInput` for a name git does not allow, `Conflict` when the branch exists at another commit.
    """
    ref = _branch_ref(checkout, name)
    if _points_at(checkout, ref) == mirror.commit(commit):
        return
    _copy_objects(mirror, checkout, commit)
    _end_history(mirror, checkout, commit)
    nothing = "0" * len(commit)
    made = checkout.git.run("update-ref", ref, commit, nothing, codes=(0, 1, 128))
    found = _points_at(checkout, ref)
    if made.code and found is None:
        raise Conflict(f"the branch {name} cannot be made: {made.reason}", hint="choose another name")
    if found != commit:
        raise Conflict(f"the branch {name} exists already, at {(found or '')[:12]}", hint="choose another name")


def bundle(mirror: Mirror, commit: str, known: Sequence[str]) -> bytes:
    """A thin bundle with `commit` for a machine that has `known`; empty when that machine lacks nothing."""
    present = mirror.among([commit, *known])
    mirror.keep([mirror.commit(commit)])
    there = [f"^{name}" for name in known if name in present]
    try:
        made = mirror.git.run("bundle", "create", "--quiet", "-", kept_ref(commit), *there, limit=_MAX_PACK_BYTES)
    except GitFailed as error:
        if "empty bundle" in error.reason:
            return b""
        raise
    return made.output


def unbundle(mirror: Mirror, content: bytes) -> None:
    """Take a bundle's commits in, and keep them; `Conflict` when this machine lacks what the bundle builds on."""
    if not content:
        return
    with tempfile.TemporaryDirectory(prefix="bundle-", dir=mirror.path.parent) as folder:
        file = Path(folder) / "bundle"
        file.write_bytes(content)
        try:
            listed = (
                mirror.git.having(settings={"transfer.fsckObjects": "true"}).run("bundle", "unbundle", str(file)).line
            )
        except GitFailed as error:
            if "prerequisite" in error.reason:
                raise Conflict(f"this machine lacks the commits that a bundle builds on: {error.reason}") from error
            raise BadInput(f"a bundle cannot be read: {error.reason}") from error
    heads = [line.partition(" ") for line in listed.splitlines()]
    mirror.keep([commit for commit, _, ref in heads if is_kept_ref(ref, commit)])


def _branch_ref(checkout: Checkout, name: str) -> str:
    ref = f"refs/heads/{name}"
    allowed = not name.startswith("-") and name != "HEAD"
    if not allowed or checkout.git.run("check-ref-format", ref, codes=(0, 1, 128, 129)).code:
        raise BadInput(f"{name!r} is not a name git allows for a branch", hint="see git check-ref-format --help")
    return ref


def _points_at(checkout: Checkout, ref: str) -> str | None:
    return checkout.git.run("rev-parse", "--verify", "--quiet", ref, codes=(0, 1, 128)).line or None


def _copy_objects(mirror: Mirror, checkout: Checkout, commit: str) -> None:
    """Give the user's repository the objects it lacks: those that lie in the mirror itself (`--local`)."""
    here = None if is_shallow(mirror, checkout) else _points_at(checkout, "HEAD")
    # A shallow repository lacks some of what its HEAD builds on. There is not much to look through then.
    wanted = f"{commit}\n" + (f"^{here}\n" if here and mirror.has(here) else "")
    pack = mirror.git.run(
        "pack-objects", "-q", "--revs", "--local", "--stdout", stdin=wanted.encode(), limit=_MAX_PACK_BYTES
    ).output
    objects = int.from_bytes(pack[8:12], "big")
    if objects:
        take = ("unpack-objects", "-q") if objects < _UNPACK_LIMIT else ("index-pack", "--stdin")
        theirs = mirror.git.having({"GIT_OBJECT_DIRECTORY": str(checkout.common_dir / "objects")})
        theirs.run(*take, stdin=pack)


def _end_history(mirror: Mirror, checkout: Checkout, commit: str) -> None:
    """Tell the user's repository, which is shallow itself, of a commit that was fetched here without its history."""
    place = checkout.common_dir / "shallow"
    known = os.fsdecode(place.read_bytes()).split() if place.is_file() else []
    if not (ends := set(mirror.ends()).difference(known)):
        return
    roots = mirror.git.run("rev-list", "--max-parents=0", commit).line.split()
    if not (new := [root for root in roots if root in ends]):
        return
    lock = place.with_name("shallow.lock")  # as git has it: nobody else changes it meanwhile
    try:
        with lock.open("x", encoding="ascii") as file:
            file.write("".join(f"{line}\n" for line in [*known, *new]))
    except FileExistsError as error:
        raise Conflict(f"{lock} is there: another git works in this repository", hint="try again") from error
    lock.replace(place)
