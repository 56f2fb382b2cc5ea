"""What others check GitHub's files with, run on ours: workflow files, `action.yml`, the Dockerfile.

    from tests.linting import findings

    def test_what_init_writes(tmp_path: Path) -> None:
        (tmp_path / ".github" / "workflows").mkdir(parents=True)
        (tmp_path / ".github" / "workflows" / "mycelium.yml").write_text(text)
        assert findings(tmp_path) == []

`findings_in_workflow(text, tmp_path)` does just that. `make lint` runs the same on this repository: `python -m
tests.linting`. `requirements/linters.sh` installs the programs.
"""

from tests.linting.check import findings, findings_in_workflow, why_not

__all__ = ["findings", "findings_in_workflow", "why_not"]
