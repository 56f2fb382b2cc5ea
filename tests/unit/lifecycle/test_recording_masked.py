"""No secret gets into a transcript."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

from orchestrator.definition.model import Agent, WorkspaceMode
from orchestrator.execution.log_line import Level
from orchestrator.execution.outcome import Outcome, Usage
from orchestrator.lifecycle.ports import Control, LogSink, Task
from orchestrator.runners.happenings import Called, Noted, Returned, Said
from tests.fakes.recorded import AGENTS, files, lines, only, replayed, transcripts, with_replay, works
from tests.fakes.world import World, node, workflow

FIX = node("fix", action=Agent(agent="writer", prompt="Fix it."), workspace=WorkspaceMode.WRITE)


def test_secrets_are_masked_wherever_they_stand(world_with: Callable[..., World]) -> None:
    world = world_with(secrets={"TOKEN": "hunter22"})
    engine_key = "sk-ant-0123456789"

    def change(folder: Path) -> None:
        files({"plain.txt": "one\ntoken=hunter22\r\n", "key.json": f'{{"k": "{engine_key}"}}', "fine.txt": "fine"})(
            folder
        )

    said = (
        Said(text="It is hunter22."),
        Called(id="1", name="Bash", input={"command": "echo hunter22", "hunter22": [engine_key]}),
        Returned(id="1", output=f"hunter22 {engine_key}"),
        Noted(text="hunter22", level=Level.WARNING),
    )
    ends = works(Outcome(outputs={"text": "hunter22", "list": ["hunter22"]}, usage=Usage()), change, said)

    def deed(task: Task, log: LogSink, control: Control) -> Outcome:
        log.mask(engine_key)
        return ends(task, log, control)

    world.runner.deeds["fix"] = deed
    header, *events = only(world, FIX)
    assert "incomplete" not in header
    told = repr(events)
    assert "hunter22" not in told
    assert engine_key not in told
    by_path = {event["path"]: event["content"] for event in events if event["type"] == "write"}
    assert by_path == {"plain.txt": "one\ntoken=***\r\n", "key.json": '{"k": "***"}', "fine.txt": "fine"}
    assert events[1]["input"] == {"command": "echo ***", "***": ["***"]}
    assert events[-1] == {"type": "result", "text": "***", "answer": {"list": ["***"]}}


def test_what_cannot_be_masked_is_left_out_and_cannot_be_played(world_with: Callable[..., World]) -> None:
    world = world_with(secrets={"TOKEN": "hunter22"})
    change = files({"bytes.bin": b"\xff\0hunter22", "of-hunter22.txt": "fine", "kept.bin": b"\xff\0"})
    world.runner.deeds["fix"] = works(Outcome(), change)
    definition = workflow(FIX)
    execution = world.run(definition, agents=AGENTS, record=True)
    header, *events = lines(transcripts(world, execution)["fix"])
    why = "there is a secret in its name or in its bytes"
    assert header["incomplete"] == [f"bytes.bin: {why}", f"of-***.txt: {why}"]
    assert [event for event in events if event["type"] == "write"] == [
        {"type": "write", "path": "kept.bin", "content_base64": b64encode(b"\xff\0").decode()}
    ]
    warned = [line.text for line in world.logs.read(execution.id, level=Level.WARNING)]
    assert f"not recorded: of-***.txt: {why}" in warned
    again = with_replay(world).run(replayed(definition), agents=AGENTS, files=transcripts(world, execution))
    run = world.node_run(again, "fix")
    assert run.error_code == "AGENT_SETUP"
    assert run.outcome is not None
    assert "bytes.bin" in run.outcome.message


def test_a_secret_that_is_a_word_of_the_format_breaks_nothing(world_with: Callable[..., World]) -> None:
    world = world_with(secrets={"A": "result", "B": "write", "C": "text"})
    world.runner.deeds["fix"] = works(Outcome(outputs={"text": "the result"}), files({"a.md": "a result"}))
    _, *events = only(world, FIX)
    assert [event["type"] for event in events] == ["text", "tool", "write", "result"]
    assert (events[-2]["content"], events[-1]["text"]) == ("a ***", "the ***")
