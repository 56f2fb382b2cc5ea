"""An agent that obeys hides a secret in what would be published: nothing of the commit leaves."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from base64 import b64encode, encodebytes
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.execution.commit import FileChange
from orchestrator.lifecycle import buried
from orchestrator.lifecycle.buried import Searcher
from orchestrator.lifecycle.masking import Mask
from orchestrator.lifecycle.publishing.leaks import leak
from tests.fakes.git import MemoryGit
from tests.integration.git.user_repository import UserRepository

SECRET = "ghp_aS3cret&Value"
BINARY = b"\x89PNG\0\xff"
HOLDS = "a commit holds the value of a secret"


def zipped(content: bytes, name: str = "a.txt") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return made.getvalue()


def tarred(content: bytes) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        entry = tarfile.TarInfo("a.txt")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return made.getvalue()


HIDING: dict[str, Callable[[bytes], bytes]] = {
    "as it is": lambda value: value,
    "UTF-16": lambda value: value.decode().encode("utf-16"),
    "UTF-16 at an odd place": lambda value: b"x" + value.decode().encode("utf-16-be"),
    "UTF-32": lambda value: value.decode().encode("utf-32"),
    "base64": lambda value: b64encode(b"user:" + value),
    "base64 in lines": lambda value: encodebytes(b"x" * 50 + value),
    "base64 of UTF-8 in a zip": lambda value: zipped(b64encode(value)),
    "hexadecimal": lambda value: value.hex().encode(),
    "HTML": lambda value: value.replace(b"&", b"&amp;"),
    "gzip": gzip.compress,
    "gzip that is broken off": lambda value: gzip.compress(value + bytes(range(256)) * 40)[:-9],
    "two gzips": lambda value: gzip.compress(b"first") + gzip.compress(value),
    "zlib": zlib.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "a zip": zipped,
    "the name of a member": lambda value: zipped(b"", value.decode()),
    "a zip behind something else": lambda value: b"#!/bin/sh\n" + zipped(value),
    "a zip in a zip": lambda value: zipped(zipped(value)),
    "a tar.gz": tarred,
}


@pytest.mark.parametrize("hide", HIDING.values(), ids=HIDING)
def test_a_secret_is_found_in_a_file_however_it_is_written(hide: Callable[[bytes], bytes]) -> None:
    searcher = Searcher(Mask([SECRET]))
    assert searcher.found_in(hide(SECRET.encode()))
    assert not searcher.found_in(hide(b"ghp_another&Value"))


def test_what_cannot_be_looked_through_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    searcher = Searcher(Mask([SECRET]))
    nested = b"harmless"
    for _ in range(buried.DEEPEST + 1):
        nested = gzip.compress(nested)
    assert searcher.found_in(nested)
    monkeypatch.setattr(buried, "MOST_UNPACKED", 1_000)
    assert searcher.found_in(gzip.compress(b"0" * 2_000))
    assert not searcher.found_in(gzip.compress(b"0" * 900))
    assert not Searcher(Mask()).found_in(nested)


class Story:
    """Commits after another on a repository in memory, and what keeps them from leaving."""

    def __init__(self, folder: Path, **before: bytes) -> None:
        self.git = MemoryGit(folder, {"README.md": b"# Demo\n", **before})
        self.base = self.git.snapshot().head

    def leak(self, *steps: dict[str, bytes], said: str = "A change", mask: str = SECRET) -> str:
        for files in steps:
            self.git.checkout = files
            self.git.commit_checkout(said)
        head = self.git.snapshot().head
        return leak(self.git, Mask([mask]), self.base, self.git.log(self.base, head))


@pytest.mark.parametrize(
    "content",
    [
        SECRET.encode() + b"\n",
        b"++ " + SECRET.encode() + b"\n",
        b"-- a/x\r" + SECRET.encode(),
        b"a\x0b" + SECRET.encode(),
        "a\u2028".encode() + SECRET.encode(),
        encodebytes(b"x" * 50 + SECRET.encode()),
        BINARY + SECRET.encode(),
        SECRET.encode("utf-16"),
        zipped(SECRET.encode()),
    ],
)
def test_no_content_of_a_file_brings_a_secret_out(tmp_path: Path, content: bytes) -> None:
    assert Story(tmp_path).leak({"README.md": b"# Demo\n", "x": content}) == HOLDS


def test_no_name_of_a_file_brings_a_secret_out(tmp_path: Path) -> None:
    assert Story(tmp_path).leak({"README.md": b"# Demo\n", f"a/{SECRET}.bin": b"\0"}) == HOLDS
    assert Story(tmp_path).leak({SECRET: b"# Demo\n"}) == HOLDS


def test_what_a_later_commit_undoes_is_out_all_the_same(tmp_path: Path) -> None:
    clean = {"README.md": b"# Demo\n"}
    assert Story(tmp_path).leak({**clean, "x": BINARY + SECRET.encode()}, {**clean, "y": b""}) == HOLDS


@pytest.mark.parametrize(
    "changed",
    [
        {"subject": SECRET},
        {"body": f"x\n{SECRET}"},
        {"trailers": (("Mycelium-Node", f"test ({SECRET})"),)},
        {"author_name": SECRET},
        {"changes": (FileChange(path="a", status="renamed", previous_path=SECRET),)},
    ],
)
def test_no_word_of_a_commit_brings_a_secret_out(tmp_path: Path, changed: dict[str, Any]) -> None:
    git = MemoryGit(tmp_path)
    (commit,) = git.log(git.snapshot().head, git.commit_checkout("Another"))
    assert leak(git, Mask([SECRET]), commit.parents[0], [commit]) == ""
    assert leak(git, Mask([SECRET]), commit.parents[0], [replace(commit, **changed)]) == HOLDS


def test_a_word_that_stands_in_the_file_already_is_no_news(tmp_path: Path) -> None:
    story = Story(tmp_path, **{"settings.py": b"USER = 'postgres'\n"})
    after = {"README.md": b"# Demo\n", "settings.py": b"USER = 'postgres'\nDEBUG = 1\n"}
    assert story.leak(after, mask="postgres") == ""


def test_attributes_of_the_repository_do_not_hide_a_file(user: UserRepository) -> None:
    """Of a file that `.gitattributes` calls binary git shows no lines."""
    base = user.save({".gitattributes": b"* binary\n"}, "Begin")
    commit = user.save({"x.txt": f"{SECRET}\n".encode()}, "Hide it")
    with_zip = user.save({"y.zip": zipped(SECRET.encode()), "x.txt": b""}, "Hide it better")
    git = user.git
    assert leak(git, Mask([SECRET]), base, git.log(base, commit)) == HOLDS
    assert leak(git, Mask([SECRET]), commit, git.log(commit, with_zip)) == HOLDS
    assert leak(git, Mask(["something else"]), base, git.log(base, with_zip)) == ""
