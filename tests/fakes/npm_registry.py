"""A registry of npm on this machine, with one package, for a test of what installs from one.

https://github.com/npm/registry/blob/main/docs/REGISTRY-API.md
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import threading
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote


def packed(files: Mapping[str, str]) -> bytes:
    """The tarball of a package with these files."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for path, text in files.items():
            entry = tarfile.TarInfo(f"package/{path}")
            entry.size, entry.mode = len(text.encode()), 0o755
            tar.addfile(entry, io.BytesIO(text.encode()))
    return stream.getvalue()


def integrity(content: bytes) -> str:
    """As locks name it."""
    return f"sha512-{b64encode(hashlib.sha512(content).digest()).decode()}"


@dataclass(kw_only=True)
class Registry:
    """`tarball` may be changed after the package was published; `asked` are the paths that somebody asked for."""

    manifest: dict[str, object]
    tarball: bytes
    url: str = ""
    asked: list[str] = field(default_factory=list)

    def answer(self, path: str) -> bytes | None:
        self.asked.append(path)
        name, version = str(self.manifest["name"]), str(self.manifest["version"])
        if path.endswith(".tgz"):
            return self.tarball
        if path != f"/{name}":
            return None
        dist = {"tarball": f"{self.url}/{name}/-/it.tgz", "integrity": integrity(self.tarball)}
        told = {"name": name, "dist-tags": {"latest": version}, "versions": {version: {**self.manifest, "dist": dist}}}
        return json.dumps(told).encode()


@contextmanager
def serving(registry: Registry) -> Iterator[None]:
    """On a port of its own, which it is told."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = registry.answer(unquote(self.path))
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    registry.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
