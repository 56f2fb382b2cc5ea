"""The rows of plans."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select

from orchestrator.definition.codec import load_agents, load_project, load_workflow
from orchestrator.definition.project import Project
from orchestrator.execution.state import Plan
from orchestrator.store.neighbourhood import no_execution
from orchestrator.store.prepared import Prepared
from orchestrator.store.schema import plans

_PLAN = Prepared(select(plans).where(plans.c.execution_id == bindparam("execution_id")))


def read_plan(connection: Connection, execution_id: str) -> Plan:
    """As `Store.plan`."""
    row = _PLAN.row(connection, execution_id=execution_id)
    if row is None:
        raise no_execution(execution_id)
    return Plan(
        definition=load_workflow(row["definition"]),
        source=row["source"],
        agents=load_agents(row["agents"]),
        files=row["files"],
        base_bundle=row["base_bundle"],
        project=load_project(row["project"]) if row["project"] else Project(),
        record=row["record"],
        last_valid=row["last_valid"],
    )
