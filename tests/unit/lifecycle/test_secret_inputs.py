"""Inputs are kept and shown as they were given, so that none may hold a secret."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.definition.inputs import InvalidInputs
from orchestrator.definition.model import Input, InputType, JsonValue
from orchestrator.lifecycle.ports import Ruling
from tests.fakes.garden import MEMBER, Garden
from tests.fakes.payloads import account, payload
from tests.fakes.world import World, node, workflow

SECRET = "s3cr3t value/abcdef123456"
INPUTS = {
    "who": Input(name="who", type=InputType.STRING, default=""),
    "pin": Input(name="pin", type=InputType.NUMBER, default=0),
    "main": Input(name="main", type=InputType.STRING, default="of the file: 24681357"),
    "level": Input(name="level", type=InputType.CHOICE, options=("quick", "24681357")),
}
FLOW = workflow(node("a"))


@pytest.fixture
def world(world_with: Callable[..., World]) -> World:
    return world_with(secrets={"API": SECRET, "PIN": "24681357"})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"who": f"Bearer {SECRET}"}, "input `who` holds the secret `API`"),
        ({"who": "s3cr3t%20value%2Fabcdef123456"}, "input `who` holds the secret `API`"),
        ({"pin": 24681357}, "input `pin` holds the secret `PIN`"),
        ({"who": "a token of ours: ghs_1234"}, "input `who` holds a key or token of Mycelium's own"),
    ],
)
def test_nothing_starts_with_a_secret_and_the_error_names_it(
    world: World, given: dict[str, JsonValue], said: str
) -> None:
    world.services = replace(world.services, hidden=("ghs_1234",))
    with pytest.raises(InvalidInputs) as refused:
        world.start(replace(FLOW, inputs=INPUTS), inputs=given)
    assert said in str(refused.value)
    assert "`secrets` in mycelium.yaml" in str(refused.value)
    assert not any(str(value) in str(refused.value) for value in given.values())
    assert world.store.executions() == []


def test_what_stands_in_the_file_already_is_no_secret(world: World) -> None:
    execution = world.start(replace(FLOW, inputs=INPUTS), inputs={"who": "ann", "level": "24681357"})
    assert execution.inputs["main"] == "of the file: 24681357"


def test_a_dispatch_with_a_secret_is_refused_for_its_inputs(tmp_path: Path) -> None:
    flow = "on: workflow_dispatch\ninputs: {who: }\nnodes: {look: {run: x}}\n"
    garden = Garden(tmp_path, {"workflows/look.yaml": flow})
    garden.desk = replace(garden.desk, services=replace(garden.desk.services, secrets={"API": SECRET}))
    sender = account(MEMBER.login, MEMBER.id)
    (made,) = garden.deliver("workflow_dispatch", payload(sender=sender, ref="refs/heads/main", inputs={"who": SECRET}))
    assert (made.ruling, made.rule) == (Ruling.DENIED, "inputs")
    assert "holds the secret `API`" in made.reason
    assert SECRET not in made.reason
