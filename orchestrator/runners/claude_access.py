"""What Claude Code gets of the worker's credentials, and how: the commands that an agent runs should not find a key in
their environment."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from orchestrator.runners.credentials import Credentials
from orchestrator.runners.engine import Host

KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN")
CLOUDS = ("CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX")
CREDENTIALS = Credentials(
    secrets=(
        *KEYS,
        *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_BEARER_TOKEN_BEDROCK"),
        "ANTHROPIC_CUSTOM_HEADERS",
    ),
    others=(
        *CLOUDS,
        *("CLAUDE_CODE_SKIP_BEDROCK_AUTH", "CLAUDE_CODE_SKIP_VERTEX_AUTH"),
        *("ANTHROPIC_BASE_URL", "ANTHROPIC_BEDROCK_BASE_URL", "ANTHROPIC_VERTEX_BASE_URL"),
        *("ANTHROPIC_VERTEX_PROJECT_ID", "CLOUD_ML_REGION", "GOOGLE_APPLICATION_CREDENTIALS"),
        *("AWS_CONFIG_FILE", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_REGION", "AWS_SHARED_CREDENTIALS_FILE"),
        *("ANTHROPIC_MODEL", "ANTHROPIC_SMALL_FAST_MODEL", "ANTHROPIC_SMALL_FAST_MODEL_AWS_REGION"),
        *("ANTHROPIC_DEFAULT_HAIKU_MODEL", "ANTHROPIC_DEFAULT_OPUS_MODEL", "ANTHROPIC_DEFAULT_SONNET_MODEL"),
    ),
    sufficient=(*KEYS, *CLOUDS),
)

_PIPES = {
    "ANTHROPIC_API_KEY": (8, "CLAUDE_CODE_API_KEY_FILE_DESCRIPTOR"),
    "CLAUDE_CODE_OAUTH_TOKEN": (9, "CLAUDE_CODE_OAUTH_TOKEN_FILE_DESCRIPTOR"),
}
_HTTPS = 443


def handing_over(env: Mapping[str, str]) -> list[str]:
    """What comes before the command line: a shell that moves the keys in `env` to descriptors that Claude Code reads
    once, and then becomes Claude Code. Neither the environment nor a file keeps a key."""
    script = [
        f"exec {number}<<END\n${name}\nEND\nunset {name}; export {variable}={number}"
        for name, (number, variable) in _PIPES.items()
        if env.get(name)
    ]
    return ["/bin/sh", "-c", "\n".join([*script, 'exec "$@"']), "sh"] if script else []


def hosts(env: Mapping[str, str]) -> list[Host]:
    """Where the model is reached: the address that is set, else the service's own."""
    if env.get("CLAUDE_CODE_USE_BEDROCK"):
        region = env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or "us-east-1"
        default = [f"bedrock-runtime.{region}.amazonaws.com", f"bedrock.{region}.amazonaws.com"]
        sign_in = [f"sts.{region}.amazonaws.com", "sts.amazonaws.com", f"oidc.{region}.amazonaws.com"]
        return [*_addressed(env.get("ANTHROPIC_BEDROCK_BASE_URL"), default), *_https(sign_in)]
    if env.get("CLAUDE_CODE_USE_VERTEX"):
        region = env.get("CLOUD_ML_REGION") or "global"
        default = ["aiplatform.googleapis.com" if region == "global" else f"{region}-aiplatform.googleapis.com"]
        sign_in = ["oauth2.googleapis.com", "sts.googleapis.com", "iamcredentials.googleapis.com"]
        return [*_addressed(env.get("ANTHROPIC_VERTEX_BASE_URL"), default), *_https(sign_in)]
    return _addressed(env.get("ANTHROPIC_BASE_URL"), ["api.anthropic.com"])


def address(url: str) -> Host | None:
    """The host and port of a URL; None for what is none."""
    try:
        parts = urlsplit(url)
        port = parts.port or (80 if parts.scheme == "http" else _HTTPS)
    except ValueError:
        return None
    return (parts.hostname, port) if parts.hostname else None


def _addressed(url: str | None, default: list[str]) -> list[Host]:
    found = address(url) if url else None
    return [found] if found else _https(default)


def _https(names: list[str]) -> list[Host]:
    return [(name, _HTTPS) for name in names]
