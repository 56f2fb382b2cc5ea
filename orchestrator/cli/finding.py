"""What one check of `mycelium doctor` looks at, and what it comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from orchestrator.settings import Settings


class Verdict(StrEnum):
    """`OPTIONAL` is missing, and only needed for something that not everybody does."""

    OK = "ok"
    OPTIONAL = "optional"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What one check found; `hint` says what to do unless all is well."""

    name: str
    verdict: Verdict
    detail: str
    hint: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What the checks look at."""

    settings: Settings
    cwd: Path
    environ: Mapping[str, str]
