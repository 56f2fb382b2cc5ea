"""Filter patterns of branches, tags and paths, with the rules of GitHub Actions.

`*` is any text without `/`, `**` any text, `?` and `+` say how often the character before them may stand there,
`[a-z]` is one letter or digit, `\\` takes the next character as it is. Of a list the last pattern that matches decides;
one that begins with `!` excludes. https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax

A text is looked through once, whatever the pattern: the set of places in the pattern where it may stand is followed
from character to character, so that no pattern can make matching slow.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

MAX_PATTERN = 500
"""Characters of one pattern."""

_KEPT_STEPS = 10_000
_BRACKETS = re.compile(r"\[((?:[A-Za-z0-9](?:-[A-Za-z0-9])?)+)\]")


class InvalidPattern(ValueError):
    """The text is no pattern; says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Atom:
    """What one character of a text may be, and how often. `leap` is how many atoms may be passed over with it.

    `wanted` are the characters; None is any, and `unwanted` those it is not.
    """

    wanted: frozenset[str] | None
    unwanted: str = ""
    optional: bool = False
    repeated: bool = False
    leap: int = 1

    def takes(self, char: str) -> bool:
        return char not in self.unwanted if self.wanted is None else char in self.wanted


class Pattern:
    """One pattern, without a leading `!`."""

    def __init__(self, text: str) -> None:
        self._atoms = tuple(_parsed(text))
        self._steps: dict[tuple[int, str], int] = {}
        self._first = self._with_optional(1)

    def matches(self, text: str) -> bool:
        """Whether the pattern is all of `text`."""
        places = self._first
        for char in text:
            following = self._steps.get((places, char))
            places = self._step(places, char) if following is None else following
            if not places:
                return False
        return bool(places >> len(self._atoms) & 1)

    def _step(self, places: int, char: str) -> int:
        """The places, as bits, that are left after `char`."""
        found = 0
        for number, atom in enumerate(self._atoms):
            if places >> number & 1 and atom.takes(char):
                found |= 1 << (number + 1)
                if atom.repeated:
                    found |= 1 << number
        if len(self._steps) > _KEPT_STEPS:
            self._steps.clear()
        self._steps[places, char] = found = self._with_optional(found)
        return found

    def _with_optional(self, places: int) -> int:
        for number, atom in enumerate(self._atoms):
            if atom.optional and places >> number & 1:
                places |= 1 << (number + atom.leap)
        return places


def selects(patterns: Sequence[str], name: str) -> bool:
    """Whether a list of patterns, read in order, includes `name`."""
    included = False
    for text in patterns:
        excludes = text.startswith("!")
        if included is excludes and compiled(text.removeprefix("!")).matches(name):
            included = not excludes
    return included


def problem_of(text: str) -> str | None:
    """Why `text` is no pattern; None where it is one."""
    if len(text) > MAX_PATTERN:
        return f"a pattern has at most {MAX_PATTERN} characters"
    if not text.removeprefix("!"):
        return "a pattern is not empty"
    try:
        compiled(text.removeprefix("!"))
    except InvalidPattern as error:
        return str(error)
    return None


@lru_cache(maxsize=512)
def compiled(text: str) -> Pattern:
    """The pattern in `text`. Raises `InvalidPattern`."""
    return Pattern(text)


def _parsed(text: str) -> list[_Atom]:
    atoms: list[_Atom] = []
    at = 0
    while at < len(text):
        char = text[at]
        if text.startswith("**/", at):
            # Folders, or none: at least one character and a slash.
            anything = _Atom(wanted=None, optional=True, leap=3)
            atoms += [anything, _Atom(wanted=None, optional=True, repeated=True), _Atom(wanted=frozenset("/"))]
            at += 3
        elif text.startswith("**", at):
            atoms.append(_Atom(wanted=None, optional=True, repeated=True))
            at += 2
        elif char == "*":
            atoms.append(_Atom(wanted=None, unwanted="/", optional=True, repeated=True))
            at += 1
        elif char in "?+" and at and text[at - 1] not in "*/":
            atoms[-1] = _often(atoms[-1], char)
            at += 1
        else:
            wanted, length = _one(text, at)
            atoms.append(_Atom(wanted=wanted))
            at += length
    return atoms


def _often(atom: _Atom, char: str) -> _Atom:
    return _Atom(wanted=atom.wanted, optional=atom.optional or char == "?", repeated=atom.repeated or char == "+")


def _one(text: str, at: int) -> tuple[frozenset[str], int]:
    """The characters that may stand at one place of a name, and how much of the pattern says so."""
    if text[at] == "\\":
        if at + 1 == len(text):
            raise InvalidPattern(r"`\` at the end takes the character after it as it is, and there is none")
        return frozenset(text[at + 1]), 2
    if text[at] != "[":
        return frozenset(text[at]), 1
    found = _BRACKETS.match(text, at)
    if found is None:
        raise InvalidPattern("`[` begins a set of letters and digits such as `[a-z0-9]`")
    return _set_of(found[1]), len(found[0])


def _set_of(inside: str) -> frozenset[str]:
    chars: set[str] = set()
    for first, last in re.findall(r"(.)(?:-(.))?", inside):
        if last and not (first <= last and (first + last).isalpha() == first.isalpha() == last.isalpha()):
            raise InvalidPattern(f"`{first}-{last}` is no range of letters or digits")
        chars.update(map(chr, range(ord(first), ord(last or first) + 1)))
    return frozenset(chars)
