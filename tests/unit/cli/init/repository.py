"""A repository that `mycelium init` sets up."""

from __future__ import annotations

import subprocess
from pathlib import Path


class Repository:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("config", "user.name", "Somebody")
        self.git("config", "user.email", "somebody@example.invalid")
        self.git("remote", "add", "origin", "git@github.com:octo/demo.git")

    def git(self, *words: str) -> str:
        return subprocess.run(["git", *words], cwd=self.root, capture_output=True, text=True, check=True).stdout

    def git_bytes(self, *words: str) -> bytes:
        return subprocess.run(["git", *words], cwd=self.root, capture_output=True, check=True).stdout

    def write(self, path: str, text: str) -> None:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "Go on")

    def knows_origin(self, branch: str = "main") -> None:
        """As after a fetch from where `branch` is the default, and as it is here."""
        self.git("update-ref", f"refs/remotes/origin/{branch}", branch)
        self.git("symbolic-ref", "refs/remotes/origin/HEAD", f"refs/remotes/origin/{branch}")

    def at(self, ref: str) -> str:
        return self.git("rev-parse", ref).strip()

    def written(self) -> set[str]:
        return set(self.git("ls-tree", "-r", "--name-only", "mycelium/init").split())

    def shown(self, path: str) -> str:
        return self.git("show", f"mycelium/init:{path}")
