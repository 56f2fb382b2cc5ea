"""The real Claude Code against a scripted model: what it is allowed, what it reads, how it ends."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from orchestrator.definition.model import AgentDefinition
from orchestrator.execution.outcome import FailureClass, Outcome
from orchestrator.lifecycle.ports.runner import AgentTask, Task
from orchestrator.runners.agent import AgentRunner
from orchestrator.runners.claude import ClaudeEngine
from tests.fakes.claude_cli import PROGRAM, needs_claude
from tests.fakes.model_server import ModelServer, Script, call, model_server, say, turns
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


def run(
    folder: Path,
    script: Script,
    *,
    cancel_at: Path | None = None,
    credentials: dict[str, str] | None = None,
    **given: Any,
) -> Ran:
    """Run the agent in `folder`."""
    action = AgentTask(definition=REVIEWER, engine="claude", **{"prompt": "Do it.", **given.pop("action", {})})
    log = ListLog()
    todo = task(folder, action, **given)
    with model_server(script) as model, pipe_control() as control:
        keys = credentials or {"ANTHROPIC_API_KEY": KEY}
        environ = {"PATH": "/usr/local/bin:/usr/bin:/bin", "ANTHROPIC_BASE_URL": model.url, **keys}
        outcome = AgentRunner(ClaudeEngine(), environ=environ, program=Path(PROGRAM)).run(todo, log, control)
    return Ran(outcome=outcome, log=log, model=model, task=todo)


def bash(command: str) -> Any:
    return call("Bash", command=command, description="scripted")


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


def test_a_sub_agent_shows_and_counts(tmp_path: Path) -> None:
    sub = turns(say(call("Read", file_path="a.txt")), say("I looked into it."))
    main = turns(
        say(call("Agent", description="look", prompt="SUBTASK", subagent_type="code-reviewer")),
        say("It works."),
        say("Done."),
    )
    ran = run(
        tmp_path,
        lambda asked: (sub if "SUBTASK" in asked.prompt else main)(asked),
        action={"tools": ("Read", "Agent")},
    )
    assert ran.outcome.succeeded, ran.outcome.message
    assert ran.outcome.usage is not None
    assert ran.outcome.usage.input_tokens == 100 * len(ran.model.asked)
    assert {"Agent look", "  Read a.txt", "  I looked into it.", "Done."} <= set(ran.log.texts)
