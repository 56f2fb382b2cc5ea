"""Whether an event fits a trigger's filters, with the rules of GitHub Actions.

Filters are looked at in order, the cheap ones first, and the first that does not fit ends it: so the changed files are
asked for only where nothing else has decided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from orchestrator.definition.event import BRANCH, TAG, Event
from orchestrator.definition.model import JsonValue, Trigger
from orchestrator.definition.patterns import selects
from orchestrator.definition.reasons import Reason, Rule

DEFAULT_TYPES = {"pull_request": ("opened", "synchronize", "reopened")}
"""Where `types` is not written; of other events any counts. The same as GitHub's:
https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows#pull_request"""

_SHOWN = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """The changed files, old names of renamed ones included; `complete` is false where there are more than known."""

    paths: tuple[str, ...]
    complete: bool = True


def fits(trigger: Trigger, event: Event, changed: Changed | None = None) -> list[Reason]:
    """What each filter says of the event, up to the first that does not fit.

    For events that come with a branch, tag, pull request, issue or label; `changed` is None where nobody knows it, and
    then a filter of paths neither fits nor does not.
    """
    reasons: list[Reason] = []
    for check in _CHECKS[trigger.event]:
        for reason in check(trigger, event, changed):
            reasons.append(reason)
            if reason.starts is False:
                return reasons
    return reasons


def needs_changes(trigger: Trigger) -> bool:
    """Whether its filters ask for the changed files."""
    return bool(_texts(trigger, "paths") or _texts(trigger, "paths-ignore"))


def concerns(trigger: Trigger, event: Event) -> bool:
    """Whether the trigger names this kind of event at all: then what its filters say is worth remembering."""
    if trigger.event == "label":
        return event.action == "labeled" and event.label in _texts(trigger, "name")
    first = _CHECKS[trigger.event][:1]
    return all(reason.starts is not False for check in first for reason in check(trigger, event, None))


def names_of(event: Event) -> tuple[str, ...]:
    """The names under which `on` may name the event."""
    match event.name:
        case "issue_comment":
            return ("comment",)
        case "pull_request" | "issues" if event.action == "labeled":
            return (event.name, "label")
        case name:
            return (name,)


def _types(trigger: Trigger, event: Event, _changed: Changed | None) -> Iterator[Reason]:
    known = _texts(trigger, "types") or DEFAULT_TYPES.get(trigger.event, ())
    if not known:
        return
    fitting = event.action in known
    text = f"the type `{event.action}` is {'' if fitting else 'not '}one of {_listed(known)}"
    yield Reason(starts=fitting, text=text, rule=Rule.TYPES)


def _pushed(trigger: Trigger, event: Event, _changed: Changed | None) -> Iterator[Reason]:
    if event.gone:
        yield Reason(starts=False, text=f"the push deleted `{event.ref}`")
        return
    kind, others = ("tags", "branches") if event.ref.startswith(TAG) else ("branches", "tags")
    name = event.ref.removeprefix(TAG).removeprefix(BRANCH)
    if _filtered(trigger, kind):
        yield _named(trigger, kind, name)
    elif _filtered(trigger, others):
        rule = Rule.TAGS if kind == "tags" else Rule.BRANCHES
        what = "tag" if kind == "tags" else "branch"
        yield Reason(starts=False, text=f"only `{others}` are filtered for, and `{name}` is a {what}", rule=rule)


def _base(trigger: Trigger, event: Event, _changed: Changed | None) -> Iterator[Reason]:
    if _filtered(trigger, "branches"):
        yield _named(trigger, "branches", event.pull_request.base_ref if event.pull_request else "")


def _group(trigger: Trigger, event: Event, _changed: Changed | None) -> Iterator[Reason]:
    if _filtered(trigger, "branches"):
        yield _named(trigger, "branches", event.ref.removeprefix(BRANCH))


def _named(trigger: Trigger, kind: str, name: str) -> Reason:
    """What the filter `branches` or `tags`, or its `-ignore`, says of a name."""
    rule, what = (Rule.TAGS, "tag") if kind == "tags" else (Rule.BRANCHES, "branch")
    patterns, ignored = _texts(trigger, kind), _texts(trigger, f"{kind}-ignore")
    if ignored:
        fitting, key, shown = not selects(ignored, name), f"{kind}-ignore", ignored
    else:
        fitting, key, shown = selects(patterns, name), kind, patterns
    says = "lets" if fitting else "does not let"
    return Reason(starts=fitting, text=f"`{key}` ({_listed(shown)}) {says} the {what} `{name}` through", rule=rule)


def _labels(trigger: Trigger, event: Event, _changed: Changed | None) -> Iterator[Reason]:
    wanted = _texts(trigger, "labels")
    if not wanted:
        return
    about = event.action in ("labeled", "unlabeled")
    present = (event.label,) if about else event.labels
    found = [label for label in present if label in wanted]
    who = f"the label `{event.label}` is" if about else f"its labels ({_listed(present) or 'none'}) are"
    if found:
        yield Reason(starts=True, text=f"the label `{found[0]}` is one of {_listed(wanted)}", rule=Rule.LABELS)
    else:
        yield Reason(starts=False, text=f"{who} not among {_listed(wanted)}", rule=Rule.LABELS)


def _draft(trigger: Trigger, event: Event, _changed: Changed | None) -> Iterator[Reason]:
    wanted = trigger.filters.get("draft")
    if isinstance(wanted, bool):
        is_draft = bool(event.pull_request and event.pull_request.draft)
        text = f"the pull request is {'' if is_draft else 'not '}a draft"
        yield Reason(starts=is_draft is wanted, text=text, rule=Rule.DRAFT)


def _where(trigger: Trigger, event: Event, _changed: Changed | None) -> Iterator[Reason]:
    wanted = _texts(trigger, "where")
    here = "pull_request" if event.on_pull_request else "issue"
    if wanted and here not in wanted:
        text = f"it counts on {_listed(wanted)} only, and this is {'a pull request' if here != 'issue' else 'an issue'}"
        yield Reason(starts=False, text=text, rule=Rule.WHERE)


def _label(trigger: Trigger, event: Event, _changed: Changed | None) -> Iterator[Reason]:
    wanted = _texts(trigger, "name")
    fitting = event.action == "labeled" and event.label in wanted
    text = f"the label `{event.label}` is {'' if fitting else 'not '}one of {_listed(wanted)}"
    yield Reason(starts=fitting, text=text, rule=Rule.LABELS)


def _paths(trigger: Trigger, event: Event, changed: Changed | None) -> Iterator[Reason]:
    if not needs_changes(trigger) or event.ref.startswith(TAG):
        return
    if changed is None:
        yield Reason(starts=None, text="whether `paths` fit depends on the changed files", rule=Rule.PATHS)
        return
    patterns, ignored = _texts(trigger, "paths"), _texts(trigger, "paths-ignore")
    if ignored:
        found = next((path for path in changed.paths if not selects(ignored, path)), None)
        key, shown = "paths-ignore", ignored
    else:
        found = next((path for path in changed.paths if selects(patterns, path)), None)
        key, shown = "paths", patterns
    yield _of_paths(key, shown, found, changed)


def _of_paths(key: str, patterns: Sequence[str], found: str | None, changed: Changed) -> Reason:
    if found is not None:
        text = f"`{key}` ({_listed(patterns)}) lets `{found}` through"
        return Reason(starts=True, text=text, rule=Rule.PATHS)
    count = len(changed.paths)
    if not changed.complete:
        # As on GitHub: where not all files can be known, it is started rather than left out.
        text = f"`{key}` lets none of the first {count:,} changed files through, and there are more"
        return Reason(starts=True, text=text, rule=Rule.PATHS)
    files = f"{count:,} changed file{'' if count == 1 else 's'}"
    return Reason(starts=False, text=f"`{key}` ({_listed(patterns)}) lets none of {files} through", rule=Rule.PATHS)


def _filtered(trigger: Trigger, kind: str) -> bool:
    return bool(_texts(trigger, kind) or _texts(trigger, f"{kind}-ignore"))


def _texts(trigger: Trigger, key: str) -> tuple[str, ...]:
    value: JsonValue = trigger.filters.get(key)
    return tuple(text for text in value if isinstance(text, str)) if isinstance(value, list) else ()


def _listed(texts: Sequence[str]) -> str:
    shown = ", ".join(f"`{text[:80]}`" for text in texts[:_SHOWN])
    return f"{shown}, …" if len(texts) > _SHOWN else shown


_Check = Callable[[Trigger, Event, Changed | None], Iterator[Reason]]
_CHECKS: dict[str, tuple[_Check, ...]] = {
    "push": (_pushed, _paths),
    "pull_request": (_types, _base, _labels, _draft, _paths),
    "pull_request_review": (_types, _base, _labels, _draft),
    "issues": (_types, _labels),
    "merge_group": (_types, _group),
    "comment": (_where,),
    "label": (_label, _where),
    "repository_dispatch": (_types,),
    "workflow_dispatch": (),
    "schedule": (),
}
