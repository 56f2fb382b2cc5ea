"""How long whole executions take on a warm process tree, by the times the store has of them."""

from __future__ import annotations

import time

from orchestrator.execution.state import Execution, ExecutionStatus
from orchestrator.lifecycle.services import Services
from orchestrator.lifecycle.start import StartRequest, start
from tests.bench.shapes import Shape

LOOK_SECONDS = 0.02
LONGEST_SECONDS = 3600.0


def execution_seconds(services: Services, shape: Shape) -> float:
    """From the request to the end of its last node, laying out and storing the graph included."""
    ended = run_to_end(services, shape.request())
    assert ended.completed_at is not None
    return (ended.completed_at - ended.created_at).total_seconds()


def run_to_end(services: Services, request: StartRequest) -> Execution:
    """Start an execution, and look now and then until it has ended well."""
    id = start(services, request).id
    deadline = time.monotonic() + LONGEST_SECONDS
    while not (seen := services.store.execution(id)).status.ended:
        if time.monotonic() > deadline:
            raise TimeoutError(f"an execution of {len(request.workflow.nodes)} nodes did not end")
        time.sleep(LOOK_SECONDS)
    if seen.status is not ExecutionStatus.COMPLETED:
        raise RuntimeError(f"the execution ended as {seen.status.value}")
    return seen
