"""Commands in comments: what the first line of a comment asks for, if it asks for anything.

Only the first line counts, and only where it is plain text: not quoted, not indented as code, not in a fence. Names
are compared without regard to case, because phones begin a comment with a capital.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from orchestrator.definition.hidden import JOINERS, UNSEEN
from orchestrator.definition.reader import nearest

PREFIX = "/mycelium"
MAX_LINE = 2_000
"""Characters of the line that holds a command."""


class Verb(StrEnum):
    """What everybody knows without a workflow's doing. `START` is a workflow's own command."""

    START = ""
    RUN = "run"
    RERUN = "rerun"
    CANCEL = "cancel"
    APPROVE = "approve"
    REJECT = "reject"
    ALLOW = "allow"
    STATUS = "status"
    EXPLAIN = "explain"
    HELP = "help"


VERBS = frozenset(verb.value for verb in Verb if verb)

USAGE: dict[Verb, tuple[str, str]] = {
    Verb.RUN: ("run WORKFLOW [NAME=VALUE]…", "start a workflow by its id"),
    Verb.RERUN: ("rerun [failed | NODE]", "run the latest execution again, or a part of it"),
    Verb.CANCEL: ("cancel", "stop what runs here"),
    Verb.APPROVE: ("approve NODE", "let an approval pass"),
    Verb.REJECT: ("reject NODE", "stop at an approval"),
    Verb.ALLOW: ("allow SHA", "let what waits start for this commit"),
    Verb.STATUS: ("status", "say what runs here"),
    Verb.EXPLAIN: ("explain", "say why workflows started here, or did not"),
    Verb.HELP: ("help", "show this list"),
}
"""How each verb is written, after `/mycelium`, and what it does."""

_ARGUMENTS = {
    Verb.RUN: (1, 1),
    Verb.RERUN: (0, 1),
    Verb.APPROVE: (1, 1),
    Verb.REJECT: (1, 1),
    Verb.ALLOW: (1, 1),
}
_SHA = re.compile(r"[0-9a-fA-F]{7,64}")
_INPUT = re.compile(r"([A-Za-z_][A-Za-z0-9_-]{0,99})=(.*)", re.DOTALL)
_PIECE = re.compile(r"""[^\s"']+|"[^"]*"|'[^']*'""")
_UNSEEN = re.compile(f"[{UNSEEN}{JOINERS}]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """One command. `name` is the word that names a workflow's own command or alias, `/` included in the latter.

    `target` is the workflow's id of `run`, the node of `rerun`, `approve` and `reject` (`failed` for what failed), and
    the commit of `allow`, in lower case. `inputs` are texts.
    """

    verb: Verb
    name: str = ""
    target: str = ""
    inputs: dict[str, str] = field(default_factory=dict)
    line: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Misunderstood:
    """A line that asks for something which cannot be made out: why, and what may have been meant."""

    line: str
    problem: str
    hint: str = ""


Asked = Command | Misunderstood


def command_line(body: str) -> str | None:
    """The first line of a comment where it may be a command: it begins with a slash and a letter."""
    first = re.split(r"\r\n|\n|\r", body, maxsplit=1)[0][: MAX_LINE + 1]
    bare = first.strip(" \t")
    indented = len(first) - len(first.lstrip(" ")) > 3 or first.startswith("\t")
    return bare if re.match(r"/[A-Za-z]", bare) and not indented else None


def parse_command(body: str, names: Collection[str] = (), aliases: Collection[str] = ()) -> Asked | None:
    """What a comment asks for; None where it is none of our commands.

    `names` are the workflows' own commands, `aliases` their short forms with the slash.
    """
    line = command_line(body)
    if line is None:
        return None
    word, _, rest = line.partition(" ") if " " in line else line.partition("\t")
    alias = _same(word, aliases)
    if alias is None and word.lower() != PREFIX:
        return None
    if wrong := _unreadable(line):
        return Misunderstood(line=_plain(line), problem=wrong)
    try:
        words = list(_words(rest))
    except ValueError as error:
        return Misunderstood(line=line, problem=str(error), hint='write a value with spaces as `name="two words"`')
    return _own(line, alias, words) if alias else _named(line, words, names)


def _named(line: str, words: list[str], names: Collection[str]) -> Asked:
    if not words:
        return Command(verb=Verb.HELP, line=line)
    first, *rest = words
    own = _same(first, names)
    if own is not None:
        return _own(line, own, rest)
    if first.lower() not in VERBS:
        hint = nearest(first, [*names, *sorted(VERBS)]) or ""
        return Misunderstood(line=line, problem=f"there is no command `{_short(first)}` here", hint=hint)
    return _with_arguments(line, Verb(first.lower()), rest)


def _own(line: str, name: str, words: list[str]) -> Asked:
    inputs, others = _split(words)
    if others:
        hint = f"write inputs as `NAME=VALUE`, such as `depth={_short(others[0])}`"
        return Misunderstood(line=line, problem=f"`{_short(others[0])}` is no input", hint=hint)
    return _without_repeats(Command(verb=Verb.START, name=name, inputs=dict(inputs), line=line), inputs)


def _with_arguments(line: str, verb: Verb, words: list[str]) -> Asked:
    inputs, others = _split(words) if verb is Verb.RUN else ([], words)
    least, most = _ARGUMENTS.get(verb, (0, 0))
    usage = f"write `{PREFIX} {USAGE[verb][0]}`"
    if len(others) < least:
        return Misunderstood(line=line, problem=f"`{verb}` does not say what", hint=usage)
    if len(others) > most:
        return Misunderstood(line=line, problem=f"`{_short(others[most])}` is too much for `{verb}`", hint=usage)
    target = others[0] if others else ""
    if verb is Verb.ALLOW:
        if not _SHA.fullmatch(target):
            problem = f"`{_short(target)}` is no commit"
            return Misunderstood(line=line, problem=problem, hint="give at least 7 digits of the head's SHA")
        target = target.lower()
    return _without_repeats(Command(verb=verb, target=target, inputs=dict(inputs), line=line), inputs)


def _without_repeats(command: Command, inputs: list[tuple[str, str]]) -> Asked:
    seen: set[str] = set()
    for name, _ in inputs:
        if name in seen:
            return Misunderstood(line=command.line, problem=f"the input `{name}` is given twice")
        seen.add(name)
    return command


def _split(words: list[str]) -> tuple[list[tuple[str, str]], list[str]]:
    found = [(_INPUT.fullmatch(word), word) for word in words]
    return [(match[1], match[2]) for match, _ in found if match], [word for match, word in found if not match]


def _words(text: str) -> Iterator[str]:
    """Words between spaces; quotes, which may begin anywhere in a word, keep spaces. Raises `ValueError`."""
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        word = ""
        while at < len(text) and not text[at].isspace():
            piece = _PIECE.match(text, at)
            if piece is None:
                raise ValueError(f"a quote is opened with {text[at]} and not closed")
            found = piece[0]
            word += found[1:-1] if found[0] in "\"'" else found
            at = piece.end()
        yield word


def _unreadable(line: str) -> str | None:
    if len(line) > MAX_LINE:
        return f"the command has more than {MAX_LINE:,} characters"
    if _UNSEEN.search(line):
        return "the command holds characters that nobody sees"
    return None


def _plain(line: str) -> str:
    return _UNSEEN.sub("\ufffd", line[:MAX_LINE])


def _short(word: str) -> str:
    return word[:60].replace("`", "'")


def _same(word: str, known: Collection[str]) -> str | None:
    return next((name for name in known if name.lower() == word.lower()), None)
