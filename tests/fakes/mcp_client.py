"""An MCP client over the standard streams of a server's process: starts it, and calls its tools."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from orchestrator.lifecycle.ports import McpServer


class McpClient:
    """A server that is up."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._number = 0
        told = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
        self._ask("initialize", told)
        self._send({"method": "notifications/initialized"})

    def tools(self) -> set[str]:
        """The names of all that it offers."""
        return {tool["name"] for tool in self._ask("tools/list", {})["tools"]}

    def call(self, tool: str, **arguments: Any) -> str:
        """What a tool says, as an agent reads it."""
        answer = self._ask("tools/call", {"name": tool, "arguments": arguments})
        return "\n".join(part["text"] for part in answer["content"])

    def _ask(self, method: str, params: dict[str, Any]) -> Any:
        self._number += 1
        self._send({"id": self._number, "method": method, "params": params})
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the server has ended"
        answer = json.loads(line)
        assert answer["id"] == self._number
        return answer["result"]

    def _send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self.process.stdin.flush()


@contextmanager
def mcp_client(server: McpServer) -> Iterator[McpClient]:
    """Start `server` as an agent's program would, with nothing of our own environment but the PATH."""
    process = subprocess.Popen(
        [server.command, *server.args],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={"PATH": os.environ["PATH"], **server.env},
    )
    try:
        yield McpClient(process)
    finally:
        process.kill()
        process.communicate()
