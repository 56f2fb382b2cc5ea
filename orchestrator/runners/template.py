"""Engines of a repository's own: any command line tool, as `mycelium.yaml` describes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.definition.placeholders import filled, filled_map, filled_words, names_in
from orchestrator.definition.project import EngineTemplate, PromptBy
from orchestrator.errors import SetupError
from orchestrator.runners import mcp
from orchestrator.runners.addresses import HTTPS
from orchestrator.runners.command_line import ARGUMENT_LIMIT
from orchestrator.runners.credentials import Credentials
from orchestrator.runners.engine import Call, Host, Reader, Request
from orchestrator.runners.private_files import write_private
from orchestrator.runners.template_reader import TemplateReader


@dataclass(frozen=True, kw_only=True, slots=True)
class TemplateEngine:
    """`template` as an engine. Its credentials stand in the program's environment: of a program nobody knows, nobody
    knows another way."""

    template: EngineTemplate

    @property
    def title(self) -> str:
        """Its name in the project file."""
        return f"the engine `{self.template.name}`"

    @property
    def program(self) -> str:
        """The first word of its command."""
        return self.template.command[0][0]

    @property
    def install(self) -> str:
        """As the file says."""
        return self.template.install or f"install `{self.program}`, or mend `engines.{self.template.name}`"

    @property
    def credentials(self) -> Credentials:
        """All of them secrets, one of them needed."""
        return Credentials(secrets=self.template.credentials, sufficient=self.template.credentials)

    @property
    def sessions(self) -> None:
        """Nobody says which."""
        return

    def hosts(self, env: Mapping[str, str]) -> list[Host]:  # noqa: ARG002 - as the protocol has it
        """Those that the file names."""
        named = (host.partition(":") for host in self.template.hosts)
        return [(name, int(port) if port else HTTPS) for name, _, port in named]

    def call(self, request: Request) -> Call:
        """Its words and variables with their placeholders filled, and its files written."""
        template = self.template
        values = self._values(request)
        for path, text in template.files.items():
            write_private(request.home / path, filled(text, {**_EMPTY, **values}) or "")
        _, *words = filled_words(template.command, values)
        if any(len(word.encode()) > ARGUMENT_LIMIT for word in words):
            hint = f"use `prompt: file` or `stdin` for `engines.{template.name}`"
            raise SetupError(f"the prompt is too long for a command line: over {ARGUMENT_LIMIT} bytes", hint=hint)
        env = {**request.env, **filled_map(template.env, values), "HOME": str(request.home)}
        return Call(arguments=words, env=env, stdin=values["prompt"] if template.prompt is PromptBy.STDIN else "")

    def reader(self, request: Request) -> Reader:
        """For one call."""
        return TemplateReader(self.template, wants_answer=request.action.answer is not None)

    def _values(self, request: Request) -> dict[str, str]:
        """What placeholders stand for; what has no value is left out."""
        action = request.action
        prompt = self._prompt(request)
        found = {
            "prompt": prompt,
            "model": action.model or self.template.model,
            "workspace": str(request.task.workspace),
            "home": str(request.home),
            "max_turns": str(request.turns) if request.turns is not None else None,
            "session": request.session or None,
            "answer_schema": json.dumps(action.answer) if action.answer is not None else None,
        }
        values = {name: value for name, value in found.items() if value is not None} | self._servers(request)
        return {**values, **_as_files(request, values)}

    def _servers(self, request: Request) -> dict[str, str]:
        """The MCP servers. What the program does with one that is not there, only the program knows."""
        servers = request.action.servers
        if not servers:
            return {}
        if not self.template.takes_servers:
            hint = "name `{mcp_config_file}` or `{mcp_servers}` in its template, or leave `mcp` out"
            raise SetupError(f"{self.title} takes no MCP servers", hint=hint)
        told = mcp.mcp_servers(servers, request.home, self.template.credentials)
        return {"mcp_servers": json.dumps(told), "mcp_config": json.dumps({"mcpServers": told})}

    def _prompt(self, request: Request) -> str:
        """The agent's definition and its task; how to give an answer where the program has no word for a schema."""
        definition, action = request.action.definition, request.action
        parts = [request.prompt] if request.session else [definition.prompt, request.prompt]
        named = {name for text in self.template.texts for name, _ in names_in(text)}
        if action.answer is not None and not named & {"answer_schema", "answer_schema_file"}:
            schema = json.dumps(action.answer, ensure_ascii=False)
            parts.append(f"When you are done, say a JSON object that fits this schema, and nothing else:\n{schema}")
        return "\n\n".join(part for part in parts if part)


_EMPTY = {
    **dict.fromkeys(("model", "max_turns", "session", "answer_schema", "answer_schema_file", "mcp_config_file"), ""),
    "mcp_servers": "{}",
}
"""In a file, what has no value is nothing."""


def _as_files(request: Request, values: Mapping[str, str]) -> dict[str, str]:
    """The values that also come as a file, by the placeholder for its path; in the home, which a sandbox shows."""
    made: dict[str, str] = {}
    for name, file in (("prompt", "prompt.md"), ("answer_schema", "answer.json"), ("mcp_config", "mcp.json")):
        if name in values:
            path: Path = request.home / ".mycelium" / file
            write_private(path, values[name])
            made[f"{name}_file"] = str(path)
    return made
