"""`budget`: what agents may use, as a file writes it."""

from __future__ import annotations

from typing import Any, Final

from orchestrator.definition.document import Mapping, Yaml
from orchestrator.definition.model import Budget
from orchestrator.definition.reader import Key, Keys, Misfit, Reader
from orchestrator.definition.shapes import keyed, number

BUDGET_KEYS: Final = Keys(
    place="`budget`",
    keys={
        "usd": Key(shape=number(least=0.001), description="US dollars"),
        "tokens": Key(shape=number(least=1, whole=True), description="Tokens: read, cached and written together"),
        "turns": Key(shape=number(least=1, whole=True), description="Turns of the model"),
        "minutes": Key(shape=number(least=0.02), description="Minutes at work"),
    },
)


def _built(keys: dict[str, Any], value: Yaml, _reader: Reader) -> Budget:
    if isinstance(value, Mapping) and not value.entries:
        raise Misfit(value, "`budget` limits nothing", f"it takes {', '.join(f'`{key}`' for key in BUDGET_KEYS.keys)}")
    return Budget(**keys)


BUDGET: Final = keyed(BUDGET_KEYS, _built)
