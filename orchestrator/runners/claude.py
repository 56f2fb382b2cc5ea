"""Runs an agent with Claude Code: the command, its environment, and what its ending means."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from orchestrator.definition.model import JsonValue
from orchestrator.execution.state import FailureClass, Level, Outcome
from orchestrator.lifecycle.ports.runner import AgentTask, Control, LogSink, Task
from orchestrator.runners import attempt, claude_access
from orchestrator.runners.claude_stream import ClaudeStream
from orchestrator.runners.claude_verdict import verdict
from orchestrator.runners.endings import cut_short
from orchestrator.runners.environment import base_environment, folder, passed
from orchestrator.runners.process import Command
from orchestrator.runners.supervise import Limits, supervise

INSTALL = "npm install -g @anthropic-ai/claude-code"
SETTINGS = {
    "DISABLE_TELEMETRY": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "DISABLE_AUTOUPDATER": "1",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "CLAUDE_CODE_MAX_RETRIES": "2",
    "MCP_CONNECTION_NONBLOCKING": "0",
    # Or `@/any/file` in a prompt, such as in the data of an issue, would be read into it without asking.
    "CLAUDE_CODE_DISABLE_ATTACHMENTS": "1",
}
EDIT_TOOLS = ("Edit", "NotebookEdit", "Write")
SEARCH_TOOLS = ("Grep", "Glob")
UNNAMED_TOOLS = ("Read", *EDIT_TOOLS)
FILE_TOOLS = (*UNNAMED_TOOLS, *SEARCH_TOOLS)
EVENT_LIMIT = 32_000_000
ARGUMENT_LIMIT = 120_000
IDLE_SECONDS = 900.0
"""Longer than Claude Code lets a command run (10 minutes), and than a model thinks; a stream that hangs ends here."""


class ClaudeRunner:
    """`engine: claude`. `environ` is the worker's environment; only the names in `claude_access.py` and the
    allow-list of `environment.py` are taken from it. Without `program`, `claude` is looked for on its PATH."""

    def __init__(self, *, environ: Mapping[str, str], program: Path | None = None) -> None:
        self._environ = environ
        self._program = program

    def run(self, task: Task, log: LogSink, control: Control) -> Outcome:
        action = task.action
        assert isinstance(action, AgentTask)  # noqa: S101 - the registry has it by engine
        program = self._program or shutil.which("claude", path=self._environ.get("PATH"))
        if program is None:
            return _failed(FailureClass.SETUP, f"Claude Code is not installed: `{INSTALL}`")
        env = self._environment(task)
        if missing := claude_access.missing(env):
            return _failed(FailureClass.AUTH, missing)
        argv = [str(program), *arguments(action, writable=task.writable, workspace=task.workspace)]
        longest = max(len(text.encode()) for text in argv)
        if longest > ARGUMENT_LIMIT:
            return _failed(FailureClass.SETUP, f"the agent or its answer's schema is too long: {longest} bytes")
        for secret in (*task.secrets, *claude_access.secrets(env)):
            log.mask(secret)
        prompt = task.scratch / "prompt.md"
        prompt.write_text(action.prompt, encoding="utf-8")
        command = Command(argv=claude_access.handing_over(argv, env), env=env, cwd=task.workspace, stdin=prompt)
        return self._supervised(task, action, command, _Conversation(task, log), control)

    def _environment(self, task: Task) -> dict[str, str]:
        home = folder(task, "home")
        access = {name: self._environ[name] for name in claude_access.NAMES if self._environ.get(name)}
        own = {"HOME": str(home), "CLAUDE_CONFIG_DIR": str(home / ".claude")}
        return {**base_environment(task, passed(self._environ)), **access, **SETTINGS, **task.env, **own}

    def _supervised(
        self, task: Task, action: AgentTask, command: Command, said: _Conversation, control: Control
    ) -> Outcome:
        idle = task.idle_seconds or IDLE_SECONDS
        limits = Limits(timeout_seconds=task.timeout_seconds, idle_seconds=idle, line_bytes=EVENT_LIMIT)
        attempt.reap_earlier(task)
        ended = supervise(command, limits, said, control)
        for text in ended.left:
            said.log.line(f"left running, now ended: {text}", level=Level.WARNING, stream="mycelium")
        return cut_short(ended, limits) or verdict(said.stream.record, ended.code, action.answer, said.log)


class _Conversation:
    """Hears Claude Code: events on stdout, complaints on stderr."""

    def __init__(self, task: Task, log: LogSink) -> None:
        self.task = task
        self.log = log
        self.processes = attempt.Processes(task)
        self.stream = ClaudeStream(log)

    def started(self, pid: int, start_time: int) -> None:
        self.processes.started(pid, start_time)

    def lost(self) -> None:
        self.processes.reap()

    def line(self, text: str, stream: str) -> None:
        if stream == "stdout":
            self.stream.line(text)
        else:
            self.stream.complaint(text)

    def tick(self) -> None:
        self.log.tick()


def arguments(action: AgentTask, *, writable: bool, workspace: Path) -> list[str]:
    """The command line after `claude`; the prompt comes on stdin. Settings and MCP servers of the repository are not
    read: they could run anything without asking. Tools for files are not allowed by their names, so that they work
    inside the workspace alone."""
    allowed = tools(action, writable=writable)
    listed = [*allowed, "StructuredOutput"] if action.answer is not None else allowed
    argv = [
        *("-p", "--output-format", "stream-json", "--verbose"),
        *("--setting-sources", "user", "--strict-mcp-config"),
        *("--permission-mode", "acceptEdits" if writable else "default"),
        *("--agents", json.dumps({action.definition.id: _agent(action, listed, workspace)})),
        *("--agent", action.definition.id),
    ]
    if rules := [_rule(name) for name in listed if name not in UNNAMED_TOOLS]:
        argv += ["--allowedTools", ",".join(rules)]
    if not writable:
        argv += ["--disallowedTools", ",".join(EDIT_TOOLS)]
    if model := _model(action):
        argv += ["--model", model]
    if action.max_turns is not None:
        argv += ["--max-turns", str(action.max_turns)]
    if action.answer is not None:
        argv += ["--json-schema", json.dumps(action.answer)]
    return argv


def tools(action: AgentTask, *, writable: bool) -> list[str]:
    """The tools an agent may use: the node's list, else the agent's; nothing that edits in a workspace that is
    thrown away."""
    wanted = action.tools if action.tools is not None else action.definition.tools
    names = FILE_TOOLS if wanted is None else wanted
    return [name for name in names if writable or name.partition("(")[0] not in EDIT_TOOLS]


def _agent(action: AgentTask, listed: list[str], workspace: Path) -> dict[str, JsonValue]:
    """The agent's prompt replaces the system prompt, which would have named the directory."""
    agent: dict[str, JsonValue] = {
        "description": action.definition.description,
        "prompt": f"{action.definition.prompt}\n\nYou work in the directory `{workspace}`.",
        "tools": [name.partition("(")[0] for name in listed],
    }
    if model := _model(action):
        agent["model"] = model
    return agent


def _rule(name: str) -> str:
    """Beside `Bash`, Claude Code takes away the tools that search, unless a rule names them."""
    return f"{name}(./**)" if name in SEARCH_TOOLS else name


def _model(action: AgentTask) -> str | None:
    model = action.model or action.definition.model
    return None if model == "inherit" else model


def _failed(failure: FailureClass, message: str) -> Outcome:
    return Outcome(failure=failure, message=message)
