"""What the first line of a comment asks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.definition.commands import MAX_LINE, Command, Misunderstood, Verb, parse_command

NAMES, ALIASES = ("review", "Fix-it"), ("/review",)


def asked(body: str) -> Command | Misunderstood | None:
    return parse_command(body, NAMES, ALIASES)


@pytest.mark.parametrize(
    ("body", "verb", "name", "target", "inputs"),
    [
        ("/mycelium review", Verb.START, "review", "", {}),
        ("/mycelium review depth=full who=me", Verb.START, "review", "", {"depth": "full", "who": "me"}),
        ("/mycelium review text=\"two words\" b='x y'", Verb.START, "review", "", {"text": "two words", "b": "x y"}),
        ("/mycelium review url=a=b", Verb.START, "review", "", {"url": "a=b"}),
        ("/mycelium review empty=", Verb.START, "review", "", {"empty": ""}),
        ("/review depth=full", Verb.START, "/review", "", {"depth": "full"}),
        ("/Review", Verb.START, "/review", "", {}),
        ("/Mycelium REVIEW", Verb.START, "review", "", {}),
        ("/mycelium fix-it", Verb.START, "Fix-it", "", {}),
        ("/mycelium run quality/code-review depth=full", Verb.RUN, "", "quality/code-review", {"depth": "full"}),
        ("/mycelium rerun", Verb.RERUN, "", "", {}),
        ("/mycelium rerun failed", Verb.RERUN, "", "failed", {}),
        ("/mycelium rerun test", Verb.RERUN, "", "test", {}),
        ('/mycelium rerun "test (3.11)"', Verb.RERUN, "", "test (3.11)", {}),
        ("/mycelium cancel", Verb.CANCEL, "", "", {}),
        ("/mycelium approve gate", Verb.APPROVE, "", "gate", {}),
        ("/mycelium reject gate", Verb.REJECT, "", "gate", {}),
        ("/mycelium allow ABCDEF0", Verb.ALLOW, "", "abcdef0", {}),
        ("/mycelium status", Verb.STATUS, "", "", {}),
        ("/mycelium explain", Verb.EXPLAIN, "", "", {}),
        ("/mycelium help", Verb.HELP, "", "", {}),
        ("/mycelium", Verb.HELP, "", "", {}),
        ("/mycelium  \tstatus  ", Verb.STATUS, "", "", {}),
        ("   /mycelium status", Verb.STATUS, "", "", {}),
        ("/mycelium status\r\nand more\n> text", Verb.STATUS, "", "", {}),
        ("/mycelium status\rmore", Verb.STATUS, "", "", {}),
    ],
)
def test_commands(body: str, verb: Verb, name: str, target: str, inputs: dict[str, str]) -> None:
    found = asked(body)
    assert isinstance(found, Command)
    assert (found.verb, found.name, found.target, found.inputs) == (verb, name, target, inputs)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "hello",
        "please /mycelium run x",
        "\n/mycelium status",
        "hello\n/mycelium status",
        "> /mycelium status",
        ">/mycelium status",
        "```\n/mycelium status\n```",
        "~~~\n/mycelium status\n~~~",
        "    /mycelium status",
        "\t/mycelium status",
        "`/mycelium status`",
        "<!-- \n/mycelium status\n-->",
        "- /mycelium status",
        "/myceliumx status",
        "/mycelium/status",
        "//mycelium status",
        "/other review",
        "/reviewer",
        "\\/mycelium status",
        "\u200b/mycelium status",
        "/ mycelium status",
        "@mycelium status",
    ],
)
def test_what_is_none(body: str) -> None:
    assert asked(body) is None


@pytest.mark.parametrize(
    ("body", "problem", "hint"),
    [
        ("/mycelium reveiw", "there is no command `reveiw` here", "did you mean `review`?"),
        ("/mycelium aprove gate", "there is no command `aprove`", "did you mean `approve`?"),
        ("/mycelium xyzzy", "there is no command `xyzzy`", ""),
        ("/mycelium review full", "`full` is no input", "depth=full"),
        ("/mycelium review depth=a depth=b", "the input `depth` is given twice", ""),
        ("/mycelium run", "`run` does not say what", "write `/mycelium run WORKFLOW"),
        ("/mycelium run a b", "`b` is too much", "write `/mycelium run"),
        ("/mycelium approve", "`approve` does not say what", "write `/mycelium approve NODE`"),
        ("/mycelium approve a b", "`b` is too much", ""),
        ("/mycelium cancel now", "`now` is too much", "write `/mycelium cancel`"),
        ("/mycelium allow", "`allow` does not say what", "allow SHA"),
        ("/mycelium allow main", "`main` is no commit", "at least 7 digits"),
        ("/mycelium allow abc123", "`abc123` is no commit", ""),
        ('/mycelium review a="b', 'a quote is opened with " and not closed', "two words"),
        ("/mycelium status\u202e", "characters that nobody sees", ""),
        ("/mycelium approve ga\u200bte", "characters that nobody sees", ""),
        ("/mycelium approve gate\u2028x", "characters that nobody sees", ""),
        ("/mycelium review a=\x1b[2K", "characters that nobody sees", ""),
        ("/mycelium review a=" + "x" * MAX_LINE, "more than 2,000 characters", ""),
    ],
)
def test_what_is_misunderstood(body: str, problem: str, hint: str) -> None:
    found = asked(body)
    assert isinstance(found, Misunderstood)
    assert problem in found.problem
    assert hint in found.hint


def test_an_own_command_goes_before_a_verb_in_no_case() -> None:
    # A workflow may not take a verb for itself; were it to, it would only take its own.
    assert isinstance(parse_command("/mycelium status", ["statu"]), Command)


@given(st.text(max_size=80))
def test_anything_after_the_prefix_is_a_command_or_told(text: str) -> None:
    found = parse_command(f"/mycelium {text}", NAMES, ALIASES)
    assert isinstance(found, Command | Misunderstood)
    assert "\n" not in found.line


@given(st.text(max_size=80))
def test_nothing_else_is(text: str) -> None:
    found = asked(text)
    assert found is None or text.lstrip(" ").lower().startswith(("/mycelium", "/review"))
