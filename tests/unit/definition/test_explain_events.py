"""Why an event starts a workflow, or does not."""

from __future__ import annotations

import pytest

from orchestrator.definition.explain import explain
from orchestrator.definition.model import JsonValue
from orchestrator.definition.parse import load_workflow

WORKFLOW = load_workflow(
    """
on:
  schedule: [{cron: "0 6 * * 1-5", timezone: Europe/Berlin}, {cron: "0 0 1 * *"}]
  workflow_dispatch: {}
  repository_dispatch: {types: [nightly]}
  push: {branches: [main]}
inputs: {depth: {type: choice, options: [quick, full], default: quick}}
nodes: {x: {run: x}}
""",
    "w.yaml",
)


@pytest.mark.parametrize(
    ("name", "event", "starts", "text"),
    [
        ("schedule", {"schedule": "0 6 * * 1-5"}, True, "the event's schedule is `0 6 * * 1-5`"),
        ("schedule", {"schedule": "0 7 * * *"}, False, "is not `0 0 1 * *`"),
        ("schedule", {"at": "2026-11-23T05:00:42+00:00"}, True, "`0 6 * * 1-5` (Europe/Berlin) is due"),
        ("schedule", {"at": "2026-11-22T05:00:00+00:00"}, False, "next at 2026-11-23T06:00:00+01:00"),
        ("schedule", {"at": "2026-11-22T05:00:00"}, False, "has no offset"),
        ("schedule", {"at": "soon"}, False, "`soon` is no ISO time"),
        ("workflow_dispatch", {}, True, "its inputs fit (depth)"),
        ("workflow_dispatch", {"inputs": {"depth": "ful"}}, False, "did you mean `full`?"),
        ("workflow_dispatch", {"inputs": [1]}, False, "is no object"),
        ("repository_dispatch", {"action": "nightly"}, True, "the event type `nightly` is one of `nightly`"),
        ("repository_dispatch", {"action": "other"}, False, "`other` is not one of `nightly`"),
        ("push", {}, None, "the filters of `push` are not matched yet"),
        ("issues", {}, False, "`on` does not name `issues`; it names `schedule`, `workflow_dispatch`"),
        ("pushed", {}, False, "there is no event `pushed` (did you mean `push`?)"),
    ],
)
def test_reasons(name: str, event: dict[str, JsonValue], starts: bool | None, text: str) -> None:
    reasons = explain(WORKFLOW, name, event)
    assert text in "\n".join(map(str, reasons))
    assert reasons[-1].starts is starts
