"""Commands in comments, carried out: each answers with a decision, and whoever gave it is told."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from orchestrator.definition.authority import has_role
from orchestrator.definition.commands import PREFIX, USAGE, Command, Misunderstood, Verb
from orchestrator.definition.event import pull_request_of
from orchestrator.definition.explain import spellings
from orchestrator.definition.model import Workflow
from orchestrator.definition.reader import nearest
from orchestrator.definition.reasons import Reason, Rule
from orchestrator.definition.roles import Role
from orchestrator.errors import BadInput, Conflict, NotFound
from orchestrator.execution.state import Execution
from orchestrator.lifecycle.cancel import cancel
from orchestrator.lifecycle.intake.admission import enter, moved
from orchestrator.lifecycle.intake.allowing import allow
from orchestrator.lifecycle.intake.deciding import OPEN, decision, drop, record
from orchestrator.lifecycle.intake.elsewhere import last_ended, left_open, told
from orchestrator.lifecycle.intake.occasion import Occasion
from orchestrator.lifecycle.intake.reviewing import Review, review
from orchestrator.lifecycle.ports import Decision, Ruling, Transaction
from orchestrator.lifecycle.projection.holding import hold_back
from orchestrator.lifecycle.rerun import rerun

_LOOKED_AT = 200
_SHOWN = 20
_LONGEST_SUBJECT = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came of a command: `reason.starts` is false where it was refused, None where it waits for others."""

    reason: Reason
    lines: tuple[str, ...] = ()
    execution_id: str = ""
    recorded: Decision | None = None


def carry_out(found: Occasion, asked: Command) -> Decision:
    """Do what a command asks for, once for each delivery, and keep what came of it."""
    return concluded(found, asked.line, lambda: _VERBS[asked.verb](found, asked))


def concluded(found: Occasion, subject: str, deed: Callable[[], Answer]) -> Decision:
    """Do it, and keep what came of it as the decision on `subject`."""
    try:
        answer = deed()
    except (NotFound, Conflict, BadInput) as error:
        answer = Answer(reason=_no(str(error)))
    if answer.recorded:
        return answer.recorded
    ruling = {True: Ruling.MATCHED, False: Ruling.DENIED, None: Ruling.WAITING}[answer.reason.starts]
    return record(found.desk, _with(_made(found, subject, ruling, answer.reason), answer))


def not_understood(found: Occasion, asked: Misunderstood) -> Decision:
    """Tell whoever wrote it what was not understood, and what may have been meant."""
    text = "; ".join(filter(None, (asked.problem, asked.hint, _broken(found))))
    made = _made(found, asked.line, Ruling.DENIED, _no(text))
    return record(found.desk, _with(made, Answer(reason=_no(""), lines=tuple(_list_of(found)))))


def _broken(found: Occasion) -> str:
    """What may be why a workflow is not there."""
    files = {problem.place.file for problem in found.definitions.problems if problem.place}
    named = ", ".join(f"`{file}`" for file in sorted(files)[:3])
    return f"there are problems in {named}, which `mycelium validate` shows" if files else ""


def _with(made: Decision, answer: Answer) -> Decision:
    return replace(made, lines=answer.lines, execution_id=answer.execution_id)


def subject_of(line: str) -> str:
    """A command's line as the subject of a decision: an index holds it."""
    return line[:_LONGEST_SUBJECT]


def _made(found: Occasion, line: str, ruling: Ruling, reason: Reason) -> Decision:
    comment = found.event.comment.id if found.event.comment else None
    return decision(found, subject_of(line), ruling, reason, owed=True, comment_id=comment)


def _run(found: Occasion, asked: Command) -> Answer:
    workflow = found.definitions.workflows.get(asked.target)
    if workflow is None or workflow.is_template:
        hint = nearest(asked.target, found.definitions.workflows)
        text = f"there is no workflow `{asked.target[:100]}`"
        return Answer(reason=_no("; ".join(filter(None, (text, hint, _broken(found))))))
    if not any(trigger.event == "workflow_dispatch" for trigger in workflow.triggers):
        return Answer(reason=_no(f"`on` of `{workflow.id}` does not name `workflow_dispatch`"))
    reason = Reason(starts=True, text=f"the comment asks for it: `{asked.line[:100]}`", rule=Rule.COMMAND)
    made = enter(found, workflow, asked.inputs, reason, asked=True)
    return Answer(reason=reason, recorded=made)


def _cancel(found: Occasion, _asked: Command) -> Answer:
    by = found.event.sender.login
    running = [execution for execution in _executions(found) if not execution.status.ended]
    for execution in running:
        if refused := _may_not(found, _workflow_of(found, execution)):
            return Answer(reason=refused)
    waiting = _drop_waiting(found)
    for execution in running:
        with contextlib.suppress(Conflict):
            cancel(found.desk.services, execution.id, by)
    apart = left_open(found.desk.elsewhere)
    if not running and not waiting:
        return Answer(reason=told(apart) or _no("nothing runs here"))
    ids = ", ".join(f"execution {execution.id}" for execution in running)
    count = f"{waiting} that waited" if waiting else ""
    reason = _yes(f"cancelled: {' and '.join(filter(None, (ids, count)))}")
    return Answer(reason=reason, lines=tuple(each.line for each in apart))


def _drop_waiting(found: Occasion) -> int:
    """What waits here and whose workflow lets this person cancel it."""
    reason = Reason(starts=False, text=f"cancelled by `{found.event.sender.login}`", rule=Rule.COMMAND)
    dropped = 0
    with found.desk.services.store.begin() as tx:
        for held in tx.intake.held(OPEN, number=found.event.number):
            workflow = found.definitions.workflows.get(held.workflow_id)
            least = workflow.trust.actors if workflow else Role.WRITE
            if has_role(found.event.sender, found.role or Role.NONE, least).starts:
                drop(tx, held, Ruling.SUPERSEDED, reason)
                dropped += 1
    return dropped


def _rerun(found: Occasion, asked: Command) -> Answer:
    ended = next((execution for execution in _executions(found) if execution.status.ended), None)
    apart = last_ended(found.desk.elsewhere)
    if apart and (ended is None or apart.execution_id > ended.id):
        return Answer(reason=_no(apart.why))
    if ended is None:
        return Answer(reason=_no("no execution has ended here"))
    node = asked.target if asked.target not in ("", "failed") else None
    return run_again(found, ended, asked.line, failed_only=asked.target == "failed", node=node)


def run_again(
    found: Occasion, ended: Execution, subject: str, *, failed_only: bool = False, node: str | None = None
) -> Answer:
    """Run it again, or a part of it, if whoever asked may; a new execution is stored with the decision on `subject`."""
    refused = _may_not(found, _workflow_of(found, ended)) or _of_a_fork_that_moved(found, ended)
    if refused:
        return Answer(reason=refused)
    kept: list[Decision] = []

    def also(tx: Transaction, execution: Execution) -> None:
        reason = _yes(f"execution {ended.id} runs again as {execution.id}")
        made = _with(_made(found, subject, Ruling.MATCHED, reason), Answer(reason=reason, execution_id=execution.id))
        kept.append(tx.intake.record(made))
        if found.desk.keeps:
            hold_back(tx, execution.id, execution.created_at)

    again = rerun(found.desk.services, ended.id, failed_only=failed_only, node=node, also=also)
    what = f"`{node}` and what follows" if node else "what failed"
    reason = _yes(f"{what} of execution {again.id} runs again")
    return Answer(reason=reason, execution_id=again.id, recorded=kept[-1] if kept else None)


def _of_a_fork_that_moved(found: Occasion, execution: Execution) -> Reason | None:
    """What was allowed was one commit, and its time is over when the pull request has another."""
    then = pull_request_of(execution.event)
    if then is None or not then.from_fork:
        return None
    head = found.desk.github.pull_request(then.number).head_sha
    return None if head == execution.head else moved(head)


def _approve(found: Occasion, asked: Command) -> Answer:
    return _review(found, asked, approves=True)


def _reject(found: Occasion, asked: Command) -> Answer:
    return _review(found, asked, approves=False)


def _review(found: Occasion, asked: Command, *, approves: bool) -> Answer:
    """Of the executions here, the latest in which such a node waits."""
    problem: Exception | None = None
    for execution in _executions(found):
        said = Review(execution=execution, node=asked.target, by=found.event.sender, approves=approves)
        try:
            return Answer(reason=review(found.desk, said), execution_id=execution.id)
        except (NotFound, Conflict) as error:
            problem = problem or error
    apart = told(left_open(found.desk.elsewhere))
    return Answer(reason=apart or _no(str(problem) if problem else "no execution waits here"))


def _allow(found: Occasion, asked: Command) -> Answer:
    return Answer(reason=allow(found, asked.target))


def _status(found: Occasion, _asked: Command) -> Answer:
    if refused := _may_not_read(found):
        return Answer(reason=refused)
    lines = [
        f"`{execution.workflow_id}` number {execution.number}, execution {execution.id}: {execution.status.value}"
        for execution in _executions(found)
    ]
    lines += [each.line for each in found.desk.elsewhere]
    with found.desk.services.store.begin() as tx:
        held = tx.intake.held(OPEN, number=found.event.number)
    lines += [f"`{each.workflow_id}`: {each.state.value}" for each in held]
    reason = _yes("what ran here last:" if lines else "nothing ran here")
    return Answer(reason=reason, lines=tuple(lines[:_SHOWN]))


def _explain(found: Occasion, _asked: Command) -> Answer:
    if refused := _may_not_read(found):
        return Answer(reason=refused)
    lines = [
        f"`{each.subject}` on {each.event}: {each.ruling.value} by the rule `{each.rule}`, {each.reason}"
        for each in _decisions(found)
    ]
    text = "the latest decisions here:" if lines else "no event here concerned a workflow"
    if found.desk.job:
        # Each job has a store of its own, and what came to nothing is in no history.
        text = "why an event started nothing is said in the summary of its job"
        text = f"the decisions here that something came of; {text}:" if lines else text
    reason = _yes(text)
    return Answer(reason=reason, lines=tuple(lines[:_SHOWN]))


def _help(found: Occasion, _asked: Command) -> Answer:
    if refused := _may_not_read(found):
        return Answer(reason=refused)
    return Answer(reason=_yes("these commands are known here:"), lines=tuple(_list_of(found)))


def _list_of(found: Occasion) -> Iterator[str]:
    for workflow in found.definitions.workflows.values():
        for trigger in workflow.triggers:
            if trigger.event == "comment" and not workflow.is_template:
                inputs = "".join(f" {name}=…" for name in workflow.inputs)
                yield f"`{spellings(trigger)[0]}{inputs}`: {workflow.description or workflow.name}"
    yield from (f"`{PREFIX} {usage}`: {what}" for usage, what in USAGE.values())


def _may_not(found: Occasion, workflow: Workflow) -> Reason | None:
    reason = has_role(found.event.sender, found.role or Role.NONE, workflow.trust.actors)
    return None if reason.starts else reason


def _may_not_read(found: Occasion) -> Reason | None:
    reason = has_role(found.event.sender, found.role or Role.NONE, Role.READ)
    return None if reason.starts else reason


def _workflow_of(found: Occasion, execution: Execution) -> Workflow:
    return found.desk.services.plan(execution.id).definition


def _executions(found: Occasion) -> list[Execution]:
    """Those that came of this issue or pull request, newest first; others on the same commit are none of it."""
    ids = dict.fromkeys(each.execution_id for each in _decisions(found) if each.execution_id)
    apart = {each.execution_id for each in found.desk.elsewhere}
    executions = []
    for execution_id in (each for each in ids if each not in apart):
        with contextlib.suppress(NotFound):
            executions.append(found.desk.services.store.execution(execution_id))
    return sorted(executions, key=lambda execution: execution.id, reverse=True)


def _decisions(found: Occasion) -> list[Decision]:
    if found.event.number is None:
        return []
    with found.desk.services.store.begin() as tx:
        return tx.intake.of_thread(found.event.number, limit=_LOOKED_AT)


def _yes(text: str) -> Reason:
    return Reason(starts=True, text=text, rule=Rule.COMMAND)


def _no(text: str) -> Reason:
    return Reason(starts=False, text=text, rule=Rule.COMMAND)


_VERBS: dict[Verb, Callable[[Occasion, Command], Answer]] = {
    Verb.RUN: _run,
    Verb.RERUN: _rerun,
    Verb.CANCEL: _cancel,
    Verb.APPROVE: _approve,
    Verb.REJECT: _reject,
    Verb.ALLOW: _allow,
    Verb.STATUS: _status,
    Verb.EXPLAIN: _explain,
    Verb.HELP: _help,
}
