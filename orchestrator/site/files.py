"""Files of the site: written whole or not at all, under names that cannot leave their folder."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Collection
from pathlib import Path

_PASSIVE = frozenset(
    {"txt", "log", "md", "csv", "tsv", "json", "jsonl", "yaml", "yml", "toml", "ini", "cfg", "patch", "diff"}
    | {"png", "jpg", "jpeg", "gif", "webp", "pdf", "zip", "gz", "tgz", "tar", "xz"}
)
"""Suffixes that no browser runs as a page; `.html`, `.svg` and `.xml` could carry script."""


def write_atomically(path: Path, content: str | bytes) -> bool:
    """Put `content` at `path` by renaming a finished file; false when it was there already."""
    data = content.encode("utf-8", "replace") if isinstance(content, str) else content
    if path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return True


def slug(text: str) -> str:
    """`test (3.11)` → `test-3-11`: lower-case letters, digits and hyphens, for ids and file names."""
    words = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return words[:60].strip("-") or f"x{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:8]}"


def unique_slugs(texts: Collection[str]) -> dict[str, str]:
    """A slug for each text, no two alike."""
    taken: dict[str, str] = {}
    for text in texts:
        wanted, number = slug(text), 1
        name = wanted
        while name in taken:
            number += 1
            name = f"{wanted}-{number}"
        taken[name] = text
    return {text: name for name, text in taken.items()}


def folder_name(execution_id: str) -> str:
    """An execution id as one path segment; ids of ours are kept as they are."""
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}", execution_id):
        return execution_id
    return f"x{hashlib.sha256(execution_id.encode('utf-8', 'replace')).hexdigest()[:24]}"


def artifact_name(name: str, digest: str) -> str:
    """One path segment for an artifact: readable, unique by content, and of a type that browsers only show."""
    base = re.sub(r"[^A-Za-z0-9._-]+", "-", name.replace("\\", "/").rsplit("/", 1)[-1]).strip(".-") or "file"
    suffix = base.rsplit(".", 1)[-1].lower() if "." in base else ""
    safe = base[-80:].lstrip(".-") + ("" if suffix in _PASSIVE else ".txt")
    return f"{hashlib.sha256(digest.encode()).hexdigest()[:10]}-{safe}"
