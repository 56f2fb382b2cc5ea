"""Text as every database and every file takes it."""

from __future__ import annotations


def storable(text: str) -> str:
    """`text` with U+FFFD for what cannot be stored: NUL, and halves of surrogate pairs."""
    clean = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    return clean if clean.isascii() else clean.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
