"""The rows of plans."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, insert, select

from orchestrator.definition.codec import (
    dump_agents,
    dump_project,
    dump_workflow,
    load_agents,
    load_project,
    load_workflow,
)
from orchestrator.definition.project import Project
from orchestrator.execution.state import Plan
from orchestrator.store.neighbourhood import no_execution
from orchestrator.store.prepared import Prepared
from orchestrator.store.schema import plans

_PLAN = Prepared(select(plans).where(plans.c.execution_id == bindparam("execution_id")))
_ADD = Prepared(insert(plans))


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


def write_plan(connection: Connection, execution_id: str, plan: Plan) -> None:
    """The plan of an execution that is there already."""
    values = {
        "execution_id": execution_id,
        "definition": dump_workflow(plan.definition),
        "source": plan.source,
        "agents": dump_agents(plan.agents),
        "files": plan.files,
        "base_bundle": plan.base_bundle,
        "project": None if plan.project == Project() else dump_project(plan.project),
        "record": plan.record,
        "last_valid": plan.last_valid,
    }
    _ADD.write(connection, values)
