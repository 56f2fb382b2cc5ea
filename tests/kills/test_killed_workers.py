"""Workers, and the supervisors of their nodes, that are killed in the middle of a node."""

from __future__ import annotations

import os
import signal

import pytest

from tests.fakes.checkout import Checkout, alive
from tests.fakes.evidence import LONG, LONG_ATTEMPTS, Evidence
from tests.fakes.tree_members import Above

TREE = {"worker": ["worker"], "guard": ["guard"], "nursery": ["nursery"], "all": ["worker", "nursery", "guard"]}


@pytest.mark.parametrize("victims", TREE.values(), ids=TREE)
def test_what_was_above_a_node_is_killed(victims: list[str], checkout: Checkout) -> None:
    checkout.workflow("long", LONG)
    process = checkout.start("run", "long", "--json")
    evidence = Evidence.of_first(checkout)
    first = evidence.await_start("long")
    evidence.look("long")
    above = Above.node(first.pid)
    for victim in victims:
        os.kill(getattr(above, victim), signal.SIGKILL)
    if victims != ["nursery"]:
        second = evidence.await_start("long", times=2)
        assert second.epoch > first.epoch
        assert alive([first.pid]) == []
    (checkout.folder / "go").touch()
    done = checkout.finish(process)
    assert done.code == 0, done.stderr
    evidence.check(LONG_ATTEMPTS)
