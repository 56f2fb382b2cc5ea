"""What git has of an execution as texts: a machine that builds pages need not have the commits.

They lie beside a record as blobs, by name: `commits`, `diff` of the whole, and `diff N` of node run `N`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from orchestrator.errors import MyceliumError
from orchestrator.execution.commit import Commit
from orchestrator.lifecycle.ports import Dossier
from orchestrator.lifecycle.secrecy import mask_of
from orchestrator.lifecycle.services import Services

if TYPE_CHECKING:
    from pydantic import TypeAdapter

COMMITS: Final = "commits"


def diff_name(run: int | None) -> str:
    """What the diff of a node run is called; of the whole execution for None."""
    return "diff" if run is None else f"diff {run}"


def made(services: Services, dossier: Dossier) -> Iterator[tuple[str, bytes]]:
    """The copies that this machine's git can make, by name, masked; none of commits that it has not got."""
    execution, mask = dossier.execution, mask_of(services)
    spans = [(diff_name(run.index), run.outcome.base, run.outcome.commit) for run in dossier.runs if run.outcome]
    if execution.comparison:
        spans.insert(0, (diff_name(None), *execution.comparison))
        try:
            commits = tuple(mask.commit(each) for each in services.git.log(*execution.comparison))
        except MyceliumError:
            commits = ()
        if commits:
            yield COMMITS, _adapter().dump_json(commits)
    for name, base, commit in spans:
        if base and commit:
            try:
                diff = services.git.diff(base, commit)
            except MyceliumError:
                continue
            yield name, mask.text(diff).encode("utf-8", "replace")


def copied(services: Services, execution_id: str, name: str) -> bytes | None:
    """A copy that came with the execution from elsewhere."""
    digest = services.store.copies(execution_id).get(name)
    return services.blobs.get(digest) if digest and services.blobs.has(digest) else None


def copied_commits(services: Services, execution_id: str) -> tuple[Commit, ...]:
    """The commits of an execution that came from elsewhere; none where they cannot be read."""
    text = copied(services, execution_id, COMMITS)
    try:
        return tuple(_adapter().validate_json(text)) if text else ()
    except ValueError:
        return ()


@cache
def _adapter() -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(tuple[Commit, ...])
