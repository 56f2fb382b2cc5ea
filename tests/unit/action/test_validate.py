"""What mode `validate` compares with: the commit before the change, whatever the event calls it."""

from __future__ import annotations

from pathlib import Path

import pytest

from action.job import Job
from action.validate import base_of
from orchestrator.definition.model import JsonValue

SHA = "ab" * 20


@pytest.mark.parametrize(
    ("payload", "base"),
    [
        ({"pull_request": {"base": {"sha": SHA}}, "before": "cd" * 20}, SHA),
        ({"merge_group": {"base_sha": SHA, "head_sha": "cd" * 20}}, SHA),
        ({"before": SHA}, SHA),
        ({"before": "0" * 40}, ""),
        ({"merge_group": {}}, ""),
        ({"pull_request": {"base": 1}}, ""),
        ({}, ""),
    ],
    ids=["pull request", "merge group", "push", "push of a new branch", "no base", "no base either", "nothing"],
)
def test_the_base(payload: dict[str, JsonValue], base: str) -> None:
    job = Job(
        event="x", payload=payload, delivery="", page="", reads_only=True, temporary=Path(), output=None, summary=None
    )
    assert base_of(job) == base
