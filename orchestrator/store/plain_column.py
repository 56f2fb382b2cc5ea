"""A column to group by, without SQLite reading a whole table through an index on it.

In the order of an index that lacks the other columns each row is a search of its own; to sort takes a tenth of that.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class PlainColumn(FunctionElement[Any]):
    """The same values. https://sqlite.org/optoverview.html#disqualifying_where_clause_terms_using_unary_"""

    inherit_cache = True

    def __init__(self, column: ColumnElement[Any]) -> None:
        super().__init__(column)


@compiles(PlainColumn)
def _anywhere(element: PlainColumn, compiler: SQLCompiler, **how: Any) -> str:
    return compiler.process(element.clauses, **how)


@compiles(PlainColumn, "sqlite")
def _on_sqlite(element: PlainColumn, compiler: SQLCompiler, **how: Any) -> str:
    return f"+{compiler.process(element.clauses, **how)}"
