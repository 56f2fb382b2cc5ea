"""Says where packages belong: `python places.py PLACE`; lines `folder`, `key` and `ready`.

Runs in somebody's checkout, on the runner's Python and before any package is there.
"""

from __future__ import annotations

import hashlib
import os
import platform
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path


def packages_key(place: Path) -> str:
    """Names everything that decides what is installed and compiled: locks, program, interpreter and machine."""
    program = (path for package in ("action", "orchestrator") for path in (place / package).rglob("*.py"))
    scripts = [place / "requirements/server.sh", *(place / "action/setup").glob("*.sh")]
    files = [*(place / "requirements").glob("*.lock"), *scripts, *program]
    digest = _digest(sorted(files), sys.executable)
    # The same interpreter for another C library, as in an image of Alpine, needs other packages.
    machine = f"{sysconfig.get_platform()}-{platform.libc_ver()[0] or sys.platform}"
    return f"mycelium-{platform.python_version()}-{machine}-{digest}"


def packages_folder(key: str) -> Path:
    """On a runner that keeps its tool cache it stays for the next job."""
    temporary = Path(os.environ["RUNNER_TEMP"])
    place = Path(os.environ.get("RUNNER_TOOL_CACHE") or temporary) / "mycelium"
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError:
        return temporary / "mycelium-packages" / key
    return (place if os.access(place, os.W_OK) else temporary / "mycelium-packages") / key


def _digest(files: Iterable[Path], *names: str) -> str:
    digest = hashlib.sha256("\0".join(names).encode())
    for path in files:
        digest.update(b"\0" + (path.read_bytes() if path.is_file() else b""))
    return digest.hexdigest()[:16]


def lines(place: Path) -> Iterator[str]:
    key = packages_key(place)
    folder = packages_folder(key)
    yield f"folder={folder}"
    yield f"key={key}"
    yield f"ready={'true' if (folder / 'complete').is_file() else 'false'}"


if __name__ == "__main__":
    print("\n".join(lines(Path(sys.argv[1]))))
