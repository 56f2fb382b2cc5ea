"""Budgets with real agent programs: one that has used up its own is ended, one that cannot have any does not start."""

from __future__ import annotations

import pytest

from tests.fakes.agent_clis import Cli, every_cli
from tests.fakes.agent_runs import nothing_left
from tests.fakes.checkout import Checkout, runs
from tests.fakes.model_server import Turn, say, turns
from tests.integration.agents.conftest import Serve

pytestmark = pytest.mark.parametrize("cli", every_cli())

SMALL = 100 + 20
"""The tokens of one turn of a scripted model."""


def test_an_agent_that_never_ends_is_ended_by_its_budget(cli: Cli, checkout: Checkout, serve: Serve) -> None:
    checkout.workflow(
        "endless",
        f"""
        name: Endless
        defaults: {{engine: {cli.name}}}
        nodes:
          endless: {{agent: python-pro, tools: [Bash], prompt: "Go on.", budget: {{turns: 3}}}}
        """,
    )
    with serve(cli, turns(say(cli.shell("true")))) as model, nothing_left(checkout.folder):
        shown = checkout.run("endless", code=1)
    endless = runs(shown)["endless"]
    assert (endless["error_code"], endless["attempt"]) == ("AGENT_BUDGET", 1)
    assert 3 <= len(model.asked) <= 3 + 2 * cli.late


def test_what_an_execution_cannot_afford_does_not_start(cli: Cli, checkout: Checkout, serve: Serve) -> None:
    """The first uses more than it reserved, and says so; for the second nothing is left."""
    checkout.workflow(
        "dear",
        f"""
        name: Dear
        budget: {{tokens: {4 * SMALL}}}
        defaults: {{engine: {cli.name}}}
        nodes:
          first: {{agent: python-pro, prompt: "Answer.", budget: {{tokens: {2 * SMALL}}}}}
          second: {{agent: python-pro, prompt: "Answer.", needs: {{first: always}}, budget: {{tokens: {2 * SMALL}}}}}
        """,
    )
    dear = Turn(blocks=say("Fine.").blocks, input_tokens=3 * SMALL)
    with serve(cli, turns(dear)) as model:
        shown = checkout.run("dear", code=1)
    found = runs(shown)
    assert found["second"]["error_code"] == "AGENT_BUDGET"
    assert str(2 * SMALL) in found["second"]["error_message"]
    assert len(model.asked) == 1
    assert found["first"]["usage"]["input_tokens"] == 3 * SMALL
