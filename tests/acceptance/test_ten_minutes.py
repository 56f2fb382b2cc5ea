"""From an empty repository to a pull request that three agents have looked at, by what the page says."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.fakes.actions_runner.scene import happened
from tests.fakes.actions_runner.workflow import Actions
from tests.fakes.checkout import PROGRAM
from tests.fakes.github import GitHubStandIn
from tests.fakes.terminal import typed

PAGE = (Path(__file__).resolve().parents[2] / "docs/getting-started.md").read_text(encoding="utf-8")
SAID = {
    "correctness": "One finding: the first payment is left out of the sum.",
    "security": "One finding: a name chosen by the caller leaves the folder.",
    "tests": "One finding: one payment alone is never tested.",
}
"""What the three agents find, by their nodes."""


def commands(heading: str) -> list[str]:
    """The commands below a heading of the page, block by block, as they stand there."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)


class Person:
    """Somebody with a terminal: git and `mycelium`, an identity, and a password for GitHub that git knows."""

    def __init__(self, github: GitHubStandIn, login: str, folder: Path) -> None:
        self.folder, self.took = folder, {}
        account = github.user(login)
        token = github.personal_token(account, scopes=("repo", "workflow"))
        (folder / "home/bin").mkdir(parents=True)
        program = folder / "home/bin/mycelium"
        program.write_text(f'#!/bin/sh\nexec {shlex.join(PROGRAM)} "$@"\n', encoding="utf-8")
        program.chmod(0o755)
        config = (
            f"[user]\n\tname = {login}\n\temail = {account.email}\n[init]\n\tdefaultBranch = main\n"
            f'[url "{github.url.replace("://", f"://{login}:{token}@")}"]\n\tinsteadOf = {github.url}\n'
        )
        (folder / "home/.gitconfig").write_text(config, encoding="utf-8")
        self.environ = {
            "HOME": str(folder / "home"),
            "PATH": f"{folder}/home/bin:{os.environ['PATH']}",
            "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
            # As with a GitHub of one's own; github.com needs no such line.
            "MYCELIUM_GITHUB_API_URL": github.api_url,
            # Tests ask nobody on the internet for the commit of the Action.
            "MYCELIUM_ACTION_URL": str(folder / "nowhere"),
        }

    def types(self, script: str, folder: Path) -> str:
        """What the terminal shows; a command that fails fails the test."""
        done = subprocess.run(
            ["bash", "-e", "-c", script],
            cwd=folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def answers(self, script: str, folder: Path, *answers: str) -> str:
        """The same at a terminal, where questions are answered."""
        done = typed(["bash", "-e", "-c", script], answers, cwd=folder, environ=self.environ)
        assert done.code == 0, done.stdout
        return done.stdout

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        before = time.monotonic()
        yield
        self.took[step] = time.monotonic() - before


def test_three_agents_review_the_pull_request_that_brings_them(github: GitHubStandIn, tmp_path: Path) -> None:
    repository = github.empty_repository("octo/demo", private=True)
    octo = Person(github, "octo", tmp_path / "octo")
    octo.types(f"git clone {github.url}/octo/demo your-repository", octo.folder)

    with octo.timed("Set the repository up"):
        setting_up, adding = commands("First without a key")
        said = octo.answers(setting_up, octo.folder, "")
        octo.types(adding, octo.folder / "your-repository")
    (push,) = re.findall(r"^ +(git push .*)$", said, re.MULTILINE)
    assert f"`{push}`" in PAGE
    assert "gh secret set" not in said
    with octo.timed("Push"):
        octo.types(push, octo.folder / "your-repository")
    assert f"{github.url}/octo/demo/compare/mycelium/init?expand=1" in said
    begun = repository.git.branch("main")
    github.commit(repository, {"elsewhere.md": "Meanwhile.\n"}, branch="main")
    pull = github.pull_request(repository, "mycelium/init")

    seen = github.client(github.personal_token(repository.owner)).get_repo("octo/demo").get_pull(pull.number)
    with octo.timed("The job"):
        actions = Actions(github=github, repository=repository, folder=tmp_path / "actions")
        jobs = actions.on("pull_request", happened(repository, pull, "opened"), seen.merge_commit_sha or "")
    job = jobs["run"]
    assert list(jobs) == ["run"]
    assert (job.conclusion, job.outputs["status"]) == ("success", "completed"), job.raw
    for step, seconds in {**octo.took, **job.took}.items():
        print(f"{seconds:6.1f} s  {step}")

    found = list(seen.head.repo.get_commit(pull.head_sha).get_check_runs())
    runs = {run.name: run.conclusion for run in found}
    assert {"Code review", *(f"Code review / {name}" for name in SAID)} <= {
        name for name, conclusion in runs.items() if conclusion == "success"
    }, job.raw
    (comment,) = [each.body for each in seen.get_issue_comments() if "### Changes to workflows" not in each.body]
    assert "```mermaid" in comment
    assert [said for said in SAID.values() if said not in comment] == []
    (review,) = seen.get_reviews()
    assert (review.state, review.commit_id) == ("CHANGES_REQUESTED", pull.head_sha)
    lines = {(each.path, each.line) for each in seen.get_review_comments()}
    assert lines == {("src/ledger.py", 6), ("src/ledger.py", 11)}
    assert repository.git.branch("mycelium-history")
    # The job has checked out one commit, and the base has moved on: what is reviewed begins where they part.
    (told,) = Path(job.outputs["site-path"]).glob("executions/*/execution.json")
    (change,) = [run for run in json.loads(told.read_bytes())["node_runs"] if run["node"] == "change"]
    assert change["outputs"]["start"] == begun
