"""Text of agents and processes as GitHub Markdown that can do nothing but be read.

The text is parsed and written back from the parts that are known: headings, lists, quotes, code, tables, emphasis.
What it says survives; what it could do does not:

- HTML, comments and `<details>` become visible characters, so nothing hides and no section of ours is closed;
- images and links become their text, with the address in code: no beacon, no cross-reference, no disguised target;
- `@name`, `#12` and `GH-12` are split by a zero-width space, the one form that GitHub's filters, which run after
  entities are decoded, do not recognise; inside code GitHub looks for none of them, and code stays as it is;
- fences that GitHub draws or runs (`mermaid`, `math`, maps, models, `suggestion`) become plain code;
- fences are longer than any run of backticks inside; bidirectional controls are spelled out.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from orchestrator.report.plain_text import clip, code_spans, one_line, visible

CUT = "\n\n*… cut here: the rest is too long to show.*"

_ZERO_WIDTH = "&#8203;"
# Wherever they stand in a word: GitHub makes a link of `_https://…` and of `0https://…` too.
# The name of a scheme is bounded, or a long word would be read anew from each of its letters.
_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]{0,40}://|www\.)[^\s<>`]+", re.IGNORECASE)
_NUMBER = re.compile(r"(?<!&)#(?=\w)")
_TICKET = re.compile(r"\b(GH)-(?=\d)", re.IGNORECASE)
_HARMLESS = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", **{sign: f"\\{sign}" for sign in "\\`*_[]~$|"}})
_LINE_START = re.compile(r"^(\s*)([#+\-=>]|\d{1,9}(?=[.)]))")
_MAX_DEPTH = 12
_DRAWN = frozenset({"mermaid", "math", "geojson", "topojson", "stl", "suggestion"})


def safe_markdown(text: str, *, limit: int = 20_000) -> str:
    """`text` as inert Markdown of at most `limit` UTF-8 bytes, cut with a notice when there is more."""
    given = text[: limit * 8]
    source = visible(given)
    return _inert(source[:limit], limit, whole=len(source) <= limit and given == text) if source.strip() else ""


@lru_cache(maxsize=256)
def _inert(source: str, limit: int, *, whole: bool) -> str:
    """What an agent said stays as it is, and is shown with every picture of its execution: so it is kept."""
    if whole and len((result := _written(source)).encode()) <= limit:
        return result
    room = limit - len(CUT.encode())
    return _cut(source[: source.rfind("\n") + 1] or source, room) + CUT if room > 0 else ""


def _cut(source: str, room: int) -> str:
    """As many of its blocks as `room` bytes take, and of the next one what is left if that is much."""
    kept: list[str] = []
    left = room
    for begins, lines in _Writer(_parser().parse(source)).sections():
        size = len("\n".join(lines).encode()) + 1
        if size > left:
            rest = "\n".join(source.split("\n")[begins:])
            kept += ["", *_shortened(rest, left - 1)] if left > room // 2 else []
            break
        kept += lines
        left -= size
    return "\n".join(kept).strip("\n")


def _shortened(source: str, room: int) -> list[str]:
    """The beginning of a block that is too large, cut at an end of a line where it has any."""
    size = room
    while size > 0:
        kept = source[:size]
        result = _written(kept[: kept.rfind("\n") + 1] or kept)
        if len(result.encode()) <= room:
            return result.split("\n")
        size = min(size - 1, size * room // len(result.encode()))
    return []


def safe_inline(text: str, limit: int = 200) -> str:
    """One line of `text` as inert Markdown, for a table cell, a heading or a list item."""
    return safe_text(clip(" ".join(visible(text[: limit * 8]).split()), limit))


def safe_code(text: str, limit: int = 200) -> str:
    """One line of `text` as a code span that also holds inside a table cell."""
    line = clip(" ".join(visible(text[: limit * 8]).split()), limit)
    return _code_span(line.replace("|", "¦")) if line else ""


def safe_subject(text: str, limit: int = 200) -> str:
    """A commit's subject as inert Markdown; what it has in backticks is code, as GitHub shows it."""
    return _with_code(one_line(text, limit))


def safe_message(text: str, limit: int = 200) -> str:
    """All of a message on one line as inert Markdown; what it has in backticks is code."""
    return _with_code(clip(" ".join(visible(text[: limit * 8]).split()), limit))


def _with_code(line: str) -> str:
    return "".join(safe_code(piece, len(piece)) if is_code else safe_text(piece) for piece, is_code in code_spans(line))


def safe_html(text: str, limit: int = 120) -> str:
    """One line of `text` for the inside of an HTML element in a comment."""
    escaped = html.escape(clip(" ".join(visible(text[: limit * 8]).split()), limit))
    return _split_references(escaped)


def fenced(text: str, info: str = "") -> str:
    """`text` as a code block that nothing inside can close."""
    body = visible(text).rstrip("\n")
    fence = "`" * max(3, _longest_run(body) + 1)
    return f"{fence}{info}\n{body}\n{fence}"


def safe_text(text: str) -> str:
    """Plain text, without line ends, as Markdown that shows exactly these characters."""
    parts, last = [], 0
    for match in _ADDRESS.finditer(text):
        parts += [_escaped(text[last : match.start()]), _code_span(match[0].replace("|", "¦"))]
        last = match.end()
    return "".join([*parts, _escaped(text[last:])])


def _escaped(text: str) -> str:
    return _split_references(_LINE_START.sub(_escaped_start, text.translate(_HARMLESS)))


def _split_references(text: str) -> str:
    text = _TICKET.sub(rf"\1{_ZERO_WIDTH}-", text)
    text = _NUMBER.sub(f"#{_ZERO_WIDTH}", text)
    return text.replace("@", f"@{_ZERO_WIDTH}")


def _escaped_start(match: re.Match[str]) -> str:
    """What would start a block, at the beginning of a line."""
    space, sign = match.groups()
    return f"{space}{sign}\\" if sign.isdigit() else f"{space}\\{sign}"


def _code_span(text: str) -> str:
    ticks = "`" * (_longest_run(text) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") or not text.strip() else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def _language(info: str) -> str:
    word = re.sub(r"\W.*", "", info, flags=re.DOTALL)
    return "" if word.lower() in _DRAWN else word


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"maxNesting": _MAX_DEPTH}).enable(["table", "strikethrough"])


def _written(source: str) -> str:
    return "\n".join(_Writer(_parser().parse(source)).blocks()).strip("\n")


class _Writer:
    """Writes block tokens back as Markdown lines."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def blocks(self, end: str = "") -> list[str]:
        """The lines of all blocks up to the token `end`, which is consumed."""
        return [line for _, lines in self.sections(end) for line in lines]

    def sections(self, end: str = "") -> Iterator[tuple[int, list[str]]]:
        """The same block by block, each with the line of the source at which it begins."""
        tight = True
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            self._at += 1
            if token.type == end:
                break
            block = self._block(token)
            yield token.map[0] if token.map else 0, block if tight else ["", *block]
            tight = token.hidden or not block

    def _block(self, token: Token) -> list[str]:
        match token.type:
            case "paragraph_open":
                return self._inline_until("paragraph_close")
            case "heading_open":
                level = min(6, int(token.tag[1:]) + 3)
                return ["#" * level + " " + " ".join(self._inline_until("heading_close"))]
            case "blockquote_open":
                return [f"> {line}".rstrip() for line in self.blocks("blockquote_close")]
            case "bullet_list_open":
                return self._items("bullet_list_close", None)
            case "ordered_list_open":
                return self._items("ordered_list_close", int(token.attrGet("start") or 1))
            case "table_open":
                return self._table()
            case "fence" | "code_block":
                return fenced(token.content, _language(token.info)).split("\n")
            case "hr":
                return ["---"]
            case "html_block":
                shown = [safe_text(line.strip()) for line in token.content.split("\n") if line.strip()]
                return "\\\n".join(shown).split("\n")
            case _:
                return [safe_text(line) for line in token.content.split("\n") if line.strip()]

    def _inline_until(self, end: str) -> list[str]:
        token = self._tokens[self._at]
        while self._tokens[self._at].type != end:
            self._at += 1
        self._at += 1
        return _inline(token.children or []).split("\n")

    def _items(self, end: str, number: int | None) -> list[str]:
        lines: list[str] = []
        while self._tokens[self._at].type != end:
            self._at += 1
            marker = "- " if number is None else f"{number}. "
            number = None if number is None else number + 1
            body = self.blocks("list_item_close") or [""]
            indent = " " * len(marker)
            lines += [marker + body[0], *[indent + line if line else "" for line in body[1:]]]
        self._at += 1
        return lines

    def _table(self) -> list[str]:
        rows: list[list[str]] = []
        while (token := self._tokens[self._at]).type != "table_close":
            self._at += 1
            if token.type == "tr_open":
                rows.append([])
            elif token.type == "inline":
                rows[-1].append(_inline(token.children or []).replace("\n", " "))
        self._at += 1
        width = len(rows[0])
        lines = ["| " + " | ".join(row) + " |" for row in rows]
        return [lines[0], "|" + " --- |" * width, *lines[1:]]


_MARKS = {"em_open": "*", "em_close": "*", "strong_open": "**", "strong_close": "**", "s_open": "~~", "s_close": "~~"}


def _inline(tokens: Sequence[Token]) -> str:
    parts: list[str] = []
    targets: list[str] = []
    for token in tokens:
        match token.type:
            case "softbreak":
                parts.append("\n")
            case "hardbreak":
                parts.append("\\\n")
            case "code_inline":
                parts.append(_code_span(token.content.replace("|", "¦")))
            case "image":
                parts.append(f"{safe_text(token.content)} {_target(token, 'src')}".strip())
            case "link_open":
                targets.append(_target(token, "href"))
            case "link_close":
                target = targets.pop()
                parts.append("" if parts[-1] == target else f" {target}")
            case mark if mark in _MARKS:
                parts.append(_MARKS[mark])
            case _:
                parts.append(safe_text(token.content))
    return "".join(parts)


def _target(token: Token, name: str) -> str:
    address = clip(visible(str(token.attrGet(name) or "")), 300)
    return _code_span(address.replace("|", "¦")) if address else ""
