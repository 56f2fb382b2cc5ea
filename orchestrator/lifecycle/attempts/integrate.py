"""Merge nodes: the commits of several nodes become one, and an agent mends what conflicts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count

from orchestrator.definition.model import Merge
from orchestrator.execution import needs
from orchestrator.execution.outcome import FailureClass, Outcome
from orchestrator.lifecycle.attempts.attempt import Attempt, AttemptFailed
from orchestrator.lifecycle.attempts.authorship import MYCELIUM, author, merge_message
from orchestrator.lifecycle.attempts.prompts import resolver_prompt
from orchestrator.lifecycle.attempts.tasks import resolver_task, run_task
from orchestrator.lifecycle.attempts.workspaces import fetch, opened, producer
from orchestrator.lifecycle.ports import Workspace


def integrate(attempt: Attempt, action: Merge) -> Outcome:
    """Merge in the order the node names; the first commit is where it starts."""
    commits = _commits(attempt, action)
    for commit in commits:
        fetch(attempt, commit)
    if not commits:
        return Outcome(outputs={"conflicts": []})
    calls = count(1)
    with opened(attempt, commits) as workspace:
        outcome = Outcome(base=commits[0], outputs={"conflicts": []})
        for commit in commits[1:]:
            outcome = _merge(attempt, action, workspace, commit, outcome, calls)
            if not outcome.succeeded:
                return outcome
        return _concluded(attempt, workspace, outcome)


def _commits(attempt: Attempt, action: Merge) -> tuple[str, ...]:
    """Those of the named nodes in their order, then what other predecessors bring."""
    runs = needs.by_node(attempt.predecessors)
    named = [commit for node in action.nodes for commit in needs.heads(runs.get(node, []))]
    base = attempt.execution.base
    found = tuple(dict.fromkeys([*named, *attempt.run.heads]))
    return found or ((base,) if base else ())


def _merge(
    attempt: Attempt, action: Merge, workspace: Workspace, commit: str, before: Outcome, calls: Iterator[int]
) -> Outcome:
    """Bring one commit in; `calls` numbers the resolver's, which is called once for each commit that conflicts."""
    source = producer(attempt, commit)
    git = attempt.services.git
    conflicts = git.merge(workspace, commit, MYCELIUM, merge_message(attempt, source))
    if not conflicts:
        attempt.log.say(f"merged node `{source}` ({commit[:12]})")
        return before
    attempt.log.say(f"node `{source}` conflicts in {', '.join(conflicts)}")
    if action.resolver is None:
        advice = "name an agent as `resolver` to have conflicts mended"
        raise AttemptFailed(FailureClass.CONFLICT, f"node `{source}` conflicts in {', '.join(conflicts)}; {advice}")
    prompt = resolver_prompt(attempt, action, source, conflicts, workspace)
    task = resolver_task(attempt, action, prompt, conflicts, call=next(calls))
    resolved = run_task(attempt, task, workspace)
    if not resolved.succeeded:
        return replace(resolved, base=before.base)
    message = merge_message(attempt, source, action.resolver)
    left = git.conclude_merge(workspace, author(action.resolver), message)
    if left:
        what = f"agent `{action.resolver}` left conflicts in {', '.join(left)}"
        raise AttemptFailed(FailureClass.CONFLICT, what)
    return _both(before, resolved, conflicts)


def _both(before: Outcome, resolved: Outcome, conflicts: tuple[str, ...]) -> Outcome:
    """What one merge node says about several merges that needed an agent."""
    known = before.outputs["conflicts"]
    listed = [*(known if isinstance(known, list) else []), *conflicts]
    return replace(
        resolved,
        base=before.base,
        outputs={**before.outputs, **resolved.outputs, "conflicts": listed},
        annotations=before.annotations + resolved.annotations,
    )


def _concluded(attempt: Attempt, workspace: Workspace, outcome: Outcome) -> Outcome:
    head = attempt.services.git.head(workspace)
    changes = attempt.services.git.changes(workspace)
    commit = None if head == attempt.execution.base else head
    return replace(outcome, commit=commit, changes=changes)
