"""What waits on a pull request, made anew in a job that knows of it by GitHub alone, so that somebody can allow it.

It takes the pull request as it is now, and of each workflow one event: nothing starts twice. What may start by itself
is left out, for that has been done when it happened.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from orchestrator.definition.authority import Standing, admitted
from orchestrator.definition.commands import Command, Verb, parse_command
from orchestrator.definition.event import as_payload, read_event
from orchestrator.definition.explain import considered
from orchestrator.definition.model import JsonValue, Trigger, Workflow
from orchestrator.definition.reasons import verdict
from orchestrator.lifecycle.intake.answering import our_comment
from orchestrator.lifecycle.intake.in_job import named
from orchestrator.lifecycle.intake.occasion import Delivery, Desk, Occasion, occasion, state_of
from orchestrator.lifecycle.intake.remade import ALWAYS
from orchestrator.lifecycle.ports.github import Comment, PullRequest
from orchestrator.report.answers import waiting_comments


def made_anew(
    desk: Desk, found: PullRequest, *, delivery: str, repository: JsonValue = None, name: str = ""
) -> list[Delivery]:
    """As if its author did it just now, whose role is that of whoever pushes to it.

    Each event is for the workflows alone that wait for it, the first of its activities that they name; with `name` for
    that workflow, whatever it names. A fork's comes with one in any case: its own job shows nobody what it changes.
    """
    common: dict[str, JsonValue] = {"number": found.number, "pull_request": _payload(found), "repository": repository}
    made = [
        Delivery(
            id=f"{delivery} {found.number} {words}",
            event="pull_request",
            payload={**common, "sender": as_payload(state_of(found))["user"], **activity},
            only=frozenset(),
        )
        for words, activity in _activities(found)
    ]
    takers = _takers(occasion(desk, made[0]), made, name)
    for workflow, chosen in takers:
        made[chosen] = replace(made[chosen], only=frozenset({*(made[chosen].only or ()), workflow}))
    return [each for number, each in enumerate(made) if each.only or (not number and found.from_fork)]


def commanded_anew(desk: Desk, found: PullRequest) -> list[Delivery]:
    """The commands on a fork that our answers say wait for its head: as they were written, by whoever wrote them."""
    ours = our_comment(desk, found.number) if found.from_fork else None
    wanted = waiting_comments(ours.body, found.head_sha) if ours else ()
    comments = [each for each in desk.github.comments(found.number) if each.id in wanted] if wanted else []
    return [as_commented(each, found.number) for each in comments if _starts(each)]


def as_commented(comment: Comment, number: int, *, on_pull_request: bool = True) -> Delivery:
    """A comment as the webhook told it."""
    author = comment.author
    who: dict[str, JsonValue] = {"id": author.id, "login": author.login, "type": author.kind}
    issue: dict[str, JsonValue] = {"number": number, **({"pull_request": {"url": ""}} if on_pull_request else {})}
    payload: dict[str, JsonValue] = {
        "action": "created",
        "comment": {"id": comment.id, "body": comment.body, "user": who},
        "issue": issue,
        "sender": who,
    }
    return Delivery(id=f"heard {comment.id}", event="issue_comment", payload=payload)


def as_written(comment: Comment) -> bool:
    """Whether nobody has edited it: people who may write to the repository can edit comments of others."""
    return comment.updated_at in (None, comment.created_at)


def _starts(comment: Comment) -> bool:
    """What a workflow's own command is called is not known here."""
    said = parse_command(comment.body)
    return as_written(comment) and not (isinstance(said, Command) and said.verb not in (Verb.START, Verb.RUN))


def _payload(found: PullRequest) -> dict[str, JsonValue]:
    said: dict[str, JsonValue] = {"title": found.title, "body": found.body, "html_url": found.url}
    return {**as_payload(state_of(found)), **said, "labels": [{"name": each} for each in found.labels]}


def _activities(found: PullRequest) -> Iterator[tuple[str, dict[str, JsonValue]]]:
    """What its author may have done for it to be as it is, each with words for an id; what workflows look for mostly
    comes first."""
    for action in (*ALWAYS, "converted_to_draft" if found.draft else "ready_for_review"):
        yield action, {"action": action}
    for label in found.labels:
        yield f"labeled {label}", {"action": "labeled", "label": {"name": label}}


def _takers(first: Occasion, made: Sequence[Delivery], name: str) -> Iterator[tuple[str, int]]:
    """The workflows that wait, each with the place of its event."""
    if name:
        workflow = named(first.definitions, name)
        if _waits(first, workflow):
            yield workflow.id, 0
        return
    for workflow in first.definitions.workflows.values():
        trigger = next((each for each in workflow.triggers if each.event == "pull_request"), None)
        if trigger and not workflow.is_template and _waits(first, workflow):
            fitting = (number for number, each in enumerate(made) if _fits(first, workflow, trigger, each))
            yield from ((workflow.id, number) for number in [next(fitting, None)] if number is not None)


def _waits(first: Occasion, workflow: Workflow) -> bool:
    return admitted(workflow.trust, first.event, first.role, asked=False).standing is Standing.WAITING


def _fits(first: Occasion, workflow: Workflow, trigger: Trigger, made: Delivery) -> bool:
    event = read_event(made.event, made.payload)
    fitting = verdict(considered(workflow, trigger, event, made.payload))
    if fitting is None:
        fitting = verdict(considered(workflow, trigger, event, made.payload, first.changed))
    return fitting is True
