"""A branch that holds files and nothing else, written to by many at once and checked out by nobody."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What is to become of the branch: files to write, by path, and paths to remove; `message` is the commit's.

    With `alone` the commit has no parent: what the branch was before is forgotten, and its files are not.
    """

    message: str
    put: Mapping[str, bytes] = field(default_factory=dict)
    remove: Collection[str] = ()
    alone: bool = False


class Tip(Protocol):
    """The branch as it was a moment ago."""

    @property
    def commit(self) -> str | None:
        """None where there is no such branch."""
        ...

    @property
    def files(self) -> Mapping[str, str]:
        """By path, what tells one content of a file from another."""
        ...

    def read(self, paths: Collection[str]) -> dict[str, bytes]:
        """The contents of files; those that are not there, or far too large, are left out. Only these are fetched."""
        ...


class RecordBranch(Protocol):
    """One branch of the remote. `Unavailable` where the remote is out of reach, `Forbidden` where it does not let us.

    Nothing of the user's repository is touched: neither checkout nor index, refs or config.
    """

    def tip(self) -> Tip:
        """The branch as the remote has it now."""
        ...

    def write(self, decide: Callable[[Tip], Change | None]) -> str | None:
        """Change the branch as `decide` wants it, on top of whatever it is by then; its commit, None where nothing was
        to be done.

        Where somebody else was quicker, `decide` is asked again with what they made of it, until it works or patience
        ends: then `Unavailable`. Errors that it raises pass on.
        """
        ...

    def close(self) -> None:
        """Remove what was brought here."""
        ...
