"""What the addresses in the settings would break, found before anything starts."""

from __future__ import annotations

from urllib.parse import urlsplit

from orchestrator.errors import SetupError
from orchestrator.settings import Settings

LOCAL_HOSTS = (None, "localhost", "127.0.0.1", "::1")


def check_reach(settings: Settings) -> None:
    """What the addresses in the settings would break, much later and hard to understand."""
    _check_own_server(settings)
    _check_database(settings)


def _check_own_server(settings: Settings) -> None:
    """Agents may fill the blackboard up, and then nothing else on that server can be written either."""
    urls = [url for url in (settings.redis_url, settings.blackboard_url) if url]
    if len({_server(url) for url in urls}) < len(urls):
        raise SetupError(
            "MYCELIUM_BLACKBOARD_URL and MYCELIUM_REDIS_URL name the same server",
            hint="give the blackboard a server of its own, or leave it out for `mycelium run`, which brings one",
        )


def _server(url: str) -> tuple[str | None, str | None]:
    """Which server it is, whatever the login and the database."""
    parts = urlsplit(url)
    address = parts.netloc.rpartition("@")[2]
    return (address if ":" in address else f"{address}:6379", parts.path if parts.scheme == "unix" else None)


def _check_database(settings: Settings) -> None:
    """SQLite is for one machine: with a Redis elsewhere, workers elsewhere would each see a database of their own."""
    if settings.redis_url is None or not settings.database_url.startswith("sqlite"):
        return
    host = urlsplit(settings.redis_url).hostname
    if host not in LOCAL_HOSTS:
        raise SetupError(
            f"MYCELIUM_REDIS_URL names another machine ({host}), and the database is a SQLite file of this one",
            hint="set MYCELIUM_DATABASE_URL to a PostgreSQL database",
        )
