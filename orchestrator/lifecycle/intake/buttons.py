"""Buttons of our check runs, and GitHub's own "Re-run": a press is a command to one execution or node run.

https://docs.github.com/en/rest/guides/using-the-rest-api-to-interact-with-checks#check-runs-and-requested-actions
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from orchestrator.definition.event import Event, Pressed
from orchestrator.errors import NotFound
from orchestrator.execution.state import Execution, ExecutionStatus, NodeRun
from orchestrator.lifecycle.intake.commanded import Answer, concluded, run_again
from orchestrator.lifecycle.intake.occasion import Delivery, Desk, Occasion, account_of
from orchestrator.lifecycle.intake.reviewing import Review, review
from orchestrator.lifecycle.ports import Decision
from orchestrator.report.check_run import RERUN_FAILED
from orchestrator.report.run_check import APPROVE, REJECT

Place = tuple[Execution, NodeRun | None]

MOST_LOOKED_AT: Final = 200
"""Executions among which those of a commit are looked for, the newest first."""


def press(desk: Desk, delivery: Delivery, event: Event) -> list[Decision]:
    """Do what was pressed, if whoever pressed it may; nothing where it is no check run of ours."""
    pressed = event.pressed
    if pressed is None or not event.sender.is_person or not _our_app(desk, pressed.app):
        return []
    if pressed.commit:
        places: list[Place | None] = [(execution, None) for execution in _of_commit(desk, pressed.commit)]
    else:
        places = [_place(desk, pressed.external_id)]
    return [_pressed(desk, delivery, event, pressed, place) for place in places if place]


def _pressed(desk: Desk, delivery: Delivery, event: Event, pressed: Pressed, place: Place) -> Decision:
    execution, run = place
    subject = f"/{pressed.button or 'rerun'} {run.key if run else execution.workflow_id}"
    with desk.services.store.begin() as tx:
        if known := [each for each in tx.intake.decided(delivery.id) if each.subject == subject]:
            return known[0]
    number = execution.target.number if execution.target else None
    found = Occasion(desk=desk, delivery=delivery, event=replace(event, number=number), payload=delivery.payload)
    return concluded(found, subject, _deed(found, pressed, execution, run, subject))


def _deed(
    found: Occasion, pressed: Pressed, execution: Execution, run: NodeRun | None, subject: str
) -> Callable[[], Answer]:
    if run and pressed.button in (APPROVE.identifier, REJECT.identifier):
        approves = pressed.button == APPROVE.identifier
        said = Review(execution=execution, node=run.key, by=found.event.sender, approves=approves)
        return lambda: Answer(reason=review(found.desk, said), execution_id=execution.id)
    if run:
        return lambda: run_again(found, execution, subject, node=run.key)
    # GitHub's own button stands beside every check run: of one that failed, what failed is meant.
    failed_only = pressed.button == RERUN_FAILED.identifier or execution.status is ExecutionStatus.FAILED
    return lambda: run_again(found, execution, subject, failed_only=failed_only)


def _our_app(desk: Desk, slug: str) -> bool:
    """GitHub sends presses to the app whose check run it is; a webhook that hears of others does not matter."""
    me = account_of(desk.github.me())
    return bool(slug) and me.kind == "Bot" and me.login == f"{slug}[bot]"


def _of_commit(desk: Desk, commit: str) -> list[Execution]:
    """Of each workflow the newest execution that the commit shows, where it has ended."""
    newest: dict[str, Execution] = {}
    for execution in desk.services.store.executions(limit=MOST_LOOKED_AT):
        if execution.target and execution.target.head_sha == commit:
            newest.setdefault(execution.workflow_id, execution)
    return [execution for execution in newest.values() if execution.status.ended]


def _place(desk: Desk, external_id: str) -> Place | None:
    """The execution, and the node run, that a check run stands for."""
    place, _, _ = external_id.partition("#")  # the round, which pressing does not ask for
    execution_id, _, index = place.partition("/")
    try:
        execution = desk.services.store.execution(execution_id)
        runs = {str(run.index): run for run in desk.services.store.runs(execution_id)} if index else {}
    except NotFound:
        return None
    return (execution, runs.get(index)) if not index or index in runs else None
