"""Clocks that are set an hour ahead or back while an execution runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.checkout import Checkout, eventually, runs
from tests.fakes.evidence import COUNT, NOTE
from tests.fakes.hosts import Hosts, hosting, serving

HOUR = 3600.0
CLOCKS = f"""
name: Clocks
nodes:
  before: {{run: '{NOTE}'}}
  long:
    needs: before
    run: |
      {NOTE}
      {COUNT}
  retried:
    needs: before
    retry: {{attempts: 2, delay-seconds: 3, on: [exit]}}
    run: |
      {NOTE}
      test "$MYCELIUM_ATTEMPT" = 2
  after: {{needs: [long, retried], run: '{NOTE}'}}
"""


@pytest.fixture
def hosts(checkout: Checkout) -> Iterator[Hosts]:
    clock = checkout.folder / "clock"
    clock.write_text("0")
    with serving() as server, hosting(checkout, server.url) as found:
        found.clock = str(clock)
        yield found


@pytest.mark.parametrize("seconds", [HOUR, -HOUR], ids=["ahead", "back"])
def test_the_clock_is_set(seconds: float, hosts: Hosts) -> None:
    checkout = hosts.checkout
    checkout.workflow("clocks", CLOCKS)
    evidence = hosts.submit("clocks")
    hosts.start(workers=2, control=True)
    evidence.await_start("long")
    evidence.look("long")
    eventually(lambda: runs(evidence.shown())["retried"]["status"] == "queued", "the wait for the next attempt")
    draft = checkout.folder / "clock.new"
    draft.write_text(str(seconds))
    draft.replace(checkout.folder / "clock")
    evidence.await_start("retried", times=2)
    (checkout.folder / "go").touch()
    evidence.await_end()
    hosts.stop()
    shown = evidence.check({"before": 1, "long": 1, "retried": 2, "after": 1})
    assert [entry.epoch for entry in evidence.began("long")] == [1]
    assert shown["duration_seconds"] >= 0
    assert all(run["duration_seconds"] >= 0 for run in shown["node_runs"])
