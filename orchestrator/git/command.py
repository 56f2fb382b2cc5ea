"""The one way to run `git`: explicit environment and settings, bounded output and time, errors translated."""

from __future__ import annotations

import os
import re
import select
import selectors
import shutil
import subprocess
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import IO

from orchestrator.errors import MyceliumError, SetupError

# 2.34 is the first whose merges use the `ort` strategy, and ships with Ubuntu 22.04.
OLDEST = (2, 34)
MAX_OUTPUT_BYTES = 256 * 1024 * 1024
_CHUNK = 64 * 1024
_LAST_WORDS = 64_000
_INSTALL = "install git from https://git-scm.com/downloads or with the system's package manager"

# Whatever a repository's own config says, none of these may run a program, reach a network or write on its own.
_SETTINGS: tuple[tuple[str, str], ...] = (
    ("core.hooksPath", os.devnull),
    ("core.fsmonitor", "false"),
    ("core.untrackedCache", "false"),
    ("core.attributesFile", os.devnull),
    ("core.excludesFile", os.devnull),
    ("core.sshCommand", "false"),
    ("core.editor", "false"),
    ("core.pager", "cat"),
    ("core.quotePath", "false"),
    ("credential.helper", ""),
    ("protocol.allow", "never"),
    ("protocol.ext.allow", "never"),
    ("submodule.recurse", "false"),
    ("commit.gpgSign", "false"),
    ("merge.conflictStyle", "merge"),
    ("merge.renames", "true"),
    ("rerere.enabled", "false"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("advice.addEmbeddedRepo", "false"),
)
_ENVIRONMENT: Mapping[str, str] = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_EDITOR": "false",
    "HOME": os.devnull,
    "XDG_CONFIG_HOME": os.devnull,
    "LC_ALL": "C",
    "TZ": "UTC",
}


class GitFailed(MyceliumError):
    """A git command ended with an exit code that its caller does not expect; `reason` is what git said."""

    def __init__(self, command: str, code: int, reason: str) -> None:
        super().__init__(f"git {command} failed with exit code {code}: {reason or 'it gave no reason'}")
        self.code = code
        self.reason = reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What a git command answered. `truncated`: the output went past the limit, and git was stopped."""

    code: int
    output: bytes
    reason: str = ""
    truncated: bool = False

    @property
    def line(self) -> str:
        """The output as one line of text, without its line end."""
        return os.fsdecode(self.output).removesuffix("\n")

    def fields(self) -> Iterator[str]:
        """The fields of NUL-separated output; bytes that are not UTF-8 become surrogates, as in `os.fsdecode`."""
        text = os.fsdecode(self.output)
        return iter(text.removesuffix("\0").split("\0") if text else ())


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """`git`, bound to a place: a folder to run in, a git directory, a work tree, settings and environment on top.

    It gets `descriptors` of this process besides the standard streams.

    Nothing is inherited from this process's environment but PATH and the temporary folder, so no `GIT_*` variable
    and no personal config of the user decides what happens.
    """

    program: str
    cwd: Path
    environment: Mapping[str, str | None] = field(default_factory=dict)
    settings: tuple[tuple[str, str | None], ...] = ()
    timeout_seconds: float = 300
    descriptors: tuple[int, ...] = ()

    def at(self, cwd: Path, *, git_dir: Path | None = None, work_tree: Path | None = None) -> Command:
        """The same git in another place; with `git_dir` it does not look for a repository by itself."""
        places = {"GIT_DIR": git_dir, "GIT_WORK_TREE": work_tree}
        environment = {name: value for name, value in self.environment.items() if name not in places}
        environment |= {name: str(path) for name, path in places.items() if path is not None}
        return replace(self, cwd=cwd, environment=environment)

    def having(
        self, environment: Mapping[str, str | None] | None = None, *, settings: Mapping[str, str | None] | None = None
    ) -> Command:
        """The same git with more environment and settings, which win over any config. None leaves a setting to the
        config, and a variable unset."""
        return replace(
            self,
            environment={**self.environment, **(environment or {})},
            settings=(*self.settings, *(settings or {}).items()),
        )

    def run(
        self,
        *arguments: str,
        stdin: bytes | Path = b"",
        codes: Collection[int] = (0,),
        limit: int = MAX_OUTPUT_BYTES,
        cut: bool = False,
    ) -> Result:
        """Run one git command. `GitFailed` when it ends with none of `codes`, or says more than `limit` bytes.

        With `cut`, output past the limit is dropped instead, and `truncated` says so.
        """
        with _source(stdin) as source:
            result = self._finish(self._start(arguments, source), limit)
        if result.truncated:
            if cut:
                return result
            raise GitFailed(arguments[0], result.code, f"its output is over the limit of {limit:,} bytes")
        if result.code not in codes:
            raise _translated(arguments[0], result, self.cwd)
        return result

    def _start(self, arguments: tuple[str, ...], source: IO[bytes] | int) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                [self.program, *arguments],
                cwd=self.cwd,
                env=self._variables(),
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                pass_fds=self.descriptors,
            )
        except OSError as error:
            if not self.cwd.is_dir():
                raise GitFailed(arguments[0], 128, f"the folder {self.cwd} is gone") from error
            why = f"{self.program} cannot be started: {error.strerror}"
            raise SetupError(why, hint=_INSTALL) from error

    def _finish(self, process: subprocess.Popen[bytes], limit: int) -> Result:
        with process:
            try:
                output, said, expired = _listen(process, limit, time.monotonic() + self.timeout_seconds)
                truncated = len(output) > limit
            except BaseException:
                process.kill()
                raise
            if expired or truncated:
                process.kill()
            process.wait()
        reason = f"it took longer than {self.timeout_seconds:g} s" if expired else _last_words(said)
        return Result(code=process.returncode, output=bytes(output[:limit]), reason=reason, truncated=truncated)

    def _variables(self) -> dict[str, str]:
        left = {name for name, value in self.settings if value is None}
        all_settings = (*_SETTINGS, *self.settings)
        settings = [(name, value) for name, value in all_settings if value is not None and name not in left]
        numbered = {"GIT_CONFIG_COUNT": str(len(settings))}
        for number, (name, value) in enumerate(settings):
            numbered[f"GIT_CONFIG_KEY_{number}"] = name
            numbered[f"GIT_CONFIG_VALUE_{number}"] = value
        variables = {**_ENVIRONMENT, **numbered, **self.environment}
        return {name: value for name, value in variables.items() if value is not None}


def find_git(environ: Mapping[str, str]) -> Command:
    """The `git` on PATH; `SetupError` when there is none, or one that is too old."""
    search = environ.get("PATH", os.defpath)
    program = shutil.which("git", path=search)
    if program is None:
        raise SetupError("git is not installed, or not on PATH", hint=_INSTALL)
    inherited = {name: environ[name] for name in ("TMPDIR",) if name in environ}
    git = Command(program=program, cwd=Path("/"), environment={"PATH": search, **inherited})
    version = _version(git.program, search)
    if version < OLDEST:
        found, oldest = (".".join(map(str, numbers)) for numbers in (version, OLDEST))
        raise SetupError(f"git {found} at {program} is too old: Mycelium needs {oldest} or newer", hint=_INSTALL)
    return git


@lru_cache(maxsize=8)
def _version(program: str, search: str) -> tuple[int, int]:
    said = Command(program=program, cwd=Path("/"), environment={"PATH": search}).run("version").line
    found = re.match(r"git version (\d+)\.(\d+)", said)
    if found is None:
        raise SetupError(f"{program} does not answer as git does: {said[:80]!r}", hint=_INSTALL)
    return int(found[1]), int(found[2])


@contextmanager
def _source(stdin: bytes | Path) -> Iterator[IO[bytes] | int]:
    if isinstance(stdin, Path):
        with stdin.open("rb") as file:
            yield file
    elif not stdin:
        yield subprocess.DEVNULL
    else:
        with pipe_with(stdin) if len(stdin) <= select.PIPE_BUF else _file_with(stdin) as file:
            yield file


def pipe_with(text: bytes) -> IO[bytes]:
    """A pipe that has all of `text` in it: most inputs are a line or a message, and need no file."""
    reading, writing = os.pipe()
    try:
        os.write(writing, text)
    finally:
        os.close(writing)
    return os.fdopen(reading, "rb")


def _file_with(text: bytes) -> IO[bytes]:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    file.write(text)
    file.seek(0)
    return file


def _listen(process: subprocess.Popen[bytes], limit: int, deadline: float) -> tuple[bytearray, bytearray, bool]:
    """What the process says until it is silent: output up to one byte past `limit`, its words, whether time ran out."""
    output, said = bytearray(), bytearray()
    with selectors.PollSelector() as selector:
        for stream, heard in ((process.stdout, output), (process.stderr, said)):
            if stream is not None:
                selector.register(stream, selectors.EVENT_READ, heard)
        while selector.get_map() and len(output) <= limit:
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            if not ready and time.monotonic() >= deadline:
                return output, said, True
            for key, _ in ready:
                chunk = os.read(key.fd, _CHUNK)
                key.data.extend(chunk)
                if not chunk:
                    selector.unregister(key.fileobj)
            del said[:-_LAST_WORDS]
    return output, said, False


def _last_words(said: bytearray) -> str:
    lines = said.decode(errors="replace").strip().splitlines()
    errors = [line for line in lines if line.startswith(("fatal:", "error:"))]
    return "; ".join((errors or lines)[-3:])


def _translated(command: str, result: Result, folder: Path) -> MyceliumError:
    if "No space left on device" in result.reason:
        return SetupError(f"{folder}: git {command} found the disk full", hint="make room there, then rerun")
    return GitFailed(command, result.code, result.reason)
