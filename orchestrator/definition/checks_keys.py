"""`checks`: how check runs tell what became of nodes, as a workflow or the project file writes it."""

from __future__ import annotations

from typing import Final

from orchestrator.definition.model import Skipped
from orchestrator.definition.reader import Key, Keys
from orchestrator.definition.shapes import keyed, member

CHECKS_KEYS: Final = Keys(
    place="`checks`",
    keys={
        "skipped": Key(
            shape=member(Skipped, what="conclusion of a skipped node"),
            description="The conclusion of a skipped node's check run: success or neutral",
        ),
    },
)

CHECKS: Final = keyed(CHECKS_KEYS, lambda keys, *_: keys.get("skipped"))
"""The conclusion of skipped nodes, or None where it says nothing."""
