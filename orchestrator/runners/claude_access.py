"""What Claude Code gets of the worker's credentials, and how: the commands that an agent runs should not find the key
in their environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN")
CLOUDS = ("CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX")
SECRETS = (*KEYS, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_BEARER_TOKEN_BEDROCK")
NAMES = (
    *SECRETS,
    *CLOUDS,
    "ANTHROPIC_BASE_URL",
    "ANTHROPIC_BEDROCK_BASE_URL",
    "ANTHROPIC_VERTEX_BASE_URL",
    "ANTHROPIC_VERTEX_PROJECT_ID",
    "AWS_CONFIG_FILE",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_SHARED_CREDENTIALS_FILE",
    "CLOUD_ML_REGION",
    "GOOGLE_APPLICATION_CREDENTIALS",
)
"""All that is taken from the worker's environment."""

_PIPES = {
    "ANTHROPIC_API_KEY": (8, "CLAUDE_CODE_API_KEY_FILE_DESCRIPTOR"),
    "CLAUDE_CODE_OAUTH_TOKEN": (9, "CLAUDE_CODE_OAUTH_TOKEN_FILE_DESCRIPTOR"),
}


def missing(env: Mapping[str, str]) -> str:
    """What to set; empty when a key or a cloud is there."""
    if any(env.get(name) for name in (*KEYS, *CLOUDS)):
        return ""
    first, *others = (*KEYS, *CLOUDS)
    return f"no key for Claude Code: set `{first}`, or one of {', '.join(others)}"


def secrets(env: Mapping[str, str]) -> list[str]:
    """The values to mask."""
    return [env[name] for name in SECRETS if env.get(name)]


def handing_over(argv: Sequence[str], env: Mapping[str, str]) -> list[str]:
    """`argv` by way of a shell, which moves the keys in `env` to descriptors that Claude Code reads once, and then
    becomes Claude Code. Neither the environment nor a file keeps a key."""
    script = [
        f"exec {number}<<END\n${name}\nEND\nunset {name}; export {variable}={number}"
        for name, (number, variable) in _PIPES.items()
        if env.get(name)
    ]
    return ["/bin/sh", "-c", "\n".join([*script, 'exec "$@"']), "sh", *argv] if script else list(argv)
