"""The real Claude Code, where a machine has it."""

from __future__ import annotations

import os
import shutil

import pytest

PROGRAM = os.environ.get("MYCELIUM_TEST_CLAUDE") or shutil.which("claude") or ""
REASON = "Claude Code is not installed: put `claude` on PATH, or its path into MYCELIUM_TEST_CLAUDE"
needs_claude = pytest.mark.skipif(not PROGRAM, reason=REASON)
