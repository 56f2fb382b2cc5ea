"""A workflow file of GitHub Actions that is there already: what it says, and what it lacks of what is asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from orchestrator.cli.init.actions_file import DEFAULT_FOLDER, FOLDER, PERMISSIONS, STEPS, ActionsFile
from orchestrator.cli.init.asked_of_actions import NARROWING, Asked, Events
from orchestrator.cli.init.pin import ACTION
from orchestrator.definition.matching import DEFAULT_TYPES
from orchestrator.settings import DEFAULT_HISTORY_BRANCH

_ACTION: Final = re.compile(r"[^/]+/mycelium(@\S+)?")
"""Whatever repository it is in, it is called `mycelium`."""
_BETWEEN: Final = re.compile(r"^ {10}persist-credentials: false\n(.*?)^ {6}- uses: [^/\n]+/mycelium\b", re.M | re.S)
_KEPT: Final = {
    "action": re.compile(r"^ {6}- uses: ([^/\s]+/mycelium@[0-9a-f]{40} # \S+)$", re.M),
    "checkout": re.compile(r"^ {6}- uses: (actions/checkout@.*)$", re.M),
    "runs_on": re.compile(r"^ {4}runs-on: (.*)$", re.M),
    "minutes": re.compile(r"^ {4}timeout-minutes: (\d+)$", re.M),
}
"""What people and programs change in a file that is otherwise as written: the first of each, of the job that runs."""
_SHARING: Final = re.compile(r"fromJSON\('\[([^\]]*)\]'\), github\.event\.action\)")
_SECRETS: Final = re.compile(r"\bsecrets\.([A-Za-z_][A-Za-z0-9_]*)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Existing:
    """A file that is there. `place` is the step that runs workflows, as its job and its number there, None without one.

    `written` is what would be written for what it says, the same where nobody changed it.
    """

    text: str
    said: ActionsFile
    uses_action: bool
    place: tuple[str, int] | None = None
    runs_all: bool = False
    """Whether that step runs whatever an event matches, and not one workflow that the file names."""
    written: str = ""
    name: str = ""
    """What Actions calls it; empty where it says none."""
    readable: bool = True
    variables: Mapping[str, str] = field(default_factory=dict)
    """Those that the step has, whether the step, its job or the whole file sets them."""
    document: Mapping[str, Any] = field(default_factory=dict)
    """All that the file says."""

    @property
    def untouched(self) -> bool:
        return self.uses_action and self.text == self.written

    @property
    def shared(self) -> bool:
        """Whether it has jobs that have nothing to do with Mycelium."""
        return any(not _ours(job) for job in self.document.get("jobs", {}).values())

    @property
    def job(self) -> Mapping[str, Any]:
        """The job that runs workflows; empty without one."""
        return self.document["jobs"][self.place[0]] if self.place else {}

    @property
    def starts(self) -> frozenset[str]:
        """The events that it runs workflows on: one that follows another file's jobs does something else."""
        return frozenset(self.said.asked.events) - {"workflow_run", "workflow_call"}

    def lacks(self, asked: Asked) -> list[str]:
        """What is asked and not there, in words."""
        if not self.readable:
            return ["what a workflow file of Actions needs"]
        lacking = [] if self.uses_action else ["a step that uses the Action of Mycelium"]
        for name, filters in asked.events.items():
            has = self.said.asked.events.get(name)
            lacking += [f"the event {name}"] if has is None else _lacking_of_event(name, filters, has)
            lacking += _left_out(name, {**asked.narrower.get(name, {}), **filters}, has or {})
        offered = self.said.asked.dispatched
        lacking += [f"workflow_dispatch: {name}" for name in asked.dispatched if offered and name not in offered]
        for name, level in asked.permissions.items():
            if self.said.asked.permissions.get(name, "none") not in ("write", level):
                lacking.append(f"the permission {name}: {level}")
        return lacking


def _lacking_of_event(name: str, wanted: Mapping[str, Any], has: Mapping[str, Any]) -> list[str]:
    if "types" in has and "types" not in wanted and wanted.keys() <= {"types"}:
        return [f"{name} of every type"]
    return [f"{name}: {value}" for values in missing(name, wanted, has).values() for value in values]


def missing(name: str, wanted: Mapping[str, Any], has: Mapping[str, Any]) -> dict[str, list[str]]:
    """The `types` and `crons` that an event does not have. Without any it has what GitHub takes then: of most all."""
    types = has.get("types", DEFAULT_TYPES.get(name))
    found = {
        "types": [value for value in wanted.get("types", ()) if types is not None and value not in types],
        "crons": [value for value in wanted.get("crons", ()) if value not in has.get("crons", ())],
    }
    return {key: values for key, values in found.items() if values}


def _left_out(name: str, wanted: Mapping[str, Any], has: Mapping[str, Any]) -> list[str]:
    """Filters that let less through than what is wanted has."""
    return [f"what `{key}` under {name} leaves out" for key in NARROWING if key in has and _less(key, wanted, has)]


def _less(key: str, wanted: Mapping[str, Any], has: Mapping[str, Any]) -> bool:
    """Lists are compared value by value: a pattern that takes in others is not known but for `**`."""
    kind = key.removesuffix("-ignore")
    if key != kind:
        return bool(set(has[key]) - set(wanted.get(key, ())))
    if "**" in has[key]:
        return any(value.startswith("!") for value in map(str, has[key]))
    return key not in wanted or bool(set(wanted[key]) - set(has[key]))


def read(text: str) -> Existing | None:
    """What a file says, as far as it can be told; None where it is no workflow file of Actions."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        found = YAML(typ="safe", pure=True).load(text)
    except (YAMLError, ValueError, LookupError, RecursionError):
        # `!!bool x` is a KeyError.
        return None
    if not isinstance(found, dict) or not isinstance(found.get("jobs"), dict):
        return None
    # YAML takes other keys than the words that Actions does.
    found["jobs"] = {str(name): job for name, job in found["jobs"].items()}
    place = _place(found)
    between = _BETWEEN.search(text)
    said = replace(_said(found, _running(found, place)), steps=between[1].splitlines() if between else (STEPS,))
    kept: dict[str, Any] = {name: line[1] for name, each in _KEPT.items() if (line := each.search(text))}
    said = replace(said, **kept)
    existing = Existing(
        text=text,
        said=said,
        uses_action=bool(_action(found)),
        place=place,
        name=str(found.get("name") or ""),
        runs_all=place is not None and _runs_all(found["jobs"][place[0]]["steps"][place[1]]),
        variables=_texts(found.get("env")) | _variables(found, place),
        document=found,
    )
    return replace(existing, written=said.text() if existing.uses_action else "")


def unreadable(text: str) -> Existing:
    """What is there in the place of a workflow file."""
    return Existing(text=text, said=ActionsFile(asked=Asked()), uses_action=False, readable=False)


def _said(found: Mapping[str, Any], run: Mapping[str, Any]) -> ActionsFile:
    on = _events(found.get("on"))
    events: Events = {}
    for name, filters in on.items():
        if name == "schedule":
            crons = filters if isinstance(filters, list) else []
            events[name] = {"crons": [str(each.get("cron")) for each in crons if isinstance(each, dict)]}
        else:
            given = filters if isinstance(filters, dict) else {}
            events[str(name)] = {key: _listed(value) for key, value in given.items() if key != "inputs" and value}
    env = _environment(run)
    return ActionsFile(
        asked=Asked(
            events=events,
            permissions=_permissions(run.get("permissions")),
            dispatched=tuple(_choices(on.get("workflow_dispatch"))),
            replaced=_replaced(found.get("concurrency")),
        ),
        action=_action(found) or ACTION,
        env={name: value for name, value in env.items() if name != FOLDER},
        workflows_dir=env.get(FOLDER, DEFAULT_FOLDER),
        history_branch=_given(run, "history-branch", DEFAULT_HISTORY_BRANCH),
        validate=any(_mode(step) == "validate" for job in found["jobs"].values() for step in _ours(job)),
    )


def _events(on: object) -> Mapping[str, Any]:
    """What is under `on`, with filters or as names alone; anything else that is listed there starts nothing."""
    if isinstance(on, dict):
        return on
    return {name: None for name in (on if isinstance(on, list) else [on]) if name and isinstance(name, str)}


def _replaced(concurrency: object) -> tuple[str, ...]:
    """The types of `pull_request` that a file of ours has share a group."""
    group = concurrency.get("group") if isinstance(concurrency, dict) else None
    listed = _SHARING.search(str(group))
    return tuple(re.findall(r"[a-z_]+", listed[1])) if listed else Asked().replaced


def _permissions(said: object) -> dict[str, str]:
    """By name; `read-all` and `write-all` are those of all."""
    level = str(said).removesuffix("-all") if said in ("read-all", "write-all") else ""
    return dict.fromkeys(PERMISSIONS, level) if level else _texts(said)


def _steps(job: object) -> list[Mapping[str, Any]]:
    steps = job.get("steps") if isinstance(job, dict) else None
    return [step if isinstance(step, dict) else {} for step in steps] if isinstance(steps, list) else []


def _ours(job: object) -> list[Mapping[str, Any]]:
    return [step for step in _steps(job) if _ACTION.fullmatch(str(step.get("uses")))]


def _place(found: Mapping[str, Any]) -> tuple[str, int] | None:
    """The job that runs workflows, whatever its id: its step names no other mode."""
    for name, job in found["jobs"].items():
        for number, step in enumerate(_steps(job)):
            if _ACTION.fullmatch(str(step.get("uses"))) and _mode(step) == "run":
                return name, number
    return None


def _running(found: Mapping[str, Any], place: tuple[str, int] | None) -> Mapping[str, Any]:
    return {"permissions": found.get("permissions"), **found["jobs"][place[0]]} if place else {}


def _with(step: Mapping[str, Any]) -> Mapping[str, Any]:
    given = step.get("with")
    return given if isinstance(given, dict) else {}


def _mode(step: Mapping[str, Any]) -> str:
    return str(_with(step).get("mode", "run"))


def _runs_all(step: Mapping[str, Any]) -> bool:
    return not (named := _with(step).get("workflow")) or "${{" in str(named)


def _action(found: Mapping[str, Any]) -> str:
    """The Action as a step names it."""
    return next((str(step["uses"]) for job in found["jobs"].values() for step in _ours(job)), "")


def _environment(job: object) -> dict[str, str]:
    """The variables of the step that uses the Action."""
    found: dict[str, str] = {}
    for step in _ours(job):
        found |= _texts(step.get("env"))
    return found


def _given(job: object, name: str, default: str) -> str:
    """An input of the step that uses the Action."""
    return next((str(_with(step)[name]) for step in _ours(job) if name in _with(step)), default)


def _variables(found: Mapping[str, Any], place: tuple[str, int] | None) -> dict[str, str]:
    run = _running(found, place)
    return _texts(run.get("env")) | _environment(run)


def _texts(mapping: object) -> dict[str, str]:
    return {str(name): str(value) for name, value in mapping.items()} if isinstance(mapping, dict) else {}


def secrets_in(variables: Mapping[str, str]) -> tuple[str, ...]:
    """The secrets that variables are set to, but for the token that every job has."""
    named = [name for value in variables.values() for name in _SECRETS.findall(value)]
    return tuple(dict.fromkeys(name for name in named if name.upper() != "GITHUB_TOKEN"))


def _choices(dispatch: object) -> list[str]:
    try:
        return [str(each) for each in dispatch["inputs"]["workflow"]["options"]]  # type: ignore[index]
    except (KeyError, TypeError):
        return []


def _listed(value: object) -> list[str]:
    """Filters as Actions reads them: a branch may look like a number."""
    return [str(each) for each in (value if isinstance(value, list) else [value]) if each is not None]
