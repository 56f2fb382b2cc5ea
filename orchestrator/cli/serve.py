"""`mycelium serve`: the HTTP server."""

from __future__ import annotations

import errno
import socket

import click

from orchestrator.cli.console import Console
from orchestrator.cli.place import current_settings
from orchestrator.errors import SetupError
from orchestrator.log_format import configure

BACKLOG = 2048


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="The port; 0 takes a free one."
)
def serve(host: str, port: int) -> None:
    """Serve HTTP: whether this instance is healthy.

    Listens on this machine only unless --host says otherwise, until it is interrupted.
    """
    settings = current_settings()
    listener = listen(host, port)
    import uvicorn

    from webhooks.app import create_app

    address, bound = listener.getsockname()[:2]
    shown = f"[{address}]" if ":" in address else address
    Console.stderr().line(f"Serving on http://{shown}:{bound} (health: /healthz). Stop with Ctrl-C.")
    configure(level=settings.log_level, form=settings.log_format)
    config = uvicorn.Config(create_app(), log_level=settings.log_level, log_config=None, lifespan="on")
    with listener:
        uvicorn.Server(config).run(sockets=[listener])


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, taken before anything else starts; `SetupError` where it cannot be had."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise SetupError(f"there is no address {host!r}: {error.strerror}", hint="name another: --host") from error
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise _refused(host, port, error) from error
    return listener


def _refused(host: str, port: int, error: OSError) -> SetupError:
    match error.errno:
        case errno.EADDRINUSE:
            return SetupError(
                f"port {port} of {host} is in use", hint="stop what listens there, or name another: --port"
            )
        case errno.EACCES:
            return SetupError(f"port {port} may not be used by this user", hint="name one above 1023: --port")
        case errno.EADDRNOTAVAIL:
            return SetupError(f"{host} is not an address of this machine", hint="name another: --host")
        case _:
            return SetupError(f"cannot listen on port {port} of {host}: {error.strerror}")
