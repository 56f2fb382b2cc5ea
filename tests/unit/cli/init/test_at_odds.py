"""What the owner of a file has to change, as it is at odds with what Mycelium needs there."""

from __future__ import annotations

import pytest

from orchestrator.cli.init import existing
from orchestrator.cli.init.actions_file import ActionsFile
from orchestrator.cli.init.asked_of_actions import Asked
from orchestrator.cli.init.at_odds import at_odds

HEADS = ("opened", "reopened", "synchronize")
ASKED = Asked(
    events={
        "pull_request": {"types": [*HEADS, "ready_for_review"]},
        "issue_comment": {"types": ["created"]},
        "push": {},
    },
    permissions={"checks": "write"},
    replaced=HEADS,
)
OURS = ActionsFile(asked=ASKED).text()
PUSHES = 'contains(fromJSON(\'["opened", "synchronize"]\'), github.event.action) && github.event.pull_request.number'
STEPS = "[{uses: actions/checkout@v5, with: {persist-credentials: false}}, {uses: octo/mycelium@v1}]"


def found(concurrency: str = "", *, steps: str = STEPS, job: str = "", permissions: str = "write") -> list[str]:
    text = f"on: push\n{concurrency}\njobs:\n  a:\n    {job or 'name: a'}\n    steps: {steps}\n"
    there = existing.read(text)
    assert there is not None
    asked = Asked(events=ASKED.events, permissions={"checks": permissions}, replaced=HEADS)
    return at_odds(there, ActionsFile(asked=asked))


def apart(*events: str) -> list[str]:
    return [f"a group of its own under `concurrency` for each job of {', '.join(events)}"]


@pytest.mark.parametrize(
    ("group", "events"),
    [
        ("ai", ("pull_request", "issue_comment")),
        ("'${{ github.workflow }}-${{ github.ref }}'", ("pull_request", "issue_comment")),
        ("'${{ github.head_ref || github.run_id }}'", ("pull_request",)),
        ("'${{ github.event.pull_request.number || github.run_id }}'", ("pull_request",)),
        ("'${{ github.event.issue.number || github.run_id }}'", ("issue_comment",)),
        (f"'x-${{{{ {PUSHES.replace(chr(39), chr(39) * 2)} || github.run_id }}}}'", ()),
        ("'${{ github.run_id }}'", ()),
        ("'${{ github.run_number }}'", ()),
        ("'${{ github.event.nothing.", ("pull_request", "issue_comment")),
    ],
)
def test_jobs_that_would_end_or_displace_each_other_are_named(group: str, events: tuple[str, ...]) -> None:
    group = group if group.endswith("'") or group == "ai" else f"{group}'"
    expected = apart(*events) if events else []
    assert found(f"concurrency: {group}") == expected
    assert found(f"concurrency: {{group: {group}, cancel-in-progress: true}}") == expected
    assert found(job=f"concurrency: {group}") == expected


@pytest.mark.parametrize(
    ("steps", "leaves"),
    [
        (STEPS, False),
        (STEPS.replace("false", '"false"'), False),
        (STEPS.replace("false", "true"), True),
        ("[{uses: actions/checkout@v5}, {uses: octo/mycelium@v1}]", True),
        ("[{uses: octo/mycelium@v1}]", False),
    ],
)
def test_a_token_that_may_write_is_left_to_no_step(steps: str, leaves: bool) -> None:
    assert found(steps=steps) == (["`persist-credentials: false` at the checkout"] if leaves else [])
    assert found(steps=steps, permissions="read") == []


def test_nothing_is_wrong_with_ours() -> None:
    there = existing.read(OURS)
    assert there is not None
    assert at_odds(there, ActionsFile(asked=ASKED)) == []
    alone = Asked(events=ASKED.events, permissions=ASKED.permissions)
    assert at_odds(there, ActionsFile(asked=alone)) == apart("pull_request")
