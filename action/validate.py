"""Mode `validate`: what is wrong with the files of the checkout, on their lines, and what they change.

Both are what `mycelium validate` and `mycelium plan --against` tell: the installed program is called, as people do.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from action.commands import JobLog
from action.inputs import Inputs
from action.job import Job
from action.step import Step
from orchestrator.errors import BadInput, ExitCode, MyceliumError
from orchestrator.report.markdown_safety import safe_code, safe_message
from orchestrator.report.numbers import plural
from orchestrator.report.workflow_command import workflow_command

Problem = Mapping[str, Any]
PROGRAM: Final = (sys.executable, "-P", "-m", "orchestrator.cli")
MOST_SHOWN: Final = 500
"""Problems that a summary names; GitHub takes 1 MiB of it."""


def validate(step: Step) -> int:
    """Annotations and summary; the exit code of the step. An error where the files cannot be checked."""
    inputs, job, log = step.inputs, step.job, step.log
    problems, said = _checked(inputs.folder)
    if problems:
        log.commands("\n".join(map(_annotation, problems)))
    elif said:
        # It may be the wrong folder that is looked into, and then nobody would ever notice.
        log.warning(said, title="Mycelium")
    else:
        log.line("All workflow files are valid.")
    told = ["### Mycelium", _head(problems, said), *_listed(problems), *_changes(inputs, job, log)]
    job.summarize("\n\n".join(told) + "\n")
    job.put("status", "failed" if problems else "completed")
    job.put("result", "failure" if problems else "success")
    return ExitCode.BAD_INPUT if problems else ExitCode.COMPLETED


def _checked(folder: Path) -> tuple[list[Problem], str]:
    """The problems that `mycelium validate` finds, and what it says beside them: where there is nothing to check."""
    found = _program(folder, "validate", "--format", "json")
    ended = found.returncode in (ExitCode.COMPLETED, ExitCode.BAD_INPUT) and found.stdout
    problems = json.loads(found.stdout)["problems"] if ended else []
    said = found.stderr.strip()
    if found.returncode == (ExitCode.BAD_INPUT if problems else ExitCode.COMPLETED):
        return problems, said
    why = f"the files cannot be checked: {said[-600:]}"
    raise BadInput(why) if found.returncode == ExitCode.BAD_INPUT else MyceliumError(why)


def _head(problems: Sequence[Problem], said: str) -> str:
    if problems:
        return f"❌ {plural(len(problems), 'problem')} in workflow files."
    return f"⚠️ {safe_message(said, 800)}" if said else "✅ All workflow files are valid."


def _listed(problems: Sequence[Problem]) -> list[str]:
    """All of them: GitHub shows ten annotations of a step, and drops the others."""
    if not problems:
        return []
    rows = [f"- {_place(each)}{safe_message(_message(each), 600)}" for each in problems[:MOST_SHOWN]]
    rest = len(problems) - MOST_SHOWN
    return ["\n".join([*rows, *([f"- and {rest} more"] if rest > 0 else [])])]


def _annotation(problem: Problem) -> str:
    where = {"file": problem["file"], "line": problem["line"], "col": problem["column"]}
    return workflow_command("error", _message(problem), **(where if problem["file"] else {}))


def _place(problem: Problem) -> str:
    return safe_code(f"{problem['file']}:{problem['line']}", 300) + " " if problem["file"] else ""


def _message(problem: Problem) -> str:
    node = f"node `{problem['node']}`: " if problem["node"] else ""
    hint = f" ({problem['hint']})" if problem["hint"] else ""
    return f"{node}{problem['message']}{hint}"


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
