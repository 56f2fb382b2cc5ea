"""What `mycelium init` goes by: what a repository has, and what its user wants."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from orchestrator.definition.model import AgentDefinition
from orchestrator.definition.project import Project


@dataclass(frozen=True, kw_only=True, slots=True)
class Wishes:
    """What the user wants. `defaults` are values for inputs of templates; None leaves what an existing file says."""

    templates: Sequence[str] = ()
    defaults: Mapping[str, str] = field(default_factory=dict)
    secrets: Sequence[str] = ()
    action: str | None = None
    history_branch: str | None = None
    site: bool | None = None
    validate: bool | None = None
    sandbox: bool = True
    overwrite: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Premises:
    """What a repository has. `read` gives the text of a file or None; `files` are its workflow files by path, `actions`
    those of GitHub Actions. `pin` looks up the Action of this version's release, as a commit; None where it cannot."""

    read: Callable[[str], str | None]
    files: Mapping[str, str]
    actions: Mapping[str, str]
    workflows_dir: str
    agents: Mapping[str, AgentDefinition]
    project: Project
    history_branch: str
    pin: Callable[[], str | None] = lambda: None
