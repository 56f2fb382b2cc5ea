"""What Codex gets of the worker's credentials, and how: the commands that an agent runs should not find a key in their
environment."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from orchestrator.definition.model import JsonValue
from orchestrator.runners.addresses import HTTPS, address
from orchestrator.runners.credentials import Credentials
from orchestrator.runners.engine import Host
from orchestrator.runners.private_files import write_private

KEYS = ("CODEX_API_KEY", "OPENAI_API_KEY")
SERVICE = "https://api.openai.com/v1"
PLAN_HOSTS = ("chatgpt.com", "auth.openai.com", "api.openai.com")
"""Of a ChatGPT plan: where an access token is looked at, by its kind, and where Codex turns with one that was not
accepted, which is where it hears that."""

CREDENTIALS = Credentials(
    secrets=(*KEYS, "CODEX_ACCESS_TOKEN"),
    others=("OPENAI_BASE_URL", "OPENAI_ORGANIZATION", "OPENAI_PROJECT", "CODEX_CA_CERTIFICATE"),
    sufficient=("OPENAI_API_KEY", "CODEX_API_KEY", "CODEX_ACCESS_TOKEN"),
    exclusive=True,
)
_HEADERS = {"OpenAI-Organization": "OPENAI_ORGANIZATION", "OpenAI-Project": "OPENAI_PROJECT"}


def handed_over(env: Mapping[str, str], folder: Path) -> tuple[dict[str, str], Path | None]:
    """`env` without its key, and the file in Codex's own `folder` that has it instead; Codex reads it while it starts.

    An access token of a ChatGPT plan has no such file: it stays in the environment, and Codex keeps it from commands.
    """
    key = next((env[name] for name in KEYS if env.get(name)), "")
    if not key:
        return dict(env), None
    file = folder / "auth.json"
    write_private(file, json.dumps({"auth_mode": "apikey", "OPENAI_API_KEY": key}))
    return {name: value for name, value in env.items() if name not in CREDENTIALS.secrets}, file


def provider(env: Mapping[str, str], *, retries: int) -> dict[str, JsonValue]:
    """The service as Codex's configuration names it: with retries that end soon, and over plain HTTP. With a ChatGPT
    plan Codex knows its service itself."""
    if not any(env.get(name) for name in KEYS):
        return {}
    service: dict[str, JsonValue] = {
        "name": "OpenAI",
        "base_url": env.get("OPENAI_BASE_URL") or SERVICE,
        "wire_api": "responses",
        "requires_openai_auth": True,
        "env_http_headers": {name: variable for name, variable in _HEADERS.items() if env.get(variable)},
        "request_max_retries": retries,
        "stream_max_retries": retries,
    }
    return {"model_provider": "mycelium", "model_providers.mycelium": service}


def hosts(env: Mapping[str, str]) -> list[Host]:
    """Where the model is reached: the address that is set, else the service's own."""
    if not any(env.get(name) for name in KEYS):
        return [(name, HTTPS) for name in PLAN_HOSTS]
    found = address(env.get("OPENAI_BASE_URL") or SERVICE)
    return [found] if found else []
