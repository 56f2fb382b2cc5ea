"""Who holds an execution, who may take it over, and changes of its line in the index that say so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from orchestrator.errors import Conflict
from orchestrator.lifecycle.archive.entry import Entry
from orchestrator.lifecycle.archive.index import INDEX, Index, dump, index_of, named
from orchestrator.lifecycle.ports.record_branch import Change, RecordBranch, Tip

IsGone = Callable[[str], bool]
"""Whether the holder of this name has ended for good: Actions knows it of a run and its attempt."""

CHECK: Final = "~"
"""Before what tells one job of Actions from another with the same id: the number of its check run, or a word."""

TOKEN_LIFE: Final = timedelta(hours=24)

Now = Callable[[], datetime]


class Held(Conflict):
    """Somebody else, `holder`, runs the execution now."""

    def __init__(self, execution_id: str, holder: str) -> None:
        hint = "wait until that has ended; what it saves can go on"
        if not run_of(holder):
            hint += f". Where it was killed, or its home folder is gone: mycelium history release {execution_id}"
        super().__init__(f"execution {execution_id} is run by {holder}", hint=hint)
        self.holder = holder


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


def release(branch: RecordBranch, reference: str) -> Entry:
    """Have the index say that nobody holds it; its entry as it was. `reference` is as in `named`.

    `Conflict` where a job of Actions does: GitHub knows when that has ended. A person's machine cannot be asked.
    """
    found: Entry | None = None

    def decide(tip: Tip) -> Change | None:
        nonlocal found
        index = index_of(tip)
        found = named(index.entries.values(), reference)
        if run_of(found.holder):
            what = f"execution {found.id} is run by {found.holder}, a job of GitHub Actions"
            raise Conflict(what, hint="cancel that job: the next one goes on, and a day after its last word so may you")
        freed = replace(found, holder="", held_at=None)
        return _changed(index, freed, f"Release {found.id}") if found.holder else None

    branch.write(decide)
    assert found is not None  # noqa: S101 - whoever wrote has decided
    return found


def refuse_held(entry: Entry, mine: str, gone: IsGone, now: datetime) -> None:
    if entry.holder in ("", mine) or is_earlier_attempt(entry.holder, mine) or is_past(entry, now):
        return
    if _is_name_of_the_past(entry.holder, mine):
        return
    if gone(entry.holder):
        return
    raise Held(entry.id, entry.holder)


def same_place(holder: str, mine: str) -> bool:
    """Whether both are the same job of the same file of Actions, in whatever run."""
    theirs, ours = _place(holder), _place(mine)
    return bool(ours) and theirs == ours


def is_earlier_attempt(holder: str, mine: str) -> bool:
    """Of the same run of Actions, which begins a new attempt when the one before has ended."""
    (run, _, attempt), (our_run, _, our_attempt) = holder.partition("/"), mine.partition("/")
    numbers = [text.partition("/")[0].partition(CHECK)[0] for text in (attempt, our_attempt)]
    return run == our_run and all(map(str.isdecimal, (run, *numbers))) and int(numbers[0]) < int(numbers[1])


def is_before(holder: str, mine: str) -> bool:
    """Whether it was an earlier attempt of this very job: of the same leg, where a matrix makes several of it."""
    return is_earlier_attempt(holder, mine) and _place(holder) == _place(mine)


def _is_name_of_the_past(holder: str, mine: str) -> bool:
    """Whether it is the same person on the same machine, from before home folders were told apart."""
    return not run_of(mine) and bool(holder) and holder == mine.rpartition("#")[0]


def is_past(entry: Entry, now: datetime) -> bool:
    """Whether a job of Actions holds it that could not save it any more: its token lives a day at most.

    https://docs.github.com/en/actions/concepts/security/github_token
    """
    return bool(run_of(entry.holder)) and entry.held_at is not None and now - entry.held_at > TOKEN_LIFE


def run_of(holder: str) -> str:
    """The run of Actions that a holder is a job of; empty for others."""
    run = holder.partition("/")[0]
    return run if run.isdecimal() else ""


def job_of(holder: str) -> tuple[str, str, str]:
    """The run of Actions, its attempt, and the number of the job's check run; empty where it is none, or not known."""
    run, _, rest = holder.partition("/")
    check = holder.rpartition(CHECK)[2]
    attempt = rest.partition("/")[0].partition(CHECK)[0]
    return run, attempt, check if check.isdecimal() and CHECK in rest else ""


def _place(holder: str) -> str:
    """The job and its file, without what differs from one run to the next."""
    place, sign, check = holder.partition("/")[2].partition("/")[2].rpartition(CHECK)
    # Nothing was after it in the past, and the name of a file may have one.
    return place if sign and "." not in check else place + sign + check


def nobody(_holder: str) -> bool:
    return False


def _changed(index: Index, entry: Entry, message: str) -> Change:
    return Change(message=message, put={INDEX: dump(replace(index, entries={**index.entries, entry.id: entry}))})
