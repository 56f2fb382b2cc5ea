"""What a workflow file of somebody's own lacks is put into it, and nothing else in it moves."""

from __future__ import annotations

from dataclasses import replace
from difflib import ndiff

import pytest

from orchestrator.cli.init import existing
from orchestrator.cli.init.actions_file import ActionsFile
from orchestrator.cli.init.amending import amended
from orchestrator.cli.init.asked_of_actions import Asked

JOB = """jobs:
  lint: {runs-on: x, steps: [{run: make lint}]}
  flows: # ours
    runs-on: ubuntu-latest
    # What it does:
    steps:
    - uses: actions/checkout@v4

    - name: 'Flows' # as many as match
      uses: octo/mycelium@v0   # moves
      with:
        token: "${{ secrets.OURS }}"
    - run: |
        echo done

# The end.
"""
PERMITTED = "permissions: {actions: read, checks: read}\n"
EVENTS = {
    "pull_request": {"types": ["opened", "reopened", "ready_for_review", "synchronize"]},
    "issue_comment": {"types": ["created"]},
    "schedule": {"crons": ["1 2 * * *"]},
    "workflow_dispatch": {},
}
ASKED = Asked(
    events=EVENTS, permissions={"actions": "read", "checks": "write", "issues": "write"}, dispatched=("a", "b")
)


def lines(text: str, *, asked: Asked = ASKED, variables: tuple[str, ...] = (), validate: bool = False) -> list[str]:
    """The lines that came, as `+ …`, and those that went, as `- …`. Nothing is lacking afterwards."""
    there = existing.read(text)
    assert there is not None
    file = ActionsFile(asked=asked, validate=validate)
    after = amended(there, file, variables)
    assert after is not None
    assert after.lacks(replace(asked, events=file.events)) == []
    assert [name for name in variables if name not in after.variables] == []
    assert after.said.validate is validate
    return [line for line in ndiff(text.splitlines(), after.text.splitlines()) if line[0] in "+-"]


def only(name: str) -> Asked:
    return Asked(events={name: EVENTS[name]}, dispatched=ASKED.dispatched if name == "workflow_dispatch" else ())


COMMENT = (
    "issue_comment: {types: [created]} # zizmor: ignore[dangerous-triggers] Mycelium asks GitHub what the author may do"
)
TYPES = "{types: [opened, ready_for_review, reopened, synchronize]}"
IF = "+     if: \"github.event_name != 'issue_comment' || startsWith(github.event.comment.body, '/')\""


@pytest.mark.parametrize(
    ("on", "name", "expected"),
    [
        ("on:\n  pull_request:\n  push: # x\n\n", "pull_request", ["-   pull_request:", f"+   pull_request: {TYPES}"]),
        (
            "on:\n  pull_request:\n    types:\n      - opened\n      - synchronize # pushes\n",
            "pull_request",
            ["+       - reopened", "+       - ready_for_review"],
        ),
        ("on:\n  pull_request:\n    branches: ['**']\n", "pull_request", [f"+     types: {TYPES[8:-1]}"]),
        (
            "on: {pull_request: {types: opened}}\n",
            "pull_request",
            [
                "- on: {pull_request: {types: opened}}",
                "+ on: {pull_request: {types: [opened, reopened, ready_for_review, synchronize]}}",
            ],
        ),
        ("on:\n  push: # x\n# Rights\n", "issue_comment", [f"+   {COMMENT}", IF]),
        ("on: {push: }\n", "schedule", ["- on: {push: }", '+ on: {push: , schedule: [{cron: "1 2 * * *"}] }']),
        ("on:\n  schedule:\n  - cron: 3 4 * * *\n", "schedule", ['+   - cron: "1 2 * * *"']),
        ("on: [push]\n", "issue_comment", ["- on: [push]", "+ on:", "+   push:", f"+   {COMMENT}", IF]),
        (
            "on: pull_request # x\n",
            "pull_request",
            ["- on: pull_request # x", "+ on:", f"+   pull_request: {TYPES} # x"],
        ),
        (
            "on:\n- push\n- issues\n",
            "schedule",
            ["- - push", "+   push:", "- - issues", "+   issues:", '+   schedule: [{cron: "1 2 * * *"}]'],
        ),
        (
            "on:\n  workflow_dispatch:\n    inputs:\n      workflow: {options: [a]}\n",
            "workflow_dispatch",
            ["-       workflow: {options: [a]}", "+       workflow: {options: [a, b]}"],
        ),
        (
            "on: push\n",
            "workflow_dispatch",
            [
                "- on: push",
                "+ on:",
                "+   push:",
                "+   workflow_dispatch:",
                "+     inputs:",
                '+       workflow: {type: choice, required: "true", options: [a, b]}',
                "+       inputs: {type: string}",
                "+         workflow: ${{ inputs.workflow }}",
                "+         inputs: ${{ inputs.inputs }}",
            ],
        ),
    ],
)
def test_an_event_is_put_where_it_belongs(on: str, name: str, expected: list[str]) -> None:
    assert lines(on + PERMITTED + JOB, asked=only(name)) == expected


@pytest.mark.parametrize(
    ("permissions", "expected"),
    [
        (PERMITTED, ["- " + PERMITTED.strip(), "+ permissions: {actions: read, checks: write, issues: write}"]),
        (
            "permissions:\n  actions: read # seen\n  checks: none # not yet\n\n",
            [
                "-   checks: none # not yet",
                "+   checks: write # not yet",
                "+   issues: write # comments, reactions and labels",
            ],
        ),
        ("permissions: {}\n", ["+     permissions: {actions: read, checks: write, issues: write}"]),
        ("", ["+     permissions: {actions: read, checks: write, issues: write}"]),
    ],
)
def test_a_permission_is_put_where_those_are_that_count(permissions: str, expected: list[str]) -> None:
    assert lines(f"on: push\n{permissions}{JOB}", asked=replace(ASKED, events={}, dispatched=())) == expected


BOTH = '+       env: {A_KEY: "${{ secrets.A_KEY }}", B: "${{ secrets.B }}"}'


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ("", [BOTH]),
        (
            "      env: # keys\n        X: y\n",
            [f"+         {name}: ${{{{ secrets.{name} }}}}" for name in ("A_KEY", "B")],
        ),
        ("      env: {}\n", ["-       env: {}", BOTH]),
    ],
)
def test_variables_are_those_of_the_step(env: str, expected: list[str]) -> None:
    text = f"on: push\n{JOB}".replace("      with:", f"{env}      with:")
    assert lines(text, asked=Asked(), variables=("A_KEY", "B")) == expected


def test_all_at_once_at_the_end_of_a_file_without_a_last_line() -> None:
    text = "permissions: write-all\njobs:\n  a:\n    steps: [{uses: o/mycelium@v1}]\non: push"
    (gone, *came) = lines(text, variables=("A_KEY",), validate=True)
    assert gone.strip() == "-     steps: [{uses: o/mycelium@v1}]"
    assert "+   validate:" in came


@pytest.mark.parametrize(
    "text",
    [
        "on: [push, # much\n  issues]\npermissions: write-all\n" + JOB,
        "on: {schedule}\npermissions: write-all\n" + JOB,
        "on: push\njobs: {a: {steps: [{run: x}]}}\n",
        f"permissions: write-all\n{JOB}",
        f"on: [push, {{issues: {{types: [opened]}}}}]\npermissions: write-all\n{JOB}",
    ],
)
def test_what_cannot_be_put_in_is_left(text: str) -> None:
    there = existing.read(text)
    assert there is not None
    assert amended(there, ActionsFile(asked=only("schedule")), ()) is None


def test_what_an_expression_makes_is_left_as_it_is() -> None:
    written = "      env: ${{ fromJSON(vars.ENV) }}\n"
    text = f"on: push\n{JOB}".replace("      with:", f"{written}      with:")
    there = existing.read(text)
    assert there is not None
    after = amended(there, ActionsFile(asked=only("schedule")), ("A_KEY",))
    assert after is not None
    assert written in after.text
    assert "A_KEY" not in after.variables


@pytest.mark.parametrize(
    "on",
    ["{push: {branches: [main, 2.0]}}", "{pull_request: {types: }}", "{push: {branches: 2.0}}"],
)
def test_filters_are_read_as_actions_reads_them(on: str) -> None:
    there = existing.read(f"on: {on}\n{JOB}".replace("  flows:", "  1:"))
    assert there is not None
    values = [value for filters in there.said.asked.events.values() for each in filters.values() for value in each]
    assert values in (["main", "2.0"], [], ["2.0"])
    assert there.place == ("1", 1)
    assert there.lacks(ASKED)
    assert amended(there, ActionsFile(asked=ASKED), ()) is not None
