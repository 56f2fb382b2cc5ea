"""The templates that ship: named `template:NAME`, whatever files a repository has."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator import gallery
from orchestrator.cli.exit import ended
from orchestrator.cli.program import mycelium
from orchestrator.definition.model import Agent, Workflow, WorkspaceMode
from orchestrator.definition.publish import COMMITTING
from orchestrator.definition.roles import Role
from orchestrator.errors import NotFound
from tests import gallery_page

MINE = "nodes: {mine: {run: 'true'}}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of somebody else's, with a file that is called as a template is."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "workflows").mkdir()
    (tmp_path / "workflows/template:code-review.yaml").write_text(MINE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_template_is_known_by_its_name() -> None:
    assert gallery.template("template:code-review") == gallery.template("code-review")
    assert gallery.template("code-review").reference in {each.reference for each in gallery.templates()}
    with pytest.raises(NotFound) as raised:
        gallery.template("template:code-revue")
    assert raised.value.hint == "did you mean `code-review`?"


def test_it_stands_for_a_file_of_the_workflows_folder() -> None:
    shipped = gallery.template("code-review")
    installed = shipped.installed("flows")
    assert shipped.path("flows") == "flows/template:code-review.yaml"
    assert installed[shipped.path("flows")] == shipped.file.read_bytes()
    assert all(path.startswith("flows/template:code-review.") for path in installed)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("words", [["plan"], ["validate"], ["plan", "--format", "json"]])
def test_plan_and_validate_take_it(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(mycelium, [words[0], "template:code-review", *words[1:]]) == 0
    shown = capsys.readouterr().out
    assert "mine" not in shown
    assert words == ["validate"] or "template:code-review" in shown


@pytest.mark.usefixtures("folder")
def test_its_bare_name_leads_to_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(mycelium, ["plan", "code-review"]) == 2
    assert "did you mean `template:code-review`?" in capsys.readouterr().err


@pytest.fixture(params=gallery.templates(), ids=lambda each: each.name)
def workflow(request: pytest.FixtureRequest) -> Workflow:
    """Each template, with nothing but the agents that ship."""
    return gallery_page.load(request.param)


def test_it_says_what_it_is_for_and_asks_for_nothing(workflow: Workflow) -> None:
    assert workflow.description
    assert workflow.category
    assert workflow.inputs["engine"].default == "claude"
    assert workflow.inputs["model"].default == ""
    assert [each.name for each in workflow.inputs.values() if each.required or not each.description] == []
    assert [node.id for node in workflow.nodes.values() if not node.name] == []


def test_it_has_limits(workflow: Workflow) -> None:
    assert workflow.budget is not None
    assert workflow.budget.usd is not None
    assert workflow.budget.usd <= 10
    assert workflow.concurrency is not None
    assert workflow.publish is not None
    if any(target.kind in COMMITTING for target in workflow.publish.targets):
        assert workflow.publish.paths is not None
    for node in workflow.nodes.values():
        if isinstance(node.action, Agent):
            assert node.action.max_turns is not None, node.id


def test_whoever_may_not_write_sets_no_inputs_and_reaches_no_command(workflow: Workflow) -> None:
    """Whoever may give a command may set inputs, which stand in prompts and commands."""
    if workflow.trust.actors >= Role.WRITE:
        return
    assert {trigger.event for trigger in workflow.triggers}.isdisjoint({"comment", "workflow_dispatch"})
    for node in workflow.nodes.values():
        if isinstance(node.action, Agent):
            assert node.action.tools is not None
            assert set(node.action.tools) <= {"Read", "Grep", "Glob"}
            assert node.workspace is not WorkspaceMode.WRITE


def test_whoever_only_reads_runs_nothing_but_git(workflow: Workflow) -> None:
    for node in workflow.nodes.values():
        if isinstance(node.action, Agent) and node.workspace is not WorkspaceMode.WRITE:
            assert node.action.tools is not None, node.id
            others = [tool for tool in node.action.tools if tool not in ("Read", "Grep", "Glob")]
            assert all(tool.startswith("Bash(git ") for tool in others), node.id


def test_the_page_shows_them_as_they_are() -> None:
    written = gallery_page.PAGE.read_text(encoding="utf-8")
    assert written == gallery_page.page(), "run: python -m tests.gallery_page"
