"""The job of Actions that this process is a step of: its event, and the files that the runner reads afterwards.

https://docs.github.com/en/actions/reference/workflows-and-actions/variables
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrator.definition.event import from_fork
from orchestrator.definition.model import JsonValue
from orchestrator.errors import SetupError
from orchestrator.lifecycle.projection.target import job_page

SAME_PAYLOAD: Final = {"pull_request_target": "pull_request"}
"""Events that only Actions has, and the one whose payload they carry."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """`event` is named as a webhook is, and `payload` is what the webhook had. `delivery` is the same only for the same
    step of the same leg and attempt, and `earlier` what it was in earlier attempts, the last one first. `reads_only`
    says that its token can write nothing, as in the job of a fork. `temporary` goes away with the job.
    """

    event: str
    payload: Mapping[str, JsonValue]
    delivery: str
    page: str
    reads_only: bool
    temporary: Path
    output: Path | None
    summary: Path | None
    earlier: tuple[str, ...] = ()

    def put(self, name: str, value: str) -> None:
        """An output of the step; of several with the same name the last counts."""
        _put(self.output, name, value)

    def summarize(self, markdown: str) -> None:
        """Add to the summary of the step."""
        if self.summary is None:
            return
        with self.summary.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(markdown)


def read(environ: Mapping[str, str]) -> Job:
    """`SetupError` outside of a job."""
    name = environ.get("GITHUB_EVENT_NAME", "")
    if not name:
        raise SetupError("this is no job of GitHub Actions: GITHUB_EVENT_NAME is not set")
    payload = _payload(environ.get("GITHUB_EVENT_PATH", ""))
    attempt = environ.get("GITHUB_RUN_ATTEMPT", "1")
    before = range(int(attempt) - 1 if attempt.isdecimal() else 0, 0, -1)
    return Job(
        event=SAME_PAYLOAD.get(name, name),
        # Actions names the file of its own workflow here, where a dispatch of ours names the workflow that it is for.
        payload={key: value for key, value in payload.items() if key != "workflow"},
        delivery=_delivery(environ, attempt),
        earlier=tuple(_delivery(environ, str(number)) for number in before),
        page=job_page(environ),
        reads_only=name in ("pull_request", "pull_request_review") and from_fork(payload),
        temporary=Path(environ.get("RUNNER_TEMP") or "/tmp", "mycelium"),  # noqa: S108 - a runner always has its own
        output=_file(environ, "GITHUB_OUTPUT"),
        summary=_file(environ, "GITHUB_STEP_SUMMARY"),
    )


def put_failed(environ: Mapping[str, str]) -> None:
    """Say in the outputs that the step ended with an error, be it one of reading what the job gave it."""
    output = _file(environ, "GITHUB_OUTPUT")
    _put(output, "status", "failed")
    _put(output, "result", "failure")


def _put(output: Path | None, name: str, value: str) -> None:
    """The delimiter cannot stand in the value, whoever wrote it."""
    if output is None:
        return
    end = f"end-{secrets.token_hex(16)}"
    with output.open("a", encoding="utf-8", errors="backslashreplace") as file:
        file.write(f"{name}<<{end}\n{value}\n{end}\n")


def _delivery(environ: Mapping[str, str], attempt: str) -> str:
    run, job, action = (environ.get(f"GITHUB_{each}", "-") for each in ("RUN_ID", "JOB", "ACTION"))
    leg = environ.get("MYCELIUM_JOB_LEG", "")
    return " ".join(filter(None, ("actions", run, attempt, job, leg, action)))


def _payload(path: str) -> dict[str, JsonValue]:
    try:
        found = json.loads(Path(path).read_bytes()) if path else {}
    except (OSError, ValueError, RecursionError) as error:
        raise SetupError(f"the event in {path} cannot be read: {error}") from error
    return found if isinstance(found, dict) else {}


def _file(environ: Mapping[str, str], name: str) -> Path | None:
    return Path(environ[name]) if environ.get(name) else None
