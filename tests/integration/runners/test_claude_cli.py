"""The real Claude Code against a scripted model: what it is allowed, what it reads, how it ends."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from orchestrator.definition.model import AgentDefinition
from orchestrator.execution.state import FailureClass, Outcome
from orchestrator.lifecycle.ports.runner import AgentTask, StopReason, Task
from orchestrator.runners.agent import AgentRunner
from orchestrator.runners.claude import ClaudeEngine
from orchestrator.runners.environment import MARKER, marker
from tests.fakes.claude_cli import PROGRAM, needs_claude
from tests.fakes.model_server import ModelServer, Script, Turn, call, model_server, say, turns
from tests.fakes.running import ListLog, pipe_control, task

pytestmark = needs_claude

KEY = "sk-ant-scripted-0123456789"
TOOLS = ("Read", "Grep", "Glob", "Edit", "Write", "Bash")
REVIEWER = AgentDefinition(
    id="code-reviewer", name="code-reviewer", description="Reviews.", prompt="You review.", tools=TOOLS
)
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"verdict": {"type": "string", "enum": ["keep", "discard"]}},
    "required": ["verdict"],
    "additionalProperties": False,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Ran:
    outcome: Outcome
    log: ListLog
    model: ModelServer
    task: Task

    @property
    def everything(self) -> str:
        """All that the model was ever told."""
        return json.dumps([asked.body for asked in self.model.asked])


class TickLog(ListLog):
    """Calls `on_tick` at every tick."""

    on_tick: Callable[[], object] = staticmethod(lambda: None)

    def tick(self) -> None:
        self.on_tick()


def run(
    folder: Path,
    script: Script,
    *,
    cancel_at: Path | None = None,
    credentials: dict[str, str] | None = None,
    **given: Any,
) -> Ran:
    """Run the agent in `folder`; cancel it as soon as `cancel_at` exists."""
    action = AgentTask(definition=REVIEWER, engine="claude", **{"prompt": "Do it.", **given.pop("action", {})})
    log = TickLog()
    todo = task(folder, action, **given)
    with model_server(script) as model, pipe_control() as control:
        if cancel_at:
            log.on_tick = lambda: cancel_at.exists() and control.stop(StopReason.CANCELLED)
        keys = credentials or {"ANTHROPIC_API_KEY": KEY}
        environ = {"PATH": "/usr/local/bin:/usr/bin:/bin", "ANTHROPIC_BASE_URL": model.url, **keys}
        outcome = AgentRunner(ClaudeEngine(), environ=environ, program=Path(PROGRAM)).run(todo, log, control)
    return Ran(outcome=outcome, log=log, model=model, task=todo)


def bash(command: str) -> Any:
    return call("Bash", command=command, description="scripted")


@contextmanager
def nothing_left(folder: Path) -> Iterator[None]:
    """No process of the attempt is alive afterwards, whatever session it went to."""
    yield
    mark = marker(task(folder, AgentTask(definition=REVIEWER, engine="claude", prompt="")))
    assert not [each for each in psutil.process_iter() if _environ(each).get(MARKER) == mark]


def _environ(process: psutil.Process) -> dict[str, str]:
    try:
        return dict(process.environ())
    except (psutil.Error, OSError):
        return {}


def _plant(workspace: Path) -> None:
    """All that a repository could leave for Claude Code to run or to believe; what runs leaves a file behind."""
    events = ("SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse", "Stop")
    hooks = {
        event: [{"matcher": "*", "hooks": [{"type": "command", "command": f"touch '{workspace}/TRACE-{event}'"}]}]
        for event in events
    }
    settings = json.dumps({"hooks": hooks, "apiKeyHelper": f"touch '{workspace}/TRACE-helper'; echo x"})
    servers = {"evil": {"command": "touch", "args": [f"{workspace}/TRACE-mcp"]}}
    planted = {
        ".claude/settings.json": settings,
        ".claude/settings.local.json": settings,
        ".claude/agents/code-reviewer.md": "---\nname: code-reviewer\ndescription: x\n---\nPLANTED",
        ".claude/skills/evil/SKILL.md": "---\nname: evil\ndescription: PLANTED\n---\nPLANTED",
        ".mcp.json": json.dumps({"mcpServers": servers}),
        "CLAUDE.md": "PLANTED",
        "a.py": "one\n",
    }
    for name, content in planted.items():
        file = workspace / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    subprocess.run(["git", "init", "--quiet"], cwd=workspace, check=True)


def test_it_edits_and_runs_nothing_that_the_repository_planted(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    _plant(workspace)
    script = turns(
        say("I read.", call("Read", file_path="a.py")),
        say(call("Edit", file_path="a.py", old_string="one", new_string="two")),
        say(bash("echo ran > b.txt")),
        say("Done."),
    )
    ran = run(tmp_path, script)
    assert ran.outcome.succeeded, ran.outcome.message
    assert ran.outcome.outputs == {"text": "Done."}
    assert ran.outcome.usage is not None
    assert (ran.outcome.usage.input_tokens, ran.outcome.usage.turns) == (400, 4)
    assert set(ran.model.asked[0].tools) >= set(TOOLS)
    assert (workspace / "a.py").read_text() == "two\n"
    assert (workspace / "b.txt").read_text() == "ran\n"
    assert not list(workspace.glob("TRACE*"))
    assert "PLANTED" not in ran.everything
    assert not [other for other in ran.model.others if other != "HEAD /"]


LOOK = "env; for each in /proc/[0-9]*; do tr '\\0' '\\n' <$each/environ; done 2>/dev/null; true"


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("ANTHROPIC_API_KEY", "x-api-key"),
        ("ANTHROPIC_AUTH_TOKEN", "authorization"),
        ("CLAUDE_CODE_OAUTH_TOKEN", "authorization"),
    ],
)
def test_a_key_reaches_the_model_and_nobody_else(tmp_path: Path, name: str, header: str) -> None:
    cloud = {"AWS_SECRET_ACCESS_KEY": "aws-scripted-0123456789"}
    seen: list[bool] = []
    script = turns(say(bash(LOOK)), say(bash(LOOK)), say("Done."))
    ran = run(
        tmp_path,
        lambda asked: seen.append((tmp_path / "scratch/home/handed-over.json").exists()) or script(asked),
        credentials={name: KEY, **cloud},
    )
    assert ran.outcome.succeeded, ran.outcome.message
    assert {asked.headers[header].removeprefix("Bearer ") for asked in ran.model.asked} == {KEY}
    assert seen == [False] * 3
    assert f"HOME={tmp_path}/scratch/home" in ran.everything
    files = [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file() and not file.is_symlink()]
    for secret in (KEY, *cloud.values()):
        assert secret not in ran.everything
        assert secret not in "\n".join(ran.log.texts)
        assert not [content for content in files if secret.encode() in content]


def test_files_outside_the_workspace_stay_out_of_reach(tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("OUT" + "SIDE")
    reach = say(
        call("Read", file_path=str(outside)),
        call("Grep", pattern="SIDE", path=str(tmp_path), output_mode="content"),
        call("Write", file_path=f"{tmp_path}/new.txt", content="x"),
    )
    prompt = f"An issue says: @{outside} and\n```text\n@{outside}\n```"
    ran = run(tmp_path, turns(reach, say("Done.")), action={"prompt": prompt, "tools": ("Read", "Grep", "Write")})
    assert ran.outcome.failure is FailureClass.DENIED
    assert "OUTSIDE" not in ran.everything
    assert not (tmp_path / "new.txt").exists()


def test_an_answer_by_schema(tmp_path: Path) -> None:
    wrong, right = (say("I judge.", call("StructuredOutput", verdict=verdict)) for verdict in ("maybe", "keep"))
    ran = run(tmp_path, turns(wrong, right), action={"answer": SCHEMA}, writable=False)
    assert ran.outcome.succeeded, ran.outcome.message
    assert ran.outcome.outputs == {"verdict": "keep", "text": "I judge."}


def test_no_answer_by_schema(tmp_path: Path) -> None:
    ran = run(tmp_path, turns(say("I had rather talk.")), action={"answer": SCHEMA})
    assert ran.outcome.failure is FailureClass.BAD_OUTPUT


def test_a_reader_has_no_tools_that_edit(tmp_path: Path) -> None:
    script = turns(say(call("Write", file_path="new.py", content="x"), bash("true")), say("Done."))
    ran = run(tmp_path, script, writable=False)
    assert ran.outcome.succeeded, ran.outcome.message
    assert {"Read", "Bash"} <= set(ran.model.asked[0].tools)
    assert not {"Edit", "Write", "NotebookEdit"} & set(ran.model.asked[0].tools)
    assert not (tmp_path / "workspace" / "new.py").exists()


@pytest.mark.parametrize("tools", [("Read",), ("Read", "Bash(git log:*)")])
def test_success_without_one_allowed_tool_is_none(tmp_path: Path, tools: tuple[str, ...]) -> None:
    ran = run(tmp_path, turns(say(bash("curl --version > made")), say("All done!")), action={"tools": tools})
    assert (ran.outcome.failure, ran.outcome.exit_code) == (FailureClass.DENIED, 0)
    assert not (tmp_path / "workspace" / "made").exists()


@pytest.mark.parametrize(
    ("turn", "failure"),
    [
        (Turn(status=401), FailureClass.AUTH),
        (Turn(status=429), FailureClass.OVERLOADED),
        (Turn(status=500), FailureClass.OVERLOADED),
        (Turn(status=529), FailureClass.OVERLOADED),
        (Turn(status=413), FailureClass.EXIT),
        (Turn(blocks=say("No.").blocks, stop_reason="refusal"), FailureClass.REFUSED),
    ],
)
def test_what_the_model_answers_becomes_a_class_of_failure(tmp_path: Path, turn: Turn, failure: FailureClass) -> None:
    ran = run(tmp_path, turns(turn))
    assert ran.outcome.failure is failure, ran.outcome.message
    assert len(ran.model.asked) <= 3


def test_turns_are_bounded(tmp_path: Path) -> None:
    ran = run(tmp_path, turns(say(bash("true"))), action={"max_turns": 2})
    assert ran.outcome.failure is FailureClass.MAX_TURNS
    assert len(ran.model.asked) == 2


def test_a_stream_that_stalls_meets_the_idle_clock(tmp_path: Path) -> None:
    stall = Turn(blocks=say("Wait").blocks, stall=True)
    with nothing_left(tmp_path):
        ran = run(tmp_path, turns(say(bash("setsid sleep 1000 >/dev/null 2>&1 & echo up")), stall), idle_seconds=5.0)
    assert ran.outcome.failure is FailureClass.IDLE, ran.outcome.message
    assert len(ran.model.asked) == 2


def test_cancelling_ends_a_command_under_way(tmp_path: Path) -> None:
    up = tmp_path / "workspace" / "up"
    with nothing_left(tmp_path):
        ran = run(tmp_path, turns(say(bash("setsid sleep 1000 & touch up; sleep 1000"))), cancel_at=up)
    assert up.exists()
    assert ran.outcome.cancelled
    assert ran.outcome.message == "cancelled"
