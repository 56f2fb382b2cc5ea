"""Who is asked in the terminal whether to approve may answer with the letter or with the word."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestrator.cli.console import Console
from orchestrator.cli.decisions import Desk
from orchestrator.definition.model import Approval
from orchestrator.lifecycle.report import view
from tests.fakes.world import World, node, workflow


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        *(("y", "completed"), ("yes", "completed"), ("YES", "completed")),
        *(("n", "failed"), ("No", "failed")),
        *(("", "waiting"), ("L", "waiting"), ("later", "waiting"), ("maybe\nyes", "completed")),
    ],
)
def test_an_answer_is_a_letter_or_its_word(answer: str, status: str, tmp_path: Path) -> None:
    world = World(tmp_path)
    execution = world.run(workflow(node("gate", action=Approval())))
    with CliRunner().isolation(input=f"{answer}\n"):
        desk = Desk(console=Console(stream=sys.stdout), person="ada", attended=True, approve_unattended=False)
        assert desk.settle(world.services, view(world.services, execution.id)) is (status != "waiting")
    assert world.statuses(execution) == {"gate": status}
