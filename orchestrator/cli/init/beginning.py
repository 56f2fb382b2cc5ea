"""Where the branch of `mycelium init` begins or goes on from, in words: what else a pull request brings or lacks."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.cli.init.place import Place
from orchestrator.git.branch_start import Start


def lines(place: Place, *, begins: bool) -> Iterator[str]:
    """Nothing where the branch begins at what is checked out, and brings only what `origin` has. `begins`: now."""
    return _goes_on(place, place.unmerged) if place.unmerged else _begins(place.start, place, begins=begins)


def _goes_on(place: Place, commit: str) -> Iterator[str]:
    start, name = place.start, place.branch.name
    lacking = place.branch.lacks(commit, start.commit) if start.commit else 0
    what = f", and lacks {_commits(lacking)} of {_name(place)}" if lacking else ""
    yield f"Goes on from {name} ({commit[:12]}), which is not merged yet{what}."
    if lacking:
        yield f"Where it was merged, or is not wanted: git branch -D {name}, and run this again."


def _begins(start: Start, place: Place, *, begins: bool) -> Iterator[str]:
    if not start.is_head:
        left = f": {_commits(start.ahead)} of {place.branch.current or 'HEAD'} stay{_s(start.ahead)} out of it"
        yield f"Goes by {start.default}, where the branch begins{left if start.ahead else ''}."
    elif start.ahead and begins:
        why = f": {start.default} does not have its {start.because[0]}" if start.because else ""
        yield f"The branch begins at {_name(place)}{why}."
        yield f"{_commits(start.ahead)} that {start.default or 'origin'} does not have come{_s(start.ahead)} along:"
        yield from (f"  {line}" for line in start.newest)
        if start.ahead > len(start.newest):
            yield f"  and {start.ahead - len(start.newest)} more"
        if start.because:
            yield "--no-commit writes into the folder instead, for a commit of your own."
        elif start.default:
            yield f"`git switch --detach {start.default}` first, and it begins there: the clone is shallow or partial."
        else:
            yield "`git remote set-head origin --auto` tells the default branch; then it begins there."


def _name(place: Place) -> str:
    """Of the commit where the branch begins."""
    return (place.branch.current or "HEAD") if place.start.is_head else place.start.default


def _commits(count: int) -> str:
    return f"{count} commit{'' if count == 1 else 's'}"


def _s(count: int) -> str:
    return "s" if count == 1 else ""
