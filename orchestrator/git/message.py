"""Commit messages: composed from untrusted parts, and taken apart again."""

from __future__ import annotations

import re
from dataclasses import dataclass

from orchestrator.errors import BadInput
from orchestrator.lifecycle.ports import Author, CommitMessage

_TRAILER = re.compile(r"([A-Za-z][A-Za-z0-9-]*): (.+)")
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts:
    """A commit message taken apart."""

    subject: str
    body: str
    trailers: tuple[tuple[str, str], ...]


def compose(message: CommitMessage) -> str:
    """The text of a commit message.

    Subject and trailer values become single lines, so none can add a trailer of its own; the body cannot either,
    since only a message's last paragraph counts. `BadInput` for a key that is no trailer key.
    """
    for key, _ in message.trailers:
        if not _KEY.fullmatch(key):
            raise BadInput(f"{key!r} is not the name of a commit trailer", hint="use letters, digits and dashes")
    trailers = "\n".join(f"{key}: {value}" for key, text in message.trailers if (value := one_line(text)))
    paragraphs = (one_line(message.subject) or "(no subject)", _plain(message.body), trailers)
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph) + "\n"


def take_apart(text: str) -> Parts:
    """Subject, body and trailers, by the rule `compose` follows: the last paragraph, if each line of it is one."""
    subject, _, rest = text.strip().partition("\n\n")
    body, gap, last = rest.rpartition("\n\n")
    lines = [_TRAILER.fullmatch(line) for line in last.splitlines()]
    if not lines or not all(lines):
        return Parts(subject=one_line(subject), body=rest.strip(), trailers=())
    found = tuple((line[1], line[2]) for line in lines if line)
    return Parts(subject=one_line(subject), body=body.strip() if gap else "", trailers=found)


def identity(author: Author) -> tuple[str, str]:
    """Name and e-mail address as git can store them: no angle brackets, no line breaks, never empty."""
    name = one_line(author.name.translate({60: None, 62: None})).strip(" .,:;\"'")
    email = re.sub(r"[\s<>]", "", one_line(author.email))
    return name or "unknown", email or "unknown@mycelium.invalid"


def one_line(text: str) -> str:
    return " ".join(_plain(text).split())


def _plain(text: str) -> str:
    normal = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", normal).encode("utf-8", "replace").decode().strip()
