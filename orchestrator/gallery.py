"""The templates that ship with Mycelium: workflows for any repository, each named `template:NAME`.

A template is always that of the installed version. Whatever files of that name a repository or a pull request has,
they are not it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrator.definition.parse import SHIPPED
from orchestrator.definition.reader import nearest
from orchestrator.errors import NotFound
from orchestrator.resources import resource

PREFIX: Final = SHIPPED
_FOLDER: Final = "workflows/templates"


@dataclass(frozen=True, kw_only=True, slots=True)
class Template:
    """One template. `file` is where it is installed; its transcripts lie beside it, as those of any workflow."""

    name: str
    file: Path

    @property
    def reference(self) -> str:
        """What people write, and what its executions are called by."""
        return f"{PREFIX}{self.name}"

    @property
    def text(self) -> str:
        return self.file.read_text(encoding="utf-8")

    def path(self, workflows_dir: str) -> str:
        """The path that stands for it in a repository, where no file has to be: it makes the id `template:NAME`."""
        return f"{workflows_dir}/{self.reference}.yaml"

    def installed(self, workflows_dir: str) -> dict[str, bytes]:
        """It and its transcripts, by the paths that stand for them in a repository."""
        path = self.path(workflows_dir)
        folder = path.removesuffix(".yaml") + ".replay"
        beside = sorted(self.file.with_suffix(".replay").glob("*.jsonl"))
        return {path: self.file.read_bytes(), **{f"{folder}/{each.name}": each.read_bytes() for each in beside}}


def templates() -> tuple[Template, ...]:
    """All of them, by name."""
    return tuple(Template(name=file.stem, file=file) for file in sorted(resource(_FOLDER).glob("*.yaml")))


def is_template(reference: str) -> bool:
    """Whether `reference` names a template, one that exists or not."""
    return reference.startswith(PREFIX)


def template(reference: str) -> Template:
    """The template that `template:NAME`, or NAME alone, means. `NotFound` names the nearest."""
    known = {each.name: each for each in templates()}
    name = reference.removeprefix(PREFIX)
    if name not in known:
        hint = nearest(name, known) or f"there are {', '.join(known)}"
        raise NotFound(f"there is no template `{name[:100]}`", hint=hint)
    return known[name]
