"""A blackboard without data, which knows whose login is good."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from orchestrator.errors import MyceliumError
from orchestrator.execution.state import NodeRun
from orchestrator.lifecycle.ports import McpServer


class FakeBlackboard:
    """Implements `Blackboard`. `logins` are passwords by execution and run index; `trouble` is raised by every call."""

    def __init__(self) -> None:
        self.logins: dict[tuple[str, int], str] = {}
        self.retired: list[str] = []
        self.trouble: MyceliumError | None = None
        self._numbers = count(1)

    def prefix(self, execution_id: str) -> str:
        return f"board:{execution_id}:"

    @contextmanager
    def admit(self, run: NodeRun) -> Iterator[McpServer]:
        self._fail()
        whose, password = (run.execution_id, run.index), f"password-{next(self._numbers)}"
        self.logins[whose] = password
        try:
            yield McpServer(name="redis", command="board", env={"PASSWORD": password}, secrets=(password,))
        finally:
            if self.logins.get(whose) == password:
                del self.logins[whose]

    def retire(self, execution_id: str) -> None:
        self._fail()
        self.retired.append(execution_id)
        self.logins = {whose: password for whose, password in self.logins.items() if whose[0] != execution_id}

    def good(self, server: McpServer) -> bool:
        """Whether the login in `server` would let anybody in."""
        return server.env["PASSWORD"] in self.logins.values()

    def _fail(self) -> None:
        if self.trouble:
            raise self.trouble
