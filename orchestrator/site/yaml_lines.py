"""A workflow's YAML in coloured pieces, line by line; a reader's aid that never fails on odd input."""

from __future__ import annotations

import re

from orchestrator.report.plain_text import clip, visible
from orchestrator.site.ansi import Segment

MAX_LINES = 3_000
_TOKENS = re.compile(
    r"(?P<expression>\$\{\{.*?\}\})"
    r"|(?P<comment>(?:(?<=\s)|^)#.*)"
    r"|(?P<key>(?:(?<=[\s{,\[(-])|^)[\w.-]+(?=:(?:\s|$)))"
    r"|(?P<string>\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*')"
    r"|(?P<mark>[-:{}\[\],|>&*]+(?=\s|$)|[{}\[\],])"
)


def yaml_lines(source: str) -> tuple[tuple[Segment, ...], ...]:
    """Each line of `source` as styled pieces; at most `MAX_LINES` of them."""
    lines = visible(source).rstrip("\n").split("\n")[:MAX_LINES]
    return tuple(_pieces(clip(line, 1_000)) for line in lines)


def _pieces(line: str) -> tuple[Segment, ...]:
    pieces: list[Segment] = []
    at = 0
    for match in _TOKENS.finditer(line):
        if match.start() > at:
            pieces.append(Segment(style="", text=line[at : match.start()]))
        pieces.append(Segment(style=f"y-{match.lastgroup}", text=match[0]))
        at = match.end()
    if at < len(line):
        pieces.append(Segment(style="", text=line[at:]))
    return tuple(pieces)
