"""The server as a process: it answers, and ends when it is interrupted."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path


def test_it_serves_until_interrupted(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "orchestrator.cli", "serve", "--port", "0"]
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE, text=True, env={"HOME": str(tmp_path)}) as server:
        try:
            assert server.stderr is not None
            address = re.search(r"http://\S+", server.stderr.readline())
            assert address
            with urllib.request.urlopen(f"{address[0]}/healthz", timeout=30) as response:
                assert response.status == 200
            server.send_signal(signal.SIGINT)
            rest = server.stderr.read()
            assert server.wait(timeout=30) == 130
            assert "Traceback" not in rest
        finally:
            server.kill()
