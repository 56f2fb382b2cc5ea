"""The log of an attempt: masked by lines, stored in batches, announced."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable

import pytest

from orchestrator.execution.log_line import Level
from orchestrator.execution.state import NodeRun
from orchestrator.lifecycle.attempts.logbook import BATCH_BYTES, Logbook
from orchestrator.lifecycle.masking import Mask
from orchestrator.lifecycle.ports import LiveEventKind
from tests.fakes.world import World

RUN = NodeRun(execution_id="x", index=3, node="a", key="a (1)", attempt=2)


def stored(world: World) -> list[str]:
    return [line.text for line in world.logs.read("x")]


def test_lines_are_stored_together_after_half_a_second(world: World) -> None:
    log = Logbook(world.services, RUN, Mask())
    log.line("one")
    log.line("two", level=Level.ERROR, stream="stderr", group="Build")
    log.tick()
    assert stored(world) == []
    world.clock.advance(0.5)
    log.tick()
    assert stored(world) == ["one", "two"]
    line = world.logs.read("x")[1]
    assert (line.run, line.key, line.attempt, line.level, line.group) == (3, "a (1)", 2, Level.ERROR, "Build")
    (event,) = world.events.published
    assert (event.event, event.node_id, event.data["last_id"]) == (LiveEventKind.LOG, "a", 2)


def test_a_full_batch_does_not_wait(world: World) -> None:
    log = Logbook(world.services, RUN, Mask())
    log.line("x" * BATCH_BYTES)
    assert len(stored(world)) == 1


def test_the_end_stores_what_is_left(world: World) -> None:
    with Logbook(world.services, RUN, Mask()) as log:
        log.line("a\nb")
        log.say("done", error_code="RUN_EXIT")
    assert stored(world) == ["a", "b", "done"]
    assert world.logs.read("x")[2].stream == "mycelium"


@pytest.mark.parametrize(
    ("values", "text", "expected"),
    [
        (["secret"], "a secret, secret!", "a ***, ***!"),
        (["abc"], "abc", "abc"),
        ([""], "", ""),
        (["line one\n  line two\nx"], "line one / line two / x", "*** / *** / x"),
        (["pass", "password"], "password", "***"),
        (["a.+b"], "a.+b axxb", "*** axxb"),
        (["grepped"], "\x1b[1mx\x1b[m gre\x1b[01;31mpp\x1b[med", "x ***"),
        (["plain"], "\x1b[1mx\x1b[m plain", "\x1b[1mx\x1b[m ***"),
        (['pa"ss\\word'], 'pa\\"ss\\\\word', "***"),
        (["pä/ss word"], "p%C3%A4%2Fss%20word p\\u00e4/ss word", "*** ***"),
    ],
)
def test_masking(values: list[str], text: str, expected: str) -> None:
    assert Mask(values).text(text) == expected


@pytest.mark.parametrize("around", [("", ""), ("user:", ""), ("ab", "c"), ("a", "bc")])
@pytest.mark.parametrize("encode", [b64encode, urlsafe_b64encode])
def test_masking_of_base64(around: tuple[str, str], encode: Callable[[bytes], bytes]) -> None:
    secret = "sécret?>~of length"
    written = encode(secret.join(around).encode()).decode()
    masked = Mask([secret]).text(f"Authorization: Basic {written}.")
    assert "***" in masked
    assert len(masked) < len(f"Authorization: Basic {'*' * 12}{encode(''.join(around).encode()).decode()}.")
