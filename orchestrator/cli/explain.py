"""`mycelium explain`: why each workflow would or would not start on an event."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import BinaryIO

import click

from orchestrator.cli.console import Console, printable
from orchestrator.cli.place import current_settings
from orchestrator.cli.workflow_files import collect
from orchestrator.definition.events import event_name
from orchestrator.definition.explain import Facts
from orchestrator.definition.explain import explain as reasons_of
from orchestrator.definition.matching import Changed
from orchestrator.definition.model import JsonValue
from orchestrator.definition.reasons import Reason, verdict
from orchestrator.definition.roles import Role
from orchestrator.errors import BadInput, ExitCode

MAX_PAYLOAD_BYTES = 25_000_000
"""GitHub sends no larger one: https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """What speaks for and against one workflow; `starts` is None where a reason is not known."""

    workflow: str
    reasons: Sequence[Reason]

    @property
    def starts(self) -> bool | None:
        return verdict(self.reasons)


@click.command()
@click.option(
    "--event", "file", type=click.File("rb"), help="A file with the event's payload, a JSON object; - is stdin."
)
@click.option("--event-name", "name", help="The event's name, where the payload does not tell.")
@click.option("--changed", "paths", multiple=True, metavar="PATH", help="A file that changed; may be repeated.")
@click.option(
    "--role",
    type=click.Choice([role.word for role in Role], case_sensitive=False),
    help="What the sender may do in the repository.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def explain(file: BinaryIO | None, name: str | None, paths: tuple[str, ...], role: str | None, as_json: bool) -> int:
    """Say why an event would start each workflow, or not.

    Decides as the server does, without asking anybody: what only GitHub knows is told as not known, unless --changed
    and --role say it. Of `schedule` the payload is {"schedule": CRON}, {"at": ISO-TIME} or nothing for now, of
    `workflow_dispatch` {"inputs": {…}}, of `repository_dispatch` {"action": TYPE}. Nothing is started.
    """
    payload = _payload(file)
    name = name or _told(payload)
    if name == "schedule" and not payload:
        payload = {"at": datetime.now(UTC).isoformat(timespec="minutes")}
    facts = Facts(changed=Changed(paths=paths) if paths else None, role=Role[role.upper()] if role else None)
    collection = collect(current_settings(), ())
    found = [
        Explanation(workflow=workflow.id, reasons=reasons_of(workflow, name, payload, facts))
        for workflow in collection.workflows
    ]
    found += [_broken(path) for path in collection.broken]
    if as_json:
        click.echo(json.dumps({"event": name, "workflows": [_object(one) for one in found]}, indent=2))
    else:
        _show(Console.stdout(), found, name)
    return ExitCode.COMPLETED


def _payload(file: BinaryIO | None) -> dict[str, JsonValue]:
    if file is None:
        return {}
    data = file.read(MAX_PAYLOAD_BYTES + 1)
    if len(data) > MAX_PAYLOAD_BYTES:
        raise BadInput("the payload is larger than any that GitHub sends (25 MB)")
    try:
        payload = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"the payload is not JSON: {error}") from error
    if not isinstance(payload, dict):
        raise BadInput("the payload is not a JSON object")
    return payload


def _told(payload: Mapping[str, JsonValue]) -> str:
    name = event_name(payload)
    if name is None:
        raise BadInput("the payload does not tell which event it belongs to", hint="say so: --event-name NAME")
    return name


def _broken(path: str) -> Explanation:
    reason = Reason(starts=False, text="the file has problems: `mycelium validate` shows them")
    return Explanation(workflow=path, reasons=[reason])


def _object(one: Explanation) -> JsonValue:
    return {"workflow": one.workflow, "starts": one.starts, "reasons": [asdict(reason) for reason in one.reasons]}


def _show(console: Console, found: Sequence[Explanation], event: str) -> None:
    if not found:
        console.line("There are no workflows here.")
    verdicts = {True: "would start", False: "would not start", None: "may start"}
    for one in found:
        console.line(f"{console.styled(one.workflow, bold=True)} {verdicts[one.starts]} on {printable(event)}")
        for reason in one.reasons:
            mark, colour = {True: ("✓", "green"), False: ("✗", "red"), None: ("?", "yellow")}[reason.starts]
            console.line(f"  {console.styled(mark, fg=colour)} {printable(reason.text)}")
