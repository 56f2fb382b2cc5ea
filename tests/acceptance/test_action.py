"""The published Action, as a job runs it: what it puts on the pull request, in the summary and the outputs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fakes.actions_runner import example
from tests.fakes.actions_runner.scene import WRITING, Scene, transcripts
from tests.fakes.checkout import Checkout
from tests.fakes.github import GitHubStandIn

REVIEW = """
name: Review
on: pull_request
nodes:
  bugs: {agent: code-reviewer, engine: replay, prompt: Look for bugs.}
  holes: {agent: security-auditor, engine: replay, prompt: Look for holes.}
  words:
    agent: documentation-engineer
    engine: replay
    needs: [bugs, holes]
    prompt: Sum it up.
"""
SAID = {
    "bugs": "No bugs.\n::set-output name=status::all-mine\n##[add-mask]Review",
    "holes": "No holes.",
    "words": "All is well.",
}
ON_PUSH = "name: Site\non: {push: {branches: [release]}}\nnodes: {only: {run: 'echo ::warning::from a node'}}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "runner"


def test_three_agents_review_a_pull_request(github: GitHubStandIn, folder: Path) -> None:
    scene = Scene(github, folder, {"workflows/review.yaml": REVIEW, **transcripts("review", SAID)})
    done = scene.pulled()
    assert done.conclusion == "success", done.raw
    assert scene.checks() == {
        "Review": ("completed", "success"),
        **{f"Review / {key}": ("completed", "success") for key in SAID},
    }
    (body,) = scene.comments()
    assert "All is well." in body
    assert "```mermaid" in done.summary
    assert "All is well." in done.summary
    assert "/actions/runs/71" in done.summary
    assert done.outputs["status"] == "completed", done.raw
    assert done.outputs["result"] == "success"
    assert json.loads(done.outputs["outputs"])["words"]["text"] == "All is well."
    assert (Path(done.outputs["site-path"]) / "index.html").is_file()
    # Nothing that an agent says is a command, and nobody sees the token.
    assert "set-output" not in [name for name, _, _ in done.log.commands]
    assert not [token for token in github.tokens if token in done.shown]


def test_two_workflows_run_side_by_side_and_one_that_fails_fails_the_step(github: GitHubStandIn, folder: Path) -> None:
    bad = "name: Bad\non: pull_request\nnodes: {only: {run: 'echo \"::error::broken\"; exit 3'}}\n"
    good = "name: Good\non: pull_request\nnodes: {only: {run: 'touch made.txt', workspace: write}}\n"
    scene = Scene(
        github, folder, {"workflows/bad.yaml": bad, "workflows/good.yaml": good, "workflows/x.yaml": "nodes: 5\n"}
    )
    done = scene.pulled()
    assert done.conclusion == "failure", done.raw
    assert scene.checks()["Bad"] == ("completed", "failure")
    assert scene.checks()["Good"] == ("completed", "success")
    assert done.outputs["status"] == "failed"
    assert {each["workflow"]: each["status"] for each in json.loads(done.outputs["executions"])} == {
        "bad": "failed",
        "good": "completed",
    }
    assert "[bad] only" in done.shown
    assert "**only failed**" in done.summary
    (wrong,) = done.log.named("error")
    assert "workflows/x.yaml" in wrong


def test_an_event_that_starts_nothing_is_one_line_and_no_request_that_writes(
    github: GitHubStandIn, folder: Path
) -> None:
    scene = Scene(github, folder, {"workflows/site.yaml": ON_PUSH})
    done = scene.pulled()
    assert done.conclusion == "success"
    assert done.shown.splitlines() == [
        "No workflow starts on pull_request: `on` of none names it, or its filters do not fit."
    ]
    assert done.outputs["status"] == "none"
    assert scene.written() == []

    # Unless it changes workflows: that is shown by the same job.
    scene.github.commit(scene.repository, {"workflows/site.yaml": ON_PUSH.replace("run:", "ran:")}, branch="change")
    told = scene.pulled()
    assert told.conclusion == "success", told.raw
    assert scene.checks() == {"Changes to workflows": ("completed", "failure")}
    (body,) = scene.comments()
    assert "workflows/site.yaml" in body
    assert told.log.named("warning") == []


def test_a_named_one_takes_inputs_waits_and_goes_on_in_the_job_of_an_approval(
    github: GitHubStandIn, folder: Path
) -> None:
    gate = (
        "name: Gate\ninputs: {who: {required: true}}\n"
        "nodes:\n  first: {run: 'echo \"$WHO\"', env: {WHO: '${{ inputs.who }}'}}\n"
        "  go: {approval: 'Go on?', needs: first}\n"
    )
    scene = Scene(github, folder, {"workflows/gate.yaml": gate})
    done = scene.pulled(inputs={"workflow": "gate", "inputs": "who=Ann"})
    assert done.conclusion == "success", done.raw
    assert (done.outputs["status"], done.outputs["result"]) == ("waiting", "")
    assert scene.checks()["Gate"] == ("completed", "action_required")
    assert "/mycelium approve go" in done.summary

    ada = github.user("ada")
    scene.repository.collaborators["ada"] = "write"
    approved = scene.says(ada, "/mycelium approve go")
    assert approved.conclusion == "success", approved.raw
    assert (approved.outputs["status"], approved.outputs["execution-id"]) == ("completed", done.outputs["execution-id"])
    assert scene.checks()["Gate"] == ("completed", "success")
    built = scene.pulled(inputs={"mode": "site"})
    assert done.outputs["execution-id"] in (Path(built.outputs["site-path"]) / "index.html").read_text()


@pytest.mark.parametrize("grace", [(7.5, 2.5), (0.0, 0.0)], ids=["in time", "killed at once"])
def test_a_cancelled_job_cancels_its_execution_and_says_so(
    github: GitHubStandIn, folder: Path, grace: tuple[float, float]
) -> None:
    nodes = f"{{only: {{run: 'touch {folder}/begun; sleep 300'}}, then: {{needs: only, run: x}}}}"
    slow = f"name: Slow\non: pull_request\nnodes: {nodes}\n"
    scene = Scene(github, folder, {"workflows/slow.yaml": slow})
    scene.runner.grace = grace

    def begun() -> bool:
        return (folder / "begun").exists() and len(github.sent("POST", "/check-runs")) > 1

    done = scene.pulled(cancel_when=begun)
    assert done.conclusion == "cancelled"
    assert done.outcomes["mycelium"] == "cancelled"
    assert "Say on GitHub that the job was cut short" in done.ran
    assert scene.checks()["Slow"] == ("completed", "cancelled"), done.raw
    assert scene.checks()["Slow / only"] == ("completed", "cancelled"), done.raw
    assert "cancelled" in scene.comments()[0]
    if grace[0]:
        assert done.outputs["status"] == "cancelled"


def test_a_pull_request_from_a_fork_waits_and_a_job_of_our_own_says_so(github: GitHubStandIn, folder: Path) -> None:
    flow = "name: Review\non: pull_request\nnodes: {only: {run: 'cat a.py'}}\n"
    scene = Scene(github, folder, {"workflows/review.yaml": flow})
    sam = github.user("sam")
    fork = github.fork(scene.repository, sam)
    scene.pull = scene.open("theirs", head_repository=fork, by=sam)
    reading = dict.fromkeys(WRITING, "read")

    done = scene.runner.run("pull_request", scene.event(scene.pull), token=scene.token(reading))
    assert (done.conclusion, done.outputs["status"]) == ("success", "waiting"), done.raw
    assert f"/mycelium allow {scene.pull.head_sha}`" in done.summary
    report = done.artifacts[f"mycelium-report-mycelium-{done.check_run}"]
    assert json.loads((report / "report.json").read_text())["decisions"]
    assert scene.written() == []

    there = scene.runner.run(
        "pull_request", scene.event(scene.pull), token=scene.token(reading), inputs={"forks": "run"}
    )
    assert (there.conclusion, there.outputs["status"]) == ("success", "completed"), there.raw
    report = there.artifacts[f"mycelium-report-mycelium-{there.check_run}"]
    assert "Review: completed" in (report / "summary.md").read_text()
    assert len(there.artifacts) == 2
    assert scene.written() == []

    ran = example("workflow_run", workflow_run={"event": "pull_request", "head_sha": scene.pull.head_sha})
    ran["repository"].update(full_name="octo/demo", default_branch="main")
    asked = len(github.sent("GET", "/pulls"))
    told = scene.runner.run("workflow_run", ran, token=scene.token())
    assert told.conclusion == "success", told.raw
    assert len(github.sent("GET", "/pulls")) == asked + 1
    (body,) = scene.comments()
    assert "/mycelium allow" in body
    assert scene.checks() == {}

    allowed = scene.says(scene.repository.owner, f"/mycelium allow {scene.pull.head_sha}")
    assert (allowed.conclusion, allowed.outputs["status"]) == ("success", "completed"), allowed.raw
    assert scene.checks()["Review"] == ("completed", "success")


def test_problems_stand_on_their_lines_and_changes_in_the_summary(github: GitHubStandIn, folder: Path) -> None:
    scene = Scene(github, folder, {"workflows/site.yaml": ON_PUSH})
    place = Checkout(folder=folder)
    place.write("workflows/site.yaml", ON_PUSH.replace("only:", "every:"))
    place.write("workflows/new.yaml", "nodes:\n  one: {run: x, neds: two}\n")
    done = scene.pulled(inputs={"mode": "validate"})
    assert done.conclusion == "failure"
    (problem,) = [each for each in done.log.commands if each[0] == "error"]
    assert problem[1].startswith("file=workflows/new.yaml,line=2,")
    assert "1 problem in workflow files" in done.summary
    assert "```mermaid" in done.summary
    place.write("workflows/new.yaml", "nodes:\n  one: {run: x}\n")
    assert scene.pulled(inputs={"mode": "validate"}).conclusion == "success"
    built = scene.pulled(inputs={"mode": "site"})
    assert built.conclusion == "success", built.raw
    assert (Path(built.outputs["site-path"]) / "index.html").is_file()
