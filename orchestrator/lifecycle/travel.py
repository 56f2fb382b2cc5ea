"""Commits between machines: bundles bring what executions made, and the repository's `origin` what they build on."""

from __future__ import annotations

from typing import Final

from orchestrator.errors import Conflict, SetupError
from orchestrator.execution.state import Execution
from orchestrator.lifecycle.services import Services

ADVICE: Final = "push it to `origin`, or see that this machine's clone may fetch from there; then rerun"


class OutOfReach(SetupError):
    """A commit is not on this machine, and nothing brings it here until somebody acts."""


def pack_base(services: Services, base: str | None) -> str | None:
    """A bundle of `base` for other machines, as a blob; None where they have it or can fetch it, or there are none.

    It builds on what is known of `origin`. Without an `origin` it holds the whole history.
    """
    if base is None or not services.spread or not services.git.has(base):
        return None
    bundle = services.git.bundle(base, known=services.git.published())
    return services.blobs.put(bundle) if bundle else None


def bring(services: Services, execution: Execution, commit: str) -> None:
    """Have a commit of this execution on this machine. `OutOfReach` where that cannot be."""
    if services.git.has(commit):
        return
    if commit == execution.base:
        _bring_base(services, execution.id, commit)
        return
    made = [run.outcome for run in services.store.runs(execution.id) if run.outcome]
    digest = next((outcome.bundle for outcome in made if outcome.commit == commit), None)
    if digest is None:
        raise OutOfReach(f"commit {commit[:12]} is not on this machine, and there is no bundle of it")
    if execution.base:
        bring(services, execution, execution.base)
    services.git.unbundle(services.blobs.get(digest))


def _bring_base(services: Services, execution_id: str, base: str) -> None:
    digest = services.plan(execution_id).base_bundle
    if digest is None:
        if not services.git.fetch(base):
            raise OutOfReach(f"commit {base} is neither on this machine nor at its `origin`", hint=ADVICE)
        return
    bundle = services.blobs.get(digest)
    try:
        services.git.unbundle(bundle)
    except Conflict:
        services.git.fetch(base)
        _unbundle_at_last(services, base, bundle)


def _unbundle_at_last(services: Services, base: str, bundle: bytes) -> None:
    try:
        services.git.unbundle(bundle)
    except Conflict as error:
        what = f"commit {base} builds on commits that are neither on this machine nor at its `origin`"
        raise OutOfReach(f"{what}: {error.message}", hint=ADVICE) from error
