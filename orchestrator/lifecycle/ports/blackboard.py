"""The blackboard: what the agents of one execution share beside the repository."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from orchestrator.execution.state import NodeRun
from orchestrator.lifecycle.ports.runner import McpServer


class Blackboard(Protocol):
    """A server for data that agents reach by MCP tools, each execution within a fence of its own."""

    def prefix(self, execution_id: str) -> str:
        """What every key and channel of the execution begins with."""
        ...

    def admit(self, run: NodeRun) -> AbstractContextManager[McpServer]:
        """The MCP server of one attempt, with a login that is good for the block, and for the execution's data only.

        Logins that earlier claims of the same run left behind are gone then. `SetupError` where the machine has not
        got what it takes, `Unavailable` while the server is out of reach.
        """
        ...

    def retire(self, execution_id: str) -> None:
        """The execution has ended: no login of it is left, and its data goes away in a day. Twice is no error."""
        ...
