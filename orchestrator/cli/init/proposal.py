"""What `mycelium init` would write: each file with what becomes of it, worked out before anything is touched."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator import gallery
from orchestrator.cli.init import actions_file, credentials, existing, of_actions, sandbox_step
from orchestrator.cli.init.actions_file import ActionsFile
from orchestrator.cli.init.asked_of_actions import Asked, asked
from orchestrator.cli.init.fate import Fate, File
from orchestrator.cli.init.pin import ACTION
from orchestrator.cli.init.premises import Premises, Wishes
from orchestrator.cli.init.template_copy import adapted
from orchestrator.definition.model import Workflow
from orchestrator.definition.node_shapes import ENGINES
from orchestrator.definition.parse import load_all, load_workflow
from orchestrator.definition.project import Project
from orchestrator.definition.reader import nearest
from orchestrator.errors import BadInput, Problem
from orchestrator.gallery import Template

REPLAY = "replay"
_SECRET = re.compile(r"(?!GITHUB_)[A-Za-z_][A-Za-z0-9_]*")
_ACTION = re.compile(r"[A-Za-z0-9-]+/mycelium@[A-Za-z0-9._/-]+")
_BRANCH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/-]{0,199}")
_TRANSCRIPT = ".jsonl"


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """`files` begin with the one that starts workflows. `unpinned`: one names the Action by a tag that moves, as we
    wrote it. `idle` are files that have nothing to do any more. `problems` are those of workflow files that are there:
    those were left out.
    """

    files: tuple[File, ...]
    asked: Asked
    secrets: tuple[str, ...]
    unpinned: bool = False
    idle: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def kept(self) -> tuple[File, ...]:
        """What stays, and would be written otherwise, were it not the user's."""
        return tuple(file for file in self.files if file.fate is Fate.KEPT)

    @property
    def starter(self) -> File:
        """The file of Actions that starts workflows."""
        return self.files[0]

    @property
    def written(self) -> dict[str, str]:
        return {file.path: file.text for file in self.files if file.written}


def propose(premises: Premises, wishes: Wishes) -> Proposal:
    """Everything that would be written, or is right already.

    `NotFound` for a template that does not exist, `BadInput` for wishes that nothing can be written for.
    """
    _check(premises, wishes)
    copies = [file for name in dict.fromkeys(wishes.templates) for file in _copies(premises, wishes, name)]
    # A template that is kept as it is counts as the file that is there.
    texts = {**premises.files, **{file.path: file.text for file in copies if file.written}}
    texts = {path: text for path, text in texts.items() if not path.endswith(_TRANSCRIPT)}
    loaded = load_all(
        texts, workflows_dir=premises.workflows_dir, agents=premises.agents.keys(), project=premises.project
    )
    path, there, others = of_actions.those_there(premises)
    said = there.said if there and there.uses_action else None
    before_that = said.history_branch if said else premises.history_branch
    history = before_that if wishes.history_branch is None else wishes.history_branch
    if wishes.site and not history:
        raise BadInput(
            "pages show what the history has, and none is kept", hint="give it a branch, or leave out --site"
        )
    wanted = asked(loaded.workflows.values(), history_branch=history)
    new = of_actions.new_variables(there, wishes, credentials.needed(loaded.workflows.values(), premises.project))
    names = ("steps", "checkout", "runs_on", "minutes")
    new_steps = (*(sandbox_step.STEP if wishes.sandbox else ()), actions_file.STEPS)
    kept: dict[str, Any] = {name: getattr(said, name) for name in names} if said else {"steps": new_steps}
    file = ActionsFile(
        asked=of_actions.elsewhere(wanted, others),
        action=wishes.action or _action(said.action if said else ACTION, premises),
        env={**(said.env if said else {}), **{name: actions_file.secret(name) for name in new}},
        validate=wishes.validate if wishes.validate is not None else bool(said and said.validate),
        workflows_dir=premises.workflows_dir,
        history_branch=history,
        **kept,
    )
    starting = of_actions.starting(path, file, there, wishes, new)
    pages = of_actions.publishing(premises, wishes, file, there, path)
    return Proposal(
        files=(starting, *pages, *copies),
        asked=wanted,
        unpinned=any(actions_file.used(ACTION) in each.settled for each in (starting, *pages)),
        idle=tuple(each.path for each in pages if not history),
        secrets=existing.secrets_in({**(there.variables if said and there else {}), **file.env}),
        problems=loaded.problems,
    )


def _action(known: str, premises: Premises) -> str:
    """What is there already stays, but for the tag that stands in the place of a commit."""
    return (premises.pin() or known) if known == ACTION else known


def _check(premises: Premises, wishes: Wishes) -> None:
    for name in wishes.secrets:
        if not _SECRET.fullmatch(name):
            raise BadInput(f"`{name[:60]}` is no name of a secret", hint="such as ANTHROPIC_API_KEY")
    if wishes.action is not None and not _ACTION.fullmatch(wishes.action):
        raise BadInput(f"`{wishes.action[:80]}` names no Action", hint=f"write it as {ACTION}")
    if wishes.history_branch and not _is_history(wishes.history_branch):
        raise BadInput(
            f"`{wishes.history_branch[:80]}` cannot be the history's branch",
            hint="letters, digits, `.`, `_`, `-` and `/`, and not below `mycelium/`, where results are",
        )
    check_engine(wishes.defaults.get("engine") or ENGINES[0], premises.project)


def check_engine(engine: str, project: Project) -> None:
    """`BadInput` for one that neither Mycelium nor the project has."""
    known = (*ENGINES, *project.engines)
    if engine not in known:
        raise BadInput(
            f"there is no engine `{engine[:60]}`", hint=nearest(engine, known) or f"there are {', '.join(known)}"
        )


def _is_history(name: str) -> bool:
    """A branch that git takes, and that stands in no other's way."""
    parts = name.split("/")
    return bool(_BRANCH.fullmatch(name)) and ".." not in name and parts[0] != "mycelium" and not _ends_badly(parts)


def _ends_badly(parts: Sequence[str]) -> bool:
    return any(not part or part.startswith(".") or part.endswith((".", ".lock")) for part in parts)


def _copies(premises: Premises, wishes: Wishes, name: str) -> list[File]:
    """A template's file, and its transcripts where they are what is played."""
    shipped = gallery.template(name)
    files = [_copy(premises, wishes, shipped)]
    if wishes.defaults.get("engine") == REPLAY:
        for path, text in shipped.installed(premises.workflows_dir).items():
            if path.endswith(_TRANSCRIPT):
                beside = path.replace(shipped.reference, shipped.name)
                files.append(_settled(beside, text.decode(), premises.read(beside), wishes, "what its agents say"))
    return files


def _copy(premises: Premises, wishes: Wishes, shipped: Template) -> File:
    path = f"{premises.workflows_dir}/{shipped.name}.yaml"
    text = adapted(shipped.text, _loaded(premises, shipped.text, path), wishes.defaults)
    _loaded(premises, text, path)
    return _settled(path, text, premises.read(path), wishes, f"from {shipped.reference}, yours to change")


def _settled(path: str, text: str, before: str | None, wishes: Wishes, why: str) -> File:
    """What becomes of a copy: what is there and differs is the user's."""
    if before is None:
        return File(path=path, text=text, before=None, fate=Fate.NEW, why=why)
    if before == text:
        return File(path=path, text=text, before=before, fate=Fate.RIGHT)
    if wishes.overwrite:
        return File(path=path, text=text, before=before, fate=Fate.CHANGED, why="as it ships again")
    return File(path=path, text=text, before=before, fate=Fate.KEPT, why="yours differs from the one that ships")


def _loaded(premises: Premises, text: str, path: str) -> Workflow:
    return load_workflow(
        text, path, workflows_dir=premises.workflows_dir, agents=premises.agents.keys(), project=premises.project
    )
