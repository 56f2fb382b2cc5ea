"""The blackboard on a Redis or Valkey of its own: a login for each attempt, fenced to its execution's data.

A login may use commands on data, and those alone: none that tells of other executions (SCAN and KEYS do not keep to
the fence, RANDOMKEY and DBSIZE neither), none that runs scripts or manages the server.
https://valkey.io/topics/acl/
"""

from __future__ import annotations

import logging
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from orchestrator.definition.project import BLACKBOARD
from orchestrator.errors import MyceliumError, SetupError, Unavailable
from orchestrator.execution.state import NodeRun
from orchestrator.lifecycle.ports import McpServer
from orchestrator.queue import redis_mcp
from orchestrator.queue.connection import connect, translated

if TYPE_CHECKING:
    from redis import Redis

PACKAGE: Final = "redis-mcp-server"
KEPT_SECONDS: Final = 86_400
"""How long data outlives its execution, so that a rerun finds what stands."""

_KINDS: Final = ("string", "hash", "list", "set", "sortedset", "stream", "bitmap", "hyperloglog", "geo")
_KEYS: Final = ("del", "unlink", "exists", "type", "ttl", "pttl", "expire", "pexpire", "persist", "rename", "renamenx")
_CHANNELS: Final = ("publish", "subscribe", "psubscribe", "unsubscribe", "punsubscribe")
_RULES: Final = (
    *(f"+@{kind}" for kind in _KINDS),
    *("-@dangerous", "-@admin", "-@scripting"),
    *(f"+{command}" for command in (*_KEYS, *_CHANNELS, "ping")),
)
_PAGE: Final = 500
_LOGIN: Final = ("username", "password")
_LOG = logging.getLogger(__name__)


class RedisBlackboard:
    """`Blackboard` on the server at `url`, whose login may manage users; nothing is sent before the first use."""

    def __init__(self, url: str) -> None:
        self._url = url

    def prefix(self, execution_id: str) -> str:
        return f"blackboard:{execution_id}:"

    @contextmanager
    def admit(self, run: NodeRun) -> Iterator[McpServer]:
        require_package()
        user, password = f"{_users(run.execution_id)}{run.index}.{run.epoch}", secrets.token_urlsafe(32)
        prefix = self.prefix(run.execution_id)
        with _translated():
            self._remove(f"{_users(run.execution_id)}{run.index}.")
            fence = (f"~{prefix}*", f"&{prefix}*")
            self._acl("SETUSER", user, "reset", "on", f">{password}", *fence, *_RULES)
        try:
            yield self._server(user, password)
        finally:
            self._dismiss(user)

    def retire(self, execution_id: str) -> None:
        with _translated():
            self._remove(_users(execution_id))
            for key in self._client.scan_iter(match=f"{self.prefix(execution_id)}*", count=_PAGE):
                # Sooner where an agent said so.
                self._client.expire(key, KEPT_SECONDS, lt=True)

    @cached_property
    def _client(self) -> Redis:
        return connect(self._url)

    def _dismiss(self, user: str) -> None:
        """The end of an attempt is no worse for a login that stays until the next claim, or the execution's end."""
        try:
            with _translated():
                self._acl("DELUSER", user)
        except MyceliumError as error:
            _LOG.warning("a login to the blackboard stays for now: %s", error)

    def _acl(self, *words: str) -> Any:
        return self._client.execute_command("ACL", *words)  # type: ignore[no-untyped-call]  # redis-py leaves it so

    def _remove(self, beginning: str) -> None:
        users = [name.decode() for name in self._acl("USERS")]
        for user in users:
            if user.startswith(beginning):
                self._acl("DELUSER", user)

    def _server(self, user: str, password: str) -> McpServer:
        parts = urlsplit(self._url)
        query = urlencode([(name, value) for name, value in parse_qsl(parts.query) if name not in _LOGIN])
        address = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}" + (f"?{query}" if query else "")
        folders = [Path(unquote(parts.path)).parent] if parts.scheme == "unix" else []
        return McpServer(
            name=BLACKBOARD,
            command=sys.executable,
            args=("-I", str(Path(redis_mcp.__file__))),
            env={redis_mcp.ADDRESS: address, redis_mcp.USER: user, redis_mcp.PASSWORD: password},
            hosts=() if folders else (f"{parts.hostname}:{parts.port or 6379}",),
            readable=(*folders, Path(sys.prefix), Path(redis_mcp.__file__)),
            secrets=(password,),
        )


def _users(execution_id: str) -> str:
    """What the logins of an execution begin with."""
    return f"mycelium.{execution_id}."


@contextmanager
def _translated() -> Iterator[None]:
    """What redis-py raises as our own errors, with the setting that names this server."""
    from redis import exceptions

    try:
        with translated("using the blackboard"):
            yield
    except SetupError as error:
        raise SetupError(error.message, hint="MYCELIUM_BLACKBOARD_URL takes the login of an administrator") from error
    except Unavailable as error:
        if not isinstance(error.__cause__, exceptions.ResponseError):
            raise
        message = f"the blackboard's server refused a command: {error.__cause__}"
        raise SetupError(message, hint="it must be Valkey, or Redis 7 or newer") from error


def require_package() -> str:
    """The version of the MCP server's package; `SetupError` where it is not installed."""
    try:
        return version(PACKAGE)
    except PackageNotFoundError as error:
        message = f"`mcp: [{BLACKBOARD}]` needs the package {PACKAGE}"
        raise SetupError(message, hint="pip install 'mycelium-orchestrator[blackboard]'") from error
