"""A branch of files written for the user, made without the checkout, its index or any hook."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import BadInput, Conflict
from orchestrator.git.branch_start import commit_at
from orchestrator.git.brought import is_merged
from orchestrator.git.command import Command, GitFailed
from orchestrator.git.discovery import Checkout
from orchestrator.git.personal import as_configured

_PERSONAL = ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "EMAIL")


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnBranch:
    """`name` in the repository of `checkout`; `environ` is the user's, whose identity commits have."""

    checkout: Checkout
    name: str
    environ: Mapping[str, str]

    @property
    def current(self) -> str:
        """The branch that is checked out, which may have no commit yet; empty for none."""
        return self.checkout.git.run("symbolic-ref", "--quiet", "--short", "HEAD", codes=(0, 1, 128)).line

    @property
    def here(self) -> str | None:
        """The branch's commit; None where there is no such branch."""
        return commit_at(self.checkout.git, f"refs/heads/{self.name}")

    @property
    def there(self) -> str | None:
        """The branch's commit at `origin`, when the checkout last heard of it."""
        return commit_at(self.checkout.git, f"refs/remotes/origin/{self.name}")

    def is_merged(self, commit: str, into: Iterable[str | None]) -> bool:
        """Whether one of the others has it, or has what it brought."""
        return any(is_merged(self.checkout.git, commit, other) for other in dict.fromkeys(into) if other)

    def has(self, commit: str, earlier: str) -> bool:
        """Whether `earlier` is in the history of `commit`."""
        return self.lacks(commit, earlier) == 0

    def lacks(self, commit: str, other: str) -> int:
        """How many commits of `other` are not in the history of `commit`."""
        return int(self.checkout.git.run("rev-list", "--count", f"{commit}..{other}").line)

    @property
    def origin_is_empty(self) -> bool:
        """Whether the checkout knows of no branch at `origin` that pull requests could be compared with."""
        listed = self.checkout.git.run("for-each-ref", "--format=%(refname)", "refs/remotes/origin").line
        return not {*listed.splitlines()} - {f"refs/remotes/origin/{self.name}"}

    def commit(self, files: Mapping[str, str], message: str, *, onto: str | None) -> str:
        """Make a commit with `files`, texts by path, that follows `onto`, and move the branch there; its id.

        An empty repository (None) gets an empty commit first, so that there is something to compare with. `BadInput`
        where git does not know who the user is, or the branch is checked out somewhere; `Conflict` where somebody else
        moves the branch at the same moment.
        """
        self._check_nobody_works_on_it()
        git = self._identified()
        parent = onto or self._begin(git)
        with tempfile.TemporaryDirectory() as folder:
            staged = git.having({"GIT_INDEX_FILE": str(Path(folder, "index"))})
            staged.run("read-tree", parent)
            for path, text in files.items():
                blob = staged.run("hash-object", "-w", "--stdin", stdin=text.encode()).line
                staged.run("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}")
            tree = staged.run("write-tree").line
        made = git.run("commit-tree", "-p", parent, "-F", "-", tree, stdin=message.encode()).line
        self._move(git, f"refs/heads/{self.name}", made)
        return made

    def _check_nobody_works_on_it(self) -> None:
        """Files that are checked out would seem changed by whoever moved their branch."""
        ask = ("for-each-ref", "--format=%(worktreepath)", f"refs/heads/{self.name}")
        where = self.checkout.git.run(*ask).line
        if where and Path(where).is_dir():
            hint = "run it there, or switch to another branch there"
            raise BadInput(f"the branch {self.name} is checked out at {where}", hint=hint)

    def _begin(self, git: Command) -> str:
        tree = git.run("hash-object", "-w", "-t", "tree", "--stdin").line
        made = git.run("commit-tree", "-F", "-", tree, stdin=b"Begin\n").line
        git.run("update-ref", "-m", "mycelium init", "HEAD", made, "0" * len(made))
        return made

    def _move(self, git: Command, ref: str, commit: str) -> None:
        before = commit_at(git, ref) or "0" * len(commit)
        try:
            git.run("update-ref", "-m", "mycelium init", ref, commit, before)
        except GitFailed as error:
            raise Conflict(f"the branch {self.name} moved meanwhile: {error.reason}", hint="run it again") from error

    def _identified(self) -> Command:
        personal = {name: self.environ[name] for name in _PERSONAL if self.environ.get(name)}
        git = as_configured(self.checkout.git, self.environ)
        git = git.having(personal, settings={"user.useConfigOnly": "true"})
        if git.run("var", "GIT_COMMITTER_IDENT", codes=(0, 128)).code:
            hint = 'git config user.name "Your Name" && git config user.email you@example.com; or take --no-commit'
            raise BadInput("git does not know who you are, and a commit needs an author", hint=hint)
        return git
