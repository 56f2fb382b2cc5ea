"""Addresses as answers carry them: on the stand-in's own host, under the prefix that the caller used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode


@dataclass(frozen=True, kw_only=True, slots=True)
class Urls:
    """`web` is the root people see; `prefix` is empty, or `/api/v3` as on GitHub Enterprise Server."""

    web: str
    prefix: str = ""

    @property
    def api(self) -> str:
        return self.web + self.prefix

    def page(self, path: str, query: Mapping[str, str], number: int) -> str:
        return f"{self.api}{path}?{urlencode({**query, 'page': number})}"
