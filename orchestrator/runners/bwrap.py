"""The command line of bubblewrap: what a confined program sees of the machine, and what it may do to it.

Everything begins with an empty root; what is not named here is not there. https://github.com/containers/bubblewrap
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Final

NAMESPACES: Final = (
    *("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"),
    *("--cap-drop", "ALL", "--die-with-parent", "--as-pid-1"),
)
"""A plain user's bubblewrap adds a user namespace. There is no `--new-session`: a guard starts every program in a
session of its own, without a terminal, and SIGINT has to reach the process group."""

FILTER_DESCRIPTOR: Final = 7
OURS: Final = "/run/mycelium"

PROGRAMS: Final = ("/usr", "/opt", "/nix/store", "/gnu/store")
MERGED: Final = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
"""On most systems links into `/usr`."""

SYSTEM: Final = (*PROGRAMS, *MERGED)
"""What every sandbox shows."""

CONFIGURATION: Final = (
    *("alternatives", "crypto-policies", "fonts", "ld.so.cache", "localtime", "maven", "mime.types"),
    *("nsswitch.conf", "os-release", "pki/ca-trust", "pki/java", "pki/tls/cert.pem", "pki/tls/certs"),
    *("pki/tls/openssl.cnf", "protocols", "services", "ssl/cert.pem", "ssl/certs", "ssl/openssl.cnf", "timezone"),
)
"""What programs need of `/etc`, beside Java's folders. The rest is the machine's own business, secrets included."""

_SYSTEM_PLACES: Final = tuple(map(Path, (*SYSTEM, *(f"/etc/{name}" for name in CONFIGURATION))))

SEALED: Final = ("/dev", "/proc", "/")
"""Read-only at last: what is in them is writable where it is a mount of its own. Below `/proc/sys` lie the kernel's
settings, which root could write even without capabilities."""


class Shown(Enum):
    """How a folder or file shows inside."""

    HIDDEN = "hidden"
    READABLE = "readable"
    WRITABLE = "writable"


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """The files of a sandbox, where they are outside. `hidden` are folders of which nothing shows but what else is
    named. The files in `ours` show below `OURS`, and those that `configures` names in `/etc` too."""

    workspace: Path
    writable: Sequence[Path] = ()
    readable: Sequence[Path] = ()
    hidden: Sequence[Path] = ()
    ours: Path | None = None
    configures: Sequence[str] = ()


def arguments(view: View) -> list[str]:
    """The options of bubblewrap, without the program."""
    layers = list(shown_inside(view))
    covered = [path for path, shown in layers if shown is Shown.HIDDEN]
    return [
        *NAMESPACES,
        *_system(),
        *("--proc", "/proc", "--dev", "/dev", "--tmpfs", "/dev/shm", "--tmpfs", "/tmp"),  # noqa: S108 - inside it is our own
        *("--symlink", "/tmp", "/var/tmp", "--dir", "/run"),  # noqa: S108 - as above
        *(("--ro-bind", str(view.ours), OURS) if view.ours else ()),
        *(word for name in view.configures for word in ("--symlink", f"{OURS}/{name}", f"/etc/{name}")),
        *(word for path, shown in layers for word in _layer(path, shown)),
        *(word for place in (*covered, *SEALED) for word in ("--remount-ro", str(place))),
        *("--chdir", str(view.workspace)),
    ]


@cache
def _system() -> tuple[str, ...]:
    return tuple(_of_system())


def _of_system() -> Iterator[str]:
    for name in PROGRAMS:
        if Path(name).is_dir():
            yield from ("--ro-bind-try", name, name)
    for place in map(Path, MERGED):
        if place.is_symlink():
            yield from ("--symlink", str(place.readlink()), str(place))
        elif place.is_dir():
            yield from ("--ro-bind-try", str(place), str(place))
    for path in _configuration():
        # What Debian and others only link to; a link costs no mount.
        linked = path.is_symlink() and path.resolve().is_relative_to("/usr")
        yield from ("--symlink" if linked else "--ro-bind-try", str(path.resolve() if linked else path), str(path))


def _configuration() -> Iterator[Path]:
    folder = Path("/etc")
    for name in CONFIGURATION:
        if (folder / name).exists():
            yield folder / name
    yield from sorted(folder.glob("java-*"))


def shown_inside(view: View) -> Iterator[tuple[Path, Shown]]:
    """What lies further in comes later, and counts. What shows as it should already is left out."""
    there = dict.fromkeys(_SYSTEM_PLACES, Shown.READABLE)
    wanted = [
        *((path, Shown.HIDDEN) for path in view.hidden if str(path) not in SYSTEM and path.is_dir()),
        *((path, Shown.READABLE) for path in view.readable),
        *((path, Shown.WRITABLE) for path in (view.workspace, *view.writable)),
    ]
    for path, shown in sorted(wanted, key=lambda each: len(each[0].parts)):
        around = next((there[place] for place in (path, *path.parents) if place in there), Shown.HIDDEN)
        if shown is not around:
            there[path] = shown
            yield path, shown


def _layer(path: Path, shown: Shown) -> tuple[str, ...]:
    place = str(path)
    if shown is Shown.HIDDEN:
        return ("--tmpfs", place)
    if shown is Shown.WRITABLE:
        return ("--bind", place, place)
    if path.is_symlink() and path.is_file():
        # It stays a link: many a program looks beside the place where it is.
        return ("--symlink", str(path.readlink()), place)
    return ("--ro-bind-try", place, place)
