"""A branch of files in memory, with the rules of the real one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from orchestrator.errors import Unavailable
from orchestrator.lifecycle.ports.record_branch import Change, Tip

TRIES = 25


@dataclass
class MemoryRemote:
    """What all see: files of the newest commit, and how many commits there are."""

    files: dict[str, bytes] = field(default_factory=dict)
    commits: list[str] = field(default_factory=list)
    made: int = 0
    away: bool = False
    mute: bool = False
    """The next push is taken, and nobody hears of it."""

    def branch(self) -> MemoryRecordBranch:
        return MemoryRecordBranch(self)


class MemoryTip:
    def __init__(self, remote: MemoryRemote) -> None:
        self._contents = dict(remote.files)
        self.commit = remote.commits[-1] if remote.commits else None
        self.files: Mapping[str, str] = {path: str(hash(content)) for path, content in sorted(remote.files.items())}

    def read(self, paths: Collection[str]) -> dict[str, bytes]:
        return {path: self._contents[path] for path in paths if path in self._contents}


class MemoryRecordBranch:
    """`RecordBranch` on a `MemoryRemote`."""

    def __init__(self, remote: MemoryRemote) -> None:
        self.remote = remote

    def tip(self) -> Tip:
        if self.remote.away:
            raise Unavailable("the remote is away")
        return MemoryTip(self.remote)

    def write(self, decide: Callable[[Tip], Change | None]) -> str | None:
        for _ in range(TRIES):
            tip = self.tip()
            change = decide(tip)
            if change is None:
                return None
            if tip.commit == (self.remote.commits[-1] if self.remote.commits else None):
                return self._apply(change)
        raise Unavailable("the branch was changed by others all the time")

    def close(self) -> None:
        """Nothing to remove."""

    def _apply(self, change: Change) -> str:
        remote = self.remote
        kept = {path: content for path, content in remote.files.items() if path not in change.remove}
        remote.files = {**kept, **change.put}
        remote.made += 1
        remote.commits = [*([] if change.alone else remote.commits), f"commit-{remote.made}"]
        if remote.mute:
            remote.mute = False
            raise Unavailable("nobody answered")
        return remote.commits[-1]
