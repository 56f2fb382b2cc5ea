"""What an agent might try in its sandbox. Run there as a script, with the standard library alone; prints what it got.

The argument is a JSON object of what lies outside: `secrets` (files), `folders`, `tcp` (ports of loopback), `unix`
(paths of sockets), `abstract` (a socket's name), `pid`, and `offered` (the port of a server that may be reached).
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import json
import os
import pty
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

PATIENCE_SECONDS = 30.0
NEW_USER, NEW_MOUNT = 0x10000000, 0x00020000
TIOCSTI = 0x5412
VSOCK = 40


def got(attempt: Callable[[], Any]) -> Any:
    """What it gave, or the name of the error."""
    try:
        return attempt()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, type(error).__name__)


def connected(kind: int, address: Any) -> str:
    with socket.socket(kind, socket.SOCK_STREAM) as client:
        client.settimeout(PATIENCE_SECONDS)
        client.connect(address)
        return "connected"


def asked(port: int, line: str) -> str:
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as client:
        client.sendall(f"{line}\r\n\r\n".encode())
        return client.recv(12).decode()


def system_call(name: str, *given: Any) -> str:
    library = ctypes.CDLL(None, use_errno=True)
    return "done" if getattr(library, name)(*given) == 0 else errno.errorcode[ctypes.get_errno()]


def in_child(attempt: Callable[[], Any]) -> Any:
    """As `got`, in a process that may be changed by it."""
    read, write = os.pipe()
    if os.fork() == 0:
        os.write(write, json.dumps(got(attempt)).encode())
        os._exit(0)
    os.close(write)
    os.wait()
    return json.loads(os.read(read, 1000))


def typed_ahead() -> str:
    """Put a letter into the queue of a terminal of our own."""
    _, terminal = pty.openpty()
    fcntl.ioctl(terminal, TIOCSTI, b"x")
    return "typed"


def status(name: str) -> str:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next((line.split()[1] for line in lines if line.startswith(f"{name}:")), "")


def environments() -> str:
    """All that the visible processes show of theirs."""
    return "\n".join(path.read_bytes().decode("latin-1") for path in Path("/proc").glob("[0-9]*/environ"))


def writable(root: str) -> Iterator[str]:
    """Everything below `root` that could be written, but what a process has of its own; links are not followed."""
    for place, folders, files in os.walk(root):
        if place == "/proc":
            folders[:] = [name for name in folders if not name.isdigit() and name not in ("self", "thread-self")]
        if place == "/usr":
            folders[:] = ["bin"]
        for path in (place, *(f"{place}/{name}" for name in files)):
            if not Path(path).is_symlink() and os.access(path, os.W_OK):
                yield path


def main(outside: dict[str, Any]) -> dict[str, Any]:
    workspace = Path.cwd()
    (workspace / "made.txt").write_text("by the agent\n")
    return {
        "secrets": [got(lambda path=path: Path(path).read_text()) for path in outside["secrets"]],
        "folders": [
            got(lambda path=path: sorted(entry.name for entry in Path(path).iterdir())) for path in outside["folders"]
        ],
        "written": [
            got(lambda path=path: Path(path, "x").write_text("x")) for path in ["/", "/usr", "/etc", "/run", "/dev"]
        ],
        "beside": got(lambda: Path(workspace.parent, "beside.txt").write_text("x")),
        "temporary": got(lambda: Path("/tmp/x").write_text("x")),
        "shared memory": got(lambda: Path("/dev/shm/x").write_text("x")),
        "null": got(lambda: Path("/dev/null").write_text("x")),
        "setting": got(lambda: Path("/proc/sys/kernel/core_pattern").open("w").close()),
        "writable": sorted({path for path in writable("/") if not Path(path).is_relative_to(workspace)}),
        "etc": sorted(entry.name for entry in Path("/etc").iterdir()),
        "home": str(Path("~").expanduser()),
        "processes": sorted(int(path.name) for path in Path("/proc").glob("[0-9]*")),
        "environments": environments(),
        "kill": got(lambda: os.kill(outside["pid"], 0)),
        "capabilities": status("CapEff"),
        "no new privileges": status("NoNewPrivs"),
        "filtered": status("Seccomp"),
        "user namespace": in_child(lambda: system_call("unshare", NEW_USER)),
        "mount namespace": in_child(lambda: system_call("unshare", NEW_MOUNT)),
        "mount": in_child(lambda: system_call("mount", b"none", b"/tmp", b"tmpfs", 0, None)),
        "controlling terminal": got(lambda: os.close(os.open("/dev/tty", os.O_RDWR))),
        "typed ahead": in_child(typed_ahead),
        "vsock": got(lambda: socket.socket(VSOCK, socket.SOCK_STREAM).close()),
        "tcp": [got(lambda port=port: connected(socket.AF_INET, ("127.0.0.1", port))) for port in outside["tcp"]],
        "unix": [got(lambda path=path: connected(socket.AF_UNIX, path)) for path in outside["unix"]],
        "abstract": got(lambda: connected(socket.AF_UNIX, f"\0{outside['abstract']}")),
        "metadata": got(lambda: connected(socket.AF_INET, ("169.254.169.254", 80))),
        "name": got(lambda: socket.getaddrinfo("example.com", 443)[0][4][0]),
        "localhost": got(lambda: socket.getaddrinfo("localhost", 1)[0][4][0]),
        "offered": got(lambda: urlopen(f"http://127.0.0.1:{outside['offered']}/").read().decode()),
        "refused": asked(int(os.environ["http_proxy"].rpartition(":")[2]), "CONNECT example.com:443 HTTP/1.1"),
        "proxied": got(lambda: urlopen(f"http://model.test:{outside['offered']}/").read().decode()),
        "own server": got(own_server),
    }


def own_server() -> str:
    """An agent's tests may start servers, and reach them."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return connected(socket.AF_INET, listener.getsockname())


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
