"""The branches of a repository in memory, as git pushes to them: pull requests follow their heads."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from dataclasses import replace

from tests.fakes.git import MemoryGit
from tests.fakes.github_memory import MemoryGitHub


class Branches(MutableMapping[str, str]):
    """`pushes` has every push that moved a branch, as (branch, commit)."""

    def __init__(self, github: MemoryGitHub) -> None:
        self._repo = github.repo
        self.pushes: list[tuple[str, str]] = []

    def __getitem__(self, name: str) -> str:
        return self._repo.branches[name]

    def __setitem__(self, name: str, commit: str) -> None:
        if self._repo.branches.get(name) != commit:
            self.pushes.append((name, commit))
        self._repo.branches[name] = commit
        self._repo.commits.add(commit)
        for number, each in self._repo.pull_requests.items():
            if each.head_ref == name and not each.from_fork and each.state == "open":
                self._repo.pull_requests[number] = replace(each, head_sha=commit)

    def __delitem__(self, name: str) -> None:
        del self._repo.branches[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._repo.branches)

    def __len__(self) -> int:
        return len(self._repo.branches)


def connected(git: MemoryGit, github: MemoryGitHub) -> Branches:
    """Have `git` push to `github`, which knows the commit of the checkout as its default branch."""
    branches = git.remotes[github.remote().url] = Branches(github)
    github.add_commits(git.branches[git.branch], branch=github.repo.default_branch)
    return branches
