"""The log of an attempt: masked by lines, stored in batches, announced."""

from __future__ import annotations

import pytest

from orchestrator.execution.state import Level, NodeRun
from orchestrator.lifecycle.logbook import BATCH_BYTES, Logbook
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
    ],
)
def test_masking(values: list[str], text: str, expected: str) -> None:
    assert Mask(values).text(text) == expected
