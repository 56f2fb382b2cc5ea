"""Mode `site`: the pages of all executions that the history has, in a folder for `actions/upload-pages-artifact`."""

from __future__ import annotations

from pathlib import Path

from action.kept_history import history
from action.step import Step
from orchestrator.errors import ExitCode


def site(step: Step) -> int:
    """Bring back the executions and build their pages; the exit code of the step."""
    from orchestrator import app
    from orchestrator.site.build import build
    from orchestrator.site.stored import StoredExecutions

    output = Path(step.inputs.folder, step.inputs.site_path)
    with (
        app.offline(step.settings) as services,
        history(step.inputs, step.settings, services, step.log) as kept,
    ):
        kept.bring_all()
        report = build(StoredExecutions(services), output)
    step.log.line(f"{report.executions} executions, {report.written} files written to {output}")
    step.job.summarize(f"### Mycelium\n\nThe site has {report.executions} executions.\n")
    step.job.put("status", "completed")
    step.job.put("result", "success")
    step.job.put("site-path", str(output))
    return ExitCode.COMPLETED
