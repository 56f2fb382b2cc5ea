"""Making all commits of the branch one, so that it stays small."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from orchestrator.lifecycle.archive.entry import Entry
from orchestrator.lifecycle.archive.index import INDEX, Index, dump, index_of
from orchestrator.lifecycle.ports.record_branch import Change, RecordBranch, Tip


@dataclass(frozen=True, kw_only=True, slots=True)
class Squashed:
    """What squashing did: how many records the branch has now, and which were dropped for their age."""

    records: int
    dropped: tuple[str, ...] = ()
    done: bool = True


def squash(
    branch: RecordBranch, now: datetime, *, drop_after_days: int | None = None, unless_within_days: int = 0
) -> Squashed:
    """As `Keeper.squash`."""
    done = Squashed(records=0, done=False)

    def decide(tip: Tip) -> Change | None:
        nonlocal done
        index = index_of(tip)
        since = index.head.squashed_at
        old = {id_: entry for id_, entry in index.entries.items() if _is_old(entry, now, drop_after_days)}
        kept = {id_: entry for id_, entry in index.entries.items() if id_ not in old}
        early = since is not None and now - since < timedelta(days=unless_within_days)
        done = Squashed(records=len(kept), dropped=tuple(sorted(old)), done=not early)
        if tip.commit is None or early:
            done = Squashed(records=len(index.entries), done=False)
            return None
        numbers = dict(index.head.numbers)
        for entry in old.values():
            numbers[entry.workflow_id] = max(entry.number, numbers.get(entry.workflow_id, 0))
        head = replace(index.head, squashed_at=now, numbers=numbers)
        written = dump(Index(head=head, entries=kept))
        paths = {entry.path for entry in old.values()}
        return Change(message="Forget earlier commits", put={INDEX: written}, remove=paths, alone=True)

    branch.write(decide)
    return done


def _is_old(entry: Entry, now: datetime, days: int | None) -> bool:
    return days is not None and entry.status.ended and now - entry.saved_at > timedelta(days=days)
