"""The rows of what pull requests and pushes change in definitions. Few a minute come here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any, Final

from sqlalchemy import Connection, Select, select, update
from sqlalchemy.dialects import postgresql, sqlite

from orchestrator.execution.showing import Proposal
from orchestrator.store.schema import BEHIND, proposals

_ROW: Final = proposals.c
_FIELDS: Final = tuple(field.name for field in fields(Proposal))
_TOLD: Final = ("told", "refused", "trouble", "shown")


def write_proposed(connection: Connection, proposal: Proposal) -> None:
    """As `Transaction.propose`."""
    values = {"subject": proposal.subject, **{name: getattr(proposal, name) for name in _FIELDS}}
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    again = {"instance": proposal.instance, "changes": _ROW.changes + 1, "refused": (), "trouble": ""}
    connection.execute(
        insert(proposals)
        .values(values)
        .on_conflict_do_update(index_elements=[_ROW.repository, _ROW.subject], set_=again)
    )


def write_told(connection: Connection, proposal: Proposal) -> None:
    """As `Transaction.put_proposal`."""
    mine = (_ROW.repository == proposal.repository) & (_ROW.subject == proposal.subject)
    connection.execute(update(proposals).where(mine).values({name: getattr(proposal, name) for name in _TOLD}))


def read_proposals(connection: Connection, instance: str) -> list[Proposal]:
    """As `Store.proposals`."""
    query = select(proposals).where(BEHIND, _ROW.instance == instance)
    return list(_read(connection, query.order_by(_ROW.repository, _ROW.subject)))


def read_proposal(connection: Connection, repository: str, subject: str) -> Proposal | None:
    """As `Store.proposal`."""
    query = select(proposals).where(_ROW.repository == repository, _ROW.subject == subject)
    return next(_read(connection, query), None)


def _read(connection: Connection, query: Select[Any]) -> Iterator[Proposal]:
    for row in connection.execute(query).mappings():
        yield Proposal(**{name: row[name] for name in _FIELDS})
