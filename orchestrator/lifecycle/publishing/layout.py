"""Publishing what an ended execution's workflow names: laid out at its end, and sent by the control loop alone.

Each target has a row of its own. It is laid out together with the result branch, before anybody hears of the end, and
goes out later, when GitHub takes it: nothing waits for that, and nothing of it is done by a worker's node.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from orchestrator.definition.expressions import ExpressionError
from orchestrator.definition.model import Workflow
from orchestrator.errors import MyceliumError, SetupError, Unavailable
from orchestrator.execution.allowed import paths_of, refused_paths, workflows_dir
from orchestrator.execution.commit import Commit
from orchestrator.execution.publication import Publication, PublicationState
from orchestrator.execution.publish_plan import Ended, Planned, named, plan
from orchestrator.execution.state import Execution, NodeRun
from orchestrator.lifecycle import contexts
from orchestrator.lifecycle.masking import Mask
from orchestrator.lifecycle.publishing.leaks import leak
from orchestrator.lifecycle.secrecy import mask_of
from orchestrator.lifecycle.services import Services
from orchestrator.lifecycle.travel import OutOfReach, bring
from orchestrator.report.filling import headline

MOST_COMMITS: Final = 500
"""Commits that one publication may bring out."""

NOBODY: Final = "no token"


def lay_out(services: Services, execution_id: str) -> None:
    """Write down what is to be published, once for each end of the execution; nothing where nothing is."""
    workflow = services.plan(execution_id).definition
    if workflow.publish is None:
        return
    execution = services.store.execution(execution_id)
    ended_at = execution.completed_at
    if ended_at is None or _is_laid_out(services.store.publications(execution_id), ended_at):
        return
    ended = ended_of(services, execution, mask_of(services))
    planned = [_looked_through(services, execution, workflow, each) for each in plan(ended)]
    with services.store.begin() as tx:
        latest = tx.lock(execution_id)
        known = {each.target: each for each in tx.publications(execution_id)}
        if latest.completed_at != ended_at or _is_laid_out(known.values(), ended_at):
            return  # a rerun has opened it again, or somebody else was faster
        for each in planned:
            tx.put_publication(_row(services, ended, ended_at, each, known.get(each.key)))
    services.wake.control()


def planned_of(services: Services, execution: Execution, mask: Mask | None = None) -> list[Planned]:
    """What an ended execution is to publish, by what its nodes came to; the commits are not looked at."""
    return plan(ended_of(services, execution, mask or mask_of(services)))


def ended_of(services: Services, execution: Execution, mask: Mask) -> Ended:
    """An execution at its end, without what `mask` knows."""
    workflow = services.plan(execution.id).definition
    seen = mask.json(contexts.at_end(execution, workflow))
    assert isinstance(seen, dict)  # noqa: S101 - a map stays one
    runs = [masked_run(run, mask) for run in services.store.runs(execution.id)]
    return Ended(execution=execution, workflow=workflow, runs=runs, contexts=seen)


def masked_run(run: NodeRun, mask: Mask) -> NodeRun:
    """A node run whose outputs and message hold nothing that `mask` knows."""
    if run.outcome is None:
        return run
    outputs = mask.json(run.outcome.outputs)
    assert isinstance(outputs, dict)  # noqa: S101 - a map stays one
    return replace(run, outcome=replace(run.outcome, outputs=outputs, message=mask.text(run.outcome.message)))


def withdraw(known: Iterable[Publication]) -> list[Publication]:
    """Those that have not gone out yet, taken back: the execution runs again, and another end will come."""
    reason = "the execution was run again"
    return [replace(each, state=PublicationState.WITHDRAWN, reason=reason) for each in known if each.pending]


def withhold(services: Services, publication: Publication, reason: str) -> None:
    """Leave it unpublished, and say why."""
    save(services, replace(publication, state=PublicationState.WITHHELD, reason=reason))


def save(services: Services, publication: Publication) -> None:
    """Keep how a publication stands, unless another end of its execution was laid out meanwhile.

    Then only where it is counts: the next one changes that, and makes no second.
    """
    with services.store.begin() as tx:
        tx.lock(publication.execution_id)
        known = {each.target: each for each in tx.publications(publication.execution_id)}
        latest = known.get(publication.target)
        if latest and latest.ended_at != publication.ended_at:
            tx.put_publication(_at_the_same_place(latest, publication))
        else:
            tx.put_publication(publication)
            if latest and latest.state is not publication.state:
                tx.changed(publication.execution_id)  # what GitHub shows of the execution tells this too


def put_off(publication: Publication, now: datetime, error: MyceliumError) -> Publication:
    """Tried again after five seconds, then ten, and so on up to half a minute; never given up."""
    seconds = min(30.0, 5.0 * 2 ** min(publication.tries, 6))
    return replace(
        publication,
        tries=publication.tries + 1,
        not_before=now + timedelta(seconds=seconds),
        reason=f"it is tried again: {error.message}",
    )


def _is_laid_out(known: Iterable[Publication], ended_at: datetime) -> bool:
    return any(each.ended_at == ended_at for each in known)


def _row(
    services: Services, ended: Ended, ended_at: datetime, planned: Planned, known: Publication | None
) -> Publication:
    execution, mask = ended.execution, mask_of(services)
    try:
        title = mask.text(headline(planned, ended.seen, execution.workflow_name))
    except ExpressionError as error:
        planned, title = planned.refused(f"it cannot be evaluated: {error}"), ""
    usage = planned.run.outcome.usage if planned.run and planned.run.outcome else None
    row = Publication(
        execution_id=execution.id,
        target=planned.key,
        kind=planned.kind,
        node=planned.run.node if planned.run else planned.target.source,
        agents=tuple(sorted(set(planned.agents))),
        workflow_id=execution.workflow_id,
        repository=services.github.repository if services.github else execution.repository,
        ended_at=ended_at,
        state=planned.state,
        reason=mask.text(planned.reason),
        title=title,
        replayed=usage is not None and usage.replayed,
    )
    return _at_the_same_place(row, known) if known else row


def _at_the_same_place(row: Publication, known: Publication) -> Publication:
    """What was published before the execution ran again is changed, and not published a second time."""
    return replace(
        row,
        title=row.title if known.number is None else known.title,
        number=known.number,
        remote_id=known.remote_id,
        url=known.url,
        branch=known.branch,
        commit=known.commit,
        published_at=known.published_at,
        fate=known.fate,
        final=known.final,
        checked_at=known.checked_at,
    )


def _looked_through(services: Services, execution: Execution, workflow: Workflow, planned: Planned) -> Planned:
    """A commit that changes what it may not, or holds a secret, stays here."""
    wanted = planned.state in (PublicationState.PLANNED, PublicationState.WITHHELD)
    if not planned.commit or not wanted or execution.merge_base is None:
        return planned
    try:
        bring(services, execution, planned.commit)
        commits = services.git.log(execution.merge_base, planned.commit)
    except OutOfReach as error:
        return planned.refused(error.message)
    except (Unavailable, SetupError):
        raise
    except MyceliumError as error:
        return planned.refused(f"its commits cannot be looked at: {error.message}")
    if not commits:
        return planned.skipped(f"`{planned.target.source}` changed nothing")
    if len(commits) > MOST_COMMITS:
        return planned.refused(f"{len(commits):,} commits, and at most {MOST_COMMITS} can be published")
    if refused := _refused_paths(workflow, commits):
        return planned.refused(f"it changes {named(refused)}: name that in `allow.paths` if it may")
    if found := leak(services.git, mask_of(services), execution.merge_base, commits):
        return planned.refused(found)
    return planned


def _refused_paths(workflow: Workflow, commits: Iterable[Commit]) -> list[str]:
    if workflow.publish is None:
        return []
    paths = paths_of(change for commit in commits for change in commit.changes)
    return refused_paths(workflow.publish, paths, workflows_dir=workflows_dir(workflow.path, workflow.id))
