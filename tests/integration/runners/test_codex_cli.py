"""The real Codex against a scripted model: what it is allowed, what it reads, how it ends."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from orchestrator.definition.model import AgentDefinition, SandboxMode
from orchestrator.execution.outcome import FailureClass, Outcome
from orchestrator.lifecycle.ports.runner import AgentTask
from orchestrator.runners.agent import AgentRunner
from orchestrator.runners.codex import CodexEngine
from tests.fakes.agent_programs import search_path
from tests.fakes.codex_cli import PROGRAM, needs_codex
from tests.fakes.model_server import ModelServer, Script, call, model_server, say, turns
from tests.fakes.running import ListLog, pipe_control, task

pytestmark = needs_codex

KEY = "sk-scripted-0123456789"
CODER = AgentDefinition(id="python-pro", name="python-pro", description="Codes.", prompt="You write Python.")
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"verdict": {"type": "string", "enum": ["keep", "discard"]}, "why": {"type": "string"}},
    "required": ["verdict"],
}
LOOK = "env; for each in /proc/[0-9]*; do tr '\\0' '\\n' <$each/environ; done 2>/dev/null; true"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ran:
    outcome: Outcome
    log: ListLog
    model: ModelServer

    @property
    def everything(self) -> str:
        """All that the model was ever told."""
        return json.dumps([asked.body for asked in self.model.asked])


def run(folder: Path, script: Script, **given: Any) -> Ran:
    action = AgentTask(definition=CODER, engine="codex", **{"prompt": "Do it.", **given.pop("action", {})})
    log = ListLog()
    with model_server(script) as model, pipe_control() as control:
        keys = given.pop("credentials", {"OPENAI_API_KEY": KEY})
        environ = {"PATH": search_path(), "OPENAI_BASE_URL": f"{model.url}/v1", **keys}
        runner = AgentRunner(CodexEngine(), environ=environ, program=Path(PROGRAM))
        outcome = runner.run(task(folder, action, **given), log, control)
    return Ran(outcome=outcome, log=log, model=model)


def shell(command: str) -> Any:
    return call("exec_command", cmd=command)


def test_it_edits_and_reads_nothing_that_the_repository_planted(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    (workspace / ".codex").mkdir(parents=True)
    (workspace / ".codex" / "config.toml").write_text('mcp_servers.evil = {command = "touch", args = ["TRACE"]}\n')
    (workspace / "AGENTS.md").write_text("PLANTED")
    script = turns(say("I write.", shell("echo one > a.txt")), say("Done."))
    ran = run(tmp_path, script)
    assert ran.outcome.succeeded, ran.outcome.message
    assert ran.outcome.outputs == {"text": "Done."}
    assert (workspace / "a.txt").read_text() == "one\n"
    usage = ran.outcome.usage
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens, usage.turns) == (200, 40, 3)
    assert "You write Python." in ran.everything
    assert "PLANTED" not in ran.everything
    assert not (workspace / "TRACE").exists()
    assert {"I write.", "Done."} <= set(ran.log.texts)
    assert any(text.startswith("Shell ") and "echo one > a.txt" in text for text in ran.log.texts)
    assert not ran.model.others


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "CODEX_API_KEY"])
def test_a_key_reaches_the_model_and_nobody_else(tmp_path: Path, name: str) -> None:
    file, seen = tmp_path / "scratch/home/.codex/auth.json", list[bool]()
    script = turns(say(shell(LOOK)), say("Done."))
    ran = run(tmp_path, lambda asked: seen.append(file.exists()) or script(asked), credentials={name: KEY})
    assert ran.outcome.succeeded, ran.outcome.message
    assert {asked.headers["authorization"] for asked in ran.model.asked} == {f"Bearer {KEY}"}
    assert seen == [False, False]
    assert "MYCELIUM_NODE" in ran.everything
    assert KEY not in ran.everything
    assert KEY not in "\n".join(ran.log.texts)
    assert not [each for each in tmp_path.rglob("*") if each.is_file() and KEY.encode() in each.read_bytes()]


def test_an_answer_by_schema(tmp_path: Path) -> None:
    script = turns(say("I judge.", shell("true")), say('{"verdict": "keep", "why": null}'))
    ran = run(tmp_path, script, action={"answer": SCHEMA})
    assert ran.outcome.succeeded, ran.outcome.message
    assert ran.outcome.outputs == {"verdict": "keep", "text": "I judge."}
    asked = ran.model.asked[0].body["text"]["format"]["schema"]
    assert asked["required"] == ["verdict", "why"]
    assert asked["additionalProperties"] is False


def test_an_answer_is_repaired_once_in_the_same_session(tmp_path: Path) -> None:
    script = turns(say('{"verdict": "perhaps"}'), say('{"verdict": "keep"}'))
    ran = run(tmp_path, script, action={"answer": SCHEMA})
    assert ran.outcome.succeeded, ran.outcome.message
    assert ran.outcome.outputs["verdict"] == "keep"
    assert '"perhaps" is not one of "keep" or "discard"' in ran.model.asked[1].prompt
    assert ran.outcome.usage is not None
    assert ran.outcome.usage.input_tokens == 200
    never = run(_fresh(tmp_path), turns(say("I had rather talk.")), action={"answer": SCHEMA})
    assert (never.outcome.failure, len(never.model.asked)) == (FailureClass.BAD_OUTPUT, 2)


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    """By Codex's own sandbox. In one of ours it may, as that workspace is thrown away."""
    loose = {"sandbox": SandboxMode.NONE}
    ran = run(tmp_path, turns(say(shell("echo x > new.txt")), say("Done.")), writable=False, action=loose)
    assert ran.outcome.succeeded, ran.outcome.message
    assert not (tmp_path / "workspace" / "new.txt").exists()


@pytest.mark.parametrize("sandbox", [SandboxMode.AUTO, SandboxMode.NONE])
def test_nobody_writes_outside_of_the_workspace(tmp_path: Path, sandbox: SandboxMode) -> None:
    outside = tmp_path / "outside.txt"
    script = turns(say(shell(f"echo x > {outside}")), say("Done."))
    ran = run(tmp_path, script, action={"sandbox": sandbox})
    assert ran.outcome.succeeded, ran.outcome.message
    assert not outside.exists()


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    ran = run(tmp_path, turns(say("Done.")), credentials={})
    assert ran.outcome.failure is FailureClass.AUTH
    assert "`OPENAI_API_KEY`" in ran.outcome.message


def _fresh(folder: Path) -> Path:
    fresh = folder / "fresh"
    fresh.mkdir()
    return fresh
