"""A user's repository to try things on, with git as that user runs it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.git.repository import GitRepository
from orchestrator.lifecycle.ports import Author, CommitMessage, Workspace

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
AUTHOR = Author(name="test-writer", email="test-writer@mycelium.invalid")


@dataclass
class UserRepository:
    """A checkout with one commit, and the adapter on it."""

    folder: Path
    cache: Path
    environ: dict[str, str]
    git: GitRepository = field(init=False)

    def __post_init__(self) -> None:
        self.git = self.adapter()

    def adapter(self, root: Path | None = None) -> GitRepository:
        return GitRepository(root=root or self.folder, cache_dir=self.cache, environ=self.environ, now=lambda: NOW)

    def run(self, *arguments: str, cwd: Path | None = None) -> str:
        """Run git as the user does, with a fixed identity and date."""
        identity = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in _USER.items()}
        done = subprocess.run(
            ["git", "-c", "protocol.file.allow=always", *arguments],
            cwd=cwd or self.folder,
            env={**self.environ, **identity},
            check=True,
            capture_output=True,
        )
        return os.fsdecode(done.stdout).strip()

    def write(self, files: Mapping[str, bytes | None], *, under: Path | None = None) -> None:
        for name, content in files.items():
            place = (under or self.folder) / name
            place.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                place.unlink()
            else:
                place.write_bytes(content)

    def save(self, files: Mapping[str, bytes | None], subject: str = "Save") -> str:
        """Commit files as the user does."""
        self.write(files)
        self.run("add", "-A")
        self.run("commit", "-q", "--no-verify", "-m", subject)
        return self.run("rev-parse", "HEAD")

    def work(self, base: str, files: Mapping[str, bytes | None], subject: str = "Work") -> str:
        """The commit that a node makes of these edits."""
        workspace = self.git.prepare(subject, base)
        self.write(files, under=workspace.path)
        made = self.git.commit(workspace, AUTHOR, CommitMessage(subject=subject))
        assert made is not None
        return made

    def commit(self, workspace: Workspace) -> str | None:
        return self.git.commit(workspace, AUTHOR, CommitMessage(subject="Work"))


_USER = {"NAME": "Example User", "EMAIL": "user@example.com", "DATE": "1700000000 +0000"}
