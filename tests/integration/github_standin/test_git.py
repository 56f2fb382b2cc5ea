"""Git over HTTP: who may fetch and push what."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.integration.github_standin.conftest import Scene


def git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C.UTF-8",
    }
    environ |= {f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    return subprocess.run(["git", *arguments], cwd=folder, env=environ, capture_output=True, text=True, check=False)


def remote(scene: Scene, token: str = "") -> str:
    address = f"{scene.hub.url}/acme/widgets.git"
    return address.replace("://", f"://x-access-token:{token}@") if token else address


@pytest.fixture
def clone(scene: Scene, tmp_path: Path) -> Path:
    """With a commit that is not pushed yet."""
    assert git(tmp_path, "clone", "--quiet", remote(scene), "clone").returncode == 0
    folder = tmp_path / "clone"
    (folder / "more.txt").write_text("more\n", encoding="utf-8")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "More")
    return folder


def test_an_installation_pushes_and_the_api_knows_it(scene: Scene, clone: Path) -> None:
    token = scene.hub.installation_token(scene.installation)
    assert git(clone, "push", remote(scene, token), "HEAD:refs/heads/topic-2").returncode == 0
    sha = git(clone, "rev-parse", "HEAD").stdout.strip()
    assert scene.as_app.get_branch("topic-2").commit.sha == sha
    pushes = [seen for seen in scene.hub.requests if seen.path.endswith("git-receive-pack") and seen.method == "POST"]
    assert [(seen.who, seen.status) for seen in pushes] == [("mycelium-test[bot]", 200)]


def test_what_is_not_a_fast_forward_is_refused(scene: Scene, clone: Path) -> None:
    scene.hub.commit(scene.repository, {"theirs.txt": "x\n"})
    done = git(clone, "push", remote(scene, scene.hub.installation_token(scene.installation)), "HEAD:main")
    assert done.returncode == 1
    assert "[rejected]" in done.stderr


@pytest.mark.parametrize("level", ["read", "none"])
def test_without_contents_nothing_is_pushed(scene: Scene, clone: Path, level: str) -> None:
    token = scene.hub.installation_token(scene.installation, permissions={"contents": level})
    done = git(clone, "push", remote(scene, token), "HEAD:refs/heads/mine")
    assert done.returncode == 128
    assert "403" in done.stderr


def test_a_wrong_token_and_none_do_not_push(scene: Scene, clone: Path) -> None:
    for token in ("ghs_wrong", ""):
        done = git(clone, "push", remote(scene, token), "HEAD:refs/heads/mine")
        assert done.returncode == 128
        assert "Authentication failed" in done.stderr or "could not read Username" in done.stderr


def test_a_private_repository_is_there_for_those_who_see_it(scene: Scene, clone: Path) -> None:
    scene.repository.private = True
    assert git(clone, "fetch", remote(scene, scene.hub.installation_token(scene.installation))).returncode == 0
    done = git(clone, "fetch", remote(scene, scene.hub.personal_token(scene.hub.user("mallory"))))
    assert "not found" in done.stderr


def test_workflows_change_with_their_permission_alone(scene: Scene, clone: Path) -> None:
    (clone / ".github" / "workflows").mkdir(parents=True)
    (clone / ".github" / "workflows" / "ci.yml").write_text("on: push\n", encoding="utf-8")
    git(clone, "add", ".")
    git(clone, "commit", "--quiet", "--message", "A workflow")
    done = git(clone, "push", remote(scene, scene.hub.installation_token(scene.installation)), "HEAD:refs/heads/mine")
    assert done.returncode == 1
    assert "refusing to allow a GitHub App to create or update workflow `.github/workflows/ci.yml`" in done.stderr
    permissions = {"contents": "write", "workflows": "write"}
    token = scene.hub.installation_token(scene.installation, permissions=permissions)
    assert git(clone, "push", remote(scene, token), "HEAD:refs/heads/mine").returncode == 0


def test_the_branches_of_pull_requests_are_github_s_own(scene: Scene, clone: Path) -> None:
    token = scene.hub.installation_token(scene.installation)
    assert git(clone, "push", remote(scene, token), "HEAD:refs/pull/1/head").returncode == 1
    assert git(clone, "fetch", remote(scene, token), "refs/pull/1/head").returncode == 0
