"""The real Claude Code, as the set-up installs it."""

from __future__ import annotations

import pytest

from tests.fakes.agent_programs import program, why_missing

PROGRAM = program("claude")
needs_claude = pytest.mark.skipif(not PROGRAM, reason=why_missing("Claude Code"))
