"""What README shows, as it stands there: its two files in a repository, and a template beside them."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.fakes.actions_runner.scene import happened, said
from tests.fakes.actions_runner.workflow import Actions
from tests.fakes.github import GitHubStandIn

ROOT = Path(__file__).resolve().parents[2]


def blocks(page: str, begin: str, end: str) -> list[str]:
    """What a page has between such lines."""
    return re.findall(rf"^{begin}\n(.*?)^{end}$", (ROOT / page).read_text("utf-8"), re.MULTILINE | re.DOTALL)


WORKFLOW, ACTIONS = blocks("README.md", "```yaml", "```")
(LEDGER,) = blocks("docs/getting-started.md", "cat > src/ledger.py <<'END'", "END")
"""The file that the recorded reviewers have read."""

CHANGED = {
    "types": ("ledger.pyi", "def total(payments: list[int]) -> int: ...\n"),
    "tests": ("test_ledger.py", "import unittest\n\nclass Total(unittest.TestCase):\n    def test_it(self): ...\n"),
}
"""The file that each agent writes."""

TEMPLATE = """
name: Review
on: pull_request
jobs:
  review:
    permissions: {contents: read, pull-requests: write}
    steps:
      - uses: actions/checkout@v7
        with: {persist-credentials: false}
      - uses: mycelium-orchestrator/mycelium@v0
        with: {workflow: "template:code-review", inputs: engine=replay, history-branch: ""}
"""
"""With no more than it takes to review: no check runs, and no history."""


def replayed() -> dict[str, str]:
    """README's workflow, where agents say what they said once."""
    files = {"workflows/improve.yaml": f"{WORKFLOW}defaults: {{engine: replay}}\n"}
    for node, (path, content) in CHANGED.items():
        lines = (
            {"mycelium_transcript": 1},
            {"type": "write", "path": path, "content": content},
            {"type": "result", "text": path},
        )
        files[f"workflows/improve.replay/{node}.jsonl"] = "".join(f"{json.dumps(line)}\n" for line in lines)
    return files


def test_what_readme_shows_works_and_a_template_beside_it(github: GitHubStandIn, tmp_path: Path) -> None:
    committed = {".github/workflows/mycelium.yml": ACTIONS, ".github/workflows/review.yml": TEMPLATE, **replayed()}
    repository = github.repository("octo/demo", committed, private=True)
    repository.actions_may_open_pull_requests = True
    repository.collaborators["ada"] = "write"
    github.commit(repository, {"src/ledger.py": LEDGER}, branch="change")
    pull = github.pull_request(repository, "change")
    seen = github.client(github.personal_token(repository.owner)).get_repo("octo/demo").get_pull(pull.number)

    first = Actions(github=github, repository=repository, folder=tmp_path / "first")
    jobs = first.on("pull_request", happened(repository, pull, "opened"), seen.merge_commit_sha or "")
    improved, reviewed = jobs["mycelium"], jobs["review"]
    assert (improved.conclusion, improved.outputs["status"]) == ("success", "waiting"), improved.raw
    (asking,) = [each.body for each in seen.get_issue_comments() if "/mycelium approve gate" in each.body]
    assert "Keep this branch?" in asking
    assert (reviewed.conclusion, reviewed.outputs["status"]) == ("success", "completed"), reviewed.raw
    assert "Code review" in reviewed.summary
    lines = {(each.path, each.line) for each in seen.get_review_comments()}
    assert lines == {("src/ledger.py", 6), ("src/ledger.py", 11)}

    event = said(github, repository, pull, github.user("ada"), "/mycelium approve gate")
    second = Actions(github=github, repository=repository, folder=tmp_path / "second")
    (approved,) = second.on("issue_comment", event, repository.git.branch("main") or "").values()
    assert (approved.conclusion, approved.outputs["status"]) == ("success", "completed"), approved.raw
    runs = {run.name: run.conclusion for run in seen.head.repo.get_commit(pull.head_sha).get_check_runs()}
    nodes = ("types", "tests", "merged", "check", "gate")
    assert runs == dict.fromkeys(("Improve and check", *(f"Improve and check / {node}" for node in nodes)), "success")
    (made,) = [each for each in repository.pulls.values() if each.number != pull.number]
    assert made.issue.title == "Types and tests"
    assert approved.outputs["pull-request"] == f"{github.url}/octo/demo/pull/{made.number}"
    changed = {each.path for each in repository.git.changes(pull.head_sha, made.head_sha)}
    assert changed == {path for path, _ in CHANGED.values()}
