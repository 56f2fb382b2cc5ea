"""Which tools outside the system's folders a confined program may read: those that the worker's environment names.

A home folder has tools and secrets side by side (`~/.cargo/bin` and `~/.cargo/credentials.toml`), so of most folders on
PATH only what belongs to programs is shown.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from orchestrator.runners.bwrap import SYSTEM

ROOTS: Final = ("VIRTUAL_ENV", "PYENV_ROOT", "NVM_DIR", "JAVA_HOME", "GOROOT")
"""Variables that name the folder of an installation."""

CERTIFICATES: Final = (
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    *("NODE_EXTRA_CA_CERTS", "GIT_SSL_CAINFO", "PIP_CERT"),
)
BESIDE: Final = ("lib", "lib64", "libexec", "include", "versions", "version")
"""What programs of a `bin` folder use beside it."""

INTERPRETERS: Final = ("python3", "python", "node", "ruby", "java", "go")
_PROGRAM_FOLDERS: Final = ("bin", "sbin", "shims")
_MOST_LINKS: Final = 40


def toolchain(environ: Mapping[str, str], home: Path) -> tuple[Path, ...]:
    """What an agent needs to run a repository's tests; `home` is the worker's own, and never shown as a whole."""
    found = [path for name in environ.get("PATH", "").split(":") for path in _of_folder(Path(name))]
    found += [Path(name) for name in environ.get("LD_LIBRARY_PATH", "").split(":")]
    found += [Path(environ[name]) for name in (*ROOTS, *CERTIFICATES) if environ.get(name)]
    return tuple(dict.fromkeys(path for path in found if _shown(path, home)))


def installation(program: Path, environ: Mapping[str, str], home: Path) -> tuple[Path, ...]:
    """What `program`, a path, needs to run: itself, the packages around it, and the interpreter that it names."""
    found = list(_of_program(program))
    if interpreter := _interpreter(program, environ.get("PATH", "")):
        found += _of_program(interpreter)
    return tuple(dict.fromkeys(path for path in found if _shown(path, home)))


def _of_folder(folder: Path) -> Iterator[Path]:
    if not folder.is_absolute() or _is_system(folder) or not folder.is_dir():
        return
    yield from _of_programs(folder)
    for name in INTERPRETERS:
        if (program := folder / name).is_symlink():
            yield from _of_program(program)


def _of_programs(folder: Path) -> Iterator[Path]:
    """A folder of programs: the whole virtual environment, or what is beside it."""
    root = folder.parent
    if (root / "pyvenv.cfg").is_file():
        yield root
        return
    yield folder
    if folder.name == "shims":
        yield root / "bin"
    if folder.name in _PROGRAM_FOLDERS:
        yield from (root / name for name in BESIDE if (root / name).exists())


def _of_program(program: Path) -> Iterator[Path]:
    """The links on the way to a program, and what belongs to it where it lies."""
    for _ in range(_MOST_LINKS):
        if not program.is_symlink():
            break
        yield program
        program = Path(os.path.normpath(program.parent / program.readlink()))
    for place in dict.fromkeys((program, Path(os.path.realpath(program)))):
        yield from _around(place)


def _around(program: Path) -> Iterator[Path]:
    parts = program.parts
    if "node_modules" in parts:
        yield Path(*parts[: parts.index("node_modules") + 1])
    elif program.parent.name in _PROGRAM_FOLDERS and not _is_system(program):
        yield from _of_programs(program.parent)
    else:
        yield program


def _interpreter(program: Path, path: str) -> Path | None:
    """The program on the first line of a script."""
    try:
        with program.open("rb") as file:
            line = file.readline(256)
    except OSError:
        return None
    words = line[2:].decode("utf-8", "replace").split() if line.startswith(b"#!") else []
    if words and Path(words[0]).name == "env":
        names = [word for word in words[1:] if not word.startswith("-")]
        found = shutil.which(names[0], path=path) if names else None
        return Path(found) if found else None
    return Path(words[0]) if words else None


def _shown(path: Path, home: Path) -> bool:
    """Not what is there anyway, nothing that the home folder or all of the machine lies in, and of the home folder
    itself only programs."""
    clean = Path(os.path.normpath(path))
    if not path.is_absolute() or _is_system(clean) or home.is_relative_to(clean):
        return False
    return clean.parent != home or clean.name not in BESIDE


def _is_system(path: Path) -> bool:
    return any(path.is_relative_to(place) for place in SYSTEM)
