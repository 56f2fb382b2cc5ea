"""Names in one text, with commas between them."""

from __future__ import annotations

import re

_PARENTHESIS = re.compile("[()]")


def split_names(text: str) -> list[str]:
    """The names in `text` as they stand there; a comma that a parenthesis closes after is part of a name: `Bash(a,b)`.

    Takes time in proportion to the text, whatever it holds.
    """
    names: list[list[str]] = []
    closes = False
    for piece in reversed(text.split(",")):
        if closes:
            names[-1].append(piece)
        else:
            names.append([piece])
        if first := _PARENTHESIS.search(piece):
            closes = first[0] == ")"
    return [",".join(reversed(pieces)) for pieces in reversed(names)]
