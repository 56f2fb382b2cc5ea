"""What `mycelium init` would write: each file with what becomes of it, worked out before anything is touched."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from typing import Any

from orchestrator import gallery
from orchestrator.cli.init import actions_file, credentials, existing
from orchestrator.cli.init.actions_file import ActionsFile
from orchestrator.cli.init.amending import amended
from orchestrator.cli.init.asked_of_actions import Asked, asked
from orchestrator.cli.init.existing import Existing
from orchestrator.cli.init.template_copy import adapted
from orchestrator.definition.model import AgentDefinition, Workflow
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


class Fate(StrEnum):
    """What becomes of a file."""

    NEW = "new"
    CHANGED = "changed"
    RIGHT = "right"
    KEPT = "kept"


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """One file. `before` is what is there, None for nothing; `why` says more, for people."""

    path: str
    text: str
    before: str | None
    fate: Fate
    why: str = ""

    @property
    def written(self) -> bool:
        return self.fate in (Fate.NEW, Fate.CHANGED)


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
    overwrite: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Premises:
    """What a repository has. `read` gives the text of a file or None; `files` are its workflow files by path, `actions`
    those of GitHub Actions."""

    read: Callable[[str], str | None]
    files: Mapping[str, str]
    actions: Mapping[str, str]
    workflows_dir: str
    agents: Mapping[str, AgentDefinition]
    project: Project
    history_branch: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """`problems` are those of workflow files that are there: they were left out."""

    files: tuple[File, ...]
    asked: Asked
    secrets: tuple[str, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def kept(self) -> bool:
        """Whether something stays that would be written otherwise, were it not the user's."""
        return any(file.fate is Fate.KEPT for file in self.files)

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
    path, there, others = _files_of_actions(premises)
    said = there.said if there and there.uses_action else None
    before_that = said.history_branch if said else premises.history_branch
    history = before_that if wishes.history_branch is None else wishes.history_branch
    wanted = asked(loaded.workflows.values(), history_branch=history)
    new = _variables(there, wishes, credentials.needed(loaded.workflows.values(), premises.project))
    kept: dict[str, Any] = (
        {name: getattr(said, name) for name in ("steps", "checkout", "runs_on", "minutes")} if said else {}
    )
    file = ActionsFile(
        asked=_elsewhere(wanted, others),
        action=wishes.action or (said.action if said else actions_file.ACTION),
        env={**(said.env if said else {}), **{name: actions_file.secret(name) for name in new}},
        validate=wishes.validate if wishes.validate is not None else bool(said and said.validate),
        workflows_dir=premises.workflows_dir,
        history_branch=history,
        site=wishes.site if wishes.site is not None else bool(said and said.site),
        **kept,
    )
    return Proposal(
        files=(_of_actions(path, file, there, wishes, new), *copies),
        asked=wanted,
        secrets=existing.secrets_in({**(there.variables if said and there else {}), **file.env}),
        problems=loaded.problems,
    )


def _check(premises: Premises, wishes: Wishes) -> None:
    for name in wishes.secrets:
        if not _SECRET.fullmatch(name):
            raise BadInput(f"`{name[:60]}` is no name of a secret", hint="such as ANTHROPIC_API_KEY")
    if wishes.action is not None and not _ACTION.fullmatch(wishes.action):
        raise BadInput(f"`{wishes.action[:80]}` names no Action", hint=f"write it as {actions_file.ACTION}")
    if wishes.history_branch and not _is_history(wishes.history_branch):
        raise BadInput(
            f"`{wishes.history_branch[:80]}` cannot be the history's branch",
            hint="letters, digits, `.`, `_`, `-` and `/`, and not below `mycelium/`, where results are",
        )
    engine = wishes.defaults.get("engine") or ENGINES[0]
    known = (*ENGINES, *premises.project.engines)
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


def _variables(there: Existing | None, wishes: Wishes, needed: Sequence[credentials.Alternatives]) -> list[str]:
    """Those that a file lacks. Whatever value one of the alternatives has there is enough, and so are wishes."""
    has = there.variables if there else {}
    groups = [(name,) for name in wishes.secrets] or needed
    return [group[0] for group in groups if not has.keys() & set(group)]


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


def _files_of_actions(premises: Premises) -> tuple[str, Existing | None, list[Existing]]:
    """The file that starts workflows, whatever it is called, what is there of it, and others that start them too."""
    read = {path: found for path, text in premises.actions.items() if (found := existing.read(text))}
    starting = {path: each for path, each in read.items() if each.runs_all and each.starts}
    names = (actions_file.PATH, f"{actions_file.PATH.removesuffix('yml')}yaml")
    most = sorted(starting, key=lambda path: (path not in names, -len(starting[path].starts), path))
    path = most[0] if most else actions_file.PATH
    text = premises.actions.get(path)
    there = read.get(path) or (existing.unreadable(text) if text is not None else None)
    return path, there, [each for other, each in starting.items() if other != path]


def _elsewhere(wanted: Asked, others: Sequence[Existing]) -> Asked:
    """Without events that start jobs of other files: else all would run twice."""
    for other in others:
        alone = {name: replace(wanted, events={name: wanted.events[name]}, permissions={}) for name in wanted.events}
        wanted = replace(wanted, events={name: wanted.events[name] for name in alone if other.lacks(alone[name])})
    return wanted


def _of_actions(path: str, file: ActionsFile, there: Existing | None, wishes: Wishes, new: Sequence[str]) -> File:
    text = file.text()
    if there is None:
        events = ", ".join(file.asked.events) or "nothing yet"
        return File(path=path, text=text, before=None, fate=Fate.NEW, why=f"for {events}")
    this = partial(File, path=path, before=there.text)
    lacks = _lacks(there, file, new)
    if there.text == text:
        return this(text=text, fate=Fate.RIGHT)
    if wishes.overwrite or there.untouched:
        why = f"now with {', '.join(lacks)}" if lacks else "brought up to date"
        return this(text=text, fate=Fate.CHANGED, why=why)
    if not lacks:
        return this(text=text, fate=Fate.RIGHT, why="yours, and it has all that is needed")
    after = amended(there, file, new)
    left = _lacks(after, file, new) if after else lacks
    if after is None or not set(left) < set(lacks):
        return this(text=text, fate=Fate.KEPT, why=f"yours, but it lacks {', '.join(lacks)}")
    added = f"yours, now with {', '.join(each for each in lacks if each not in left)}"
    return this(text=after.text, fate=Fate.CHANGED, why=f"{added}; it still lacks {', '.join(left)}" if left else added)


def _lacks(there: Existing, file: ActionsFile, new: Sequence[str]) -> list[str]:
    lacks = there.lacks(replace(file.asked, events=file.events))
    lacks += [f"the variable {name}" for name in new if name not in there.variables]
    if file.history_branch != there.said.history_branch:
        lacks.append(f"history-branch: {file.history_branch}")
    return lacks + (["a job that looks at workflows"] if file.validate and not there.said.validate else [])
