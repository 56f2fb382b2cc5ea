"""Who leads what only one process may do at a time."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select, text, update

from orchestrator.lifecycle.ports import Lead
from orchestrator.store.schema import leads

_ADD = text("INSERT INTO leads (name, holder, beat) VALUES (:name, :holder, :beat) ON CONFLICT DO NOTHING")


def read_lead(connection: Connection, name: str) -> Lead | None:
    """As `Transaction.lead`."""
    row = connection.execute(select(leads).where(leads.c.name == name)).one_or_none()
    return Lead(holder=row.holder, beat=row.beat) if row else None


def take_lead(connection: Connection, name: str, lead: Lead, expected: Lead | None) -> bool:
    """As `Transaction.take_lead`."""
    values = {"holder": lead.holder, "beat": lead.beat}
    if expected is None:
        return connection.execute(_ADD, {"name": name, **values}).rowcount == 1
    held = (leads.c.name == name) & (leads.c.holder == expected.holder) & (leads.c.beat == expected.beat)
    return connection.execute(update(leads).where(held).values(values)).rowcount == 1


def drop_lead(connection: Connection, name: str, holder: str) -> None:
    """As `Transaction.drop_lead`."""
    connection.execute(delete(leads).where(leads.c.name == name, leads.c.holder == holder))
