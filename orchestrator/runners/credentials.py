"""What an engine gets of the worker's credentials: the names it takes, and what to do where none is set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Credentials:
    """`secrets` are masked wherever they show; `others` say where and how to call (addresses, regions, profiles).
    One of `sufficient` has to be set; without any, the program needs none of them."""

    secrets: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    sufficient: tuple[str, ...] = ()

    def taken(self, environ: Mapping[str, str]) -> dict[str, str]:
        """All that this engine gets of the worker's environment, and no other process does."""
        return {name: environ[name] for name in (*self.secrets, *self.others) if environ.get(name)}

    def missing(self, env: Mapping[str, str], program: str) -> str:
        """What to set; empty where nothing is missing."""
        if not self.sufficient or any(env.get(name) for name in self.sufficient):
            return ""
        first, *others = self.sufficient
        return f"no key for {program}: set `{first}`" + (f", or one of {', '.join(others)}" if others else "")

    def used(self, env: Mapping[str, str]) -> str:
        """The names of the credentials that are set, for a message about one that was refused."""
        return ", ".join(f"`{name}`" for name in self.secrets if env.get(name))

    def values(self, env: Mapping[str, str]) -> list[str]:
        """The values to mask."""
        return [env[name] for name in self.secrets if env.get(name)]
