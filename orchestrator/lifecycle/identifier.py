"""Execution ids: 26 characters that sort by time of creation, after https://github.com/ulid/spec, in lower case."""

from __future__ import annotations

from datetime import datetime

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_LENGTH = 26
RANDOM_BYTES = 10


def execution_id(now: datetime, randomness: bytes) -> str:
    """48 bits of milliseconds since 1970, then `RANDOM_BYTES` random bytes, five bits a character."""
    number = (int(now.timestamp() * 1000) << (8 * RANDOM_BYTES)) | int.from_bytes(randomness, "big")
    return "".join(_ALPHABET[(number >> (5 * position)) & 31] for position in reversed(range(_LENGTH)))
