"""Says where packages belong: `python places.py PLACE`; lines `folder`, `key`, `ready` and, where they
are to be shared, `shared`.

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


def private_folder(key: str) -> Path:
    """Of this job alone, whose restoring and installing nobody else sees half done."""
    return Path(os.environ["RUNNER_TEMP"]) / "mycelium-packages" / key


def shared_folder(key: str) -> Path | None:
    """Where they stay for the next job, and other jobs of the same machine, on a runner that keeps its tool cache."""
    cache = os.environ.get("RUNNER_TOOL_CACHE")
    if not cache or os.environ.get("RUNNER_ENVIRONMENT") == "github-hosted":
        return None
    place = Path(cache) / "mycelium"
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return place / key if os.access(place, os.W_OK) else None


def _digest(files: Iterable[Path], *names: str) -> str:
    digest = hashlib.sha256("\0".join(names).encode())
    for path in files:
        digest.update(b"\0" + (path.read_bytes() if path.is_file() else b""))
    return digest.hexdigest()[:16]


def lines(place: Path) -> Iterator[str]:
    key = packages_key(place)
    shared, private = shared_folder(key), private_folder(key)
    whole = [each for each in (shared, private) if each and (each / "complete").is_file()]
    yield f"folder={whole[0] if whole else private}"
    yield f"key={key}"
    yield f"ready={'true' if whole else 'false'}"
    yield f"shared={shared if shared and not whole else ''}"


if __name__ == "__main__":
    print("\n".join(lines(Path(sys.argv[1]))))
