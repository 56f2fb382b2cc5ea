"""Whatever a comment says: it is a command, told to be none that can be carried out, or no command at all."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

from orchestrator.definition.commands import MAX_LINE, PREFIX, VERBS, Command, Misunderstood, parse_command
from tests.fuzz.corpus import files, inputs
from tests.fuzz.fuzzing import fuzz, text_of

NAMES, ALIASES = ("review", "fix-it"), ("/review", "/fix")
_words = st.sampled_from([*sorted(VERBS), *NAMES, "a=b", 'a="b c"', "gate", "0123abc", "'", '"', "failed", "x" * 300])
_lines = st.lists(_words | st.text(max_size=12), max_size=8).map(" ".join)
_grammar = st.builds(
    lambda start, line, rest: f"{start} {line}{rest}",
    st.sampled_from([PREFIX, *ALIASES]),
    _lines,
    st.sampled_from(["", "\n", "\r\n> quoted", "\r", "\n```\n/mycelium cancel\n```"]),
)
_MARKS = [
    *(f"{PREFIX} {verb} " for verb in sorted(VERBS)),
    PREFIX,
    *ALIASES,
    " ",
    "\t",
    "\n",
    "\r\n",
    "```",
    "> ",
    "\u200b",
]


def one_comment(data: bytes) -> None:
    body = text_of(data)
    found = parse_command(body, NAMES, ALIASES)
    if found is None:
        return
    first = body.replace("\r", "\n").split("\n")[0]
    assert first.lstrip(" \t").lower().startswith((PREFIX, *ALIASES))
    assert len(found.line) <= MAX_LINE
    assert not set(found.line) & set("\n\r\x1b\u202e\u200b")
    match found:
        case Command(inputs=given, target=target):
            assert all(name and not name.isspace() for name in given)
            assert "\n" not in target
        case Misunderstood(problem=problem):
            assert problem
            assert len(problem) < 200


def test_fuzz_comments(record_property: Callable[[str, object], None]) -> None:
    seeds = [*files("docs/trust.md"), b'/mycelium review depth=full who="Ann Lee"\nthanks\n', b"/review\r\n"]
    fuzz("comments", one_comment, inputs(seeds, _MARKS, _grammar), record_property)
