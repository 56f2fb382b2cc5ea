"""Git directories, written by hand: the mirror's, our private ones, and those that agents get.

`git init` takes a process and copies templates with hooks; a git directory is a handful of small files.
"""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

_NO_BRANCH = "ref: refs/heads/none\n"
NAME = "Mycelium"
EMAIL = "noreply@mycelium.invalid"


def write_bare(folder: Path, *, object_format: str, alternates: tuple[Path, ...]) -> None:
    """Make or mend a bare repository that borrows the objects of `alternates`; objects and refs in it stay."""
    for name in ("objects/info", "objects/pack", "refs/mycelium", "info"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    put(folder / "config", _config(object_format, bare=True))
    put(folder / "objects/info/alternates", "".join(f"{path}\n" for path in alternates))
    put(folder / "HEAD", _NO_BRANCH)


def write_private(folder: Path, *, mirror: Path, commit: str) -> None:
    """A git directory of ours for one workspace: its own HEAD and index, the mirror's objects, refs and config."""
    _write(folder / "commondir", f"{mirror}\n")
    _write(folder / "HEAD", f"{commit}\n")


def write_for_agent(work_tree: Path, *, mirror: Path, private: Path, object_format: str) -> None:
    """The `.git` that an agent finds: same commit, index and merge as in `private`, but nothing of ours depends on it.

    It has no remote, no hook and no credential, and its config is not read by any command of ours. One that is in
    the way is thrown away, whatever the agent made of it.
    """
    folder = work_tree / ".git"
    _discard(folder)
    for name in ("", "objects", "objects/info", "objects/pack", "refs", "refs/heads", "refs/tags", "info"):
        (folder / name).mkdir()
    _write(folder / "config", _config(object_format, bare=False) + f"[user]\n\tname = {NAME}\n\temail = {EMAIL}\n")
    _write(folder / "objects/info/alternates", f"{mirror / 'objects'}\n")
    _write(folder / "HEAD", (private / "HEAD").read_text())
    for source in (private / "index", private / "MERGE_HEAD", mirror / "shallow", mirror / "info/exclude"):
        if source.exists():
            target = folder / source.relative_to(private if source.is_relative_to(private) else mirror)
            shutil.copy2(source, target)
    if (mirror / "tags").exists():
        shutil.copy2(mirror / "tags", folder / "packed-refs")


def put(path: Path, text: str) -> None:
    """Write a small file so that no reader ever sees half of it; one that is right already stays untouched."""
    wanted = os.fsencode(text)
    try:
        if path.read_bytes() == wanted:
            return
    except OSError:
        pass
    fresh = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.new")
    fresh.write_bytes(wanted)
    fresh.replace(path)


def _write(path: Path, text: str) -> None:
    """Write a small file that nobody reads yet."""
    path.write_bytes(os.fsencode(text))


def _config(object_format: str, *, bare: bool) -> str:
    own_format = object_format != "sha1"
    lines = [
        "[core]",
        f"\trepositoryformatversion = {int(own_format)}",
        f"\tbare = {str(bare).lower()}",
        "\tfilemode = true",
        "[gc]",
        "\tauto = 0",
        "[maintenance]",
        "\tauto = false",
    ]
    if own_format:
        lines += ["[extensions]", f"\tobjectFormat = {object_format}"]
    return "\n".join(lines) + "\n"


def _discard(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        shutil.rmtree(path)
