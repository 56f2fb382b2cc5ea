"""Answers to GET with their ETags: asked again, GitHub says 304 where nothing has changed, which costs no quota.

https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

MOST_BYTES: Final = 8_000_000
LARGEST: Final = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """An answer as it came; `headers` have the links to further pages."""

    etag: str
    headers: dict[str, Any]
    body: str


class Answers:
    """The latest answers of one credential, in memory; safe for threads."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._size = 0
        self._known: OrderedDict[str, Answer] = OrderedDict()
        self._lock = Lock()

    def get(self, url: str) -> Answer | None:
        with self._lock:
            found = self._known.get(url)
            if found:
                self._known.move_to_end(url)
            return found

    def keep(self, url: str, headers: dict[str, Any], body: str) -> None:
        """Remember an answer that has an ETag, and forget the oldest where there are too many."""
        etag = headers.get("etag")
        if not etag or len(body) > LARGEST:
            return
        with self._lock:
            self._forget(url)
            self._known[url] = Answer(etag=str(etag), headers=dict(headers), body=body)
            self._size += len(body)
            while self._size > self._most:
                self._forget(next(iter(self._known)))

    def _forget(self, url: str) -> None:
        known = self._known.pop(url, None)
        self._size -= len(known.body) if known else 0
