"""Starts the package `redis-mcp-server` for one attempt of an agent: a program of its own, run by its path.

The package knows neither unix sockets nor fewer tools. Most of what it offers besides data is refused by the fence of
the blackboard (`blackboard.py`), needs modules that our server has not got, or asks a service on the internet; an agent
would only stumble over it, and pay for its description with every call. Address and login come in the environment: a
command line is for everybody to see.
"""

from __future__ import annotations

import asyncio
import os
import sys
from importlib import import_module
from typing import Any

ADDRESS, USER, PASSWORD = "BLACKBOARD_ADDRESS", "BLACKBOARD_USER", "BLACKBOARD_PASSWORD"
TOOLS = frozenset(
    (
        *("get", "set", "delete", "type", "expire", "rename"),
        *("hset", "hget", "hdel", "hgetall", "hexists"),
        *("lpush", "rpush", "lpop", "rpop", "lrange", "llen", "lrem"),
        *("sadd", "srem", "smembers"),
        *("zadd", "zrange", "zrem"),
        *("xadd", "xrange", "xdel", "xgroup_create", "xgroup_destroy", "xreadgroup", "xack"),
        *("publish", "subscribe", "psubscribe", "read_messages", "unsubscribe"),
    )
)


def main() -> None:
    """Serve on standard input and output until they are closed."""
    # Or it would look for a file `.env` in all folders above the package, and believe what it says.
    os.environ["PYTHON_DOTENV_DISABLED"] = "1"
    from redis import Redis

    login = {"username": os.environ[USER], "password": os.environ[PASSWORD]}
    client = Redis.from_url(os.environ[ADDRESS], decode_responses=True, max_connections=10, **login)
    client.ping()
    import_module("src.common.connection").RedisConnectionManager._instance = client
    server: Any = import_module("src.common.server").mcp
    for name in {tool.name for tool in asyncio.run(server.list_tools())} - TOOLS:
        server.remove_tool(name)
    import_module("src.common.logging_utils").configure_logging()
    server.run()


if __name__ == "__main__":
    try:
        main()
    except Exception as error:
        sys.exit(f"the blackboard cannot be reached: {error}")
