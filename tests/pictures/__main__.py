"""`make pictures`: the demo runs in a clone of this repository, and its pages become the pictures of `docs/images`.

Needs Chromium. Look at what changed before you commit it: times are those of this machine.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from orchestrator import __version__
from tests.pictures.png import with_palette

ROOT: Final = Path(__file__).resolve().parents[2]
IMAGES: Final = ROOT / "docs/images"
WORKFLOW, GATE = "workflows/demo/three-agents.yaml", "gate"
MADE_WITH: Final = f"Mycelium {__version__}"
WIDTH, SHARPNESS = 1200, 2
HEIGHTS: Final = {"pull-request": 1206, "execution": 1178}
"""Pixels of each picture, before they are doubled: what a reader sees without scrolling far."""
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "chrome")


def main() -> int:
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        print("error: pictures are taken with Chromium, which is not on PATH", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        pages = _pages(Path(folder, "demo"))
        for name, page in {"pull-request": "pull-request.html", "execution": "index.html"}.items():
            taken = _taken(browser, pages / page, HEIGHTS[name], Path(folder))
            made = with_palette(taken, MADE_WITH)
            (IMAGES / f"{name}.png").write_bytes(made)
            print(f"docs/images/{name}.png: {len(made) // 1000} kB")
    return 0


def _pages(clone: Path) -> Path:
    """Run the demo; somebody decides. The folder with the pages of the execution."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    subprocess.run(["git", "-C", str(clone), "checkout", "--quiet", "-B", "main"], check=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MYCELIUM_", "GITHUB_"))}
    environment |= {"PATH": f"{ROOT / '.venv/bin'}:{os.environ['PATH']}", "LOGNAME": "ada"}

    def mycelium(*words: str) -> None:
        subprocess.run(["mycelium", *words], cwd=clone, env=environment, stdin=subprocess.DEVNULL, check=False)

    mycelium("run", WORKFLOW, "--input", "engine=replay")
    (pages,) = (clone / ".mycelium/site/executions").iterdir()
    mycelium("executions", "approve", pages.name, GATE)
    return pages


def _taken(browser: str, page: Path, height: int, folder: Path) -> bytes:
    shot = folder / "shot.png"
    quiet = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars")
    size = (f"--window-size={WIDTH},{height}", f"--force-device-scale-factor={SHARPNESS}")
    where = (f"--user-data-dir={folder / 'profile'}", f"--screenshot={shot}", page.as_uri())
    subprocess.run([browser, *quiet, *size, *where], capture_output=True, check=True, timeout=120)
    return shot.read_bytes()


if __name__ == "__main__":
    sys.exit(main())
