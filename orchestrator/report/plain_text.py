"""Text of agents and processes made harmless to look at: no escape sequence acts, no hidden character hides.

Terminal escapes can rewrite what a reader saw, and bidirectional controls can show code in another order than it
runs (https://trojansource.codes). Both are removed or spelled out; letters of every script stay as they are.
"""

from __future__ import annotations

import re

from orchestrator.definition.hidden import UNSEEN

ANSI = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|\x1b[\]P^_X][^\x07\x1b]*(?:\x07|\x1b\\)?"  # OSC, DCS, PM, APC, SOS: titles, links
    r"|\x1b[ -/]*[0-~]"
    r"|\x9b[0-?]*[ -/]*[@-~]"
)
HIDDEN = re.compile(f"[{UNSEEN}\ud800-\udfff]")
_BACKTICKS = re.compile(r"`([^`\n]+)`")


def visible(text: str) -> str:
    """`text` without escape sequences, hidden characters spelled `⟨U+202E⟩`; line ends and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    return reveal(ANSI.sub("", text).replace("\r\n", "\n").replace("\r", "\n"))


def reveal(text: str) -> str:
    """Spell out characters that cannot be seen, of text without escape sequences."""
    return HIDDEN.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", text)


def one_line(text: str, limit: int = 200) -> str:
    """The first line that says something, visible and at most `limit` characters."""
    for line in visible(text[: limit * 8]).split("\n"):
        if line.strip():
            return clip(" ".join(line.split()), limit)
    return ""


def code_spans(text: str) -> tuple[tuple[str, bool], ...]:
    """The pieces of a commit's subject or of a message, each with whether it stood in backticks on one line."""
    pieces = ((piece, place % 2 == 1) for place, piece in enumerate(_BACKTICKS.split(text)))
    return tuple((text, is_code) for text, is_code in pieces if text)


def clip_bytes(text: str, limit: int) -> str:
    """`text` as it will be seen, at most `limit` UTF-8 bytes, with an ellipsis where something was cut.

    It is made visible first: a hidden character is spelled in eight.
    """
    given = text[: limit * 8]
    shown = visible(given)
    if len(given) == len(text) and len(shown.encode()) <= limit:
        return shown
    return shown.encode()[: max(0, limit - len("…".encode()))].decode(errors="ignore").rstrip() + "…"


def clip(text: str, limit: int) -> str:
    """At most `limit` characters, with an ellipsis where something was cut."""
    return text if len(text) <= limit else text[: max(0, limit - 1)].rstrip() + "…"
