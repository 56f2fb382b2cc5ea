"""Scratch repositories in which the real `mycelium` runs as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psutil

from orchestrator import settings as configuration
from orchestrator.settings import Settings
from tests.fakes import warm

PATIENCE_SECONDS = 60.0
_SCRIPT = Path(sys.executable).with_name("mycelium")
PROGRAM = [str(_SCRIPT)] if _SCRIPT.exists() else [sys.executable, "-P", "-m", "orchestrator.cli"]

Found = TypeVar("Found")


@dataclass(frozen=True, kw_only=True)
class Done:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str

    def json(self) -> Any:
        """What stdout holds: one JSON value, and nothing else."""
        return json.loads(self.stdout)


@dataclass(kw_only=True)
class Checkout:
    """A git repository with a user's HOME beside it. Nothing of the caller's environment but PATH gets in."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def root(self) -> Path:
        return self.folder / "repository"

    @classmethod
    def create(cls, folder: Path, **environ: str) -> Checkout:
        """A repository with one commit on `main`."""
        checkout = cls(folder=folder, environ=environ)
        (folder / "home").mkdir(parents=True)
        checkout.root.mkdir()
        checkout.git("init", "--quiet", "--initial-branch=main")
        checkout.git("config", "user.name", "Somebody")
        checkout.git("config", "user.email", "somebody@example.invalid")
        checkout.write("shared.txt", "one\ntwo\nthree\n")
        checkout.commit("Begin")
        return checkout

    def write(self, path: str, text: str) -> Path:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
        return place

    def workflow(self, name: str, text: str, transcripts: dict[str, Sequence[dict[str, object]]] | None = None) -> str:
        """Write a workflow, with transcripts by node run key; its id. It is not committed, and need not be."""
        self.write(f"workflows/{name}.yaml", textwrap.dedent(text))
        for key, events in (transcripts or {}).items():
            lines = [{"mycelium_transcript": 1}, *events]
            self.write(f"workflows/{name}.replay/{key}.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
        return name

    def git(self, *words: str) -> str:
        """What git says; an error of git fails the test."""
        done = subprocess.run(
            ["git", *words], cwd=self.root, env=self.environment(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def commit(self, subject: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", subject)

    def mycelium(self, *words: str, code: int | None = 0, **environ: str) -> Done:
        """Run it to its end, and expect this exit code (None: any)."""
        ended = warm.command(words, cwd=self.root, env={**self.environment(), **environ}, patience=PATIENCE_SECONDS)
        assert code in (None, ended.returncode), f"{ended.returncode}\n{ended.stdout}\n{ended.stderr}"
        assert "Traceback" not in ended.stderr, ended.stderr
        return Done(code=ended.returncode, stdout=ended.stdout, stderr=ended.stderr)

    def start(self, *words: str, **environ: str) -> subprocess.Popen[str]:
        """Start it, in a process group of its own; `end` kills what is left."""
        process = subprocess.Popen(
            [*PROGRAM, *words],
            cwd=self.root,
            env={**self.environment(), **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def finish(self, process: subprocess.Popen[str], *, patience: float = PATIENCE_SECONDS) -> Done:
        """Wait for a started command."""
        stdout, stderr = process.communicate(timeout=patience)
        return Done(code=process.returncode, stdout=stdout, stderr=stderr)

    def run(self, workflow: str, *words: str, code: int = 0, **environ: str) -> dict[str, Any]:
        """Run a workflow to its end; the execution as JSON."""
        shown: dict[str, Any] = self.mycelium("run", workflow, "--json", *words, code=code, **environ).json()
        return shown

    def show(self, reference: str = "latest") -> dict[str, Any]:
        """An execution as it is now."""
        shown: dict[str, Any] = self.mycelium("executions", "show", reference, "--json").json()
        return shown

    def log(self, *words: str) -> list[str]:
        """The messages of the latest execution's log."""
        lines = self.mycelium("executions", "logs", "latest", "--json", *words).stdout.splitlines()
        return [json.loads(line)["message"] for line in lines]

    def page(self, execution_id: str) -> str:
        """The execution's page."""
        return (self.root / ".mycelium/site/executions" / execution_id / "index.html").read_text(encoding="utf-8")

    def pids(self, name: str) -> list[int]:
        """The process ids that nodes wrote to a file of this name beside the repository."""
        path = self.folder / name
        return [int(word) for word in path.read_text().split()] if path.exists() else []

    def settings(self) -> Settings:
        """What `mycelium` reads of its environment here."""
        return configuration.load(self.root, self.environment())

    def state(self) -> tuple[str, ...]:
        """Everything of the user's that a run must leave alone."""
        looks = (
            ("rev-parse", "HEAD"),
            ("symbolic-ref", "HEAD"),
            ("status", "--porcelain=v2", "--untracked-files=all"),
            ("diff",),
            ("diff", "--cached"),
            ("stash", "list"),
            ("config", "--list", "--local"),
        )
        refs = [line for line in self.git("for-each-ref").splitlines() if "refs/heads/mycelium/" not in line]
        return (*(self.git(*look) for look in looks), *refs)

    def end(self) -> None:
        """Kill what is left of the started commands; each takes its tree along."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
            for pipe in (process.stdout, process.stderr):
                if pipe:
                    pipe.close()
            process.wait()

    def environment(self) -> dict[str, str]:
        """All that a command started here finds in its environment."""
        return {
            "HOME": str(self.folder / "home"),
            "USER": "somebody",
            "PATH": os.environ["PATH"],
            "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
            "BESIDE": str(self.folder),
            "MYCELIUM_CONCURRENCY": "2",
            **{name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")},
            **self.environ,
        }


def eventually(condition: Callable[[], Found], what: str) -> Found:
    """Wait until a condition holds, and return what made it true; fail after a long while."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (value := _timed(condition)):
        assert time.monotonic() < deadline, f"never came: {what}"
    return value


def _timed(condition: Callable[[], Found]) -> Found:
    """Ask, and where it does not hold rest twice as long as asking took: what is waited for needs the CPU, too."""
    began = time.monotonic()
    if not (value := condition()):
        time.sleep(min(max(2 * (time.monotonic() - began), 0.02), 2))
    return value


def alive(pids: Sequence[int]) -> list[int]:
    """Those that still run."""
    return [pid for pid in pids if not _gone(pid)]


def family(pid: int) -> list[int]:
    """A process and all its descendants."""
    return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]


def nodes_of(execution_id: str) -> list[int]:
    """Every process of an execution's nodes, wherever it hangs by now."""
    return [process.pid for process in psutil.process_iter() if _mark(process).startswith(f"{execution_id}/")]


def runs(shown: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Node runs by key."""
    return {run["key"]: run for run in shown["node_runs"]}


def statuses(shown: dict[str, Any]) -> dict[str, str]:
    """The status of each node run by key."""
    return {key: run["status"] for key, run in runs(shown).items()}


def checkouts(folder: Path) -> Iterator[Checkout]:
    """What a fixture yields: one repository, whose processes end with the test."""
    checkout = Checkout.create(folder)
    yield checkout
    checkout.end()


def _gone(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def _mark(process: psutil.Process) -> str:
    try:
        return str(process.environ().get("MYCELIUM_NODE_RUN", ""))
    except (psutil.Error, OSError):
        return ""
