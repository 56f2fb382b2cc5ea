"""What is said of executions that are not kept, and of which of them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from action.unkept import Unkept, missing, of_choice, of_error, of_rest
from orchestrator.errors import Unavailable
from orchestrator.execution.state import ExecutionStatus
from orchestrator.lifecycle.ports.github import Forbidden

AWAY = of_error("one", Unavailable("the remote is away."), earlier=False)
REFUSED = of_error("one", Forbidden("no", needs="contents: write"), earlier=False)
BOUND = of_rest("one", "its commit is left out")
BEFORE = of_error("one", Unavailable("the remote is away"), earlier=True)


@pytest.mark.parametrize(
    ("unkept", "status", "said"),
    [
        (AWAY, ExecutionStatus.WAITING, "Execution one is cancelled: it waited for a person, and no later job could"),
        (AWAY, ExecutionStatus.COMPLETED, "Execution one is not kept: the remote is away. No page or command knows"),
        (REFUSED, ExecutionStatus.COMPLETED, "Give the job `contents: write`"),
        (BEFORE, ExecutionStatus.WAITING, "A later job goes on with what was kept before."),
        (
            BOUND,
            ExecutionStatus.WAITING,
            "no later job could have gone on with it: its commit is left out. Start the job",
        ),
        (BOUND, ExecutionStatus.COMPLETED, ""),
        (of_choice("one", fork=True), ExecutionStatus.WAITING, "the job of a fork's pull request can keep nothing. "),
        (of_choice("one", fork=False), ExecutionStatus.COMPLETED, ""),
    ],
)
def test_what_somebody_should_know(unkept: Unkept, status: ExecutionStatus, said: str) -> None:
    seen = cast(Any, SimpleNamespace(execution=SimpleNamespace(status=status)))
    sentences = [each.sentences for each in missing([unkept], {"one": seen})]
    assert len(sentences) == bool(said)
    assert all(said in each for each in sentences)
