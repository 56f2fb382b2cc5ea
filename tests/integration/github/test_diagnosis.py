"""`doctor` asks a GitHub: what it finds is what was taken away, and the repository is as it was before."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from orchestrator import settings as configuration
from orchestrator.github.connect import connect
from orchestrator.github.diagnosis import Diagnosis, diagnose
from orchestrator.github.needs import OPEN_PULL_REQUESTS
from tests.fakes.github import GitHubStandIn
from tests.fakes.github_bench import ALL, Roomy, Wall
from tests.fakes.github_key import key_pair


def diagnosed(github: GitHubStandIn, folder: Path, **given: str) -> Diagnosis:
    names = {f"MYCELIUM_GITHUB_{name}": value for name, value in given.items()}
    environ = {"HOME": str(folder), "MYCELIUM_GITHUB_API_URL": github.api_url, **names}
    found = connect(configuration.load(folder, environ), "https://x/octo/demo", Roomy(clock=Wall()))
    assert found
    return diagnose(found, lambda _: None)


def without(name: str) -> Mapping[str, str]:
    return {each: level for each, level in ALL.items() if each != name}


@pytest.mark.parametrize("taken", ["", "contents", "pull_requests", "issues", "checks"])
def test_a_job(github: GitHubStandIn, tmp_path: Path, taken: str) -> None:
    repository = github.repository("octo/demo", private=True)
    found = diagnosed(github, tmp_path, TOKEN=github.actions_token(repository, without(taken)))
    assert [lack.needs for lack in found.lacks] == ([f"{taken.replace('_', ' ')}: write"] if taken else [])
    assert "github-actions[bot]" in found.speaker
    assert OPEN_PULL_REQUESTS in found.unseen
    assert (repository.issues, repository.pulls, repository.check_runs) == ({}, {}, {})


@pytest.mark.parametrize("taken", ["", "checks", "contents"])
def test_an_app(github: GitHubStandIn, tmp_path: Path, taken: str) -> None:
    private, public = key_pair()
    repository = github.repository("octo/demo", private=True)
    app = github.app("mycelium", public, permissions={**without(taken), "members": "read"})
    github.install(app, repository.owner)
    found = diagnosed(github, tmp_path, APP_ID=str(app.id), PRIVATE_KEY=private)
    assert found.speaker == "the GitHub App mycelium[bot]"
    permissions = [lack.needs for lack in found.lacks if "events" not in lack.needs]
    assert permissions == ([f"{taken}: write"] if taken else [])


def test_a_person(github: GitHubStandIn, tmp_path: Path) -> None:
    repository, ada = github.repository("octo/demo"), github.user("ada")
    own = diagnosed(github, tmp_path, TOKEN=github.personal_token(repository.owner))
    assert (own.speaker, own.lacks, own.unseen) == ("the personal token of octo", (), "")
    fine = github.personal_token(repository.owner, permissions=without("issues"))
    assert [lack.needs for lack in diagnosed(github, tmp_path, TOKEN=fine).lacks] == ["issues: write"]
    strange = diagnosed(github, tmp_path, TOKEN=github.personal_token(ada))
    assert "executions show no commit statuses" in [lack.breaks for lack in strange.lacks]
