"""What becomes of the files of GitHub Actions: the one that starts workflows, and the one that deploys pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, count

from orchestrator.cli.init import actions_file, credentials, existing, pages_file
from orchestrator.cli.init.actions_file import ActionsFile
from orchestrator.cli.init.amending import amended
from orchestrator.cli.init.asked_of_actions import Asked
from orchestrator.cli.init.at_odds import at_odds
from orchestrator.cli.init.existing import Existing
from orchestrator.cli.init.fate import Fate, File
from orchestrator.cli.init.pages_file import builds_pages
from orchestrator.cli.init.pin import ACTION
from orchestrator.cli.init.premises import Premises, Wishes


def new_variables(there: Existing | None, wishes: Wishes, needed: Sequence[credentials.Alternatives]) -> list[str]:
    """Those that a file lacks. Whatever value one of the alternatives has there is enough, and so are wishes."""
    has = there.variables if there else {}
    groups = [(name,) for name in wishes.secrets] or needed
    return [group[0] for group in groups if not has.keys() & set(group)]


def those_there(premises: Premises) -> tuple[str, Existing | None, list[Existing]]:
    """The file that starts workflows, whatever it is called, what is there of it, and others that start them too.

    A file that does something else is never the one, also where it has the name that ours would have.
    """
    read = {path: found for path, text in premises.actions.items() if (found := existing.read(text))}
    those = {path: each for path, each in read.items() if each.runs_all and each.starts}
    names = (actions_file.PATH, f"{actions_file.PATH.removesuffix('yml')}yaml")
    most = sorted(those, key=lambda path: (path not in names, -len(those[path].starts), path))
    path = most[0] if most else _free(actions_file.NAMES, _may_be_ours, premises)
    text = premises.actions.get(path)
    there = read.get(path) or (existing.unreadable(text) if text is not None else None)
    return path, there, [each for other, each in those.items() if other != path]


def _may_be_ours(text: str) -> bool:
    """Whether a file has a step for whatever an event matches, or had one before something broke it."""
    found = existing.read(text)
    if found is None:
        return "/mycelium@" in text
    return found.runs_all and (bool(found.starts) or not found.said.asked.events)


def _free(names: tuple[str, str], ours: Callable[[str], bool], premises: Premises) -> str:
    """The first of them that no file of somebody else's has, else the second with a number."""
    numbered = (f"{names[-1].removesuffix('.yml')}-{number}.yml" for number in count(2))
    known = premises.actions
    return next(path for path in chain(names, numbered) if path not in known or ours(known[path]))


def elsewhere(wanted: Asked, others: Sequence[Existing]) -> Asked:
    """Without events that start jobs of other files: else all would run twice."""
    for other in others:
        alone = {name: replace(wanted, events={name: wanted.events[name]}, permissions={}) for name in wanted.events}
        wanted = replace(wanted, events={name: wanted.events[name] for name in alone if other.lacks(alone[name])})
    return wanted


def starting(path: str, file: ActionsFile, there: Existing | None, wishes: Wishes, new: Sequence[str]) -> File:
    text = file.text()
    if there is None:
        events = ", ".join(file.asked.events) or "nothing yet"
        return File(path=path, text=text, before=None, fate=Fate.NEW, why=f"for {events}")
    this = partial(File, path=path, before=there.text, shared=there.shared)
    lacks = _lacks(there, file, new)
    if there.text == text:
        return this(text=text, fate=Fate.RIGHT)
    if there.untouched or (wishes.overwrite and not there.shared):
        why = f"now with {', '.join(lacks)}" if lacks else "brought up to date"
        return this(text=text, fate=Fate.CHANGED, why=why)
    if not lacks:
        return this(text=text, fate=Fate.RIGHT, why="yours, and it has all that is needed")
    after = amended(there, file, new)
    left = _lacks(after, file, new) if after else lacks
    if after is None or not set(left) < set(lacks):
        return this(text=text, fate=Fate.KEPT, why=f"yours, but it lacks {', '.join(lacks)}", lacks=tuple(lacks))
    added = f"yours, now with {', '.join(each for each in lacks if each not in left)}"
    why = f"{added}; it still lacks {', '.join(left)}" if left else added
    return this(text=after.text, fate=Fate.CHANGED, why=why, lacks=tuple(left))


def publishing(
    premises: Premises, wishes: Wishes, file: ActionsFile, there: Existing | None, follows: str
) -> list[File]:
    """The file that deploys pages: where it is wanted, or there already. Another one that builds them is the user's."""
    if others := [path for path, text in premises.actions.items() if path != follows and builds_pages(text)]:
        path = pages_file.PATH if pages_file.PATH in others else others[0]
    elif not wishes.site:
        return []
    else:
        path = _free(pages_file.NAMES, lambda _: False, premises)
    before = premises.actions.get(path)
    # Actions calls a workflow without a name by its path.
    name = (there.name or follows) if there and there.readable else actions_file.NAME
    pages = pages_file.PagesFile(
        follows=name,
        action=file.action,
        workflows_dir=premises.workflows_dir,
        history_branch=file.history_branch,
    )
    if before is None:
        return [File(path=path, text=pages.text(), before=None, fate=Fate.NEW, why="deploys the pages of what ran")]
    pages = pages.renewed(before)
    pages = replace(pages, action=wishes.action or (file.action if pages.action == ACTION else pages.action))
    text = pages.text()
    if before == text:
        return [File(path=path, text=text, before=before, fate=Fate.RIGHT)]
    if pages.renewed(before).is_all_of(before) or (wishes.overwrite and path == pages_file.PATH):
        return [File(path=path, text=text, before=before, fate=Fate.CHANGED, why="brought up to date")]
    return [File(path=path, text=before, before=before, fate=Fate.RIGHT, why="yours, and it builds pages")]


def _lacks(there: Existing, file: ActionsFile, new: Sequence[str]) -> list[str]:
    lacks = there.lacks(replace(file.asked, events=file.events))
    lacks += [f"the variable {name}" for name in new if name not in there.variables]
    if file.history_branch != there.said.history_branch:
        lacks.append(f"history-branch: {file.history_branch}")
    if file.action != ACTION and actions_file.used(ACTION) in there.text:
        lacks.append("a commit behind `uses`")
    lacks += at_odds(there, file)
    return lacks + (["a job that looks at workflows"] if file.validate and not there.said.validate else [])
