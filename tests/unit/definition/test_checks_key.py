"""How skipped nodes conclude: what a workflow says, else the project file, else `neutral`."""

from __future__ import annotations

import pytest

from orchestrator.definition.codec import dump_project, dump_workflow, load_project
from orchestrator.definition.codec import load_workflow as load_dumped
from orchestrator.definition.model import Skipped
from orchestrator.definition.parse import load_workflow
from orchestrator.definition.project_file import parse_project
from orchestrator.errors import InvalidDefinition

NODES = "nodes: {a: {run: make}}\n"


@pytest.mark.parametrize(
    ("project", "workflow", "conclusion"),
    [
        ("", "", Skipped.NEUTRAL),
        ("checks: {skipped: success}", "", Skipped.SUCCESS),
        ("checks: {skipped: success}", "checks: {}\n", Skipped.SUCCESS),
        ("checks: {skipped: success}", "checks: {skipped: neutral}\n", Skipped.NEUTRAL),
        ("checks: {}", "checks: {skipped: success}\n", Skipped.SUCCESS),
    ],
)
def test_the_nearest_word_counts(project: str, workflow: str, conclusion: Skipped) -> None:
    said = load_project(dump_project(parse_project(project)))
    loaded = load_workflow(workflow + NODES, "workflows/a.yaml", project=said)
    assert load_dumped(dump_workflow(loaded)).skipped is conclusion


def test_other_conclusions_are_refused_with_their_place() -> None:
    with pytest.raises(InvalidDefinition) as refused:
        load_workflow("checks: {skipped: failure}\n" + NODES, "workflows/a.yaml")
    assert [str(problem) for problem in refused.value.problems] == [
        "workflows/a.yaml:1:19: unknown conclusion of a skipped node `failure` (it is one of `success`, `neutral`)"
    ]
