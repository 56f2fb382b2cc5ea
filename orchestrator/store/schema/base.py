"""What all tables share."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Index, MetaData
from sqlalchemy.sql.elements import ColumnElement, TextClause

metadata = MetaData()


def partial_index(name: str, columns: tuple[ColumnElement[Any], ...], condition: TextClause) -> Index:
    """An index of the rows that fulfil the condition, on either database."""
    return Index(name, *columns, sqlite_where=condition, postgresql_where=condition)
