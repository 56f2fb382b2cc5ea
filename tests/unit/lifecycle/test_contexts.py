"""What expressions read of an execution."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.execution.state import ExecutionStatus
from orchestrator.lifecycle.contexts import common
from tests.fakes.views import execution


@pytest.mark.parametrize(
    ("branch", "ref", "name"),
    [
        ("main", "refs/heads/main", "main"),
        ("tags/v1", "refs/heads/tags/v1", "tags/v1"),
        ("refs/tags/v1", "refs/tags/v1", "v1"),
        ("", "", ""),
    ],
)
def test_the_ref_is_called_as_on_github(branch: str, ref: str, name: str) -> None:
    made = replace(execution("one", ExecutionStatus.RUNNING, None), branch=branch)
    found = common(made)["github"]
    assert isinstance(found, dict)
    assert (found["ref"], found["ref_name"]) == (ref, name)
