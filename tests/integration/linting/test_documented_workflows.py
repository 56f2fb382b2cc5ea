"""The workflows of Actions that pages show are ones that GitHub would take."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.linting import findings, why_not

ROOT = Path(__file__).resolve().parents[3]
BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def shown() -> dict[str, str]:
    """Every block with `jobs:` by its page and number, with an event where the page shows the jobs alone."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    return {
        f"{page.stem}-{number}.yml": text
        if re.search(r"^on:", text, re.MULTILINE)
        else f"on: workflow_dispatch\n{text}"
        for page in pages
        for number, text in enumerate(BLOCK.findall(page.read_text(encoding="utf-8")), 1)
        if re.search(r"^jobs:", text, re.MULTILINE)
    }


@pytest.mark.skipif(why_not() is not None, reason=str(why_not()))
def test_the_workflows_that_pages_show_pass(tmp_path: Path) -> None:
    workflows = shown()
    if not workflows:
        pytest.skip("no page shows a workflow of Actions")
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    for name, text in workflows.items():
        (folder / name).write_text(text, encoding="utf-8")
    # They name `@v0`, as no page knows the commit it will be released with. `mycelium init` looks that up, and
    # zizmor is shown what it writes with and without one.
    assert findings(tmp_path, careless=True) == []
