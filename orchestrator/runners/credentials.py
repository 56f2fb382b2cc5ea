"""What an engine gets of the worker's credentials: the names it takes, and what to do where none is set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class Credentials:
    """`secrets` are masked wherever they show; `others` say where and how to call (addresses, regions, profiles).
    One of `sufficient` has to be set; without any, the program needs none of them.

    Of several secrets the program uses all, or where they are `exclusive` the first that is set. Where a variable of
    `instead` is set, it uses those named there.
    """

    secrets: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    sufficient: tuple[str, ...] = ()
    exclusive: bool = False
    instead: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def taken(self, environ: Mapping[str, str]) -> dict[str, str]:
        """All that this engine gets of the worker's environment, and no other process does."""
        return {name: environ[name] for name in (*self.secrets, *self.others) if environ.get(name)}

    def missing(self, env: Mapping[str, str], program: str) -> str:
        """What to set; empty where nothing is missing."""
        if not self.sufficient or any(env.get(name) for name in self.sufficient):
            return ""
        first, *others = self.sufficient
        return f"no key for {program}: set `{first}`" + (f", or one of {', '.join(others)}" if others else "")

    def advice(self, env: Mapping[str, str]) -> str:
        """What to look at when the credentials were refused: those that are set and used, or else those to set."""
        switch = next((name for name in self.instead if env.get(name)), "")
        names = self.instead[switch] if switch else self.secrets
        found = [name for name in names if env.get(name)]
        if found:
            return f"check {_listed(found[:1] if self.exclusive else found)}"
        return f"with `{switch}`, set {_listed(names)} as they belong together" if switch else ""

    def values(self, env: Mapping[str, str]) -> list[str]:
        """The values to mask."""
        return [env[name] for name in self.secrets if env.get(name)]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
