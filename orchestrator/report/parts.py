"""Parts of a report that GitHub's Markdown and our own pages both render."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from orchestrator.report.markdown_safety import safe_html
from orchestrator.report.numbers import plural

MAX_BYTES = 65_000
"""GitHub refuses bodies of more than 65,536 characters; bytes are never fewer."""

URL_SAFE = ":/?#&=%.~-_"
"""What `quote` leaves alone in an address."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Paragraphs:
    """Plain Markdown."""

    markdown: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """A coloured box: GitHub's alert of that kind."""

    kind: Literal["NOTE", "IMPORTANT", "CAUTION"]
    markdown: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Graph:
    """The Mermaid source of the graph."""

    source: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Details:
    """A collapsed section; `title` and `note` are plain text, not yet escaped."""

    title: str
    note: str
    markdown: str


Part = Paragraphs | Notice | Graph | Details


def to_markdown(parts: Sequence[Part], *, limit: int, first: str = "", page: str = "") -> str:
    """Parts as GitHub-flavoured Markdown; those that do not fit are left out and counted in a last line."""
    rest = f" See [the whole execution]({quote(page, safe=URL_SAFE)})." if page else ""
    room = limit - len(f"\n\n*999 sections are left out here.{rest}*".encode())
    kept, used, dropped = [first] if first else [], len(first.encode()), 0
    for part in parts:
        needed = size(part)
        if used + needed <= room:
            kept.append(_rendered(part))
            used += needed
        else:
            dropped += 1
    if dropped:
        kept.append(f"*{plural(dropped, 'section')} {'is' if dropped == 1 else 'are'} left out here.{rest}*")
    return "\n\n".join(kept) + "\n"


def size(part: Part) -> int:
    """Bytes, with the empty line behind it."""
    return len(_rendered(part).encode()) + 2


def _rendered(part: Part) -> str:
    match part:
        case Paragraphs(markdown=markdown):
            return markdown
        case Notice(kind=kind, markdown=markdown):
            return "\n".join(f"> {line}".rstrip() for line in [f"[!{kind}]", *markdown.split("\n")])
        case Graph(source=source):
            return f"```mermaid\n{source}\n```"
        case Details(title=title, note=note, markdown=markdown):
            summary = f"<b>{safe_html(title)}</b> {safe_html(note)}".rstrip()
            return f"<details>\n<summary>{summary}</summary>\n\n{markdown}\n\n</details>"
