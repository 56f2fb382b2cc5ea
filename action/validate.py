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
from orchestrator.errors import BadInput, ExitCode, MyceliumError
from orchestrator.report.markdown_safety import safe_message

PROGRAM: Final = (sys.executable, "-P", "-m", "orchestrator.cli")


def validate(step: Step) -> int:
    """Annotations and summary; the exit code of the step. An error where the files cannot be checked."""
    inputs, job, log = step.inputs, step.job, step.log
    found = _checked(inputs.folder)
    problems, said = found.stdout, found.stderr.strip()
    if problems:
        log.commands(problems)
    elif said:
        # It may be the wrong folder that is looked into, and then nobody would ever notice.
        log.warning(said, title="Mycelium")
    else:
        log.line("All workflow files are valid.")
    job.summarize("\n\n".join(["### Mycelium", _head(problems, said), *_changes(inputs, job, log)]) + "\n")
    job.put("status", "failed" if problems else "completed")
    job.put("result", "failure" if problems else "success")
    return found.returncode


def _checked(folder: Path) -> subprocess.CompletedProcess[str]:
    """What `mycelium validate` says: its standard output has the problems, and without any its error output that there
    is nothing to check."""
    found = _program(folder, "validate", "--format", "github")
    if found.returncode == (ExitCode.BAD_INPUT if found.stdout else ExitCode.COMPLETED):
        return found
    why = f"the files cannot be checked: {found.stderr.strip()[-600:]}"
    raise BadInput(why) if found.returncode == ExitCode.BAD_INPUT else MyceliumError(why)


def _head(problems: str, said: str) -> str:
    if problems:
        count = len(problems.splitlines())
        return f"❌ {count} problem{'' if count == 1 else 's'} in workflow files."
    return f"⚠️ {safe_message(said, 800)}" if said else "✅ All workflow files are valid."


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
