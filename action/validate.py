"""Mode `validate`: what is wrong with the files of the checkout, on their lines, and what they change.

Both are what `mycelium validate` and `mycelium plan --against` print: the installed program is called, as people do.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

from action.commands import JobLog
from action.inputs import Inputs
from action.job import Job
from action.step import Step
from orchestrator.errors import ExitCode, MyceliumError

PROGRAM: Final = (sys.executable, "-P", "-m", "orchestrator.cli")


def validate(step: Step) -> int:
    """Annotations and summary; the exit code of the step."""
    inputs, job, log = step.inputs, step.job, step.log
    found = _program(inputs.folder, "validate", "--format", "github")
    if found.stdout:
        log.commands(found.stdout)
    else:
        log.line("All workflow files are valid.")
    if found.returncode not in (ExitCode.COMPLETED, ExitCode.BAD_INPUT):
        raise MyceliumError(f"the files cannot be checked: {found.stderr.strip()[-600:]}")
    count = len(found.stdout.splitlines())
    head = (
        f"❌ {count} problem{'' if count == 1 else 's'} in workflow files"
        if count
        else "✅ All workflow files are valid"
    )
    job.summarize("\n\n".join([f"### Mycelium\n\n{head}.", *_changes(inputs, job, log)]) + "\n")
    job.put("status", "failed" if count else "completed")
    job.put("result", "failure" if count else "success")
    return found.returncode


def _changes(inputs: Inputs, job: Job, log: JobLog) -> list[str]:
    """What differs from the commit that the event is compared with, as Markdown."""
    against = inputs.against or base_of(job)
    if not against:
        return []
    told = _program(inputs.folder, "plan", "--against", against, "--format", "markdown")
    if told.returncode:
        log.line(f"What has changed since {against} cannot be told: {told.stderr.strip()[-600:]}")
        return []
    return [told.stdout]


def base_of(job: Job) -> str:
    """The commit before the change: of a pull request or a queue's group the base, of a push what the branch was."""
    pull_request, group, sha = (job.payload.get(name) for name in ("pull_request", "merge_group", "before"))
    if isinstance(pull_request, dict):
        base = pull_request.get("base")
        sha = base.get("sha") if isinstance(base, dict) else None
    elif isinstance(group, dict):
        sha = group.get("base_sha")
    return sha if isinstance(sha, str) and sha.strip("0") else ""


def _program(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *words],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
