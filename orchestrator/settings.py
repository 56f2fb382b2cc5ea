"""One frozen settings object, read once from the environment (prefix `MYCELIUM_`)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.errors import SetupError

PREFIX = "MYCELIUM_"
DEFAULT_QUOTA_GB = 5.0
# Agents mostly wait for a model, so that even a small machine runs several at once.
LEAST_CONCURRENCY = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What an operator sets. `docs/settings.md` has a line for each.

    `root` is the repository's root folder; relative paths are resolved from it. `database_url` is a SQLAlchemy URL;
    `redis_url` None means an embedded server. Secrets are those of `MYCELIUM_SECRET_<NAME>`, by name.
    """

    root: Path
    home_dir: Path
    workflows_dir: str
    cache_dir: Path
    database_url: str
    redis_url: str | None
    concurrency: int
    log_level: str
    log_format: str
    workspace_quota_bytes: int
    secrets: Mapping[str, str] = field(repr=False)

    @property
    def workflows_path(self) -> Path:
        return self.root / self.workflows_dir


def load(root: Path, environ: Mapping[str, str]) -> Settings:
    """Settings for the repository at `root`; `SetupError` names the variable that cannot be read."""
    home = root / _text(environ, "HOME_DIR", ".mycelium")
    return Settings(
        root=root,
        home_dir=home,
        workflows_dir=_text(environ, "WORKFLOWS_DIR", "workflows"),
        cache_dir=Path(_text(environ, "CACHE_DIR", str(_user_cache(environ)))),
        database_url=_text(environ, "DATABASE_URL", f"sqlite:///{home / 'state.db'}"),
        redis_url=environ.get(f"{PREFIX}REDIS_URL") or None,
        concurrency=int(_number(environ, "CONCURRENCY", max(LEAST_CONCURRENCY, os.cpu_count() or 1), least=1)),
        log_level=_choice(environ, "LOG_LEVEL", "warning", ("debug", "info", "warning", "error")),
        log_format=_choice(environ, "LOG_FORMAT", "console", ("console", "json")),
        workspace_quota_bytes=int(_number(environ, "WORKSPACE_QUOTA_GB", DEFAULT_QUOTA_GB, least=0) * 1_000_000_000),
        secrets=_secrets(environ),
    )


def _secrets(environ: Mapping[str, str]) -> dict[str, str]:
    start = f"{PREFIX}SECRET_"
    return {name.removeprefix(start): value for name, value in environ.items() if name.startswith(start)}


def _user_cache(environ: Mapping[str, str]) -> Path:
    base = environ.get("XDG_CACHE_HOME") or f"{environ.get('HOME', '/tmp')}/.cache"  # noqa: S108
    return Path(base) / "mycelium"


def _text(environ: Mapping[str, str], name: str, default: str) -> str:
    return environ.get(PREFIX + name) or default


def _number(environ: Mapping[str, str], name: str, default: float, *, least: float) -> float:
    text = environ.get(PREFIX + name)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError as error:
        raise SetupError(f"{PREFIX}{name} is not a number: {text!r}") from error
    if value < least:
        raise SetupError(f"{PREFIX}{name} is {text}, and must be at least {least:g}")
    return value


def _choice(environ: Mapping[str, str], name: str, default: str, options: tuple[str, ...]) -> str:
    value = (environ.get(PREFIX + name) or default).lower()
    if value not in options:
        raise SetupError(f"{PREFIX}{name} is {value!r}, and must be one of {', '.join(options)}")
    return value
