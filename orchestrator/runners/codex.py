"""`engine: codex`: Codex's command line and configuration."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from orchestrator.definition.model import JsonValue
from orchestrator.lifecycle.ports.runner import AgentTask
from orchestrator.runners import codex_access, mcp
from orchestrator.runners.codex_schema import strict
from orchestrator.runners.codex_stream import CodexReader
from orchestrator.runners.credentials import Credentials
from orchestrator.runners.engine import Call, Host, Reader, Request
from orchestrator.runners.private_files import write_private

RETRIES: Final = 2
SHELL: Final = "Bash"


class CodexEngine:
    """Codex, without a person at the keyboard."""

    title = "Codex"
    program = "codex"
    install = "npm install -g @openai/codex"
    credentials: Credentials = codex_access.CREDENTIALS
    sessions: tuple[str, ...] = (".codex/sessions",)

    def hosts(self, env: Mapping[str, str]) -> list[Host]:
        """The model's service."""
        return codex_access.hosts(env)

    def call(self, request: Request) -> Call:
        """Everything stands in the configuration of a home of its own, where nobody else looks; the key is gone from
        there before the agent does anything."""
        folder = request.home / ".codex"
        folder.mkdir(mode=0o700, exist_ok=True)
        env, secret = codex_access.handed_over({**request.env, "CODEX_HOME": str(folder)}, folder)
        settings = folder / "config.toml"
        write_private(settings, configuration(request))
        # The secrets of MCP servers stand in the settings, which Codex reads while it starts.
        passing = [*([secret] if secret else []), *([settings] if request.action.servers else [])]
        return Call(arguments=_arguments(request, folder), env=env, stdin=request.prompt, passing=passing)

    def reader(self, request: Request) -> Reader:
        """For one call."""
        action = request.action
        return CodexReader(model=action.model or "", schema=action.answer, spent=request.spent)


def _arguments(request: Request, folder: Path) -> list[str]:
    """What configuration has no word for. The last one, `-`, has the prompt read from stdin."""
    argv = ["exec", *(["resume", request.session] if request.session else []), "--json", "--skip-git-repo-check"]
    if request.action.answer is not None:
        schema = folder / "answer.json"
        write_private(schema, json.dumps(strict(request.action.answer)))
        argv += ["--output-schema", str(schema)]
    return [*argv, "-"]


def configuration(request: Request) -> str:
    """`config.toml`. Of the repository Codex reads no instructions, and no settings: it is not trusted."""
    action = request.action
    place = f"You work in the directory `{request.task.workspace}`."
    settings: dict[str, JsonValue] = {
        **codex_access.provider(request.env, retries=RETRIES),
        "developer_instructions": f"{action.definition.prompt}\n\n{place}",
        "approval_policy": "never",
        "sandbox_mode": sandbox(request),
        "sandbox_workspace_write.exclude_slash_tmp": True,
        "shell_environment_policy.exclude": list(codex_access.CREDENTIALS.secrets),
        "project_doc_max_bytes": 0,
        "web_search": "disabled",
        "analytics.enabled": False,
        "check_for_update_on_startup": False,
        # Or Codex looks for plugins at other hosts than the model's, and waits without end where nobody listens.
        "features.plugins": False,
        "features.unbounded_connection_retries": False,
    }
    settings |= mcp.codex_servers(action.servers, request.home, _listed(action))
    if action.model:
        settings = {"model": action.model, **settings}
    return "".join(f"{name} = {_toml(value)}\n" for name, value in settings.items())


def sandbox(request: Request) -> str:
    """What Codex lets commands do. A sandbox of ours around it already says so, and they do not nest."""
    if request.confined:
        return "danger-full-access"
    return "workspace-write" if request.task.writable or _has_shell(request.action) else "read-only"


def _has_shell(action: AgentTask) -> bool:
    """Whether the agent may run commands that write; what they write in a `read` workspace is thrown away."""
    return any(name.partition("(")[0] == SHELL for name in _listed(action))


def _listed(action: AgentTask) -> Sequence[str]:
    return (action.tools if action.tools is not None else action.definition.tools) or ()


def _toml(value: JsonValue) -> str:
    """A value of TOML: JSON's texts, numbers and lists are, but for one control character."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name)} = {_toml(each)}" for name, each in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
