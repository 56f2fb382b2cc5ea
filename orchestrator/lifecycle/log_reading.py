"""Reading an execution's log in pages, all of it or the lines of one node."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge

from orchestrator.errors import NotFound
from orchestrator.execution.log_line import Level, LogLine
from orchestrator.lifecycle.services import Services

PAGE = 1000


def lines(
    services: Services, execution_id: str, *, node: str | None = None, level: Level | None = None, query: str = ""
) -> Iterator[LogLine]:
    """Lines by id; `node` is a node's id or a node run's key, and `NotFound` when there is none of the name."""
    if node is None:
        return _pages(services, execution_id, None, level, query)
    wanted = [run.index for run in services.store.runs(execution_id) if node in (run.node, run.key)]
    if not wanted:
        raise NotFound(f"execution {execution_id} has no node `{node}`")
    pages = [_pages(services, execution_id, index, level, query) for index in wanted]
    return merge(*pages, key=lambda line: line.id)


def _pages(
    services: Services, execution_id: str, run: int | None, level: Level | None, query: str
) -> Iterator[LogLine]:
    after = 0
    while page := services.logs.read(execution_id, run=run, level=level, query=query, after=after, limit=PAGE):
        yield from page
        after = page[-1].id
