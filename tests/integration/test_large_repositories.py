"""The scripts of templates that list what a repository has, in one where the list fills every pipe."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from orchestrator import gallery
from orchestrator.definition.model import Run
from tests import gallery_page
from tests.fakes.checkout import Checkout

FILES: Final = 900
COMMITS: Final = 30
NAME: Final = f"{'a_rather_long_name_of_a_folder/' * 3}a_rather_long_name_of_a_page_{{0:05}}.md"
SUBJECT: Final = "s" * 3_000


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Names, counts and subjects that take more than the 64 KB of a pipe each, and a module that is listed first."""
    checkout = Checkout.create(tmp_path_factory.mktemp("large"))
    stream = ["blob\nmark :1\ndata 2\na\n\n"]
    for number in range(COMMITS):
        head = f"commit refs/heads/main\ncommitter A <a@example.com> now\ndata {len(SUBJECT)}\n{SUBJECT}\n"
        stream.append(head if number else f"{head}from refs/heads/main^0\nM 100644 :1 a_module.py\n")
        stream += [f"M 100644 :1 {NAME.format(each)}\n" for each in range(number, FILES, COMMITS)]
    importing = ["git", "fast-import", "--quiet", "--date-format=now"]
    told = "".join(stream).encode()
    subprocess.run(importing, input=told, cwd=checkout.root, env=checkout.environment(), check=True)
    checkout.git("reset", "--quiet", "--hard")
    return checkout


@pytest.mark.parametrize(
    ("template", "node", "environ", "told"),
    [
        ("nightly-maintenance", "awake", {"HOURS": "26"}, {"recent": str(COMMITS + 1)}),
        ("documentation", "inventory", {"DAYS": "26"}, {}),
        (
            "dependency-upgrade",
            "upgrade",
            {"UPGRADE": "for page in */*/*/*.md; do echo b >> $page; done"},
            {"changed": "true"},
        ),
        (
            "fix-failing-tests",
            "before",
            {"TEST": """echo "E   ModuleNotFoundError: No module named 'a_module'"; false""", "BASE": "HEAD"},
            {"passed": "false"},
        ),
    ],
)
def test_a_script_that_lists_works_on_much(
    checkout: Checkout, tmp_path: Path, template: str, node: str, environ: Mapping[str, str], told: Mapping[str, str]
) -> None:
    action = gallery_page.load(gallery.template(template)).nodes[node].action
    assert isinstance(action, Run)
    output, summary = tmp_path / "output", tmp_path / "summary"
    places = {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", action.script],
        cwd=checkout.root,
        env={**checkout.environment(), **places, "SETUP": "", "MAY_CHANGE_TESTS": "false", **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    checkout.git("reset", "--quiet", "--hard")
    assert (done.returncode, done.stderr) == (0, "")
    assert 0 < summary.stat().st_size <= 4_000
    written = output.read_text(encoding="utf-8").splitlines() if output.exists() else []
    assert {line.partition("=")[0]: line.partition("=")[2] for line in written if "=" in line} == told
