"""Where git finds the config of whoever runs Mycelium: by its own rule, and by no other."""

from __future__ import annotations

import pytest

from orchestrator.git.command import find_git
from orchestrator.git.discovery import discover
from orchestrator.git.own_branch import OwnBranch
from orchestrator.git.personal import as_configured
from tests.integration.git.user_repository import UserRepository

IDENTITY = "[user]\n\tname = Some Body\n\temail = some.body@example.invalid\n"


@pytest.mark.parametrize(
    ("place", "variables"),
    [
        ("home/.gitconfig", {}),
        ("home/.config/git/config", {}),
        ("elsewhere/git/config", {"XDG_CONFIG_HOME": "elsewhere"}),
        ("a-file", {"GIT_CONFIG_GLOBAL": "a-file"}),
    ],
)
def test_commits_are_made_by_who_the_config_says(user: UserRepository, place: str, variables: dict[str, str]) -> None:
    above = user.folder.parent
    environ = {**user.environ, **{name: str(above / path) for name, path in variables.items()}}
    file = above / place
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(IDENTITY, encoding="utf-8")
    branch = OwnBranch(checkout=discover(user.folder, environ), name="mycelium/init", environ=environ)
    made = branch.commit({"a.txt": "a\n"}, "Begin\n", onto=user.run("rev-parse", "HEAD"))
    assert user.run("show", "-s", "--format=%an %ce", made) == "Some Body some.body@example.invalid"


def test_a_file_that_is_named_is_the_only_one(user: UserRepository) -> None:
    (user.folder.parent / "home/.gitconfig").write_text(IDENTITY, encoding="utf-8")
    git = as_configured(find_git(user.environ), {**user.environ, "GIT_CONFIG_GLOBAL": ""})
    assert git.run("config", "user.name", codes=(0, 1)).line == ""
