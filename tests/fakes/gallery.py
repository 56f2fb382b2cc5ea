"""The gallery played with its transcripts in one process: real git and real commands, all else in memory."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from orchestrator import app, gallery
from orchestrator.agents.collection import library
from orchestrator.definition.model import JsonValue, Workflow
from orchestrator.definition.parse import load_workflow
from orchestrator.execution.publication import Publication, PublicationState
from orchestrator.execution.state import Execution
from orchestrator.git.repository import GitRepository
from orchestrator.lifecycle.control import ControlLoop
from orchestrator.lifecycle.publishing.layout import planned_of
from orchestrator.lifecycle.start import StartRequest, start
from orchestrator.runners.replay import ReplayRunner
from orchestrator.runners.shell import ShellRunner
from tests.fakes.checkout import Checkout
from tests.fakes.world import World

LEDGER = '"""Adds up what was paid."""\n\n\ndef total(payments):\n    return sum(payments[{0}])\n'
TEST = """cd "$(dirname "$0")/../src"
python3 -B -c 'from ledger import total; assert total([1, 2]) == 3, total([1, 2])'
"""


@dataclass(frozen=True, kw_only=True)
class Played:
    """An execution at its end, or where it waits."""

    world: World
    execution: Execution
    checkout: Checkout

    @property
    def statuses(self) -> dict[str, str]:
        return self.world.statuses(self.execution)

    @property
    def publications(self) -> dict[str, Publication]:
        """What it would publish; nobody here has a token, so that the best of them are withheld."""
        return {each.target: each for each in self.world.store.publications(self.execution.id)}

    @property
    def leaving(self) -> set[str]:
        return {name for name, each in self.publications.items() if each.state is PublicationState.WITHHELD}

    def output(self, key: str, name: str) -> JsonValue:
        return self.world.outputs(self.execution, key).get(name)

    def file(self, target: str, path: str) -> str:
        """A file of the commit that would be published."""
        services = self.world.services
        (commit,) = [each.commit for each in planned_of(services, self.execution) if each.key == target]
        return (services.git.read(commit, path) or b"").decode()


class Theatre:
    """A repository of somebody's own, in which templates are played."""

    def __init__(self, folder: Path) -> None:
        self.checkout = Checkout.create(folder)
        self.agents = library(self.checkout.root).agents
        self.world = World(folder / "world")
        self.world.git = git = GitRepository(  # type: ignore[assignment]  # the real one in its place
            root=self.checkout.root, cache_dir=folder / "cache", environ=self.checkout.environment()
        )
        runners = {"shell": ShellRunner(environ=os.environ), "replay": ReplayRunner(pace=0)}
        self.world.services = replace(self.world.services, git=git, runners=runners)
        self.world.control = ControlLoop(self.world.services, "control")

    def commit(self, files: Mapping[str, str]) -> None:
        """A commit of these files, and no others."""
        self.checkout.git("rm", "--quiet", "-r", "--ignore-unmatch", ".")
        for path, text in files.items():
            self.checkout.write(path, text)
        self.checkout.git("add", "--all")
        self.checkout.git("commit", "--quiet", "--allow-empty", "--message", "As it is")

    def play(
        self,
        name: str,
        inputs: Mapping[str, JsonValue] | None = None,
        *,
        event: Mapping[str, JsonValue] | None = None,
        transcripts: Mapping[str, str] | None = None,
    ) -> Played:
        """Run a template with its own transcripts or these, to where nothing is left to do."""
        shipped = gallery.template(name)
        path = shipped.path("workflows")
        own = {
            Path(file).stem: content.decode()
            for file, content in shipped.installed("workflows").items()
            if file.endswith(".jsonl")
        }
        return self._perform(
            load_workflow(shipped.text, path, agents=self.agents),
            files=own if transcripts is None else transcripts,
            inputs={"engine": "replay", **(inputs or {})},
            snapshot=self.world.services.git.snapshot(),
            **_told(event),
        )

    def play_committed(self, name: str, commit: str, *, event: Mapping[str, JsonValue]) -> Played:
        """Run a workflow as a commit defines it, on that commit."""
        git = self.world.services.git
        found = app.definitions(self.checkout.settings(), git).at(commit)
        snapshot = git.snapshot(commit)
        return self._perform(
            found.workflows[name], files=found.transcripts.get(name, {}), snapshot=snapshot, **_told(event)
        )

    def _perform(self, workflow: Workflow, **request: Any) -> Played:
        agents = {each: self.agents[each] for each in workflow.agents}
        asked = StartRequest(workflow=workflow, source="name: Played", agents=agents, **request)
        return self.proceed(start(self.world.services, asked))

    def proceed(self, execution: Execution) -> Played:
        self.world.work()
        self.world.control.step()
        ended = self.world.store.execution(execution.id)
        return Played(world=self.world, execution=ended, checkout=self.checkout)


def _told(event: Mapping[str, JsonValue] | None) -> dict[str, Any]:
    if not event:
        return {"event_name": "workflow_dispatch"}
    return {"event_name": "issues" if "issue" in event else "pull_request", "event": dict(event)}


def opened(number: int, *, head: str, base: str) -> dict[str, JsonValue]:
    """What an event tells of a pull request within `octo/demo`."""
    ends = {"head": ("topic", head), "base": ("main", base)}
    told = {name: {"ref": ref, "sha": sha, "repo": {"full_name": "octo/demo"}} for name, (ref, sha) in ends.items()}
    return {"pull_request": {"number": number, **told}}
