"""Turns the bytes of a stream into lines of text."""

from __future__ import annotations

from collections.abc import Iterator

LINE_LIMIT = 1_000_000


class LineSplitter:
    """Complete lines out of chunks, decoded as UTF-8, bad bytes replaced.

    A line past `limit` bytes is cut and says so; the rest of it is dropped. Of a progress line that returns the
    carriage, what a terminal would show last is kept.
    """

    def __init__(self, *, limit: int = LINE_LIMIT) -> None:
        self._limit = limit
        self._rest = bytearray()
        self._dropped = 0

    def feed(self, chunk: bytes) -> Iterator[str]:
        """The lines that `chunk` completes."""
        start = 0
        while (end := chunk.find(b"\n", start)) >= 0:
            self._keep(chunk[start:end])
            yield self._take()
            start = end + 1
        self._keep(chunk[start:])

    def finish(self) -> Iterator[str]:
        """A last line without a line end, if there is one."""
        if self._rest or self._dropped:
            yield self._take()

    def _keep(self, piece: bytes) -> None:
        room = max(0, self._limit - len(self._rest))
        self._rest += piece[:room]
        self._dropped += max(0, len(piece) - room)

    def _take(self) -> str:
        text = bytes(self._rest).decode("utf-8", "replace")
        cut = f" … [{self._dropped} bytes more, cut]" if self._dropped else ""
        self._rest.clear()
        self._dropped = 0
        return _shown(text) + cut


def _shown(text: str) -> str:
    if "\r" not in text:
        return text
    return next((part for part in reversed(text.split("\r")) if part), "")
