"""A branch of files written for the user, made without the checkout, its index or any hook."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import BadInput, Conflict
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
    def head(self) -> str | None:
        """The commit that is checked out; None in an empty repository."""
        return self._commit("HEAD")

    @property
    def tip(self) -> str | None:
        """What the branch has, where that is not in the checked out one yet."""
        tip, head = self._commit(f"refs/heads/{self.name}"), self.head
        if tip is None or head is None:
            return tip
        inside = self.checkout.git.run("merge-base", "--is-ancestor", tip, head, codes=(0, 1))
        return tip if inside.code else None

    def commit(self, files: Mapping[str, str], message: str) -> str:
        """Add a commit with `files`, texts by path, to the branch, which begins at the checked out commit; its id.

        An empty repository gets an empty commit first, so that there is something to compare with. `BadInput` where git
        does not know who the user is; `Conflict` where somebody else moves the branch at the same moment.
        """
        git = self._identified()
        parent = self.tip or self.head or self._begin(git)
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

    def _begin(self, git: Command) -> str:
        tree = git.run("hash-object", "-w", "-t", "tree", "--stdin").line
        made = git.run("commit-tree", "-F", "-", tree, stdin=b"Begin\n").line
        git.run("update-ref", "-m", "mycelium init", "HEAD", made, "0" * len(made))
        return made

    def _move(self, git: Command, ref: str, commit: str) -> None:
        # What is merged begins anew: then the branch is moved on to what comes after the checked out commit.
        before = self._commit(ref) or "0" * len(commit)
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

    def _commit(self, ref: str) -> str | None:
        found = self.checkout.git.run(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}", codes=(0, 1, 128)
        )
        return found.line if found.code == 0 else None
