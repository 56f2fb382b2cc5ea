"""Where the real coding agents are that `make agents` installs, in the versions that `requirements/agents` pins."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

INSTALLED = Path(__file__).resolve().parents[2] / ".venv" / "agents" / "node_modules" / ".bin"
DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"


def program(name: str) -> str:
    """The path of `claude` or `codex`; empty when it is not installed. `MYCELIUM_TEST_CLAUDE` and the like name another
    one. What happens to lie on PATH is not taken: it may be any version."""
    installed = INSTALLED / name
    return os.environ.get(f"MYCELIUM_TEST_{name.upper()}") or (str(installed) if installed.exists() else "")


def why_missing(title: str) -> str:
    """The reason of a skip."""
    return f"{title} is not installed: `make agents`, for which Node.js and npm must be on PATH"


def search_path() -> str:
    """A `PATH` for agents: the system's programs, and Node.js, which Codex starts with."""
    node = shutil.which("node")
    return f"{DEFAULT_PATH}:{Path(node).parent}" if node else DEFAULT_PATH
