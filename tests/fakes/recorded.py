"""An engine of a few lines that can be recorded, and the replay of what was."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from orchestrator.definition.model import Node, Workflow
from orchestrator.execution.file_name import transcript_name
from orchestrator.execution.outcome import Outcome
from orchestrator.execution.state import Execution
from orchestrator.lifecycle.ports import AgentTask, Control, Git, LogSink, Task
from orchestrator.runners.happenings import Called, Happening, Returned, Said
from orchestrator.runners.recorder import Recorder
from orchestrator.runners.replay import ReplayRunner
from tests.fakes.runner import Deed
from tests.fakes.world import World, agent, workflow

AGENTS = {name: agent(name) for name in ("writer", "tester", "resolver")}
LOOKED: tuple[Happening, ...] = (
    Said(text="I look."),
    Called(id="1", name="Bash", input={"command": "ls"}),
    Returned(id="1", output="README.md"),
)


def works(
    outcome: Outcome, change: Callable[[Path], object] = lambda _: None, said: tuple[Happening, ...] = LOOKED
) -> Deed:
    """A deed of an engine: it says this, changes the workspace, and ends so; recorded where that is wanted."""

    def deed(task: Task, log: LogSink, control: Control) -> Outcome:
        assert isinstance(task.action, AgentTask)
        recorder = Recorder(lambda: 0.0)
        for happening in said:
            recorder.hear(happening)
        change(task.workspace)
        if task.action.record:
            task.action.record.write_text(recorder.text(), encoding="utf-8")
        return outcome

    return deed


def with_replay(world: World, git: Git | None = None) -> World:
    """The world with `engine: replay`, and with another repository where one is given."""
    runners = {**world.services.runners, "replay": ReplayRunner(pace=0)}
    world.services = replace(world.services, runners=runners, git=git or world.git)
    return world


def transcripts(world: World, execution: Execution) -> dict[str, str]:
    """What was recorded, by the names that the files would have."""
    return {
        transcript_name(run.key, call): world.blobs.get(digest).decode()
        for run in world.store.runs(execution.id)
        for call, digest in enumerate(run.outcome.transcripts if run.outcome else (), start=1)
    }


def only(world: World, *nodes: Node, **request: Any) -> list[dict[str, Any]]:
    """Run nodes of which one is recorded: its header and events."""
    execution = world.run(workflow(*nodes), agents=AGENTS, record=True, **request)
    (found,) = transcripts(world, execution).values()
    return lines(found)


def lines(transcript: str) -> list[dict[str, Any]]:
    """The header and the events."""
    return [json.loads(line) for line in transcript.splitlines()]


def replayed(definition: Workflow) -> Workflow:
    """The same workflow with all its agents replayed."""
    nodes = {
        name: replace(node, action=replace(node.action, engine="replay"))  # type: ignore[type-var]
        if hasattr(node.action, "engine")
        else node
        for name, node in definition.nodes.items()
    }
    return replace(definition, nodes=nodes)


def files(changes: Mapping[str, bytes | str | None]) -> Callable[[Path], None]:
    """Writes files, and removes those that are None."""

    def change(folder: Path) -> None:
        for name, content in changes.items():
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                place.unlink()
            else:
                place.write_bytes(content.encode() if isinstance(content, str) else content)

    return change
