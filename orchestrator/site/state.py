"""What an earlier build left in the output folder: which pages are current, and the rows of the index."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from orchestrator.execution.state import Execution
from orchestrator.site.files import write_atomically

FILE_NAME = ".mycelium-site.json"
_VERSION = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """One node run in the small picture of an execution: its state and a height of 1 to 10."""

    state: str
    height: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """What the index says of an execution beyond its own row."""

    sentence: str
    bars: tuple[Bar, ...]
    cost_usd: float | None
    replayed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Built:
    """An execution whose pages exist; `key` stands for everything they were made from."""

    key: str
    summary: Summary


def page_key(execution: Execution, design: str) -> str:
    """Equal for equal pages: the stored row of an ended execution never changes without its node runs."""
    return hashlib.sha256(f"{design}\n{execution!r}".encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """Executions by id, and what the page of agents was made from."""

    executions: Mapping[str, Built] = field(default_factory=dict)
    agents: str = ""


def load(output: Path) -> State:
    """Empty for a new folder, another version's state, or one that cannot be read."""
    try:
        stored = json.loads((output / FILE_NAME).read_text(encoding="utf-8"))
        if stored["version"] != _VERSION:
            return State()
        built = {ident: _built(entry) for ident, entry in stored["executions"].items()}
        return State(executions=built, agents=str(stored["agents"]))
    except (OSError, ValueError, KeyError, TypeError):
        return State()


def save(output: Path, state: State) -> None:
    write_atomically(output / FILE_NAME, json.dumps({"version": _VERSION, **asdict(state)}, sort_keys=True))


def _built(entry: dict[str, dict[str, object] | str]) -> Built:
    summary = entry["summary"]
    if not isinstance(summary, dict):
        raise TypeError("summary")
    bars = summary.pop("bars")
    if not isinstance(bars, list):
        raise TypeError("bars")
    # Whatever is not as we wrote it raises here, and then all pages are made anew.
    return Built(
        key=str(entry["key"]),
        summary=Summary(**summary, bars=tuple(Bar(**bar) for bar in bars)),  # type: ignore[arg-type]  # see above
    )
