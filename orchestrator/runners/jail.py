"""A program in bubblewrap: its files, its way out, and the command that starts it there."""

from __future__ import annotations

import marshal
import os
import pwd
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from orchestrator.errors import SetupError
from orchestrator.runners import bwrap
from orchestrator.runners.egress import Egress
from orchestrator.runners.egress_request import Destination
from orchestrator.runners.process import Command
from orchestrator.runners.seccomp import seccomp_filter
from orchestrator.runners.way_out import PROXY_VARIABLES, WayOut, is_loopback

PROXY_PORT: Final = 13128
LEAST_PORT: Final = 1024
_CONFIGURES: Final = ("hosts", "passwd", "group")
_NOBODY: Final = 65534
_DEVICES: Final = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty")
_EVERYBODY: Final = 0o666
# Only the program itself hears these: bubblewrap would die of them, and take it along before it could finish.
_START: Final = 'trap "" INT TERM HUP; exec "$@"'


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """What a program gets of the machine, beside the system's own programs.

    `workspace` is its working directory; that, and `writable`, it may change. `readable` shows as it is, `hidden` does
    not, wherever it lies. `hosts` are names or addresses, each with a port, that it may connect to; `*.example.com` are
    all names that end so.
    """

    workspace: Path
    writable: tuple[Path, ...] = ()
    readable: tuple[Path, ...] = ()
    hidden: tuple[Path, ...] = ()
    hosts: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Jail:
    """`command` starts the program inside; `egress` is its way out."""

    command: Command
    egress: Egress


@contextmanager
def jailed(reach: Reach, command: Command, *, program: Path) -> Iterator[Jail]:
    """Everything that `command` needs to run in bubblewrap (`program`), for as long as the block lasts. It reaches
    outside as its environment says: by way of the proxies there."""
    hosts = [Destination(host=host.strip("[]").lower(), port=port) for host, port in reach.hosts]
    offered = [host for host in dict.fromkeys(hosts) if is_loopback(host.host)]
    addresses = [_address(host) for host in offered]
    port = next(port for port in range(PROXY_PORT, 65536) if port not in {host.port for host in offered})
    with TemporaryDirectory(prefix="mycelium-sandbox-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        _furnish(folder, command.env.get("HOME", "/"))
        options = [*bwrap.arguments(_view(reach, folder)), *_filtered(folder)]
        python = [os.path.realpath(sys.executable), "-I", "-S", f"{bwrap.OURS}/bridge.pyc"]
        bridge = [*python, f"{bwrap.OURS}/egress", f"127.0.0.1:{port}", *addresses]
        argv = [*_starting(folder), str(program), *options, "--", *bridge, "--", *command.argv]
        way = WayOut(command.env)
        with Egress(folder / "egress", hosts=hosts, offered=offered, way=way) as egress, _modes_kept():
            yield Jail(command=replace(command, argv=argv, env=_environment(command.env, port)), egress=egress)


def _address(host: Destination) -> str:
    """Where the sandbox offers a server of this machine."""
    if host.port < LEAST_PORT:
        raise SetupError(
            f"{host} cannot be offered in a sandbox, where ports below {LEAST_PORT} belong to nobody",
            hint="have that server listen on another port, or set `sandbox: none`",
        )
    return f"127.0.0.1:{host.port}" if host.host[0].isalpha() else f"{host.host}:{host.port}"


def _view(reach: Reach, folder: Path) -> bwrap.View:
    """The worker's home is hidden even where it lies in a folder of the system."""
    homes = {Path.home(), Path(pwd.getpwuid(os.getuid()).pw_dir)}
    return bwrap.View(
        workspace=reach.workspace,
        writable=reach.writable,
        readable=(Path(sys.base_prefix), *reach.readable),
        hidden=(*sorted(homes), *reach.hidden),
        ours=folder,
        configures=_CONFIGURES,
    )


def _furnish(folder: Path, home: str) -> None:
    """The filter, the bridge, and who is who, without the machine's other users and names."""
    uid, gid = os.getuid(), os.getgid()
    shell = "/bin/bash" if Path("/bin/bash").exists() else "/bin/sh"
    nobody = "nobody:x:65534:65534::/nonexistent:/usr/sbin/nologin\n" if uid != _NOBODY else ""
    (folder / "passwd").write_text(f"agent:x:{uid}:{gid}::{home}:{shell}\n{nobody}")
    (folder / "group").write_text(f"agent:x:{gid}:\n")
    (folder / "hosts").write_text("127.0.0.1 localhost\n::1 ip6-localhost\n")
    (folder / "filter").write_bytes(seccomp_filter())
    (folder / "bridge.pyc").write_bytes(_bridge())


def _starting(folder: Path) -> list[str]:
    script = f'f=$1; shift; {_START} {bwrap.FILTER_DESCRIPTOR}<"$f"'
    return ["/bin/sh", "-c", script, "sh", str(folder / "filter")]


def _filtered(folder: Path) -> list[str]:
    return ["--seccomp", str(bwrap.FILTER_DESCRIPTOR)] if (folder / "filter").stat().st_size else []


@contextmanager
def _modes_kept() -> Iterator[None]:
    """Root owns the machine's devices, even without capabilities: what a program did to their modes is undone."""
    try:
        yield
    finally:
        for node in map(Path, _DEVICES) if os.getuid() == 0 else ():
            if node.stat().st_mode & _EVERYBODY != _EVERYBODY:
                node.chmod(_EVERYBODY)


@cache
def _bridge() -> bytes:
    """The script as Python keeps it when it has read it (PEP 552): to read it takes a third of the time of it all."""
    script = Path(__file__).with_name("bridge.py")
    return MAGIC_NUMBER + bytes(12) + marshal.dumps(compile(script.read_bytes(), "bridge.py", "exec"))


def _environment(env: Mapping[str, str], port: int) -> dict[str, str]:
    kept = {name: value for name, value in env.items() if name not in PROXY_VARIABLES}
    proxy, local = f"http://127.0.0.1:{port}", "localhost,127.0.0.1,::1"
    ours = {"http_proxy": proxy, "https_proxy": proxy, "no_proxy": local}
    # Node's own client asks for proxies only when it is told to.
    return {**kept, **ours, **{name.upper(): value for name, value in ours.items()}, "NODE_USE_ENV_PROXY": "1"}
