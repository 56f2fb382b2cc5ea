"""The verbs of `mycelium executions` that change one: cancel, rerun, resume, approve, reject.

An execution whose process tree is alive, in another terminal or on a server, is told through the store and goes on
there. One whose tree has died is taken up here, and carried through in this terminal.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from orchestrator.cli.console import Console
from orchestrator.cli.decisions import person
from orchestrator.cli.executions import REFERENCE
from orchestrator.cli.place import repository_settings
from orchestrator.errors import Conflict
from orchestrator.settings import Settings

if TYPE_CHECKING:
    from orchestrator.execution.state import Execution
    from orchestrator.lifecycle.archive.keeper import Keeper
    from orchestrator.lifecycle.services import Services

    Decide = Callable[[Services, str, str, str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    """An execution, the queues its nodes wait in, whether they use a blackboard, and whether the process tree that owns
    it is alive.

    `owed`: there is something to be done yet, and be it that an ended execution has no branch. `restored`: it came from
    the history, and nobody has taken it up.
    """

    execution: Execution
    queues: tuple[str, ...]
    blackboard: bool
    alive: bool
    owed: bool
    restored: bool


UNATTENDED = click.option(
    "--approve-unattended", is_flag=True, help="Where there is no terminal to ask in, approve what waits."
)
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print the execution as one JSON object on stdout.")


@click.command()
@REFERENCE
def cancel(execution: str) -> None:
    """Stop an execution: what runs is ended, what has not begun never starts."""
    from orchestrator import app
    from orchestrator.lifecycle.cancel import cancel as cancel_execution

    settings = repository_settings()
    found = _found(settings, execution)
    with app.offline(settings) if found.alive else app.owning(settings) as services, _held(settings, services, found):
        cancel_execution(services, found.execution.id, person(os.environ))
    Console.stdout().line(
        f"Execution {found.execution.id} is cancelled{'; what runs is being stopped' if found.alive else ''}."
    )


@click.command()
@REFERENCE
@click.option("--failed", "failed_only", is_flag=True, help="Only what failed or was cancelled, and all that follows.")
@click.option("--node", help="Only this node, and all that follows.")
@UNATTENDED
@AS_JSON
@click.pass_context
def rerun(ctx: click.Context, /, execution: str, failed_only: bool, node: str | None, **how: bool) -> None:
    """Run an ended execution again.

    With --failed or --node in place, where the results of the other nodes stand; else as a new execution from the
    same commit and inputs.
    """
    from orchestrator import app
    from orchestrator.lifecycle.rerun import rerun as run_again

    settings = repository_settings()
    found = _found(settings, execution)
    if not found.execution.status.ended:
        raise Conflict(f"execution {found.execution.id} has not ended: it is {found.execution.status.value}")
    in_place = failed_only or node is not None
    tree = app.embedded(settings, found.queues, blackboard=found.blackboard)
    with tree as services, _believed(settings, services, found, in_place=in_place):
        again = run_again(services, found.execution.id, failed_only=failed_only, node=node)
        code = _carry(services, settings, again.id, how)
    ctx.exit(code)


@click.command()
@REFERENCE
@UNATTENDED
@AS_JSON
@click.pass_context
def resume(ctx: click.Context, /, execution: str, **how: bool) -> None:
    """Go on with an execution whose `mycelium run` was interrupted, or has left it waiting for a person."""
    from orchestrator import app

    settings = repository_settings()
    found = _found(settings, execution)
    if not found.owed:
        raise Conflict(
            f"execution {found.execution.id} has already ended: {found.execution.status.value}",
            hint="`rerun` starts it again",
        )
    if found.alive:
        raise Conflict(
            f"execution {found.execution.id} is being run by another process", hint="there is nothing to resume"
        )
    tree = app.embedded(settings, found.queues, blackboard=found.blackboard)
    with tree as services, _held(settings, services, found):
        code = _carry(services, settings, found.execution.id, how)
    ctx.exit(code)


@click.command()
@click.argument("execution")
@click.argument("node")
@UNATTENDED
@AS_JSON
@click.pass_context
def approve(ctx: click.Context, /, execution: str, node: str, **how: bool) -> None:
    """Let an approval pass; the execution goes on, here if it runs nowhere else."""
    from orchestrator.lifecycle.decide import approve as decide

    ctx.exit(_decide(execution, node, decide, how))


@click.command()
@click.argument("execution")
@click.argument("node")
@UNATTENDED
@AS_JSON
@click.pass_context
def reject(ctx: click.Context, /, execution: str, node: str, **how: bool) -> None:
    """Stop at an approval; what needs it is skipped."""
    from orchestrator.lifecycle.decide import reject as decide

    ctx.exit(_decide(execution, node, decide, how))


def _decide(execution: str, node: str, decide: Decide, how: dict[str, bool]) -> int:
    from orchestrator import app

    settings = repository_settings()
    found = _found(settings, execution)
    if found.alive or found.execution.status.ended:
        with app.offline(settings) as services:
            decide(services, found.execution.id, node, person(os.environ))
        Console.stdout().line(f"Decided: `{node}` of execution {found.execution.id}. It goes on where it runs.")
        return 0
    tree = app.embedded(settings, found.queues, blackboard=found.blackboard)
    # Taken up first: a decision may end the execution, and then there is nothing left to take up.
    with tree as services, _held(settings, services, found):
        decide(services, found.execution.id, node, person(os.environ))
        return _carry(services, settings, found.execution.id, how)


def _found(settings: Settings, reference: str) -> _Found:
    from orchestrator import app
    from orchestrator.definition.project import BLACKBOARD
    from orchestrator.lifecycle.archive.restoring import RESTORED
    from orchestrator.lifecycle.resume import owes
    from orchestrator.queue.instance import dead

    with app.offline(settings) as services:
        execution = services.store.find(reference)
        definition = services.plan(execution.id).definition
        owed = not execution.status.ended or owes(services, execution)
    restored = execution.instance == RESTORED
    alive = not restored and execution.instance not in dead(settings.home_dir, [execution.instance])
    return _Found(
        execution=execution,
        queues=definition.queues,
        blackboard=BLACKBOARD in definition.servers,
        alive=alive,
        owed=owed,
        restored=restored,
    )


@contextmanager
def _held(settings: Settings, services: Services, found: _Found) -> Iterator[None]:
    """Have the execution in our hands, if nobody has; what came from the history is saved there again afterwards."""
    from orchestrator import app
    from orchestrator.lifecycle.resume import resume as take_up

    execution = found.execution
    if found.alive:
        yield
    elif not found.restored:
        take_up(services, execution.id, of=execution.instance)
        yield
    else:
        with app.keeping(settings, services) as keeper:
            keeper.take_up(execution.id)
            with _saved(keeper, execution.id):
                yield


@contextmanager
def _believed(settings: Settings, services: Services, found: _Found, *, in_place: bool) -> Iterator[None]:
    """What came from the history is somebody's word, and runs again only if it may run here. What runs again in place
    is in our hands meanwhile, and is saved there again."""
    from orchestrator import app

    if not found.restored:
        yield
        return
    execution_id = found.execution.id
    with app.keeping(settings, services) as keeper:
        if not in_place:
            keeper.check(execution_id)
            yield
            return
        keeper.hold(execution_id, again=True)
        with _saved(keeper, execution_id):
            yield


@contextmanager
def _saved(keeper: Keeper, execution_id: str) -> Iterator[None]:
    try:
        yield
    finally:
        keeper.save(execution_id)


def _carry(services: Services, settings: Settings, execution_id: str, how: dict[str, bool]) -> int:
    from orchestrator.cli.carry import Terminal, carry

    return carry(services, settings, execution_id, Terminal.standard(os.environ, **how))
