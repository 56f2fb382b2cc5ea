"""The real git behind a repository of the stand-in: a bare repository, asked and changed by git itself."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

NOTHING = "0" * 40
SHA = re.compile(r"[0-9a-f]{40}")
_FIELDS = "%H%x00%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B"
_STATUSES = {"A": "added", "M": "modified", "D": "removed", "R": "renamed", "C": "copied", "T": "changed"}
_CONFIG = """[core]
\trepositoryformatversion = 0
\tbare = true
\tfsync = none
[gc]
\tauto = 0
[http]
\treceivepack = true
[receive]
\thideRefs = refs/pull
[uploadpack]
\tallowAnySHA1InWant = true
"""
_HOOK = """#!/bin/sh
# Without the permission, nothing of .github/workflows may change.
[ -n "$STANDIN_MAY_CHANGE_WORKFLOWS" ] && exit 0
case $3 in *[!0]*) ;; *) exit 0 ;; esac
case $2 in *[!0]*) changed=$(git diff --name-only "$2" "$3" -- .github/workflows) ;;
*) changed=$(git log --format= --name-only "$3" --not --all -- .github/workflows) ;; esac
[ -z "$changed" ] && exit 0
echo "refusing to allow $STANDIN_WHO to create or update workflow \\`$(echo "$changed" | head -n 1)\\` without \\
\\`$STANDIN_LACKS\\`" >&2
exit 1
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """An author or committer; `date` is ISO 8601."""

    name: str
    email: str
    date: str


_NOBODY = Person(name="nobody", email="nobody@example.org", date="2026-01-01T00:00:00+00:00")


@dataclass(frozen=True, kw_only=True, slots=True)
class CommitFacts:
    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Person
    committer: Person
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FileFacts:
    """A changed file; `patch` has no file header and is None for binary files and those that only moved."""

    path: str
    previous: str | None
    status: str
    additions: int
    deletions: int
    sha: str
    patch: str | None


class GitRefused(Exception):
    """Git would not; the message is its own, and so is the code it ended with."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class BareGit:
    """One bare repository."""

    folder: Path

    @classmethod
    def create(cls, folder: Path, default_branch: str = "main") -> BareGit:
        """Made by hand, as `git init` would, because a test makes many."""
        for name in ("hooks", "info", "objects/info", "objects/pack", "refs/heads", "refs/tags"):
            (folder / name).mkdir(parents=True)
        (folder / "HEAD").write_text(f"ref: refs/heads/{default_branch}\n", encoding="utf-8")
        (folder / "config").write_text(_CONFIG, encoding="utf-8")
        hook = folder / "hooks" / "update"
        hook.write_text(_HOOK, encoding="utf-8")
        hook.chmod(0o755)
        return cls(folder)

    def copy_to(self, folder: Path) -> BareGit:
        shutil.copytree(self.folder, folder)
        return BareGit(folder)

    def __call__(self, *arguments: str, given: bytes | None = None, environ: Mapping[str, str] | None = None) -> str:
        """What git says on stdout, without the last newline."""
        return self.raw(*arguments, given=given, environ=environ).decode("utf-8", "replace").removesuffix("\n")

    def raw(self, *arguments: str, given: bytes | None = None, environ: Mapping[str, str] | None = None) -> bytes:
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            input=given,
            stdin=subprocess.DEVNULL if given is None else None,
            env=quiet_environ() | dict(environ or {}),
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise GitRefused(done.stderr.decode("utf-8", "replace").strip() or f"git {arguments[0]}", done.returncode)
        return done.stdout

    def ref(self, name: str) -> str | None:
        """The object a full ref name points at."""
        try:
            text = (self.folder / name).read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            text = ""
        if SHA.fullmatch(text):
            return text
        packed = (self.folder / "packed-refs").exists()
        return self._resolved("--verify", "--quiet", name) if packed or text else None

    def branch(self, name: str) -> str | None:
        return self.ref(f"refs/heads/{name}")

    def commit_of(self, name: str) -> str | None:
        """The commit of a SHA (also a short one), branch or tag."""
        if SHA.fullmatch(name):
            return _known_commit(self, name)
        for candidate in (f"refs/heads/{name}", f"refs/tags/{name}"):
            if found := self.ref(candidate):
                return self._resolved("--verify", "--quiet", f"{found}^{{commit}}")
        plain = re.fullmatch(r"[0-9a-f]{4,39}|refs/[\w./-]+", name)
        return self._resolved("--verify", "--quiet", f"{name if plain else f'refs/{name}'}^{{commit}}")

    def _resolved(self, *arguments: str) -> str | None:
        try:
            return self("rev-parse", *arguments) or None
        except GitRefused:
            return None

    def refs(self, prefix: str) -> dict[str, str]:
        lines = self("for-each-ref", "--format=%(refname) %(objectname)", prefix).splitlines()
        return dict(line.split(" ", 1) for line in lines)

    def set_ref(self, name: str, sha: str, old: str | None = None) -> None:
        """Compare and swap, where `old` is given."""
        self("update-ref", name, sha, *([old] if old is not None else []))

    def tag(self, name: str, of: str, message: str = "Marked") -> str:
        """An annotated tag; its SHA."""
        self("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "tag", "-a", "-m", message, name, of)
        return self("rev-parse", f"refs/tags/{name}")

    def keep(self, number: int, kind: str, sha: str) -> None:
        """`refs/pull/NUMBER/head` or `merge`: nobody else writes there, so that it takes no process."""
        place = self.folder / "refs" / "pull" / str(number) / kind
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"{sha}\n", encoding="ascii")

    def delete_ref(self, name: str) -> None:
        self("update-ref", "-d", name)

    def contains(self, ancestor: str, descendant: str) -> bool:
        try:
            self("merge-base", "--is-ancestor", ancestor, descendant)
        except GitRefused:
            return False
        return True

    def merge_base(self, one: str, other: str) -> str | None:
        try:
            return self("merge-base", one, other)
        except GitRefused:
            return None

    def commit(self, sha: str) -> CommitFacts:
        (facts,) = self.commits(sha, limit=1)
        return facts

    def commits(self, *revisions: str, limit: int = 250, skip: int = 0, paths: Sequence[str] = ()) -> list[CommitFacts]:
        """Newest first."""
        bounds = [f"--max-count={limit}", f"--skip={skip}"]
        text = self("log", *bounds, f"--format={_FIELDS}%x01", *revisions, "--", *paths)
        return [_commit(record.lstrip("\n")) for record in text.split("\x01") if record.strip("\n")]

    def counts(self, one: str, other: str) -> tuple[int, int]:
        """How many commits only the one has, and only the other."""
        left, right = self("rev-list", "--count", "--left-right", f"{one}...{other}").split()
        return int(left), int(right)

    def changes(self, old: str, new: str) -> list[FileFacts]:
        """What changed from one commit to another, by path."""
        raw = self("diff", "--raw", "--numstat", "--no-abbrev", "-M", "-z", old, new).split("\0")
        patches = self._patches(old, new)
        entries: dict[str, tuple[str, str | None, str]] = {}
        files = []
        while raw and raw[0]:
            head = raw.pop(0)
            if head.startswith(":"):
                parts = head.split(" ")
                path, previous = raw.pop(0), None
                if parts[4][0] in "RC":
                    path, previous = raw.pop(0), path
                entries[path] = (_STATUSES[parts[4][0]], previous, parts[2] if parts[4] == "D" else parts[3])
                continue
            added, deleted, path = head.split("\t")
            if not path:
                raw.pop(0)
                path = raw.pop(0)
            status, previous, sha = entries[path]
            files.append(
                FileFacts(
                    path=path,
                    previous=previous,
                    status=status,
                    additions=0 if added == "-" else int(added),
                    deletions=0 if deleted == "-" else int(deleted),
                    sha=sha,
                    patch=patches.get(path),
                )
            )
        return files

    def diff(self, old: str, new: str) -> str:
        return self("-c", "core.quotePath=false", "diff", "-M", old, new)

    def _patches(self, old: str, new: str) -> dict[str, str]:
        found = {}
        for piece in re.split(r"(?m)^diff --git .*\n", self.diff(old, new))[1:]:
            head, mark, body = piece.partition("\n@@ ")
            if mark:
                lines = dict(re.findall(r"(?m)^(---|\+\+\+) (?:[ab]/)?(.*?)\t?$", head))
                path = lines["+++"] if lines["+++"] != "/dev/null" else lines["---"]
                found[path] = "@@ " + body.removesuffix("\n")
        return found

    def merge_tree(self, base: str, head: str) -> str | None:
        """The tree of a merge, or None where it conflicts."""
        try:
            return self("merge-tree", "--write-tree", base, head).splitlines()[0]
        except GitRefused as refused:
            # Before 2.38 git knows no merge without a work tree.
            return self._merged_in_worktree(base, head) if refused.code > 1 else None

    def _merged_in_worktree(self, base: str, head: str) -> str | None:
        with TemporaryDirectory() as folder:
            self("worktree", "add", "--quiet", "--detach", folder, base)
            there = BareGit(Path(folder))
            try:
                there("merge", "--quiet", "--no-commit", "--no-ff", head, environ=_as_environ("COMMITTER", _NOBODY))
                return there("write-tree")
            except GitRefused:
                return None
            finally:
                self("worktree", "remove", "--force", folder)

    def commit_tree(self, tree: str, parents: Sequence[str], message: str, author: Person, committer: Person) -> str:
        given = [argument for parent in parents for argument in ("-p", parent)]
        environ = _as_environ("AUTHOR", author) | _as_environ("COMMITTER", committer)
        return self("commit-tree", tree, *given, given=message.encode(), environ=environ)

    def blob(self, content: bytes) -> str:
        return self("hash-object", "-w", "--stdin", given=content)

    def tree(self, base: str | None, entries: Mapping[str, tuple[str, str] | None]) -> str:
        """A tree of `path: (mode, sha)` over another; None removes a path."""
        index = self.folder / f"index-{os.urandom(6).hex()}"
        environ = {"GIT_INDEX_FILE": str(index)}
        lines = [f"{mode} {sha}\t{path}\0" for path, (mode, sha) in _or_nothing(entries)]
        try:
            if base:
                self("read-tree", base, environ=environ)
            self("update-index", "-z", "--index-info", given="".join(lines).encode(), environ=environ)
            return self("write-tree", environ=environ)
        finally:
            index.unlink(missing_ok=True)

    def write(
        self,
        branch: str,
        files: Mapping[str, str | bytes | None],
        *,
        parent: str | None,
        message: str,
        person: Person,
    ) -> str:
        """A commit of files over its parent's, at a branch; None removes one. It takes one process: tests make many."""
        who = f"{person.name} <{person.email}> {int(datetime.fromisoformat(person.date).timestamp())} +0000"
        stream = [f"feature done\ncommit refs/heads/{branch}\ncommitter {who}\n".encode(), _data(message.encode())]
        stream.append(f"from {parent}\n".encode() if parent else b"")
        for path, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            name = json.dumps(path, ensure_ascii=False)
            stream.append(
                f"D {name}\n".encode() if data is None else f"M 100644 inline {name}\n".encode() + _data(data)
            )
        self("fast-import", "--quiet", "--date-format=raw", "--force", given=b"".join([*stream, b"done\n"]))
        sha = self.branch(branch)
        assert sha is not None
        return sha


def _data(content: bytes) -> bytes:
    return b"data %d\n%b\n" % (len(content), content)


def _or_nothing(
    entries: Mapping[str, tuple[str, str] | None],
) -> list[tuple[str, tuple[str, str]]]:
    return [(path, entry or ("0", NOTHING)) for path, entry in entries.items()]


_commits: set[tuple[Path, str]] = set()
"""What is a commit stays one."""


def _known_commit(git: BareGit, sha: str) -> str | None:
    if (git.folder, sha) not in _commits:
        try:
            git("cat-file", "-e", f"{sha}^{{commit}}")
        except GitRefused:
            return None
        _commits.add((git.folder, sha))
    return sha


def quiet_environ() -> dict[str, str]:
    """Nothing of the caller's settings reaches git."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C.UTF-8",
    }


def _as_environ(kind: str, person: Person) -> dict[str, str]:
    return {f"GIT_{kind}_NAME": person.name, f"GIT_{kind}_EMAIL": person.email, f"GIT_{kind}_DATE": person.date}


def _commit(record: str) -> CommitFacts:
    sha, tree, parents, an, ae, ad, cn, ce, cd, message = record.split("\0", 9)
    return CommitFacts(
        sha=sha,
        tree=tree,
        parents=tuple(parents.split()),
        author=Person(name=an, email=ae, date=ad),
        committer=Person(name=cn, email=ce, date=cd),
        message=message.removesuffix("\n"),
    )
