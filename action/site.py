"""Mode `site`: the pages of all executions that the history has, in a folder for `actions/upload-pages-artifact`."""

from __future__ import annotations

from pathlib import Path

from action.commands import JobLog
from action.history import history
from action.inputs import Inputs
from action.job import Job
from orchestrator.errors import ExitCode
from orchestrator.settings import Settings


def site(inputs: Inputs, job: Job, settings: Settings, log: JobLog) -> int:
    """Bring back the executions and build their pages; the exit code of the step."""
    from orchestrator import app
    from orchestrator.site.build import build
    from orchestrator.site.stored import StoredExecutions

    output = Path(inputs.folder, inputs.site_path)
    with app.offline(settings) as services, history(inputs, job, settings, services, log) as kept:
        kept.bring_all()
        report = build(StoredExecutions(services), output)
    log.line(f"{report.executions} executions, {report.written} files written to {output}")
    job.summarize(f"### Mycelium\n\nThe site has {report.executions} executions.\n")
    job.put("status", "completed")
    job.put("result", "success")
    job.put("site-path", str(output))
    return ExitCode.COMPLETED
