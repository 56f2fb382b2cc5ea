"""The tables of `docs/action.md`, from `action.yml`: `python -m tests.action_page` brings them up to date."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "docs/action.md"


def brought_up_to_date(page: str, metadata: Mapping[str, Any]) -> str:
    """The page with its tables made anew; each stands between two comments that name it."""
    tables = {"inputs": list(_inputs(metadata["inputs"])), "outputs": list(_outputs(metadata["outputs"]))}
    for name, rows in tables.items():
        between = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        table = "\n".join(rows)
        page = between.sub(lambda found, table=table: f"{found[1]}{table}\n{found[2]}", page)  # type: ignore[misc]
    return page


def metadata() -> Mapping[str, Any]:
    """What `action.yml` says."""
    from ruamel.yaml import YAML

    found: Mapping[str, Any] = YAML(typ="safe").load(ROOT / "action.yml")
    return found


def _inputs(found: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield "| Input | Default | |"
    yield "|---|---|---|"
    for name, each in found.items():
        default = f"`{each['default']}`" if each["default"] else "–"
        yield f"| `{name}` | {default} | {each['description']} |"


def _outputs(found: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield "| Output | |"
    yield "|---|---|"
    for name, each in found.items():
        yield f"| `{name}` | {each['description']} |"


if __name__ == "__main__":
    PAGE.write_text(brought_up_to_date(PAGE.read_text(encoding="utf-8"), metadata()), encoding="utf-8")
