"""The blob store in memory."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

from orchestrator.errors import NotFound


class MemoryBlobs:
    """`Blobs` in a dictionary; safe for threads."""

    def __init__(self) -> None:
        self._contents: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def put(self, source: bytes | Path) -> str:
        content = source.read_bytes() if isinstance(source, Path) else bytes(source)
        digest = hashlib.sha256(content).hexdigest()
        with self._lock:
            self._contents[digest] = content
        return digest

    def get(self, digest: str) -> bytes:
        with self._lock:
            if digest not in self._contents:
                raise NotFound(f"there is no blob {digest}")
            return self._contents[digest]

    def has(self, digest: str) -> bool:
        with self._lock:
            return digest in self._contents

    def delete(self, digest: str) -> None:
        with self._lock:
            self._contents.pop(digest, None)
