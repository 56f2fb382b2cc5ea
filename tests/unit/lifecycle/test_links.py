"""Where others see more of an execution, and how they get hold of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.execution.showing import Target
from orchestrator.lifecycle.links import links
from orchestrator.report.view import Links
from tests.fakes import views
from tests.fakes.world import World

JOB = "https://github.com/octo/demo/actions/runs/9"
ID = views.waiting().execution.id


@pytest.mark.parametrize(
    ("job", "branch", "pull"),
    [
        (JOB, "mycelium-history", f"mycelium history pull {ID}"),
        (JOB, "our history", f"export MYCELIUM_HISTORY_BRANCH='our history'; mycelium history pull {ID}"),
        (JOB, "", ""),
        ("", "mycelium-history", ""),
    ],
)
def test_what_a_job_kept_can_be_brought_here(tmp_path: Path, job: str, branch: str, pull: str) -> None:
    services = replace(World(tmp_path).services, history=branch)
    target = Target(repository="octo/demo", head_sha="a" * 40, job_url=job)
    assert links(services, replace(views.waiting().execution, target=target)) == Links(job=job, pull=pull)


def test_pages_are_where_they_are_served(tmp_path: Path) -> None:
    services = replace(World(tmp_path).services, public_url="https://mycelium.example/", history="mycelium-history")
    execution = replace(views.waiting().execution, id="a b", target=None)
    assert links(services, execution) == Links(page="https://mycelium.example/executions/a%20b/")
