"""What is published, as GitHub's Markdown: bodies of pull requests, issues and comments, and reviews."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import quote

from orchestrator.definition.review_answer import Opinion
from orchestrator.execution.diff_lines import RIGHT
from orchestrator.execution.review import Remark, ReviewAnswer
from orchestrator.report.comment import comment_parts
from orchestrator.report.figures import sentence, spending
from orchestrator.report.markdown_safety import fenced, safe_code, safe_inline, safe_markdown
from orchestrator.report.parts import MAX_BYTES, Details, Graph, Paragraphs, Part, to_markdown
from orchestrator.report.plain_text import visible
from orchestrator.report.view import ExecutionView

_DIGITS: Final = 16
REMARK_BYTES: Final = 20_000
_SAFE: Final = ":/?#&=%.~-_"
_SAYS: Final = {Opinion.APPROVE: "approves of it", Opinion.CHANGES: "asks for changes", Opinion.COMMENT: "comments"}


def mark(execution_id: str, target: str, digest: str = "") -> str:
    """The hidden line by which what was published is found again."""
    # An HTML comment ends at `--`; node names may hold that.
    of = f"execution={quote(execution_id, safe='')} target={quote(target, safe='')}".replace("--", "%2D%2D")
    said = f" digest={digest}" if digest else ""
    return f"<!-- mycelium:publish {of}{said} -->"


_DIGEST: Final = re.compile(r" digest=([0-9a-f]+) -->$")


def sealed(body: str, mark_of: Callable[[str], str]) -> str:
    """`body` with a mark in the place of its own that knows the text: `is_edited` tells whether it is still that."""
    return "\n".join([mark_of(_digest(body)), *body.split("\n")[1:]])


def is_edited(body: str) -> bool:
    """Whether somebody has changed a body that was `sealed`; False of what has no such mark."""
    found = _DIGEST.search(body.strip().partition("\n")[0].strip())
    return found is not None and found[1] != _digest(body)


def _digest(body: str) -> str:
    """Of all but the mark; GitHub may give line ends and blanks at the end back in another form."""
    lines = [line.rstrip() for line in body.strip().split("\n")[1:]]
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]


def pull_request_body(view: ExecutionView, said: str, mark: str) -> str:
    """The author's words, the graph, what each agent said, and what it cost; at most what GitHub takes."""
    words = _bounded(said) or safe_inline(sentence(view), 300)
    shown = comment_parts(view, room=MAX_BYTES - len(words.encode()))
    parts: list[Part] = [Paragraphs(markdown=words)]
    parts += [part for part in shown if isinstance(part, Graph)]
    parts.append(Paragraphs(markdown=footer(view)))
    parts += [part for part in shown if isinstance(part, Details)]
    return to_markdown(parts, limit=MAX_BYTES, first=mark, page=view.links.page)


def plain_body(view: ExecutionView, said: str, mark: str) -> str:
    """The body of a comment or an issue."""
    parts: list[Part] = [Paragraphs(markdown=_bounded(said))] if said else []
    return to_markdown([*parts, Paragraphs(markdown=footer(view))], limit=MAX_BYTES, first=mark, page=view.links.page)


def footer(view: ExecutionView) -> str:
    """Where it comes from, and what it cost."""
    execution = view.execution
    number = f"execution {execution.number}"
    linked = f"[{number}]({quote(view.links.page, safe=_SAFE)})" if view.links.page else number
    words = [f"Mycelium, {linked} of {safe_code(execution.workflow_id, 100)}", *spending(view)]
    return f"<sub>{' · '.join(words)}</sub>"


def review_body(
    view: ExecutionView, answer: ReviewAnswer, outside: Sequence[Remark], notes: Sequence[str], *, mark: str, blob: str
) -> str:
    """The text of a review: its summary, and the remarks that stand on no line of the diff.

    `notes` say what could not be done as the agent meant it. `blob` is the address that shows a file of the commit.
    """
    parts: list[Part] = [Paragraphs(markdown=f"> {safe_inline(note, 500)}") for note in notes]
    summary = _bounded(safe_markdown(answer.summary, limit=MAX_BYTES // 2))
    parts.append(Paragraphs(markdown=summary or f"The agent {_SAYS[answer.opinion]}."))
    if answer.unreadable:
        parts.append(Paragraphs(markdown=f"*{answer.unreadable} of its remarks could not be read.*"))
    parts += [Paragraphs(markdown=_outside(remark, blob)) for remark in outside]
    parts.append(Paragraphs(markdown=footer(view)))
    return to_markdown(parts, limit=MAX_BYTES, first=mark, page=view.links.page)


def remark_body(remark: Remark) -> str:
    """The text of a line comment, with its suggestion as a block that can be applied with a click."""
    said = safe_markdown(remark.body, limit=REMARK_BYTES)
    return "\n\n".join(text for text in (said, _suggestion(remark)) if text)


def _suggestion(remark: Remark) -> str:
    """Applicable where it stands on lines of the new version, and says no more than can be seen."""
    if remark.suggestion is None:
        return ""
    text = remark.suggestion.replace("\r\n", "\n").rstrip("\n")
    if not text and remark.side == RIGHT:
        return "```suggestion\n```"
    if remark.side != RIGHT or visible(text) != text or len(text.encode()) > REMARK_BYTES:
        return f"Suggested instead:\n\n{fenced(text[:REMARK_BYTES])}"
    return fenced(text, "suggestion")


def _outside(remark: Remark, blob: str) -> str:
    """A remark on a line that is no part of the diff; its suggestion can be read, and not applied."""
    suggested = f"\n\nSuggested instead:\n\n{fenced(remark.suggestion)}" if remark.suggestion else ""
    said = safe_markdown(remark.body, limit=REMARK_BYTES)
    return f"{_place(remark, blob)}\n\n{said}{suggested}".strip()


def _place(remark: Remark, blob: str) -> str:
    if not remark.path:
        return ""
    if remark.line is None:
        return f"**{safe_code(remark.path)}**"
    lines = f"{remark.first}–{remark.line}" if remark.first != remark.line else f"{remark.line}"
    anchor = f"#L{remark.first}-L{remark.line}" if remark.first != remark.line else f"#L{remark.line}"
    address = f"{blob}/{quote(remark.path)}{anchor}"
    return f"**{safe_code(remark.path)}**, [line {lines}]({quote(address, safe=_SAFE)})"


def _bounded(text: str) -> str:
    """An author's words with the values in them, cut where they would leave room for nothing else."""
    return text if len(text.encode()) <= MAX_BYTES - 5_000 else safe_markdown(text, limit=MAX_BYTES - 5_000)
