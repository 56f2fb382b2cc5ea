"""What every worker imports before its first node holds nothing that only rendering or GitHub needs."""

from __future__ import annotations

import subprocess
import sys

from orchestrator.app import PRELOAD

UNNEEDED = ("github", "markdown_it", "orchestrator.report.parts", "orchestrator.lifecycle.ports.github", "requests")


def test_workers_import_no_renderer_and_nothing_of_github() -> None:
    program = f"import sys; [__import__(name) for name in {PRELOAD!r}]; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True)
    assert set(UNNEEDED) & set(done.stdout.split()) == set()
    assert "orchestrator.lifecycle.attempts.execute" in done.stdout.split()
