"""Publishing at the end of an execution: laid out with it, sent by the control loop, once, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestrator.definition.parse import load_workflow
from orchestrator.errors import BadInput, Conflict, Unavailable
from orchestrator.execution.outcome import Outcome, Usage
from orchestrator.execution.publication import Fate, Publication, PublicationState
from orchestrator.execution.state import Execution
from orchestrator.lifecycle.control import ControlLoop
from orchestrator.lifecycle.ports.github import Busy, Credential, Forbidden, User
from orchestrator.lifecycle.publishing import leaks
from orchestrator.lifecycle.report import as_json, view
from orchestrator.lifecycle.rerun import rerun
from orchestrator.lifecycle.resume import owes, resume
from tests.fakes.github_branches import Branches, connected
from tests.fakes.github_memory import MemoryGitHub
from tests.fakes.runner import writes
from tests.fakes.world import World, agent

ADA = User(id=5, login="ada")
SECRET = "s3cret-value-of-a-token"
BRANCH = "mycelium/demo/1"
PATCH = "@@ -1,2 +1,3 @@\n one\n+two\n three"
NODES = """
nodes:
  review:
    agent: code-reviewer
    answer:
      verdict: {enum: [approve, changes]}
      summary: {type: string}
      comments: {type: array}
  fix: {agent: python-pro, workspace: write, needs: review}
"""
AGENTS = {name: agent(name) for name in ("code-reviewer", "python-pro")}


class Setting:
    """A repository on GitHub with a pull request of Ada's, and an execution on its head."""

    def __init__(self, world: World, github: MemoryGitHub, branches: Branches) -> None:
        self.world, self.github, self.branches = world, github, branches
        self.head = world.git.branches["main"]
        self.pull = github.add_pull_request(self.head, author=ADA, head_ref="topic", base_sha="0" * 40)
        github.repo.patches[self.pull.number] = {"a.py": PATCH}
        github.repo.lines[self.pull.number] = {("a.py", 1), ("a.py", 2), ("a.py", 3)}

    @property
    def event(self) -> dict[str, Any]:
        ends = {"head": ("topic", self.head), "base": ("main", "0" * 40)}
        told = {name: {"ref": ref, "sha": sha, "repo": {"full_name": "octo/demo"}} for name, (ref, sha) in ends.items()}
        return {"pull_request": {"number": self.pull.number, **told}, "repository": {"full_name": "octo/demo"}}

    def run(self, publish: str, *, nodes: str = NODES, **request: Any) -> Execution:
        """Run a workflow that publishes, to its end, and let the control loop send what is due."""
        self.world.runner.deeds.setdefault("review", answer(verdict="changes", summary="Two things."))
        self.world.runner.deeds.setdefault("fix", writes(src__app_txt="better\n"))
        definition = load_workflow(f"publish:\n{publish}\n{nodes}", "workflows/demo.yaml")
        request = {"event_name": "pull_request", "event": self.event, "agents": AGENTS, **request}
        execution = self.world.run(definition, **request)
        self.world.control.step()
        return self.world.store.execution(execution.id)

    def published(self, execution: Execution) -> dict[str, Publication]:
        return {each.target: each for each in self.world.store.publications(execution.id)}

    def only(self, publish: str, **request: Any) -> Publication:
        (found,) = self.published(self.run(publish, **request)).values()
        return found

    @property
    def written(self) -> list[str]:
        return [each.method for each in self.github.writes]


def answer(**outputs: Any) -> Outcome:
    return Outcome(outputs={"text": "All fine.", **outputs}, usage=Usage(model="sonnet", cost_usd=0.25))


def waits(setting: Setting, publication: Publication) -> int:
    """For how many seconds it is put off."""
    now = setting.world.clock.now()
    return round(((publication.not_before or now) - now).total_seconds())


def visible(body: str) -> str:
    return re.sub(r"<!--.*?-->", "", body)


@pytest.fixture
def setting(world_with: Callable[..., World]) -> Setting:
    return set_up(world_with)


def set_up(world_with: Callable[..., World], **credential: Any) -> Setting:
    github = MemoryGitHub(**credential)
    world = world_with(github=github, secrets={"API": SECRET})
    return Setting(world, github, connected(world.git, github))


def test_a_pull_request_has_the_commit_the_graph_the_sections_and_the_cost(setting: Setting) -> None:
    execution = setting.run(
        "  pull-request: {from: fix, title: Better, body: By hand., labels: [agent], reviewers: [bo]}"
    )
    (found,) = setting.published(execution).values()
    made = setting.github.repo.pull_requests[found.number or 0]
    assert (made.title, made.head_ref, made.base_ref, made.draft) == ("Better", BRANCH, "topic", True)
    assert made.head_sha == setting.world.node_run(execution, "fix").outcome.commit  # type: ignore[union-attr]
    assert made.labels == ("agent",)
    assert setting.github.repo.reviewers[made.number] == ["bo"]
    for part in (
        "By hand.",
        "```mermaid",
        "<b>review</b>",
        "All fine.",
        "$0.25",
        f"<!-- mycelium:publish execution={execution.id} target=pull-request -->",
    ):
        assert part in made.body
    assert (found.state, found.url, found.branch, found.commit) == (
        PublicationState.PUBLISHED,
        made.url,
        BRANCH,
        made.head_sha,
    )
    assert (found.fate, found.agents, found.title) == (Fate.OPEN, ("python-pro",), "Better")
    assert setting.branches.pushes == [(BRANCH, made.head_sha)]
    setting.world.control.step()
    assert setting.written == ["open_pull_request", "add_labels", "request_reviewers"]


def test_where_no_pull_request_may_be_opened_the_branch_is_there_with_a_link(world_with: Callable[..., World]) -> None:
    setting = set_up(world_with, credential=Credential.ACTIONS)
    setting.github.repo.actions_may_open_pull_requests = False
    found = setting.only("  pull-request: fix")
    assert found.state is PublicationState.FAILED
    assert "Allow GitHub Actions to create and approve pull requests" in found.reason
    assert found.url == f"{setting.github.url}/compare/topic...{BRANCH}?expand=1"
    assert setting.branches[BRANCH] == found.commit


def test_a_branch_of_another_store_with_the_same_number_is_left_alone(setting: Setting) -> None:
    setting.github.add_commits("9" * 40, branch=BRANCH)
    found = setting.only("  pull-request: fix")
    assert found.branch == f"{BRANCH}-00000001"
    assert setting.branches[BRANCH] == "9" * 40


def test_where_drafts_are_not_supported_it_is_none(setting: Setting) -> None:
    setting.github.fail("open_pull_request", BadInput("Draft pull requests are not supported in this repository."))
    found = setting.only("  pull-request: fix")
    assert (found.state, found.reason) == (PublicationState.PUBLISHED, "drafts are not supported here")
    assert not setting.github.repo.pull_requests[found.number or 0].draft


def test_a_pull_request_without_labels_and_reviewers_that_github_does_not_take(setting: Setting) -> None:
    setting.github.denied["add_labels"] = "issues: write"
    setting.github.denied["request_reviewers"] = "pull_requests: write"
    found = setting.only("  pull-request: {from: fix, labels: a, reviewers: b}")
    assert found.state is PublicationState.PUBLISHED
    assert found.reason == "no labels: add_labels is not allowed; no reviewers: request_reviewers is not allowed"


def test_a_base_that_is_not_there_is_told_and_the_branch_is(setting: Setting) -> None:
    found = setting.only("  pull-request: {from: fix, base: gone}")
    assert found.state is PublicationState.FAILED
    assert setting.branches[found.branch] == found.commit
    assert found.url.endswith(f"/compare/{found.branch}?expand=1")
    assert "there is no branch `gone`" in found.reason


def test_a_push_moves_the_head_on(setting: Setting) -> None:
    found = setting.only("  push: fix")
    assert found.state is PublicationState.PUBLISHED
    assert setting.branches.pushes == [("topic", found.commit)]
    assert setting.github.repo.pull_requests[setting.pull.number].head_sha == found.commit
    assert setting.written == []


def test_a_head_that_has_moved_is_left_alone(setting: Setting) -> None:
    setting.branches["topic"] = "9" * 40
    found = setting.only("  push: fix")
    assert (found.state, setting.branches["topic"]) == (PublicationState.REFUSED, "9" * 40)
    assert found.reason == f"the head of the pull request has moved from {setting.head[:12]} to 999999999999"


def test_a_review_has_the_verdict_line_comments_and_what_stands_outside_the_diff(setting: Setting) -> None:
    comments = [
        {"path": "a.py", "line": 2, "body": "Better so", "suggestion": "deux\n```\n"},
        {"path": "a.py", "line": 9, "body": "Not in the diff", "suggestion": "x"},
        {"path": "b.py", "line": 1, "start_line": 1, "body": "Elsewhere"},
        {"odd": 1},
    ]
    setting.world.runner.deeds["review"] = answer(verdict="changes", summary="Two things.", comments=comments)
    found = setting.only("  review: review")
    (review,) = setting.github.repo.reviews[setting.pull.number]
    (line,) = setting.github.repo.review_comments[review.id]
    assert (review.state, review.commit) == ("CHANGES_REQUESTED", setting.head)
    assert (line.path, line.line, line.side) == ("a.py", 2, "RIGHT")
    assert line.body == "Better so\n\n````suggestion\ndeux\n```\n````"
    for part in (
        "Two things.",
        "Not in the diff",
        f"/blob/{setting.head}/a.py#L9",
        "Elsewhere",
        "1 of its remarks could",
    ):
        assert part in review.body
    assert "```suggestion" not in review.body
    assert (found.remote_id, found.commit, found.agents) == (review.id, setting.head, ("code-reviewer",))
    setting.world.control.step()
    assert setting.written == ["write_review"]


def test_a_review_of_what_has_moved_is_a_comment_about_what_was_reviewed(setting: Setting) -> None:
    setting.world.runner.deeds["review"] = answer(
        verdict="approve", comments=[{"path": "a.py", "line": 2, "body": "x"}]
    )
    setting.branches["topic"] = "9" * 40
    found = setting.only("  review: review")
    (review,) = setting.github.repo.reviews[setting.pull.number]
    assert (review.state, review.commit) == ("COMMENTED", setting.head)
    assert setting.github.repo.review_comments[review.id] == []
    assert "and the pull request has moved on" in review.body
    assert "The agent approves; this is a comment, because" in found.reason


def test_nobody_decides_about_their_own_pull_request(setting: Setting) -> None:
    own = replace(setting.github.repo.pull_requests[setting.pull.number], author=setting.github.me())
    setting.github.repo.pull_requests[setting.pull.number] = own
    assert "GitHub lets nobody decide about a pull request of their own" in setting.only("  review: review").reason
    assert setting.github.repo.reviews[setting.pull.number][0].state == "COMMENTED"


def test_where_only_comments_are_allowed_the_verdict_stands_in_the_text(setting: Setting) -> None:
    setting.github.fail("write_review", Forbidden("no approvals", needs="a setting"))
    assert (
        setting.only("  review: review").reason
        == "The agent asks for changes; this is a comment, because more needs a setting."
    )
    assert setting.github.repo.reviews[setting.pull.number][0].state == "COMMENTED"


def test_lines_that_github_does_not_know_go_into_the_text(setting: Setting) -> None:
    setting.github.repo.lines[setting.pull.number] = set()
    setting.world.runner.deeds["review"] = answer(
        verdict="changes", comments=[{"path": "a.py", "line": 2, "body": "Here"}]
    )
    setting.only("  review: review")
    (review,) = setting.github.repo.reviews[setting.pull.number]
    assert review.state == "CHANGES_REQUESTED"
    assert "Here" in review.body


def test_a_push_of_ours_comes_after_the_review_of_what_it_changes(setting: Setting) -> None:
    found = setting.published(setting.run("  push: fix\n  review: review"))
    assert {each.state for each in found.values()} == {PublicationState.PUBLISHED}
    assert setting.github.repo.reviews[setting.pull.number][0].state == "CHANGES_REQUESTED"


def test_an_answer_without_schema_is_a_comment_review(setting: Setting) -> None:
    nodes = "nodes: {review: {agent: code-reviewer}}"
    setting.only("  review: review", nodes=nodes)
    (review,) = setting.github.repo.reviews[setting.pull.number]
    assert (review.state, "All fine." in review.body) == ("COMMENTED", True)


def test_a_comment_is_written_once_and_a_rerun_edits_it(setting: Setting) -> None:
    publish = "  comment: 'Said: ${{ needs.review.outputs.summary }}'"
    execution = setting.run(publish)
    (comment,) = setting.github.comment_bodies(setting.pull.number)
    assert "Said: Two things." in comment
    setting.world.runner.deeds["review"] = answer(verdict="approve", summary="Now fine.")
    rerun(setting.world.services, execution.id, failed_only=False, node="review")
    setting.world.work()
    setting.world.control.step()
    (comment,) = setting.github.comment_bodies(setting.pull.number)
    assert "Said: Now fine." in comment
    assert setting.written == ["write_comment", "edit_comment"]


def test_a_forged_mark_in_somebody_elses_comment_is_not_ours(setting: Setting) -> None:
    setting.github.add_comment(setting.pull.number, ADA, "<!-- mycelium:publish execution=00000001 target=comment -->")
    setting.only("  comment: Hello")
    assert setting.written == ["write_comment"]


def test_labels_are_set_and_taken_off_where_that_changes_something(setting: Setting) -> None:
    setting.github.add_labels(setting.pull.number, ["There", "old"])
    before = len(setting.written)
    setting.only("  labels: {add: [there, new], remove: [old, gone]}")
    assert setting.github.issue(setting.pull.number).labels == ("There", "new")
    assert setting.written[before:] == ["add_labels", "remove_label"]


def test_an_issue_is_written_once_and_not_again_by_a_rerun(setting: Setting) -> None:
    execution = setting.run("  issue: {title: 'Left: ${{ needs.review.outputs.summary }}', body: Text, labels: bug}")
    (issue,) = setting.github.repo.issues.values()
    assert (issue.title, issue.labels, "Text" in issue.body) == ("Left: Two things.", ("bug",), True)
    rerun(setting.world.services, execution.id, failed_only=False, node="review")
    setting.world.work()
    setting.world.control.step()
    assert len(setting.github.repo.issues) == 1
    assert setting.published(execution)["issue"].state is PublicationState.PUBLISHED


def test_a_rerun_moves_the_branch_on_and_keeps_the_pull_request(setting: Setting) -> None:
    execution = setting.run("  pull-request: {from: fix, title: Better}")
    number = setting.published(execution)["pull-request"].number
    setting.world.runner.deeds["fix"] = writes(src__app_txt="best\n")
    rerun(setting.world.services, execution.id, failed_only=False, node="fix")
    setting.world.work()
    setting.world.control.step()
    found = setting.published(execution)["pull-request"]
    assert (found.number, found.branch, found.state) == (number, BRANCH, PublicationState.PUBLISHED)
    assert setting.branches[BRANCH] == found.commit
    assert [name for name, _ in setting.branches.pushes] == [BRANCH, BRANCH]


def test_a_branch_that_somebody_has_changed_is_left_alone_by_a_rerun(setting: Setting) -> None:
    execution = setting.run("  pull-request: fix")
    setting.branches[BRANCH] = "9" * 40
    setting.world.runner.deeds["fix"] = writes(src__app_txt="best\n")
    rerun(setting.world.services, execution.id, failed_only=False, node="fix")
    setting.world.work()
    setting.world.control.step()
    found = setting.published(execution)["pull-request"]
    assert (found.state, setting.branches[BRANCH]) == (PublicationState.FAILED, "9" * 40)
    assert "somebody has changed it" in found.reason


def test_what_has_not_gone_out_when_it_runs_again_is_taken_back(setting: Setting) -> None:
    setting.github.down = True
    execution = setting.run("  comment: Hello")
    assert setting.published(execution)["comment"].pending
    rerun(setting.world.services, execution.id, failed_only=False, node="review")
    assert setting.published(execution)["comment"].state is PublicationState.WITHDRAWN
    setting.github.down = False
    setting.world.clock.advance(600)
    setting.world.control.step()
    assert setting.github.comment_bodies(setting.pull.number) == []
    setting.world.work()
    setting.world.control.step()
    assert len(setting.github.comment_bodies(setting.pull.number)) == 1


def test_an_outage_puts_it_off_and_nothing_is_lost_or_doubled(setting: Setting) -> None:
    setting.github.fail("write_comment", Unavailable("the answer was cut"), after=True)
    execution = setting.run("  comment: Hello")
    found = setting.published(execution)["comment"]
    assert (found.pending, found.tries, waits(setting, found)) == (True, 1, 5)
    setting.world.control.step()
    assert setting.published(execution)["comment"].tries == 1
    assert setting.world.store.next_due("here") == found.not_before
    setting.world.clock.advance(5)
    setting.world.control.step()
    assert setting.published(execution)["comment"].state is PublicationState.PUBLISHED
    assert len(setting.github.comment_bodies(setting.pull.number)) == 1


def test_waiting_grows_up_to_half_a_minute(setting: Setting) -> None:
    setting.github.down = True
    execution = setting.run("  comment: Hello")
    waited = []
    for _ in range(9):
        waited.append(waits(setting, setting.published(execution)["comment"]))
        setting.world.clock.advance(300)
        setting.world.control.step()
    assert waited == [5, 10, 20, 30, 30, 30, 30, 30, 30]


def test_a_busy_github_is_left_alone_until_it_said(setting: Setting) -> None:
    until = setting.world.clock.now() + timedelta(minutes=3)
    setting.github.fail("write_comment", Busy("later", until=until))
    execution = setting.run("  comment: [One, Two]\n  maximum: {comment: 2}")
    found = setting.published(execution)
    assert (found["comment"].not_before, found["comment"].tries) == (until, 0)
    assert found["comment:2"].not_before is None
    setting.world.clock.advance(180)
    setting.world.control.step()
    assert len(setting.github.comment_bodies(setting.pull.number)) == 2


def test_what_is_forbidden_is_told_and_not_tried_again(setting: Setting) -> None:
    setting.github.denied["write_comment"] = "issues: write"
    found = setting.only("  comment: Hello")
    assert (found.state, found.reason) == (
        PublicationState.FAILED,
        "write_comment is not allowed; it needs issues: write",
    )
    assert setting.world.store.due_publications("here", setting.world.clock.now() + timedelta(days=1)) == []


def test_without_a_token_nothing_leaves(world_with: Callable[..., World]) -> None:
    setting = set_up(world_with)
    setting.world = world_with()
    execution = Setting(setting.world, setting.github, setting.branches).run("  comment: Hello\n  pull-request: fix")
    found = setting.published(execution)
    assert {each.state for each in found.values()} == {PublicationState.WITHHELD}
    assert {each.reason for each in found.values()} == {"no token"}
    assert execution.result_branch == BRANCH


def test_a_dry_run_asks_github_nothing(setting: Setting) -> None:
    execution = setting.run("  comment: Hello\n  pull-request: fix\n  review: review\n  dry-run: true")
    assert {each.state for each in setting.published(execution).values()} == {PublicationState.WITHHELD}
    assert setting.github.sent == []
    assert setting.branches.pushes == []


def test_an_event_of_another_repository_is_not_answered_in_this_one(setting: Setting) -> None:
    event = {**setting.event, "repository": {"full_name": "octo/other"}}
    found = setting.only("  comment: Hello", event=event)
    assert (found.state, found.reason) == (
        PublicationState.WITHHELD,
        "the event is of octo/other, and the token of octo/demo",
    )


@pytest.mark.parametrize(
    ("path", "publish"),
    [
        (".github/workflows/ci.yml", "  pull-request: fix\n  allow: {paths: ['**']}"),
        ("workflows/other.yaml", "  pull-request: fix"),
        ("src/secret/a.txt", "  push: fix\n  allow: {paths: ['src/**', '!src/secret/**']}"),
    ],
)
def test_a_commit_that_changes_what_it_may_not_stays_here(setting: Setting, path: str, publish: str) -> None:
    setting.world.runner.deeds["fix"] = lambda task, _log, _control: _written(task.workspace, path, "x\n")
    found = setting.only(publish)
    assert (found.state, setting.branches.pushes) == (PublicationState.REFUSED, [])
    assert found.reason == f"it changes `{path}`: name that in `allow.paths` if it may"


def _written(workspace: Path, path: str, text: str) -> Outcome:
    place = workspace / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    return Outcome()


def test_a_commit_that_is_too_large_to_be_looked_through_stays_here(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaks, "MOST_BYTES", 1_000)
    setting.world.runner.deeds["fix"] = writes(large_txt="x" * 2_000)
    found = setting.only("  pull-request: fix")
    assert found.state is PublicationState.REFUSED
    assert found.reason.startswith("a commit changes more than 1,000 bytes")
    assert setting.branches.pushes == []


def test_a_commit_with_a_secret_in_it_stays_here(setting: Setting) -> None:
    setting.world.runner.deeds["fix"] = writes(config_txt=f"token = {SECRET}\n")
    found = setting.only("  pull-request: fix")
    assert (found.state, found.reason) == (PublicationState.REFUSED, "a commit holds the value of a secret")
    assert setting.branches.pushes == []


def test_no_channel_tells_a_secret(setting: Setting) -> None:
    event = {**setting.event, "comment": {"body": f"look: {SECRET} and ghs_memory"}}
    leaks = f"{SECRET} ghs_memory"
    comments = [
        {"path": "a.py", "line": 2, "body": leaks, "suggestion": leaks},
        {"path": "z", "line": 1, "body": leaks},
    ]
    setting.world.runner.deeds["review"] = answer(verdict="changes", summary=leaks, comments=comments, text=leaks)
    said = "${{ github.event.comment.body }} ${{ needs.review.outputs.summary }}"
    execution = setting.run(
        f"  pull-request: {{from: fix, title: '{said}', body: '{said}'}}\n  review: review\n"
        f"  comment: '{said}'\n  issue: {{title: '{said}', body: '{said}'}}",
        event=event,
    )
    assert {each.state for each in setting.published(execution).values()} == {PublicationState.PUBLISHED}
    repo = setting.github.repo
    told = [
        *(f"{each.title} {each.body}" for each in repo.pull_requests.values()),
        *(f"{each.title} {each.body}" for each in repo.issues.values()),
        *(comment.body for _, comment in repo.comments.values()),
        *(each.body for reviews in repo.reviews.values() for each in reviews),
        *(each.body for lines in repo.review_comments.values() for each in lines),
        *(repr(each) for each in setting.published(execution).values()),
    ]
    assert len(told) == 10
    bare = [text.replace("\\", "") for text in told]
    assert sum("***" in text for text in bare) >= 7
    assert [text for text in bare if SECRET in text or "ghs_memory" in text] == []


def test_foreign_text_can_do_nothing_where_it_is_published(setting: Setting) -> None:
    evil = (
        "@octocat #12 GH-12 <img src=https://evil.example/x> [x](https://evil.example)\n```suggestion\nrm\n```\n--><b>"
    )
    setting.world.runner.deeds["review"] = answer(verdict="changes", summary=evil, text=evil)
    said, name = "${{ needs.review.outputs.summary }}", "${{ needs.review.outputs.verdict }}"
    issue = f"{{title: '{said}', body: 'cc @{name} {said}'}}"
    setting.run(f"  issue: {issue}\n  review: review\n  comment: '{said}'")
    repo = setting.github.repo
    bodies = [
        next(iter(repo.issues.values())).body,
        repo.reviews[setting.pull.number][0].body,
        *setting.github.comment_bodies(setting.pull.number),
    ]
    for body in map(visible, bodies):
        assert not re.search(r"(?<!`)@octocat|[^&]#12|GH-12|<img|```suggestion|\]\(https://evil", body), body
        assert "&lt;b&gt;" in body
    assert "@&#8203;changes" in bodies[0]
    title = next(iter(repo.issues.values())).title
    assert not re.search(r"[@#]|GH-\d", title)


def test_what_would_be_published_is_shown_by_a_dry_run_and_by_json(setting: Setting) -> None:
    publish = (
        "  pull-request: {from: fix, title: Better}\n  review: review\n  comment: Hello\n"
        "  labels: {add: a, remove: b}\n  dry-run: true"
    )
    execution = setting.run(publish)
    told = as_json(view(setting.world.services, execution.id))["publications"]
    assert isinstance(told, list)
    titles = [each["title"] for each in told if isinstance(each, dict)]
    assert titles == ["Hello", "+a -b", "Better", "changes"]
    assert [each["target"] for each in told if isinstance(each, dict)] == [
        "comment",
        "labels",
        "pull-request",
        "review",
    ]


def test_a_text_that_cannot_be_evaluated_is_refused(setting: Setting) -> None:
    found = setting.only("  comment: ${{ fromJSON('x') }}")
    assert (found.state, found.reason[:24]) == (PublicationState.REFUSED, "it cannot be evaluated: ")


def test_variables_that_cannot_be_evaluated_keep_no_execution_from_ending(setting: Setting) -> None:
    nodes = f"env: {{X: '${{{{ fromJSON(inputs.x) }}}}'}}\ninputs: {{x: {{default: '['}}}}\n{NODES}"
    execution = setting.run("  comment: {body: 'Hello ${{ env.X }}', if: always()}", nodes=nodes)
    assert execution.status.value == "failed"
    (body,) = setting.github.comment_bodies(setting.pull.number)
    assert "Hello" in body
    assert setting.world.outbox() == 0


def test_the_end_is_told_once_more_when_everything_is_out(setting: Setting) -> None:
    setting.run("  comment: Hello")
    ends = [event for event in setting.world.events.published if event.event.value == "execution_completed"]
    assert len(ends) == 2


def test_whoever_resumes_an_ended_execution_sends_what_is_left(world_with: Callable[..., World]) -> None:
    setting = set_up(world_with)
    setting.github.down = True
    execution = setting.run("  comment: Hello")
    setting.github.down = False
    services = replace(setting.world.services, instance="next")
    assert owes(services, execution)
    resume(services, execution.id)
    setting.world.clock.advance(60)
    ControlLoop(services, "next").step()
    assert len(setting.github.comment_bodies(setting.pull.number)) == 1
    assert not owes(services, setting.world.store.execution(execution.id))
    with pytest.raises(Conflict, match="has already ended"):
        resume(replace(services, instance="third"), execution.id)


def test_only_what_is_named_leaves(setting: Setting) -> None:
    execution = setting.run("  labels: a")
    assert setting.written == ["add_labels"]
    assert list(setting.published(execution)) == ["labels"]
    assert setting.branches.pushes == []
