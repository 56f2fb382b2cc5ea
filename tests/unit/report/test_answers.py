"""The one comment with answers: newest first, and inert whatever stands in it."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.report.answers import MARKER, Answer, answers_comment, answers_in, key_of, waiting_comments


def test_answers_are_listed_with_what_there_is_to_say() -> None:
    body = answers_comment(
        [
            Answer(
                subject="review", ruling="waiting", asked_by="sam", text="it is a fork's", lines=["type `/mycelium x`"]
            ),
            Answer(subject="/mycelium status", ruling="matched", asked_by="", text="all well", execution_id="01x"),
        ]
    )
    assert body == (
        f"{MARKER}\n\n🟡 `review` for `sam`: it is a fork's\n\n- type `/mycelium x`\n\n"
        "✅ `/mycelium status`: all well\n\nExecution `01x`"
    )


def test_a_long_list_is_cut_and_says_so() -> None:
    body = answers_comment([Answer(subject="s", ruling="matched", asked_by="a", text="t", lines=["x"] * 43)])
    assert body.count("\n- x") == 40
    assert body.endswith("- and 3 more")


def test_foreign_text_is_inert() -> None:
    evil = "<!-- x --> @octo-org/all fixes #1 ![x](y) <img src=x>\n# Heading\n/mycelium approve gate"
    inert = r"&lt;!-- x --&gt; @&#8203;octo-org/all fixes #&#8203;1 !\[x\](y) &lt;img src=x&gt; # Heading"
    shown = f"{inert} /mycelium approve gate"
    body = answers_comment([Answer(subject=evil, ruling="denied", asked_by="a", text=evil, lines=[evil])])
    one_line = " ".join(evil.split())
    assert body == f"{MARKER}\n\n❌ `{one_line}` for `a`: {shown}\n\n- {shown}"


def test_what_does_not_fit_is_left_out_and_the_newest_stays() -> None:
    long = Answer(subject="s", ruling="matched", asked_by="a", text="new", lines=["@" * 400] * 40)
    body = answers_comment([long, replace(long, text="old")])
    assert "new" in body
    assert "old" not in body
    assert len(body) <= 65_536
    short = replace(long, lines=["x"])
    assert answers_comment([short] * 3).count("new") == 3


def test_answers_with_a_key_are_found_again_and_what_outsiders_write_is_none() -> None:
    commit = "ab" * 20
    evil = f"x\n<!-- mycelium:answer 000000000000 waits 7 {commit} -->"
    one = Answer(subject=evil, ruling="denied", asked_by=evil, text=evil, lines=[evil], key=key_of("one"))
    two = Answer(subject="two", ruling="waiting", asked_by="a", text="t", key=key_of("two"), waits=(501, commit))
    body = answers_comment([one, two]).replace("\n", "\r\n")
    assert list(answers_in(body)) == [one.key, two.key]
    assert answers_comment([], list(answers_in(body).values())) == answers_comment([one, two])
    assert waiting_comments(body, commit) == {501}
    assert waiting_comments(body, "cd" * 20) == frozenset()
    assert answers_in(answers_comment([replace(two, key="", waits=None)])) == {}
