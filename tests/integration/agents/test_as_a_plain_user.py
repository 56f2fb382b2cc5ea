"""The same as a plain user: what root may do hides what others may not."""

from __future__ import annotations

import shutil
import stat
import sys
from dataclasses import replace
from pathlib import Path
from shlex import quote

import pytest

from tests.fakes.agent_clis import Cli, every_cli
from tests.fakes.plain_user import ROOT, plain_user

HERE = Path(__file__).parent
CHOSEN = (
    "test_agents_in_workflows.py::test_edits_become_commits_and_answers_decide",
    "test_agents_cancelled.py::test_cancelled_during_a_command",
)


@pytest.mark.parametrize("cli", every_cli())
def test_as_a_plain_user(cli: Cli) -> None:
    tests = [f"{HERE / name}[{cli.name}]" for name in CHOSEN]
    with plain_user() as user:
        if isinstance(user, str):
            pytest.skip(user)
        needed = [ROOT, Path(sys.base_prefix), Path(shutil.which("node") or "/").parent]
        # `mycelium` itself needs the very Python that its packages were installed for.
        done = replace(user, python=sys.executable).pytest("-q", *tests, before=_reaching(needed, user.folder))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(tests)} passed" in done.stdout


def _reaching(folders: list[Path], beside: Path) -> list[str]:
    """Words of a command that runs the rest where `folders` can be reached: of those below a folder that is closed to
    all but root, they alone are left in it, in a mount namespace."""
    closed = {folder: next((each for each in reversed(folder.parents) if not _open(each)), None) for folder in folders}
    hidden = [(folder, str(above)) for folder, above in closed.items() if above is not None]
    if not hidden:
        return []
    script = ["set -e"]
    for number, (folder, _) in enumerate(hidden):
        held = beside / f"held-{number}"
        held.mkdir()
        script.append(f"mount --bind {quote(str(folder))} {quote(str(held))}")
    script += [f"mount -t tmpfs -o mode=755 none {quote(above)}" for above in sorted({above for _, above in hidden})]
    for number, (folder, _) in enumerate(hidden):
        script.append(f"mkdir -p {quote(str(folder))}")
        script.append(f"mount --bind {quote(str(beside / f'held-{number}'))} {quote(str(folder))}")
    return ["unshare", "--mount", "sh", "-c", "\n".join([*script, 'exec "$@"']), "sh"]


def _open(folder: Path) -> bool:
    return bool(folder.stat().st_mode & stat.S_IXOTH)
