"""The workflow file for GitHub Actions: what it is made of, what it is read back as, and that it is clean."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from orchestrator import gallery
from orchestrator.agents.collection import library
from orchestrator.cli.init.actions_file import STEPS, ActionsFile, secret
from orchestrator.cli.init.asked_of_actions import Asked, asked
from orchestrator.cli.init.existing import read, secrets_in
from orchestrator.cli.init.pages_file import PagesFile
from orchestrator.cli.init.pin import ACTION
from orchestrator.cli.init.sandbox_step import STEP
from orchestrator.definition.model import Workflow
from orchestrator.definition.parse import load_workflow
from tests import gallery_page

NODES = "nodes: {a: {run: 'true'}}\n"
ROOT = Path(__file__).resolve().parents[4]
README = re.findall(r"^```yaml\n(.*?)^```$", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S)
"""The workflow that it shows, and the one file that has Actions run it."""
COMMANDS = {"issue_comment": {"types": ["created"]}}
KEYS = {"A_KEY": secret("A_KEY"), "B_KEY": secret("OTHER"), "HOST": "https://models.example: yes"}
GALLERY = [gallery_page.load(each) for each in gallery.templates()]


def workflow(text: str, name: str = "mine") -> Workflow:
    return load_workflow(text + "\n" + NODES, f"workflows/{name}.yaml")


def needed(*texts: str) -> Asked:
    return asked([workflow(text, f"w{number}") for number, text in enumerate(texts)], history_branch="kept")


@pytest.mark.parametrize(
    ("texts", "events"),
    [
        (["on: pull_request"], {"pull_request": {"types": ["opened", "reopened", "synchronize"]}, **COMMANDS}),
        (
            ["on: {pull_request: {types: [closed]}}", "on: {label: {name: go, where: [pull_request]}}"],
            {"pull_request": {"types": ["closed", "labeled"]}, **COMMANDS},
        ),
        (["on: {comment: {command: go}}"], COMMANDS),
        (["on: {issues: {types: [opened]}}", "on: issues"], {**COMMANDS, "issues": {}}),
        (
            ["on: {push: {branches: [main]}}", "on: {push: {branches: [dev, main]}}"],
            {"push": {"branches": ["main", "dev"]}},
        ),
        (
            ["on: {push: {branches: [main]}}", "on: {push: {tags: [v1]}}"],
            {"push": {"branches-ignore": ["kept", "mycelium/**"], "tags": ["**"]}},
        ),
        (
            ['on: {schedule: [{cron: "1 2 * * *"}, {cron: "1 2 * * *", timezone: Europe/Berlin}]}', "on: merge_group"],
            {"merge_group": {}, "schedule": {"crons": ["1 2 * * *"]}},
        ),
    ],
)
def test_a_job_starts_on_what_any_of_them_starts_on(texts: list[str], events: dict[str, object]) -> None:
    assert needed(*texts).events == events


def test_a_token_may_do_what_is_needed_and_no_more() -> None:
    basic = {"actions": "read", "checks": "write", "contents": "write"}
    assert needed("on: push").permissions == {**basic, "pull-requests": "read"}
    assert needed("on: issues").permissions == {**basic, "issues": "write", "pull-requests": "read"}
    assert needed("on: pull_request").permissions == {**basic, "issues": "write", "pull-requests": "write"}


def test_without_a_history_a_token_writes_only_what_workflows_publish() -> None:
    for publish, contents, why in (
        ("", "read", "the checkout, and commits that nodes compare with"),
        ("publish: {comment: {body: Done}}", "read", "the checkout, and commits that nodes compare with"),
        ("publish: {push: {from: a}}", "write", "branches with results"),
    ):
        text = f"on: pull_request\n{publish}\nnodes: {{a: {{agent: python-pro, workspace: write, prompt: Do it}}}}\n"
        needs = asked([load_workflow(text, "workflows/mine.yaml")], history_branch="")
        assert needs.permissions == {
            "checks": "write",
            "contents": contents,
            "issues": "write",
            "pull-requests": "write",
        }
        meant = ActionsFile(asked=needs, history_branch="")
        assert f"      contents: {contents} # {why}\n" in meant.text()
        existing = read(meant.text())
        assert existing is not None
        assert existing.untouched


def test_templates_of_the_repository_start_nothing() -> None:
    template = load_workflow("on: push\n" + NODES, "workflows/templates/x.yaml")
    assert asked([template], history_branch="kept").events == {}


@pytest.mark.parametrize("more", [False, True])
@pytest.mark.parametrize("workflows", [GALLERY, *([each] for each in GALLERY)], ids=lambda them: str(len(them)))
def test_it_is_read_back_as_it_was_meant(workflows: list[Workflow], more: bool) -> None:
    needs = asked(workflows, history_branch="kept")
    meant = ActionsFile(asked=needs, env=KEYS, validate=more)
    existing = read(meant.text())
    assert existing is not None
    assert existing.untouched
    assert existing.lacks(meant.asked) == []
    assert existing.said.env == KEYS
    assert secrets_in(existing.variables) == ("A_KEY", "OTHER")


def test_one_group_for_the_whole_file_and_no_token_for_later_steps() -> None:
    found = YAML(typ="safe", pure=True).load(ActionsFile(asked=asked(GALLERY, history_branch="kept")).text())
    shared = '["opened", "ready_for_review", "reopened", "synchronize"]'
    assert " ".join(found["concurrency"]["group"].split()) == (
        f"mycelium-${{{{ contains(fromJSON('{shared}'), github.event.action) "
        "&& github.event.pull_request.number || format('job-{0}', github.run_id) }}"
    )
    review = [each for each in GALLERY if each.name == "Code review"]
    alone = ActionsFile(asked=asked(review, history_branch="kept")).text()
    (block,) = re.findall(r"^concurrency:\n(?: .*\n)+", alone, re.M)
    assert f"```yaml\n{block}```" in (ROOT / "docs/action.md").read_text(encoding="utf-8")
    assert "concurrency" not in found["jobs"]["run"]
    assert found["permissions"] == {}
    checkout = found["jobs"]["run"]["steps"][0]
    assert checkout["with"]["persist-credentials"] is False


@pytest.mark.parametrize("name", ["ops/history", "off", ""])
def test_another_history_stands_in_both_files_and_its_pushes_start_nothing(name: str) -> None:
    needs = asked([workflow("on: [push, workflow_dispatch]")], history_branch=name)
    text = ActionsFile(asked=needs, history_branch=name).text()
    pages = PagesFile(follows="Mycelium", history_branch=name)
    found, deploying = (YAML(typ="safe", pure=True).load(each) for each in (text, pages.text()))
    run, site = found["jobs"]["run"]["steps"], deploying["jobs"]["site"]["steps"]
    assert PagesFile(follows="Other").is_all_of(pages.text())
    assert run[-1]["with"]["history-branch"] == site[1]["with"]["history-branch"] == name
    assert set(run[-1]["with"]) == {"workflow", "inputs", "history-branch"}
    assert found["on"]["push"]["branches-ignore"] == [*([name] if name else []), "mycelium/**"]
    existing = read(text)
    assert existing is not None
    assert existing.untouched
    assert existing.said.history_branch == name


def test_steps_of_the_users_own_stay() -> None:
    meant = ActionsFile(asked=asked(GALLERY[:1], history_branch="kept"))
    text = meant.text().replace("      # Set up here", "      - run: npm ci\n      # Set up here")
    existing = read(text)
    assert existing is not None
    assert existing.untouched
    more = replace(existing.said, asked=asked(GALLERY, history_branch="kept"))
    assert "      - run: npm ci\n" in more.text()
    assert "the event issues" in existing.lacks(more.asked)


@pytest.mark.parametrize("text", ["", "a: [", "jobs: 3", "- x", "on: !!bool x\njobs: {}", "on: 2020-13-45\njobs: {}"])
def test_what_is_no_workflow_file_is_none(text: str) -> None:
    assert read(text) is None


def test_a_file_of_somebody_elses_is_looked_at_for_what_it_has() -> None:
    text = "on: [push, pull_request]\njobs: {run: {steps: [{uses: fork/mycelium@main}]}}\n"
    existing = read(text)
    assert existing is not None
    assert not existing.untouched
    assert existing.said.action == "fork/mycelium@main"
    assert existing.lacks(needed("on: push")) == [
        "the permission actions: read",
        "the permission checks: write",
        "the permission contents: write",
        "the permission pull-requests: read",
    ]


ALL = "permissions: write-all\njobs: {run: {steps: [{uses: fork/mycelium@main}]}}\n"


@pytest.mark.parametrize(
    ("on", "wanted", "lacks"),
    [
        ("pull_request", ["on: pull_request"], []),
        (
            "pull_request: null",
            ["on: {pull_request: {types: [opened, ready_for_review]}}"],
            ["pull_request: ready_for_review"],
        ),
        ("pull_request: {types: [opened]}", ["on: {pull_request: {types: [opened]}}"], []),
        ("issues: {types: [opened]}", ["on: issues"], ["issues of every type"]),
        ("issues", ["on: {issues: {types: [opened]}}"], []),
        ("schedule: [{cron: 1 2 * * *}]", ["on: {schedule: [{cron: 1 3 * * *}]}"], ["schedule: 1 3 * * *"]),
        ("pull_request: {paths: [a]}", ["on: pull_request"], ["what `paths` under pull_request leaves out"]),
        ("pull_request: {paths: [a]}", ["on: {pull_request: {paths: [a]}}"], []),
        (
            "pull_request: {paths: [a]}",
            ["on: {pull_request: {paths: [a]}}", "on: {label: {name: go, where: [pull_request]}}"],
            ["pull_request: labeled", "what `paths` under pull_request leaves out"],
        ),
        ("pull_request: {branches: ['**']}", ["on: pull_request"], []),
        (
            "pull_request: {branches: ['**', '!x']}",
            ["on: pull_request"],
            ["what `branches` under pull_request leaves out"],
        ),
        ("push", ["on: {push: {branches: [main]}}"], []),
        ("push: {branches: [main, dev]}", ["on: {push: {branches: [main]}}"], []),
        (
            "push: {branches: [main]}",
            ["on: {push: {branches: [main, dev]}}"],
            ["what `branches` under push leaves out"],
        ),
        ("push: {branches-ignore: [x]}", ["on: push"], ["what `branches-ignore` under push leaves out"]),
        ("workflow_dispatch", ["on: workflow_dispatch", "on: workflow_dispatch"], []),
        (
            "workflow_dispatch: {inputs: {workflow: {options: [w0]}}}",
            ["on: workflow_dispatch", "on: workflow_dispatch"],
            ["workflow_dispatch: w1"],
        ),
    ],
)
def test_a_file_lacks_what_it_does_not_let_through(on: str, wanted: list[str], lacks: list[str]) -> None:
    existing = read(f"on: {{{on}}}\n{ALL}" if ":" in on else f"on: {on}\n{ALL}")
    assert existing is not None
    assert [each for each in existing.lacks(needed(*wanted)) if each != "the event issue_comment"] == lacks


ODD = [
    "",
    "3",
    "[[x]]",
    "[push, {push: x}]",
    "{x: {y: [z]}}",
    "{1: 2}",
    "{schedule: 3}",
    "{schedule: [x, {cron: [y]}]}",
]


@pytest.mark.parametrize("odd", ODD)
def test_whatever_stands_in_a_place_the_file_is_read(odd: str) -> None:
    """A file that Actions refuses is no reason to end, nor is a permission that Mycelium does not need."""
    step = f"{{uses: o/mycelium@v1, with: {odd}, env: {odd}}}"
    keys = "".join(f"{key}: {odd}\n" for key in ("name", "env", "permissions", "concurrency"))
    for text in (
        f"on: {odd}\n{keys}jobs: {{a: {odd}, b: {{steps: {odd}}}, c: {{steps: [{{uses: {odd}}}, {step}]}}}}\n",
        f"on: {{push: {odd}, issues: {{types: {odd}}}, workflow_dispatch: {{inputs: {odd}}}}}\n{ALL}",
    ):
        existing = read(text)
        assert existing is not None
        assert existing.uses_action
        assert existing.lacks(needed("on: {pull_request: {types: [opened]}}"))
        assert not existing.untouched


def test_permissions_may_be_those_of_all() -> None:
    existing = read("on: push\n" + ALL.replace("write", "read"))
    assert existing is not None
    assert existing.lacks(needed("on: push")) == ["the permission checks: write", "the permission contents: write"]


def test_what_the_readme_shows_goes_together() -> None:
    shown = load_workflow(README[0], "workflows/improve.yaml", agents=library(ROOT).agents)
    existing = read(README[1])
    assert existing is not None
    assert existing.lacks(asked([shown], history_branch="mycelium-history")) == []
    assert secrets_in(existing.variables) == ("ANTHROPIC_API_KEY",)
    less = read(README[1].replace("checks: write", "checks: read").replace("[created]", "[deleted]"))
    assert less is not None
    missing = less.lacks(asked([shown], history_branch="mycelium-history"))
    assert missing == ["issue_comment: created", "the permission checks: write"]


def test_the_job_that_runs_workflows_may_have_any_name() -> None:
    other = "lint: {steps: [{uses: fork/mycelium@main, with: {mode: validate}}]}"
    text = "on: push\npermissions: {checks: write}\njobs:\n  " + other + "\n  flows: {steps: [{uses: a/mycelium@v0}]}\n"
    existing = read(text)
    assert existing is not None
    assert existing.said.asked.permissions == {"checks": "write"}
    assert existing.lacks(needed("on: push"))[0] == "the permission actions: read"


def test_those_who_check_workflow_files_find_nothing(tmp_path: Path) -> None:
    """All at once, as starting these programs is what takes time."""
    check = pytest.importorskip("tests.linting.check", reason="needs the linters of workflow files")
    if reason := check.why_not():
        pytest.skip(reason)
    folder = tmp_path / ".github/workflows"
    folder.mkdir(parents=True)
    for number, workflows in enumerate([GALLERY, GALLERY[:1], [workflow("on: push")]]):
        needs, more = asked(workflows, history_branch="kept"), number != 1
        steps = (*STEP, STEPS) if more else (STEPS,)
        pin = f"octo/mycelium@{'a' * 40} # v1.0.0"
        action = pin if more else ACTION
        file = ActionsFile(asked=needs, action=action, steps=steps, env={"A_KEY": secret("A_KEY")}, validate=more)
        (folder / f"mycelium-{number}.yml").write_text(file.text(), encoding="utf-8")
    (folder / "pages.yml").write_text(PagesFile(follows="A: b", workflows_dir="x y").text(), encoding="utf-8")
    (folder / "readme.yml").write_text(README[1], encoding="utf-8")
    assert check.findings(tmp_path) == []
