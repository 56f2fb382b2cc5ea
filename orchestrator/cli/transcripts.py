"""Writes what was recorded of an execution where a workflow's transcripts lie."""

from __future__ import annotations

import os
from pathlib import Path
from shlex import quote

from orchestrator.cli.place import shown
from orchestrator.errors import BadInput, NotFound, SetupError
from orchestrator.execution.file_name import transcript_name
from orchestrator.lifecycle.services import Services
from orchestrator.report.numbers import plural


def prepared(folder: Path) -> Path:
    """The folder, made where there is none: what cannot be written is found before an execution starts."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if folder.exists() and not folder.is_dir():
            raise BadInput(f"{folder} is no folder", hint="name another one") from error
        what = f"the folder {folder} cannot be made: {error.strerror}"
        raise SetupError(what, hint="check permissions, or name another one") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SetupError(f"the folder {folder} cannot be written", hint="check permissions, or name another one")
    return folder


def write_transcripts(services: Services, execution_id: str, folder: Path) -> str:
    """Write `<node run key>.jsonl` for each agent that has run; what became of it, in a sentence.

    `NotFound` for an execution that was not recorded.
    """
    if not services.store.plan(execution_id).record:
        raise NotFound(
            f"execution {execution_id} was not recorded", hint="record a new one: mycelium run WORKFLOW --record DIR"
        )
    written = 0
    for run in services.store.runs(execution_id):
        for call, digest in enumerate(run.outcome.transcripts if run.outcome else (), start=1):
            place = prepared(folder) / f"{transcript_name(run.key, call)}.jsonl"
            _write(place, services.blobs.get(digest), f"mycelium executions record {execution_id} {quote(str(folder))}")
            written += 1
    return f"{plural(written, 'transcript')} in {shown(folder)}" if written else "no agent has ended so far"


def _write(place: Path, content: bytes, again: str) -> None:
    fresh = place.with_name(f"{place.name}.{os.getpid()}.new")
    try:
        fresh.write_bytes(content)
        fresh.replace(place)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        what = f"{place} cannot be written: {error.strerror}"
        raise SetupError(what, hint=f"nothing is lost: make room or check permissions, then: {again}") from error
