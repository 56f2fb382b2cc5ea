"""The real Codex, as the set-up installs it."""

from __future__ import annotations

import pytest

from tests.fakes.agent_programs import program, why_missing

PROGRAM = program("codex")
needs_codex = pytest.mark.skipif(not PROGRAM, reason=why_missing("Codex"))
