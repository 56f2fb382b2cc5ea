"""Where others see more of an execution, and how they get hold of it."""

from __future__ import annotations

import shlex
from urllib.parse import quote

from orchestrator.execution.state import Execution
from orchestrator.lifecycle.services import Services
from orchestrator.report.view import Links
from orchestrator.settings import DEFAULT_HISTORY_BRANCH


def links(services: Services, execution: Execution) -> Links:
    """The page, where somebody serves pages; the job that ran it, and what brings here what that job kept."""
    base = services.public_url.rstrip("/")
    page = f"{base}/executions/{quote(execution.id, safe='')}/" if base else ""
    job = execution.target.job_url if execution.target else ""
    return Links(page=page, job=job, pull=_pull(services.history, execution.id) if job else "")


def _pull(branch: str, execution_id: str) -> str:
    if not branch:
        return ""
    # Of all commands in that shell: what is decided is saved in the branch again.
    where = "" if branch == DEFAULT_HISTORY_BRANCH else f"export MYCELIUM_HISTORY_BRANCH={shlex.quote(branch)}; "
    return f"{where}mycelium history pull {shlex.quote(execution_id)}"
