"""Reads commits, their files and their differences from the mirror."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from orchestrator.execution.commit import Commit, FileChange
from orchestrator.git.changes import CHANGE_OPTIONS, DIFF_OPTIONS, parse_changes
from orchestrator.git.message import take_apart
from orchestrator.git.mirror import Mirror
from orchestrator.git.objects import contents
from orchestrator.lifecycle.ports.git import DIFF_GOES_ON

_FORMAT = "%H%x00%P%x00%an%x00%ae%x00%aI%x00%B"


def log(mirror: Mirror, base: str, commit: str) -> list[Commit]:
    """Commits of `base..commit`, oldest first, each with its changes against its first parent."""
    git = mirror.git
    span = f"{mirror.commit(base)}..{mirror.commit(commit)}"
    listed = git.run("log", "-z", "--topo-order", "--reverse", "--no-show-signature", f"--format={_FORMAT}", span)
    rows = list(_rows(listed.output))
    changes = _changes(mirror, [(row[0], row[1].split()[:1]) for row in rows])
    return [_commit(row, changes.get(row[0], ())) for row in rows]


def changing(mirror: Mirror, commit: str, paths: Collection[str], limit: int) -> list[str]:
    """The newest of a commit and its first parents that changed something at or below one of `paths`."""
    if not paths:
        return []
    options = ("--first-parent", f"--max-count={limit}", "--no-show-signature", "--format=%H")
    return mirror.git.run("log", *options, mirror.commit(commit), "--", *paths).line.split()


def parents(mirror: Mirror, commit: str) -> tuple[str, ...]:
    """As the commit itself names them, whether or not they were fetched."""
    head = mirror.git.run("cat-file", "commit", mirror.commit(commit)).output.partition(b"\n\n")[0]
    lines = (line.split() for line in head.decode("ascii", "replace").splitlines())
    return tuple(words[1] for words in lines if words[:1] == ["parent"])


def difference(mirror: Mirror, base: str, commit: str) -> tuple[FileChange, ...]:
    """The changed files between two commits, in git's order."""
    span = (mirror.commit(base), mirror.commit(commit))
    return parse_changes(mirror.git.run("diff-tree", *CHANGE_OPTIONS, *span).fields())


def diff(mirror: Mirror, base: str, commit: str, limit: int, *, as_text: bool = False) -> str:
    """Unified diff; past `limit` bytes it ends after the last file that fits, and a last line says so."""
    span = (mirror.commit(base), mirror.commit(commit))
    options = (*DIFF_OPTIONS, *(["--text"] if as_text else []))
    answer = mirror.git.run("diff-tree", "-r", "-p", *options, *span, limit=limit, cut=True)
    if not answer.truncated:
        return answer.output.decode("utf-8", "replace")
    # Lines of a file's content begin with a blank, a plus, a minus or a backslash, so this begins a file's diff.
    end = answer.output.rfind(b"\ndiff --git ") + 1
    shown = answer.output[:end].decode("utf-8", "replace")
    return f"{shown}{DIFF_GOES_ON}what is left out would take it past {limit:,} bytes.\n"


def new_files(mirror: Mirror, base: str, commit: str, limit: int) -> list[bytes] | None:
    """The content of every file that `base..commit` brings; None past `limit` bytes."""
    span = f"{mirror.commit(base)}..{mirror.commit(commit)}"
    objects = mirror.git.run("rev-list", "--objects", "--no-object-names", span).output
    facts = mirror.git.run("cat-file", "--batch-check=%(objecttype) %(objectsize) %(objectname)", stdin=objects).line
    blobs = [line.split(" ") for line in facts.splitlines() if line.startswith("blob ")]
    if sum(int(size) for _, size, _ in blobs) > limit:
        return None
    if not blobs:
        return []
    return list(contents(mirror.git, [name for _, _, name in blobs]))


def read(mirror: Mirror, commit: str, path: str) -> bytes | None:
    """The content of a file; None where there is none. Of a symbolic link, its target."""
    answer = mirror.git.run("cat-file", "blob", f"{mirror.commit(commit)}:{path}", codes=(0, 128))
    return answer.output if answer.code == 0 else None


def read_all(mirror: Mirror, commit: str, paths: Collection[str]) -> dict[str, bytes]:
    """The content of each of `paths` that is there, from one git process; of a symbolic link, its target."""
    wanted = set(paths)
    blobs = {path: blob for path, blob in _blobs(mirror, commit, "").items() if path in wanted}
    return dict(zip(blobs, contents(mirror.git, blobs.values()), strict=True)) if blobs else {}


def files(mirror: Mirror, commit: str, under: str) -> list[str]:
    """Paths of all files at or below `under`, sorted by their bytes; submodules have none."""
    return list(_blobs(mirror, commit, under))


def _blobs(mirror: Mirror, commit: str, under: str) -> dict[str, str]:
    """The ids of files' contents, by path."""
    where = ("--", under.rstrip("/")) if under.rstrip("/") else ()
    listed = mirror.git.run("ls-tree", "-r", "-z", "--full-tree", mirror.commit(commit), *where).fields()
    entries = (field.partition("\t") for field in listed)
    return {path: facts.rsplit(" ", 1)[1] for facts, _, path in entries if " blob " in facts}


def _rows(output: bytes) -> Iterator[list[str]]:
    fields = output.decode("utf-8", "replace").split("\0")
    for start in range(0, len(fields) - 5, 6):
        yield fields[start : start + 6]


def _commit(row: list[str], changes: tuple[FileChange, ...]) -> Commit:
    sha, parents, name, email, at, text = row
    parts = take_apart(text)
    return Commit(
        sha=sha,
        parents=tuple(parents.split()),
        author_name=name,
        author_email=email,
        at=datetime.fromisoformat(at),
        subject=parts.subject,
        body=parts.body,
        trailers=parts.trailers,
        changes=changes,
    )


def _changes(mirror: Mirror, pairs: list[tuple[str, list[str]]]) -> dict[str, tuple[FileChange, ...]]:
    """The changes of every commit against the parent given with it, from one git process."""
    lines = "".join(" ".join((commit, *parents)) + "\n" for commit, parents in pairs)
    answer = mirror.git.run("diff-tree", "--stdin", "--root", *CHANGE_OPTIONS, stdin=lines.encode())
    wanted = {commit for commit, _ in pairs}
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for field in answer.fields():
        if field in wanted:
            current = found.setdefault(field, [])
        else:
            current.append(field)
    return {commit: parse_changes(fields) for commit, fields in found.items()}
