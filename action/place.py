"""Where a job keeps what it needs, and how it reaches GitHub: environment that this process and its children share."""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path
from typing import Final

from action.agents import programs_of
from action.inputs import PREFIX, Inputs
from action.job import Job
from orchestrator import settings
from orchestrator.errors import BadInput
from orchestrator.settings import Settings

SECRETS = ("TOKEN",)
"""Inputs that are handed on under other names, and stand in no environment after that."""


AGENTS: Final = "MYCELIUM_AGENTS"
"""The variable that names the folder in which coding agents were installed before, if any were."""

UNFORESEEN: Final = "unforeseen"
"""The folder in `agents_folder` of those that are installed once it is known what runs."""


def agents_folder(job: Job) -> Path:
    """Where coding agents are installed, in folders of their own."""
    return job.temporary / "agents"


def settle(environ: MutableMapping[str, str], inputs: Inputs, job: Job) -> Settings:
    """The settings, and the environment made so that child processes read the same; what is set already stays.

    All of it lies in the job's temporary folder: the checkout is left alone.
    """
    root = inputs.folder.resolve()
    if not (root / ".git").exists():
        hint = "put actions/checkout before this step, and its `path` into `working-directory`"
        raise BadInput(f"there is no checkout in {root}", hint=hint)
    if inputs.token:
        environ.setdefault("MYCELIUM_GITHUB_TOKEN", inputs.token)
    if not inputs.history_branch or job.reads_only:
        environ["MYCELIUM_HISTORY_BRANCH"] = ""
    environ.setdefault("MYCELIUM_HISTORY_BRANCH", inputs.history_branch)
    environ.setdefault("MYCELIUM_HOME_DIR", str(job.temporary / "home"))
    environ.setdefault("MYCELIUM_CACHE_DIR", str(job.temporary / "cache"))
    folders = [Path(each) for each in filter(None, [environ.get(AGENTS)])] + [agents_folder(job) / UNFORESEEN]
    environ["PATH"] = ":".join([environ.get("PATH", ""), *(str(programs_of(each)) for each in folders)])
    for name in SECRETS:
        environ.pop(PREFIX + name, None)
    return settings.load(root, environ)
