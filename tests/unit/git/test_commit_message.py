"""Commit messages from untrusted parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import BadInput
from orchestrator.git.message import Parts, compose, identity, one_line, take_apart
from orchestrator.lifecycle.ports import Author, CommitMessage

NODE = (("Mycelium-Node", "lint"),)


def test_subject_body_and_trailers_are_paragraphs() -> None:
    message = CommitMessage(subject=" Say it ", body="One.\n\nTwo.\n", trailers=(*NODE, ("Mycelium-Agent", "a")))
    text = "Say it\n\nOne.\n\nTwo.\n\nMycelium-Node: lint\nMycelium-Agent: a\n"
    assert compose(message) == text
    assert take_apart(text) == Parts(subject="Say it", body="One.\n\nTwo.", trailers=message.trailers)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (CommitMessage(subject=""), "(no subject)\n"),
        (CommitMessage(subject="a\nb\r\nc\td"), "a b c d\n"),
        (CommitMessage(subject="bell\x07 nul\0 lone \udc80"), "bell nul lone ?\n"),
        (CommitMessage(subject="s", trailers=(("Key", " \n "),)), "s\n"),
        (CommitMessage(subject="s", body="\n\n", trailers=NODE), "s\n\nMycelium-Node: lint\n"),
    ],
)
def test_odd_parts_are_made_plain(message: CommitMessage, expected: str) -> None:
    assert compose(message) == expected


@pytest.mark.parametrize("key", ["", "a b", "Key:", "-k", "k\nj", "ключ"])
def test_a_key_that_is_none_is_refused(key: str) -> None:
    with pytest.raises(BadInput):
        compose(CommitMessage(subject="s", trailers=((key, "v"),)))


@given(subject=st.text(), body=st.text(), value=st.text(min_size=1))
def test_no_text_adds_or_changes_a_trailer(subject: str, body: str, value: str) -> None:
    text = compose(CommitMessage(subject=subject, body=body, trailers=(*NODE, ("Note", value))))
    expected = (*NODE, ("Note", plain)) if (plain := one_line(value)) else NODE
    assert take_apart(text).trailers == expected


@pytest.mark.parametrize(
    ("author", "expected"),
    [
        (Author(name="A B", email="a@b.c"), ("A B", "a@b.c")),
        (Author(name="<>\n", email=" "), ("unknown", "unknown@mycelium.invalid")),
        (
            Author(name="bot[bot]", email="1+bot[bot]@users.noreply.github.com"),
            ("bot[bot]", "1+bot[bot]@users.noreply.github.com"),
        ),
        (Author(name="x <e@f>\nCo", email="a>\nb<c"), ("x e@f Co", "abc")),
    ],
)
def test_an_identity_is_what_git_can_store(author: Author, expected: tuple[str, str]) -> None:
    assert identity(author) == expected
