"""What Claude Code gets of the worker's credentials, and how: the commands that an agent runs should not find a key in
their environment."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from orchestrator.runners.addresses import HTTPS, address
from orchestrator.runners.credentials import Credentials
from orchestrator.runners.engine import Host
from orchestrator.runners.private_files import write_private

KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN")
BEDROCK, VERTEX = CLOUDS = ("CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX")
_AWS_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_BEARER_TOKEN_BEDROCK")
_AWS_FILES = ("AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")
_GATEWAY = ("ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_CUSTOM_HEADERS")
CREDENTIALS = Credentials(
    secrets=(
        *KEYS,
        *_AWS_KEYS,
        "ANTHROPIC_CUSTOM_HEADERS",
    ),
    others=(
        *CLOUDS,
        *("CLAUDE_CODE_SKIP_BEDROCK_AUTH", "CLAUDE_CODE_SKIP_VERTEX_AUTH"),
        *("ANTHROPIC_BASE_URL", "ANTHROPIC_BEDROCK_BASE_URL", "ANTHROPIC_VERTEX_BASE_URL"),
        *("ANTHROPIC_VERTEX_PROJECT_ID", "CLOUD_ML_REGION", "GOOGLE_APPLICATION_CREDENTIALS"),
        *("AWS_DEFAULT_REGION", "AWS_REGION", *_AWS_FILES),
        *("ANTHROPIC_MODEL", "ANTHROPIC_SMALL_FAST_MODEL", "ANTHROPIC_SMALL_FAST_MODEL_AWS_REGION"),
        *("ANTHROPIC_DEFAULT_HAIKU_MODEL", "ANTHROPIC_DEFAULT_OPUS_MODEL", "ANTHROPIC_DEFAULT_SONNET_MODEL"),
    ),
    sufficient=(*KEYS, *CLOUDS),
    # A gateway takes a token of its own, where `CLAUDE_CODE_SKIP_…_AUTH` says that it does.
    instead={
        "CLAUDE_CODE_SKIP_BEDROCK_AUTH": _GATEWAY,
        "CLAUDE_CODE_SKIP_VERTEX_AUTH": _GATEWAY,
        BEDROCK: (*_AWS_KEYS, *_AWS_FILES),
        VERTEX: ("GOOGLE_APPLICATION_CREDENTIALS",),
    },
)


def handed_over(env: Mapping[str, str], home: Path) -> tuple[dict[str, str], Path | None]:
    """`env` without its secrets, and a file of settings that has them instead: Claude Code reads it while it starts.

    So no secret stands in the environment that the kernel shows of a process. Claude Code passes on to its children
    what it was told, which is why the shell of an agent's commands is one that forgets it first.
    """
    secrets = {name: env[name] for name in CREDENTIALS.secrets if env.get(name)}
    open_part = {name: value for name, value in env.items() if name not in secrets}
    if not secrets:
        return open_part, None
    settings = home / "handed-over.json"
    write_private(settings, json.dumps({"env": secrets}))
    return {**open_part, "CLAUDE_CODE_SHELL": str(_forgetful_shell(home, secrets))}, settings


def _forgetful_shell(home: Path, secrets: Iterable[str]) -> Path:
    """Claude Code takes a shell by the name of its file."""
    shell = home / "shell" / "bash"
    shell.parent.mkdir(exist_ok=True)
    bash = shutil.which("bash") or "/bin/bash"
    shell.write_text(f'#!/bin/sh\nunset {" ".join(sorted(secrets))}\nexec {bash} "$@"\n', encoding="utf-8")
    shell.chmod(0o700)
    return shell


def hosts(env: Mapping[str, str]) -> list[Host]:
    """Where the model is reached: the address that is set, else the service's own."""
    if env.get(BEDROCK):
        region = env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or "us-east-1"
        default = [f"bedrock-runtime.{region}.amazonaws.com", f"bedrock.{region}.amazonaws.com"]
        sign_in = [f"sts.{region}.amazonaws.com", "sts.amazonaws.com", f"oidc.{region}.amazonaws.com"]
        return [*_addressed(env.get("ANTHROPIC_BEDROCK_BASE_URL"), default), *_https(sign_in)]
    if env.get(VERTEX):
        region = env.get("CLOUD_ML_REGION") or "global"
        default = ["aiplatform.googleapis.com" if region == "global" else f"{region}-aiplatform.googleapis.com"]
        sign_in = ["oauth2.googleapis.com", "sts.googleapis.com", "iamcredentials.googleapis.com"]
        return [*_addressed(env.get("ANTHROPIC_VERTEX_BASE_URL"), default), *_https(sign_in)]
    return _addressed(env.get("ANTHROPIC_BASE_URL"), ["api.anthropic.com"])


def _addressed(url: str | None, default: list[str]) -> list[Host]:
    found = address(url) if url else None
    return [found] if found else _https(default)


def _https(names: list[str]) -> list[Host]:
    return [(name, HTTPS) for name in names]
