"""The repository that is set up: what is committed there, or lies in its folder, and where it is on GitHub."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from orchestrator import __version__
from orchestrator import settings as configuration
from orchestrator.agents.collection import shipped
from orchestrator.agents.library import build, is_agent_path
from orchestrator.cli.init.found import Found, look
from orchestrator.cli.init.pin import pinned
from orchestrator.cli.init.premises import Premises
from orchestrator.definition.project import FILE, Project
from orchestrator.definition.project_file import parse_project
from orchestrator.errors import SetupError
from orchestrator.git.branch_start import Start, start
from orchestrator.git.discovery import Checkout, discover
from orchestrator.git.own_branch import OwnBranch
from orchestrator.git.published_tags import published_tags
from orchestrator.settings import Settings

BRANCH = "mycelium/init"
_ACTIONS = re.compile(r"\.github/workflows/[^/]+\.ya?ml")
_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True)
class Place:
    """`committing`: files are those of commits, and go to a branch; else they are those of the folder, and go there."""

    checkout: Checkout
    settings: Settings
    committing: bool

    @classmethod
    def at(cls, folder: Path, *, committing: bool) -> Place:
        """The repository that `folder` lies in. `BadInput` where there is none."""
        checkout = discover(folder, os.environ)
        branch = OwnBranch(checkout=checkout, name=BRANCH, environ=os.environ)
        settings = configuration.load(checkout.root, os.environ)
        # A branch that is checked out cannot be moved behind the back of its files.
        return cls(checkout, settings, committing and branch.current != BRANCH)

    @property
    def branch(self) -> OwnBranch:
        return OwnBranch(checkout=self.checkout, name=BRANCH, environ=os.environ)

    @cached_property
    def start(self) -> Start:
        """Where the branch begins that the files go to, if it does."""
        return start(self.checkout, self._matters)

    @cached_property
    def unmerged(self) -> str | None:
        """What the branch has, where that is merged nowhere yet: then it goes on."""
        here, begin = self.branch.here, self.start
        return here if here and not self.branch.is_merged(here, (begin.commit, begin.head)) else None

    @cached_property
    def commit(self) -> str | None:
        """The commit that files are read from, and that a commit of theirs follows."""
        return self.unmerged or self.start.commit

    def _matters(self, path: str) -> bool:
        """Whether files are made by what stands there."""
        if _ACTIONS.fullmatch(path):
            text = self.checkout.git.run("cat-file", "blob", f"HEAD:{path}", codes=(0, 128)).output
            return b"/mycelium" in text
        in_folder = path.startswith(f"{self.settings.workflows_dir}/") and path.endswith(_SUFFIXES)
        return in_folder or path == FILE or is_agent_path(path)

    @cached_property
    def paths(self) -> tuple[str, ...]:
        git = self.checkout.git
        if not self.committing:
            return self._lying_here
        if self.commit is None:
            return ()
        return tuple(git.run("ls-tree", "-r", "-z", "--name-only", self.commit).fields())

    @cached_property
    def _lying_here(self) -> tuple[str, ...]:
        """The files of the folder, ignored ones left out."""
        listed = self.checkout.git.run("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
        return tuple(path for path in listed.fields() if self._is_file(path))

    def _is_file(self, path: str) -> bool:
        try:
            return (self.checkout.root / path).is_file()
        except OSError:
            return False

    def read(self, path: str) -> str | None:
        """The text of a file, with lines that end as those of Mycelium do; None where there is none."""
        content = self._content(path)
        return None if content is None else content.decode("utf-8", "replace").replace("\r\n", "\n")

    def ended(self, files: dict[str, str]) -> dict[str, str]:
        """Texts with lines that end as those of the files that are there."""
        return {
            path: text.replace("\n", "\r\n") if b"\r\n" in (self._content(path) or b"") else text
            for path, text in files.items()
        }

    def _content(self, path: str) -> bytes | None:
        if not self.committing:
            place = self.checkout.root / path
            return place.read_bytes() if place.is_file() else None
        if path not in self._known:
            return None
        return self.checkout.git.run("cat-file", "blob", f"{self.commit}:{path}").output

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.paths)

    def found(self) -> Found:
        """What the folder has, committed or not."""
        return look(self._lying_here, self._text_here)

    def _text_here(self, path: str) -> str:
        """Empty for what is not there, is no file, or may not be read."""
        try:
            return (self.checkout.root / path).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    def premises(self) -> Premises:
        folder = self.settings.workflows_dir
        workflows = [path for path in self.paths if path.startswith(f"{folder}/") and path.endswith(_SUFFIXES)]
        agents = {path: self.read(path) or "" for path in self.paths if is_agent_path(path)}
        project = self.read(FILE)
        return Premises(
            read=self.read,
            files={path: self.read(path) or "" for path in workflows if "/." not in path},
            actions={path: self.read(path) or "" for path in self.paths if _ACTIONS.fullmatch(path)},
            workflows_dir=folder,
            agents=build(agents, shipped=shipped()).agents,
            project=parse_project(project.encode()) if project else Project(),
            history_branch=self.settings.history_branch,
            pin=self._pin,
        )

    def _pin(self) -> str | None:
        return pinned(published_tags(self.settings.action_url, "v*", os.environ), __version__)

    def write(self, files: dict[str, str]) -> None:
        """Into the folder. `SetupError` where something is in the way."""
        for path, text in files.items():
            place = self.checkout.root / path
            try:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(text.encode())
            except OSError as error:
                why = f"{path} cannot be written: {error.strerror}"
                raise SetupError(why, hint="move away what is in the way, and run it again") from error
