"""What was recorded plays again, for every kind of node and name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.definition.model import Agent, Matrix, Merge, Run, WorkspaceMode
from orchestrator.definition.project import Project, Replay
from orchestrator.execution.log_line import Level
from orchestrator.execution.outcome import FailureClass, Outcome
from orchestrator.lifecycle.ports import AgentTask
from tests.fakes.recorded import AGENTS, LOOKED, files, lines, replayed, transcripts, with_replay, works
from tests.fakes.runner import writes
from tests.fakes.world import World, node, workflow

WRITE, READ, NONE = WorkspaceMode.WRITE, WorkspaceMode.READ, WorkspaceMode.NONE
STRICT = Project(replay=Replay(strict=True))


def test_an_answer_that_has_a_text_of_its_own(world: World) -> None:
    schema = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    definition = workflow(node("a", action=Agent(agent="writer", answer=schema)))  # type: ignore[arg-type]
    world.runner.deeds["a"] = works(Outcome(outputs={"text": "the answer's"}))
    first = world.run(definition, agents=AGENTS, record=True)
    again = with_replay(world).run(replayed(definition), agents=AGENTS, files=transcripts(world, first))
    assert world.outputs(again, "a") == {**world.outputs(first, "a"), "usage": world.outputs(again, "a")["usage"]}


@pytest.mark.parametrize("mode", [READ, NONE])
def test_artifacts_come_back_even_those_that_git_ignores(world: World, mode: WorkspaceMode) -> None:
    world.git.checkout[".gitignore"] = b"*.xml\n"
    world.git.commit_checkout("Ignore")
    a = node("a", action=Agent(agent="writer"), workspace=mode, artifacts=("*.xml", "*.md"))
    world.runner.deeds["a"] = works(
        Outcome(failure=FailureClass.EXIT, message="no"), files({"out.xml": "<x/>", "other.txt": "x"})
    )
    first = world.run(workflow(a), agents=AGENTS, record=True)
    written = {event["path"] for event in lines(transcripts(world, first)["a"]) if event.get("type") == "write"}
    assert written == {"out.xml", "other.txt"}
    again = with_replay(world).run(replayed(workflow(a)), agents=AGENTS, files=transcripts(world, first))
    kept = [world.node_run(execution, "a").outcome for execution in (first, again)]
    assert kept[0] is not None
    assert kept[1] is not None
    assert (kept[1].artifacts, kept[1].failure) == (kept[0].artifacts, FailureClass.EXIT)
    assert "out.xml" in {artifact.name for artifact in kept[1].artifacts}


def test_each_call_of_a_resolver_is_recorded_without_what_the_merge_did(world: World) -> None:
    sides = {name: node(name, workspace=WRITE) for name in ("a", "b", "c")}
    world.runner.deeds.update({name: writes(**{"same_txt": name, f"{name}_txt": name}) for name in sides})
    mended = iter(("a and b", "all"))
    world.runner.deeds["m"] = lambda *given: works(
        Outcome(outputs={"text": "Mended."}), files({"same.txt": (text := next(mended)), f"{text}.md": "x"})
    )(*given)
    merge = node("m", *sides, action=Merge(nodes=tuple(sides), resolver="resolver"))
    definition = workflow(*sides.values(), merge)
    first = world.run(definition, agents=AGENTS, record=True)
    found = transcripts(world, first)
    assert list(found) == ["m", "m.2"]
    for name, text in (("m", "a and b"), ("m.2", "all")):
        header, *events = lines(found[name])
        assert header["fingerprint"].keys() == {"agent", "conflicts"}
        assert events[2:-1] == [
            {"type": "write", "path": f"{text}.md", "content": "x"},
            {"type": "resolve", "path": "same.txt", "content": text, "executable": False},
        ]
    again = with_replay(world).run(replayed(definition), agents=AGENTS, files=found, project=STRICT)
    assert again.result
    assert first.result
    assert world.git.files(again.result) == world.git.files(first.result)
    assert world.git.read(again.result, "same.txt") == b"all"


def test_a_resolver_that_failed_is_recorded_too(world: World) -> None:
    world.runner.deeds.update(a=writes(same_txt="a"), b=writes(same_txt="b"), m=works(Outcome()))
    merge = node("m", "a", "b", action=Merge(nodes=("a", "b"), resolver="resolver"))
    definition = workflow(node("a", workspace=WRITE), node("b", workspace=WRITE), merge)
    first = world.run(definition, agents=AGENTS, record=True)
    again = with_replay(world).run(replayed(definition), agents=AGENTS, files=transcripts(world, first))
    assert [world.node_run(each, "m").error_code for each in (first, again)] == ["MERGE_CONFLICT"] * 2
    assert again.error_message == first.error_message


def test_a_replay_is_recorded_as_the_transcript_it_played(world_with: Callable[..., World]) -> None:
    world = with_replay(world_with(secrets={"TOKEN": "hunter22"}))
    played = '{"mycelium_transcript": 1, "strict": false}\n{"type":"result","text":"Done."}\n'
    leaky = '{"mycelium_transcript": 1}\n{"type": "result", "text": "hunter22"}\n'
    nodes = [node(name, action=Agent(agent="writer", engine="replay")) for name in ("a", "b", "c", "d")]
    texts = {"a": played, "b": leaky, "c": "no transcript"}
    execution = world.run(workflow(*nodes), agents=AGENTS, files=texts, record=True)
    assert transcripts(world, execution) == {"a": played, "b": leaky.replace("hunter22", "***")}
    assert world.statuses(execution) == {"a": "completed", "b": "completed", "c": "failed", "d": "failed"}


def test_a_matrix_finds_its_transcripts_again(world: World) -> None:
    action = Agent(agent="writer", prompt="Test ${{ matrix.path }}.")
    definition = workflow(node("t", action=action, matrix=Matrix(axes={"path": ["a/b", "c d", "ü"]})))
    world.runner.deeds.update({f"t ({path})": works(Outcome(outputs={"text": path})) for path in ("a/b", "c d", "ü")})
    first = world.run(definition, agents=AGENTS, record=True)
    found = transcripts(world, first)
    assert set(found) == {"t (a%2Fb)", "t (c d)", "t (%C3%BC)"}
    again = with_replay(world).run(replayed(definition), agents=AGENTS, files=found, project=STRICT)
    assert [world.outputs(again, f"t ({path})")["text"] for path in ("a/b", "c d", "ü")] == ["a/b", "c d", "ü"]


def test_a_file_named_by_the_key_alone_is_found_as_before(world: World) -> None:
    definition = workflow(node("t", action=Agent(agent="writer"), matrix=Matrix(axes={"n": ["ü"]})))
    world.run(definition, agents=AGENTS, files={"t (ü)": "{}"})
    action = world.runner.task("t (ü)").action
    assert isinstance(action, AgentTask)
    assert (action.transcript, action.transcript_name) == ("{}", "t (%C3%BC)")


def test_a_run_node_and_an_agent_in_one_workflow(world: World) -> None:
    build = node("build", action=Run(script="make"))
    fix = node("fix", "build", action=Agent(agent="writer", prompt="Fix it."), workspace=WRITE)
    world.runner.deeds["build"] = Outcome(summary="3 passed in 0.4 s")
    world.runner.deeds["fix"] = works(Outcome(outputs={"text": "Done."}), said=LOOKED)
    definition = workflow(build, fix)
    first = world.run(definition, agents=AGENTS, record=True)
    with_replay(world)
    world.runner.deeds["build"] = Outcome(summary="3 passed in 0.5 s")
    request: dict[str, Any] = {"agents": AGENTS, "files": transcripts(world, first)}
    loose = world.run(replayed(definition), **request)
    warned = [line.text for line in world.logs.read(loose.id, level=Level.WARNING)]
    assert warned == [
        "what its predecessors found has changed since the transcript was made; what follows answers the old one"
    ]
    strict = world.run(replayed(definition), **request, project=STRICT)
    assert world.node_run(strict, "fix").error_code == "AGENT_CONFLICT"
