"""Carrying out one attempt: workspace, task, commit, artifacts, outputs. Whatever goes wrong becomes its outcome."""

from __future__ import annotations

import errno
import logging
from dataclasses import asdict, replace
from typing import Final

from orchestrator.definition.expressions import ExpressionError
from orchestrator.definition.model import Agent, JsonValue, Merge, NodeKind, WorkspaceMode
from orchestrator.errors import MyceliumError, StaleClaim, Unavailable
from orchestrator.execution.log_line import Level
from orchestrator.execution.outcome import FailureClass, Outcome
from orchestrator.lifecycle import contexts
from orchestrator.lifecycle.attempts.artifacts import keep_artifacts
from orchestrator.lifecycle.attempts.attempt import Attempt, AttemptFailed
from orchestrator.lifecycle.attempts.authorship import author, commit_message
from orchestrator.lifecycle.attempts.integrate import integrate
from orchestrator.lifecycle.attempts.servers import mcp_servers
from orchestrator.lifecycle.attempts.tasks import action_task, run_task
from orchestrator.lifecycle.attempts.workspaces import workspace_for
from orchestrator.lifecycle.limits import MAX_CHANGES, within_limits
from orchestrator.lifecycle.masking import Mask
from orchestrator.lifecycle.ports import Workspace
from orchestrator.report.numbers import plural

NAMED_PATHS: Final = 3
REFUSALS: Final = {
    errno.ENOSPC: "make room",
    errno.EDQUOT: "make room",
    errno.EROFS: "mount it for writing",
    errno.EACCES: "check permissions",
}
"""What a disk may refuse while a workspace or a scratch file is written, and what to do before a rerun."""

_LOG = logging.getLogger(__name__)


def carry_out(attempt: Attempt) -> Outcome:
    """Do what the node says, once; the outcome is masked. Raises `StaleClaim` and nothing else that is expected."""
    said = _words_masked(_with_calls(attempt, _guarded(attempt)), attempt.mask)
    # What is nested too deeply cannot be masked, and a word that was cut in two would not be found.
    outcome = _outputs_masked(within_limits(said), attempt.mask)
    return replace(outcome, transcripts=tuple(attempt.transcripts))


def _guarded(attempt: Attempt) -> Outcome:
    try:
        return _done(attempt)
    except AttemptFailed as failed:
        return Outcome(failure=failed.failure, message=failed.message)
    except StaleClaim:
        raise
    except Unavailable as error:
        return Outcome(failure=FailureClass.OVERLOADED, message=str(error))
    except MyceliumError as error:
        return Outcome(failure=FailureClass.SETUP, message=str(error))
    except Exception as error:
        if isinstance(error, OSError) and error.errno in REFUSALS:
            return Outcome(failure=FailureClass.SETUP, message=_refused(error))
        # A defect of ours must end the node run with a word to its owner, and not the worker.
        _LOG.exception("node run %s of execution %s broke", attempt.run.key, attempt.execution.id)
        return Outcome(failure=FailureClass.CRASHED, message=f"{type(error).__name__}: {error}")


def _refused(error: OSError) -> str:
    where = error.filename or "the folder for workspaces, or that for temporary files"
    return f"{where}: {error.strerror} ({REFUSALS[error.errno or 0]}, then rerun)"


def _with_calls(attempt: Attempt, outcome: Outcome) -> Outcome:
    """Which agent was called, and what it used: that counts whatever became of its work."""
    return replace(outcome, called=attempt.tally.call, usage=attempt.tally.usage)


def _done(attempt: Attempt) -> Outcome:
    if attempt.control.reason() is not None:
        return Outcome(cancelled=True)
    action = attempt.node.action
    if isinstance(action, Merge):
        outcome = _with_bundle(attempt, integrate(attempt, action))
    else:
        with workspace_for(attempt) as workspace:
            outcome = _in_workspace(attempt, workspace)
    outcome = _with_calls(attempt, outcome)
    return _with_outputs(attempt, outcome) if outcome.succeeded else outcome


def _in_workspace(attempt: Attempt, workspace: Workspace) -> Outcome:
    with mcp_servers(attempt) as servers:
        outcome = run_task(attempt, action_task(attempt, workspace, servers), workspace)
    outcome = replace(outcome, base=workspace.base)
    if outcome.cancelled:
        return outcome
    outcome = replace(outcome, artifacts=keep_artifacts(attempt, workspace.path))
    if not outcome.succeeded or workspace.base is None:
        return outcome
    if attempt.node.workspace is WorkspaceMode.WRITE:
        return _with_bundle(attempt, _committed(attempt, workspace, outcome))
    return _discarded(attempt, workspace, outcome)


def _committed(attempt: Attempt, workspace: Workspace, outcome: Outcome) -> Outcome:
    git, action = attempt.services.git, attempt.node.action
    changes = git.changes(workspace)
    by = author(action.agent if isinstance(action, Agent) else None)
    commit = git.commit(workspace, by, commit_message(attempt, outcome))
    for left_out in git.left_out(workspace):
        attempt.log.say(f"not committed: {left_out}", level=Level.WARNING)
    if commit is None:
        return outcome
    attempt.log.say(f"committed {plural(len(changes), 'changed file')} as {commit[:12]}")
    if len(changes) > MAX_CHANGES:
        attempt.log.say(f"the first {MAX_CHANGES:,} changed files are listed; the commit has all", level=Level.WARNING)
    return replace(outcome, commit=commit, changes=changes[:MAX_CHANGES])


def _discarded(attempt: Attempt, workspace: Workspace, outcome: Outcome) -> Outcome:
    """Tell what an agent changed in vain. That commands leave build products behind is nothing to tell."""
    if attempt.node.kind is not NodeKind.AGENT:
        return outcome
    paths = [change.path for change in attempt.services.git.changes(workspace)]
    if paths:
        named = ", ".join(paths[:NAMED_PATHS]) + ", …" * (len(paths) > NAMED_PATHS)
        text = f"{plural(len(paths), 'changed file')} discarded ({named}); set `workspace: write` to keep such changes"
        attempt.log.say(text, level=Level.WARNING)
    return replace(outcome, discarded=len(paths))


def _with_bundle(attempt: Attempt, outcome: Outcome) -> Outcome:
    """Any machine must be able to take the next node, so the commit goes into the blob store first."""
    if outcome.commit is None:
        return outcome
    known = [attempt.execution.base] if attempt.execution.base else []
    bundle = attempt.services.git.bundle(outcome.commit, known=known)
    return replace(outcome, bundle=attempt.services.blobs.put(bundle))


def _with_outputs(attempt: Attempt, outcome: Outcome) -> Outcome:
    own = {**_always(attempt, outcome), **outcome.outputs}
    if outcome.commit:
        own["commit"] = outcome.commit
    try:
        named = contexts.outputs(attempt.node, own, attempt.contexts)
    except ExpressionError as error:
        raise AttemptFailed(FailureClass.BAD_OUTPUT, f"`outputs` cannot be evaluated: {error}") from error
    return replace(outcome, outputs={**own, **named})


def _always(attempt: Attempt, outcome: Outcome) -> dict[str, JsonValue]:
    """The outputs that every node of a kind has."""
    if attempt.node.kind is NodeKind.RUN:
        return {"summary": outcome.summary, "exit-code": outcome.exit_code or 0}
    usage: JsonValue = asdict(outcome.usage) if outcome.usage else None
    files: list[JsonValue] = [change.path for change in outcome.changes]
    return {"text": "", "commit": outcome.commit, "files_changed": files, "usage": usage}


def _outputs_masked(outcome: Outcome, mask: Mask) -> Outcome:
    outputs = mask.json(outcome.outputs)
    return replace(outcome, outputs=outputs if isinstance(outputs, dict) else {})


def _words_masked(outcome: Outcome, mask: Mask) -> Outcome:
    """Everything that is said of the attempt besides its outputs, names of files included."""
    called = outcome.called
    return replace(
        outcome,
        message=mask.text(outcome.message),
        summary=mask.text(outcome.summary),
        annotations=tuple(
            replace(each, message=mask.text(each.message), title=mask.text(each.title), path=mask.text(each.path))
            for each in outcome.annotations
        ),
        artifacts=tuple(replace(each, name=mask.text(each.name)) for each in outcome.artifacts),
        changes=tuple(mask.change(each) for each in outcome.changes),
        called=called and replace(called, engine=mask.text(called.engine), model=mask.text(called.model)),
    )
