"""The history branch, for whoever runs executions without a server: `mycelium history` and the Action."""

from __future__ import annotations

import os
import socket
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.errors import SetupError
from orchestrator.settings import Settings

if TYPE_CHECKING:
    from orchestrator.lifecycle.archive.keeper import Keeper
    from orchestrator.lifecycle.ports.github import Remote
    from orchestrator.lifecycle.services import Services


@contextmanager
def keeping(settings: Settings, services: Services, *, holder: str = "") -> Generator[Keeper]:
    """A `keeper` for as long as the block lasts."""
    found = keeper(settings, services, holder=holder)
    try:
        yield found
    finally:
        found.close()


def keeper(settings: Settings, services: Services, *, holder: str = "") -> Keeper:
    """What keeps the executions of `services` in the branch of the settings (`MYCELIUM_HISTORY_BRANCH`), until `close`.

    It pushes with the settings' credential for GitHub, else to `origin` as the user's own git does. `holder` tells this
    process from all others; of itself it is `RUN_ID/ATTEMPT/JOB@FILE~CHECK` in Actions, with `JOB#LEG` for a leg of a
    matrix, elsewhere user and machine, with the name of the home folder behind `#`.
    """
    from orchestrator.app.sources import definitions
    from orchestrator.git.record_branch import GitRecordBranch
    from orchestrator.lifecycle.archive.keeper import Keeper

    if not settings.history_branch:
        hint = "name one, or unset it: then it is `mycelium-history`"
        raise SetupError("executions are kept nowhere: MYCELIUM_HISTORY_BRANCH is empty", hint=hint)
    branch = GitRecordBranch(settings.history_branch, lambda: _remote(settings, services), os.environ)
    known = services.definitions or definitions(settings, services.git)
    return Keeper(services, branch, known, holder=holder or holder_of(os.environ, settings.home_dir))


def holder_of(environ: Mapping[str, str], home: Path) -> str:
    """Who this process is, for others that find it holding an execution. `home` tells two clones of one person apart,
    and two jobs where GitHub does not.

    https://docs.github.com/en/actions/reference/workflows-and-actions/variables
    """
    from orchestrator.lifecycle.archive.holders import CHECK
    from orchestrator.queue.instance import home_id

    run, attempt, job = (environ.get(f"GITHUB_{name}", "") for name in ("RUN_ID", "RUN_ATTEMPT", "JOB"))
    # All legs of a matrix are the same job, as far as the runner says.
    job = "#".join(filter(None, (job, environ.get("MYCELIUM_JOB_LEG"))))
    # `octo/demo/.github/workflows/mycelium.yml@refs/heads/main`
    file = environ.get("GITHUB_WORKFLOW_REF", "").partition("@")[0].rpartition("/")[2]
    if run:
        place = "/".join(filter(None, (run, attempt or "1", "@".join(filter(None, (job, file))))))
        # One reusable workflow that is called twice has jobs of the same id, file and leg. The steps of a job share a
        # home, and those of two jobs do not.
        return f"{place}{CHECK}{environ.get('MYCELIUM_JOB_CHECK_RUN') or f'home-{home_id(home)}'}"
    return f"{environ.get('USER') or os.getuid()}@{socket.gethostname()}#{home_id(home)}"


def _remote(settings: Settings, services: Services) -> Remote:
    from orchestrator.git.discovery import discover
    from orchestrator.git.origin import address
    from orchestrator.lifecycle.ports.github import Remote

    if services.github is not None:
        return services.github.remote()
    url = address(discover(settings.root, os.environ))
    if not url:
        raise SetupError(
            "the repository has no remote `origin`, where the history would be kept",
            hint="git remote add origin URL, or set MYCELIUM_GITHUB_TOKEN and GITHUB_REPOSITORY",
        )
    return Remote(url=url, token="")
