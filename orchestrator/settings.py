"""One frozen settings object, read once from the environment (prefix `MYCELIUM_`)."""

from __future__ import annotations

import os
import pwd
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from orchestrator.errors import SetupError

PREFIX = "MYCELIUM_"
DEFAULT_GITHUB_API_URL = "https://api.github.com"
DEFAULT_HISTORY_BRANCH = "mycelium-history"
DEFAULT_ACTION_URL = "https://github.com/mycelium-orchestrator/mycelium"
DEFAULT_QUOTA_GB = 5.0
MOST_QUOTA_GB = 1_000_000.0
MOST_CONCURRENCY = 256
# Agents mostly wait for a model, so that even a small machine runs several at once.
LEAST_CONCURRENCY = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What an operator sets. `docs/settings.md` has a line for each.

    `root` is the repository's root folder; relative paths are resolved from it. `database_url` is a SQLAlchemy URL;
    `redis_url` None means an embedded server, `blackboard_url` None another one for executions that use a blackboard.
    Secrets are those of `MYCELIUM_SECRET_<NAME>`, by name. GitHub is spoken to with `github_token`, or as the App of
    `github_app_id` and `github_private_key`, a PEM or the path of one; about the repository `github_repository`, else
    that of `origin`. `history_branch` is where executions are kept without a server, empty where they are not.
    `action_url` is the repository of the Action, for git: the commits of its releases are looked up there.
    """

    root: Path
    home_dir: Path
    workflows_dir: str
    cache_dir: Path
    database_url: str
    redis_url: str | None
    blackboard_url: str | None
    concurrency: int
    log_level: str
    log_format: str
    workspace_quota_bytes: int
    public_url: str
    secrets: Mapping[str, str] = field(repr=False)
    github_api_url: str = DEFAULT_GITHUB_API_URL
    github_token: str = field(default="", repr=False)
    github_app_id: str = ""
    github_private_key: str = field(default="", repr=False)
    github_repository: str = ""
    history_branch: str = DEFAULT_HISTORY_BRANCH
    action_url: str = DEFAULT_ACTION_URL

    @property
    def workflows_path(self) -> Path:
        return self.root / self.workflows_dir


def load(root: Path, environ: Mapping[str, str]) -> Settings:
    """Settings for the repository at `root`; `SetupError` names the variable that cannot be read."""
    _require_text(f"the path of the repository, {os.fsencode(root)!r},", str(root))
    for name in environ:
        if name.startswith(PREFIX):
            _require_text(name, environ[name])
    home = root / _text(environ, "HOME_DIR", ".mycelium")
    return Settings(
        root=root,
        home_dir=home,
        workflows_dir=_text(environ, "WORKFLOWS_DIR", "workflows"),
        cache_dir=root / _text(environ, "CACHE_DIR", str(_user_cache(environ))),
        database_url=_database_url(_text(environ, "DATABASE_URL", ""), root, home),
        redis_url=environ.get(f"{PREFIX}REDIS_URL") or None,
        blackboard_url=environ.get(f"{PREFIX}BLACKBOARD_URL") or None,
        concurrency=_concurrency(environ),
        log_level=_choice(environ, "LOG_LEVEL", "warning", ("debug", "info", "warning", "error")),
        log_format=_choice(environ, "LOG_FORMAT", "console", ("console", "json")),
        workspace_quota_bytes=int(
            _number(environ, "WORKSPACE_QUOTA_GB", DEFAULT_QUOTA_GB, least=0, most=MOST_QUOTA_GB) * 1_000_000_000
        ),
        public_url=_public_url(_text(environ, "PUBLIC_URL", "")),
        secrets=_secrets(environ),
        github_api_url=_text(environ, "GITHUB_API_URL", environ.get("GITHUB_API_URL") or DEFAULT_GITHUB_API_URL),
        github_token=_text(environ, "GITHUB_TOKEN", ""),
        github_app_id=_text(environ, "GITHUB_APP_ID", ""),
        github_private_key=_text(environ, "GITHUB_PRIVATE_KEY", ""),
        github_repository=environ.get("GITHUB_REPOSITORY", ""),
        history_branch=environ.get(f"{PREFIX}HISTORY_BRANCH", DEFAULT_HISTORY_BRANCH),
        action_url=_text(environ, "ACTION_URL", DEFAULT_ACTION_URL),
    )


def _public_url(given: str) -> str:
    if given and not given.startswith(("https://", "http://")):
        raise SetupError(f"{PREFIX}PUBLIC_URL is {given!r}, and must be a URL", hint="write https://mycelium.example")
    return given.rstrip("/")


def _require_text(what: str, value: str) -> None:
    """Paths and values are stored and shown as UTF-8; other bytes in them would make trouble much later."""
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise SetupError(
            f"{what} cannot be read as UTF-8", hint="write it in UTF-8, or use a UTF-8 locale: LC_ALL=C.UTF-8"
        ) from error


def _secrets(environ: Mapping[str, str]) -> dict[str, str]:
    start = f"{PREFIX}SECRET_"
    return {name.removeprefix(start): value for name, value in environ.items() if name.startswith(start)}


def _user_cache(environ: Mapping[str, str]) -> Path:
    base = environ.get("XDG_CACHE_HOME") or f"{environ.get('HOME') or _home_of_user()}/.cache"
    return Path(base) / "mycelium"


def _home_of_user() -> str:
    """The home folder where no variable tells, as for a service."""
    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return tempfile.gettempdir()


def _database_url(given: str, root: Path, home: Path) -> str:
    """The URL as given, with a SQLite file placed; SQLAlchemy takes `%` for an escape and `?` for the end of a path."""
    if not given:
        return f"sqlite:///{quote(str(home / 'state.db'))}"
    scheme, mark, file = given.partition(":///")
    relative = mark and scheme.partition("+")[0] == "sqlite" and file and not file.startswith(("/", ":", "?", "file:"))
    return f"{scheme}:///{quote(str(root))}/{file}" if relative else given


def _concurrency(environ: Mapping[str, str]) -> int:
    processors = os.cpu_count() or 1
    default = min(max(LEAST_CONCURRENCY, processors), MOST_CONCURRENCY)
    value = _number(environ, "CONCURRENCY", default, least=1, most=MOST_CONCURRENCY)
    if value != int(value):
        raise SetupError(f"{PREFIX}CONCURRENCY is {value:g}, and must be a whole number")
    return int(value)


def _text(environ: Mapping[str, str], name: str, default: str) -> str:
    return environ.get(PREFIX + name) or default


def _number(environ: Mapping[str, str], name: str, default: float, *, least: float, most: float) -> float:
    text = environ.get(PREFIX + name)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError as error:
        raise SetupError(f"{PREFIX}{name} is not a number: {text!r}") from error
    # NaN is on neither side of any number.
    if not value >= least:
        raise SetupError(f"{PREFIX}{name} is {text}, and must be at least {least:g}")
    if not value <= most:
        raise SetupError(f"{PREFIX}{name} is {text}, and must be at most {most:g}")
    return value


def _choice(environ: Mapping[str, str], name: str, default: str, options: tuple[str, ...]) -> str:
    value = (environ.get(PREFIX + name) or default).lower()
    if value not in options:
        raise SetupError(f"{PREFIX}{name} is {value!r}, and must be one of {', '.join(options)}")
    return value
