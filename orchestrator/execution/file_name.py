"""The key of a node run as the name of a file."""

from __future__ import annotations

import hashlib
import re

_ODD = re.compile(r"^\.|[^A-Za-z0-9 ._(),+=@-]")
_LONGEST = 180
_KEPT = 120


def file_name(key: str) -> str:
    """A name, without suffix, that every file system takes, and that no other key has: `test (3.11)` as it is.

    Other characters are percent-encoded. Of a name that would be too long the beginning stays, with a hash of the key.
    """
    name = _ODD.sub(lambda odd: "".join(f"%{byte:02X}" for byte in odd[0].encode("utf-8", "surrogatepass")), key)
    if len(name) <= _LONGEST:
        return name
    return f"{name[:_KEPT]}~{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"


def transcript_name(key: str, call: int = 1) -> str:
    """What the transcript of the nth call of an agent in a node run is called, without suffix."""
    return file_name(key if call == 1 else f"{key}.{call}")
