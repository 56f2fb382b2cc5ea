"""The end of an execution: its result becomes a branch, what it publishes is laid out, and the watchers are told."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from itertools import count

from orchestrator.definition.project import BLACKBOARD
from orchestrator.errors import BadInput, Conflict, MyceliumError
from orchestrator.execution.state import Execution
from orchestrator.lifecycle import live
from orchestrator.lifecycle.services import Services
from orchestrator.lifecycle.travel import OutOfReach, bring

_ATTEMPTS = 50
_LOG = logging.getLogger(__name__)


def finish(services: Services, execution_id: str) -> None:
    """Keep the result commit on a branch of the user's repository, lay out what leaves, and tell of the end."""
    execution = services.store.execution(execution_id)
    if not execution.status.ended:
        return  # a rerun has opened it again, and brings a `finish` of its own
    if execution.result and execution.result != execution.base and not execution.result_branch:
        _keep_result(services, execution, execution.result)
    _lay_out(services, execution_id)
    live.announce_end(services, execution)
    _retire_blackboard(services, execution)


def fetch(services: Services, execution_id: str) -> str:
    """Make the result of an execution a branch of this machine's repository, wherever it was made; the branch.

    `BadInput` where there is no result, `OutOfReach` where it cannot be had.
    """
    execution = services.store.execution(execution_id)
    if not execution.result or execution.result == execution.base:
        raise BadInput(f"execution {execution_id} has no result: no node committed anything, or it has not ended")
    bring(services, execution, execution.result)
    return _create(services, execution, execution.result)


def _lay_out(services: Services, execution_id: str) -> None:
    if services.plan(execution_id).definition.publish is not None:
        from orchestrator.lifecycle.publishing.layout import (
            lay_out,  # few executions need it, and every worker would import it
        )

        lay_out(services, execution_id)


def branch_name(execution: Execution) -> str:
    """`mycelium/<workflow id>/<number>`."""
    workflow = "/".join(_component(part) for part in execution.workflow_id.split("/"))
    return f"mycelium/{workflow}/{execution.number}"


def _keep_result(services: Services, execution: Execution, result: str) -> None:
    """Waiting would not bring what is out of reach, and everybody else waits for the end."""
    try:
        bring(services, execution, result)
    except OutOfReach as error:
        _LOG.warning("the result of execution %s becomes no branch here: %s", execution.id, error)
        return
    branch = _create(services, execution, result)
    with services.store.begin() as tx:
        latest = tx.lock(execution.id)
        if latest.result == result:  # and no rerun has begun meanwhile, which will have a result of its own
            tx.save(replace(latest, result_branch=branch))
            if latest.target:
                tx.changed(latest.id)


def _retire_blackboard(services: Services, execution: Execution) -> None:
    """Nobody waits for this: what cannot be removed now stays, and only takes up room."""
    if services.blackboard is None or BLACKBOARD not in services.plan(execution.id).definition.servers:
        return
    try:
        services.blackboard.retire(execution.id)
    except MyceliumError as error:
        _LOG.warning("the blackboard of execution %s is left as it is: %s", execution.id, error)


def _component(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-") or "workflow"


def _create(services: Services, execution: Execution, commit: str) -> str:
    """A rerun, or another store, may have taken the name for another commit: then `-2` and so on."""
    name = execution.result_branch or branch_name(execution)
    for attempt in count(1):
        branch = name if attempt == 1 else f"{name}-{attempt}"
        try:
            services.git.create_branch(branch, commit)
        except Conflict:
            if attempt == _ATTEMPTS:
                raise
        else:
            return branch
    raise AssertionError("unreachable")
