"""The PostgreSQL server, as in the contract suites."""

from tests.contract.conftest import postgres_databases

__all__ = ["postgres_databases"]
