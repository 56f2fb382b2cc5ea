"""Where files that are not Python lie: beside the packages in a checkout, inside them in a wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def resource(name: str) -> Path:
    """The path of `static-site/…` or `workflows/…`, installed or in a checkout; it need not exist."""
    installed = _PACKAGE / "data"
    return (installed if installed.is_dir() else _PACKAGE.parent) / name
