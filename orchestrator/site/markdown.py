"""Markdown of agents and step summaries as HTML: text is escaped, links are few and marked, nothing is loaded."""

from __future__ import annotations

from functools import cache
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from orchestrator.report.overview import STATUS_EMOJI
from orchestrator.report.plain_text import visible

MAX_CHARACTERS = 200_000
_TOP_HEADING = 4


def rendered(text: str, *, top: int = _TOP_HEADING, limit: int = MAX_CHARACTERS) -> Markup:
    """Safe HTML. Raw HTML in `text` is shown as characters; images become words. The highest heading of the text gets
    the level `top`, so that it fits below those of the page."""
    source = visible(text[:limit])
    if len(text) > limit:
        source += f"\n\n*… {len(text) - limit:,} more characters*"
    parser = _parser()
    tokens = parser.parse(source)
    lower = top - min((_level(token) for token in tokens if token.type == "heading_open"), default=top)
    for token in tokens:
        _tame(token, lower)
    html = parser.renderer.render(tokens, parser.options, {})
    for tag in ("pre", "table"):
        # What may be wider than its place scrolls by keyboard too. Text cannot look like this: it is escaped.
        html = html.replace(f"<{tag}>", f'<{tag} tabindex="0">')
    return Markup(html)  # noqa: S704 - the renderer escapes


def with_icons(html: Markup) -> Markup:
    """The status emoji of a comment as our own icons, which look alike on every machine."""
    for status, emoji in STATUS_EMOJI.items():
        icon = Markup('<svg class="i s-{0}" viewBox="0 0 16 16" role="img" aria-label="{0}"><use href="#i-{0}"/></svg>')
        html = html.replace(emoji, icon.format(status.value))
    return html


def _level(heading: Token) -> int:
    return int(heading.tag[1:])


def _tame(token: Token, lower: int) -> None:
    if token.type in ("heading_open", "heading_close"):
        token.tag = f"h{min(6, _level(token) + lower)}"
    elif token.type in ("td_open", "th_open"):
        # The pages' content security policy refuses style attributes.
        token.attrs = {"class": "num"} if "right" in str(token.attrs.get("style", "")) else {}
    for child in token.children or ():
        _tame_inline(child)


def _tame_inline(token: Token) -> None:
    if token.type == "link_open":
        href = _web_address(token.attrs.get("href"))
        token.attrs = {"href": href, "rel": "nofollow noopener noreferrer"} if href else {"class": "dead"}
    elif token.type == "image":
        shown = token.content or _web_address(token.attrs.get("src")) or "not shown"
        token.type, token.content, token.children = "code_inline", f"image: {shown}", None
        token.attrs = {}


def _web_address(value: str | int | float | None) -> str:
    address = str(value or "")
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return address if parts.scheme in ("http", "https") and parts.netloc else ""


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False, "maxNesting": 20}).enable(["table", "strikethrough"])
