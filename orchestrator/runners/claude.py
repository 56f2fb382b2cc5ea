"""`engine: claude`: Claude Code's command line, and what it is allowed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from orchestrator.definition.model import JsonValue
from orchestrator.errors import SetupError
from orchestrator.lifecycle.ports.runner import AgentTask
from orchestrator.runners import claude_access, mcp
from orchestrator.runners.claude_stream import ClaudeReader
from orchestrator.runners.command_line import ARGUMENT_LIMIT
from orchestrator.runners.credentials import Credentials
from orchestrator.runners.engine import Call, Host, Reader, Request
from orchestrator.runners.private_files import write_private

SETTINGS: Final = {
    "DISABLE_TELEMETRY": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "DISABLE_AUTOUPDATER": "1",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "CLAUDE_CODE_MAX_RETRIES": "2",
    "MCP_CONNECTION_NONBLOCKING": "0",
    # Or `@/any/file` in a prompt, such as in the data of an issue, would be read into it without asking.
    "CLAUDE_CODE_DISABLE_ATTACHMENTS": "1",
}
EDIT_TOOLS: Final = ("Edit", "NotebookEdit", "Write")
SEARCH_TOOLS: Final = ("Grep", "Glob")
UNNAMED_TOOLS: Final = ("Read", *EDIT_TOOLS)
FILE_TOOLS: Final = (*UNNAMED_TOOLS, *SEARCH_TOOLS)


class ClaudeEngine:
    """Claude Code, without a person at the keyboard."""

    title = "Claude Code"
    program = "claude"
    install = "npm install -g @anthropic-ai/claude-code"
    credentials: Credentials = claude_access.CREDENTIALS
    sessions: tuple[str, ...] = (".claude/projects",)

    def hosts(self, env: Mapping[str, str]) -> list[Host]:
        """The model's service."""
        return claude_access.hosts(env)

    def call(self, request: Request) -> Call:
        """Secrets come in files that are gone before the agent does anything: settings, and the MCP servers."""
        words = arguments(request)
        longest = max(len(text.encode()) for text in words)
        if longest > ARGUMENT_LIMIT:
            raise SetupError(f"the agent or its answer's schema is too long: {longest} bytes")
        own = {"CLAUDE_CONFIG_DIR": str(request.home / ".claude"), "MCP_TIMEOUT": str(mcp.START_SECONDS * 1000)}
        env, secret = claude_access.handed_over({**SETTINGS, **request.env, **own}, request.home)
        servers = _told_of_servers(request)
        files = {"--settings": secret, "--mcp-config": servers}
        words += [word for name, file in files.items() if file for word in (name, str(file))]
        passing = [file for file in files.values() if file]
        return Call(arguments=words, env=env, stdin=request.prompt, passing=passing)

    def reader(self, request: Request) -> Reader:
        """For one call."""
        return ClaudeReader(spent=request.spent)


def _told_of_servers(request: Request) -> Path | None:
    if not request.action.servers:
        return None
    file, hidden = request.home / "mcp.json", claude_access.CREDENTIALS.secrets
    write_private(file, mcp.mcp_config(request.action.servers, request.home, hidden))
    return file


def arguments(request: Request) -> list[str]:
    """The command line after `claude`; the prompt comes on stdin. Settings and MCP servers of the repository are not
    read: they could run anything without asking. Tools for files are not allowed by their names, so that they work
    inside the workspace alone."""
    action, writable = request.action, request.task.writable
    allowed = tools(action, writable=writable)
    allowed += mcp.allowed_tools(action.servers, allowed)
    listed = [*allowed, "StructuredOutput"] if action.answer is not None else allowed
    argv = [
        *("-p", "--output-format", "stream-json", "--verbose"),
        *("--setting-sources", "user", "--strict-mcp-config"),
        *("--permission-mode", "acceptEdits" if writable else "default"),
        *("--agents", json.dumps({action.definition.id: _agent(request, listed)})),
        *("--agent", action.definition.id),
    ]
    if rules := [_rule(name) for name in listed if name not in UNNAMED_TOOLS]:
        argv += ["--allowedTools", ",".join(rules)]
    if not writable:
        argv += ["--disallowedTools", ",".join(EDIT_TOOLS)]
    return argv + _optional(request)


def _optional(request: Request) -> list[str]:
    """What only some calls have."""
    action = request.action
    words = {
        "--model": _model(action),
        "--max-turns": request.turns,
        "--max-budget-usd": request.usd,
        "--json-schema": json.dumps(action.answer) if action.answer is not None else None,
        "--resume": request.session or None,
    }
    return [word for name, value in words.items() if value is not None for word in (name, str(value))]


def tools(action: AgentTask, *, writable: bool) -> list[str]:
    """The tools an agent may use: the node's list, else the agent's; nothing that edits in a workspace that is
    thrown away."""
    wanted = action.tools if action.tools is not None else action.definition.tools
    names = FILE_TOOLS if wanted is None else wanted
    return [name for name in names if writable or name.partition("(")[0] not in EDIT_TOOLS]


def _agent(request: Request, listed: list[str]) -> dict[str, JsonValue]:
    """The agent's prompt replaces the system prompt, which would have named the directory."""
    definition = request.action.definition
    agent: dict[str, JsonValue] = {
        "description": definition.description,
        "prompt": f"{definition.prompt}\n\nYou work in the directory `{request.task.workspace}`.",
        "tools": [name.partition("(")[0] for name in listed],
    }
    if model := _model(request.action):
        agent["model"] = model
    return agent


def _rule(name: str) -> str:
    """Beside `Bash`, Claude Code takes away the tools that search, unless a rule names them."""
    return f"{name}(./**)" if name in SEARCH_TOOLS else name


def _model(action: AgentTask) -> str | None:
    model = action.model or action.definition.model
    return None if model == "inherit" else model
