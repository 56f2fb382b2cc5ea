"""Other actions that ours uses, as far as it can tell: a cache and artifacts in folders of this machine."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path


class Shelf:
    """What the cache of Actions and a run's artifacts hold."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.packages: Path | None = None
        self.asked: list[tuple[str, str]] = []

    def use(self, action: str, given: Mapping[str, str]) -> dict[str, str]:
        """Do what `action` does; its outputs. An action that nobody knows is an error."""
        name = action.partition("@")[0]
        self.asked.append((name, given.get("key") or given["name"]))
        match name:
            case "actions/cache/restore":
                return {"cache-hit": "true" if self._restore(Path(given["path"]), given["key"]) else "false"}
            case "actions/cache/save":
                self._keep(Path(given["path"]), self.folder / "cache" / given["key"])
            case "actions/upload-artifact":
                self._keep(Path(given["path"]), self.folder / "artifacts" / given["name"])
            case _:
                raise AssertionError(f"nobody knows what {action} does")
        return {}

    def _restore(self, path: Path, key: str) -> bool:
        kept = self.folder / "cache" / key
        if not kept.is_dir() and self.packages and not key.startswith("mycelium-agents"):
            kept = self.packages
        if kept.is_dir():
            shutil.copytree(kept, path, symlinks=True)
        return kept.is_dir()

    def _keep(self, path: Path, place: Path) -> None:
        assert path.exists(), f"there is nothing at {path}"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(path, place, symlinks=True)
