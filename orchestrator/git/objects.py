"""Contents of git's objects, many at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from orchestrator.git.command import Command


def contents(git: Command, names: Iterable[str]) -> Iterator[bytes]:
    """The content of each object, in the order of `names`, from one process; all of them are there.

    https://git-scm.com/docs/git-cat-file#_batch_output
    """
    asked = "".join(f"{name}\n" for name in names).encode()
    output, at = git.run("cat-file", "--batch", stdin=asked).output if asked else b"", 0
    while at < len(output):
        # `<id> <type> <size>`, a line end, the content, a line end
        start = output.index(b"\n", at) + 1
        at = start + int(output[at : start - 1].rsplit(b" ", 1)[1]) + 1
        yield output[start : at - 1]
