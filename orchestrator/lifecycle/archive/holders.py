"""Who holds an execution: changes of its line in the index, and of nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from orchestrator.errors import Conflict
from orchestrator.lifecycle.archive.entry import Entry
from orchestrator.lifecycle.archive.index import INDEX, Index, dump
from orchestrator.lifecycle.archive.saving import IsGone, index_of, refuse_held
from orchestrator.lifecycle.ports.record_branch import Change, RecordBranch, Tip

Now = Callable[[], datetime]


def claim(
    branch: RecordBranch, execution_id: str, mine: str, *, known: datetime | None, gone: IsGone, now: Now
) -> bool:
    """Have the index say that `mine` holds it; false where it has been saved anew since the record of `known`.

    `Held` where somebody does who is not `gone`.
    """
    done = False

    def decide(tip: Tip) -> Change | None:
        nonlocal done
        index = index_of(tip)
        entry = index.entries.get(execution_id)
        done = entry is not None and entry.saved_at == known
        if entry is None or not done:
            return None
        at = now()
        refuse_held(entry, mine, gone, at)
        return _changed(index, replace(entry, holder=mine, held_at=at), f"Go on with {execution_id}")

    branch.write(decide)
    return done


def let_go(branch: RecordBranch, execution_id: str, mine: str, *, gone: IsGone, now: Now) -> bool:
    """As `Keeper.let_go`."""
    done = False

    def decide(tip: Tip) -> Change | None:
        nonlocal done
        index = index_of(tip)
        entry = index.entries.get(execution_id)
        done = entry is not None and entry.holder not in ("", mine) and _is_free(entry, mine, gone, now())
        if entry is None or not done:
            return None
        return _changed(index, replace(entry, holder="", held_at=None), f"Let go of {execution_id}")

    branch.write(decide)
    return done


def _is_free(entry: Entry, mine: str, gone: IsGone, at: datetime) -> bool:
    try:
        refuse_held(entry, mine, gone, at)
    except Conflict:
        return False
    return True


def _changed(index: Index, entry: Entry, message: str) -> Change:
    return Change(message=message, put={INDEX: dump(replace(index, entries={**index.entries, entry.id: entry}))})
