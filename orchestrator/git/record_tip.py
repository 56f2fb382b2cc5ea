"""The newest commit of a branch of records, in the bare repository that it was fetched to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cached_property
from typing import Final

from orchestrator.git.mirror import Mirror
from orchestrator.git.objects import contents

LARGEST: Final = 100_000_000
"""Bytes of a file that is read; GitHub takes none that is larger."""


class FetchedTip:
    """`Tip` in our repository; `bring` fetches contents by their ids."""

    def __init__(self, here: Mirror, commit: str | None, bring: Callable[[Collection[str]], None]) -> None:
        self._here = here
        self._bring = bring
        self.commit = commit

    @cached_property
    def files(self) -> Mapping[str, str]:
        if self.commit is None:
            return {}
        listed = self._here.git.run("ls-tree", "-r", "-z", "--full-tree", self.commit).fields()
        entries = (field.partition("\t") for field in listed)
        # Neither links nor submodules are files of ours, whatever somebody pushes.
        return {path: facts.split(" ")[2] for facts, _, path in entries if facts.startswith("100644 blob ")}

    def read(self, paths: Collection[str]) -> dict[str, bytes]:
        wanted = {path: self.files[path] for path in paths if path in self.files}
        sizes = self._sizes(set(wanted.values()))
        if missing := wanted.values() - sizes.keys():
            self._bring(missing)
            sizes |= self._sizes(missing)
        found: dict[str, bytes] = {}
        for some in _batches({blob: size for blob, size in sizes.items() if size <= LARGEST}):
            found |= zip(some, contents(self._here.git, some), strict=True)
        return {path: found[blob] for path, blob in wanted.items() if blob in found}

    def _sizes(self, blobs: Collection[str]) -> dict[str, int]:
        """Of those that are here."""
        if not blobs:
            return {}
        asked = "".join(f"{blob}\n" for blob in blobs).encode()
        answers = self._here.git.run("cat-file", "--batch-check", stdin=asked).line.splitlines()
        parts = [answer.split(" ") for answer in answers]
        return {blob: int(rest[1]) for blob, *rest in parts if rest[0] == "blob"}

    @property
    def tree(self) -> str:
        return self._here.git.run("rev-parse", f"{self.commit}^{{tree}}").line


def _batches(sizes: Mapping[str, int]) -> Iterator[list[str]]:
    """So many at once as fit into memory comfortably."""
    batch: list[str] = []
    total = 0
    for blob, size in sizes.items():
        if batch and total + size > LARGEST:
            yield batch
            batch, total = [], 0
        batch.append(blob)
        total += size
    if batch:
        yield batch
