"""YAML to a tree: the core schema, places, limits, and what is refused."""

from __future__ import annotations

import pytest

from orchestrator.definition.compose import MAX_BYTES, compose
from orchestrator.definition.document import Mapping, plain
from orchestrator.errors import InvalidDefinition


def refusal(text: str | bytes) -> str:
    with pytest.raises(InvalidDefinition) as caught:
        compose(text, "w.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("yes", "yes"),
        ("on", "on"),
        ("true", True),
        ("True", True),
        ("~", None),
        ("", None),
        ("'~'", "~"),
        ("12", 12),
        ("012", 12),
        ("0o17", 15),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("1.50", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("-.inf", float("-inf")),
        ("2026-01-01", "2026-01-01"),
        ("!!str 12", "12"),
        ("&x [1, {a: b}]", [1, {"a": "b"}]),
        ("|\n  a\n  b\n", "a\nb\n"),
        ("9" * 400, "9" * 400),
    ],
)
def test_values_follow_the_core_schema(written: str, value: object) -> None:
    root, problems = compose(f"key: {written}", "w.yaml")
    assert root is not None
    assert plain(root) == {"key": value}
    assert problems == []


@pytest.mark.parametrize("text", ["", "# only a comment\n", "\n\n", "---\n...\n" * 0, b"\xef\xbb\xbf"])
def test_a_file_without_content_has_no_tree(text: str | bytes) -> None:
    assert compose(text, "w.yaml") == (None, [])


def test_aliases_are_expanded_and_places_kept() -> None:
    root, _ = compose("a: &x {b: 1}\nc: *x\n", "w.yaml")
    assert isinstance(root, Mapping)
    assert plain(root) == {"a": {"b": 1}, "c": {"b": 1}}
    assert (root.entries["c"].key.line, root.entries["c"].key.column) == (2, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1\n", "w.yaml:2:1: malformed YAML: did not find expected ',' or ']'"),
        ("a:\n\t- b", "w.yaml:2:1: malformed YAML: found character that cannot start any token"),
        ("a:\n\t- b", "indent with spaces, not tabs"),
        ("a: @x", "quote texts that begin with `@`"),
        ("a: b: c", "w.yaml:1:5: malformed YAML: mapping values are not allowed"),
        ("a: {b: x ${{ c }}}", "quote texts that contain `${{ }}`"),
        ("x: 1\na: 'open\nb: c\n", "w.yaml:2:4"),
        ("a: *missing", "w.yaml:1:4: the alias `*missing` has no anchor"),
        ("a: &x [*x]", "w.yaml:1:8: the anchor `&x` contains itself"),
        ("a: 1\n---\nb: 2", "w.yaml:2:1: a file holds one document"),
        ("[" * 5000, "nested deeper than 64 levels"),
        ("ab: 1\nc: \x00", "w.yaml:2:4: the character U+0000 is not allowed"),
        (b"ab: 1\nc: \xff", "w.yaml:2:1: the file is not UTF-8"),
        ("a: \ud800", "the file is not UTF-8"),
        ("#" * (MAX_BYTES + 1), "the file has more than 2,000,000 bytes (split the workflow)"),
        (("#" + "é" * MAX_BYTES).encode()[: MAX_BYTES + 2], "more than 2,000,000 bytes"),
        ("- x\n" * 250_001, "more than 250,000 values"),
    ],
)
def test_what_cannot_be_read(text: str | bytes, message: str) -> None:
    assert message in refusal(text)


def test_an_alias_bomb_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    assert "with aliases expanded" in refusal("\n".join(lines))


def test_repeating_one_huge_text_is_refused() -> None:
    assert "with aliases expanded" in refusal(f"a: &a {'x' * 500_000}\nb: [{', '.join(['*a'] * 1000)}]")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3", "w.yaml:3:1: the key `a` stands here a second time (it stands in line 1 already)"),
        ("1: x", 'w.yaml:1:1: the key `1` is not a text (write "1" in quotes)'),
        ("? [a]\n: b", "a key must be a text, not a list or a map"),
        ("a: !env HOME", "w.yaml:1:4: the tag `!env` is not supported"),
        ("a: &x {b: 1}\nc: {<<: *x}", "w.yaml:2:5: merge keys (`<<`) are not supported"),
        ('a: "x\\0y"', "must not contain the character U+0000"),
    ],
)
def test_problems_that_leave_a_tree(text: str, message: str) -> None:
    root, problems = compose(text, "w.yaml")
    assert root is not None
    assert len(problems) == 1
    assert message in str(problems[0])
