"""What a node's workspace costs: made from a commit, alone and 40 at once, and every other step of an attempt with it.

The repository is a clone of this one. Waiting for others is part of each time; CPU time is that of git too.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar

from orchestrator.git.repository import GitRepository
from orchestrator.lifecycle.ports import Author, CommitMessage, Workspace
from tests.bench.options import Options
from tests.bench.scene import Scene
from tests.bench.table import figure, table

PROJECT = Path(__file__).resolve().parents[2]
ALONE = 30
AT_ONCE = 40
SETTLE_SECONDS = 0.2
AUTHOR = Author(name="bench", email="bench@mycelium.invalid")
OURS = {"README.md": "# Changed\n", "docs/added.md": "Added\n", "orchestrator/git/commits.py": '"""Less."""\n'}
THEIRS = {"LICENSE": "Changed\n", "docs/other.md": "Other\n"}
_numbers = count(1)
T = TypeVar("T")


def measure(options: Options, scene: Scene) -> dict[str, Any]:
    checkout = scene.folder / "project"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", PROJECT, checkout], check=True)
    git = adapter(checkout)
    base = git.snapshot().base
    found: dict[str, Any] = {"files": len(git.files(base)), "alone": alone(git, base)}
    for how, once in (("processes", in_processes), ("threads", in_threads)):
        found[f"prepare, {AT_ONCE} {how} at once"] = together([once(git, base) for _ in range(options.rounds)])
    return found


def show(found: Mapping[str, Any], _options: Options) -> str:
    rows = {f"{step}, alone": each for step, each in found["alone"].items()}
    rows |= {name: each for name, each in found.items() if "at once" in name}
    cells = [[name, *(figure(each[key], 1) for key in ("p50_ms", "p95_ms", "cpu_ms"))] for name, each in rows.items()]
    return table(f"Workspaces of {found['files']} files", ["milliseconds", "p50", "p95", "CPU of one"], cells)


def adapter(checkout: Path) -> GitRepository:
    return GitRepository(root=checkout, cache_dir=checkout.with_name("cache"), environ=os.environ)


def alone(git: GitRepository, base: str) -> dict[str, dict[str, float]]:
    """The steps of an attempt, one attempt after the other."""
    wall: dict[str, list[float]] = {}
    busy: dict[str, list[float]] = {}
    theirs = committed(git, git.prepare(name(), base), THEIRS)
    for _ in range(ALONE):
        for step, taken, used in attempt(git, base, theirs):
            wall.setdefault(step, []).append(taken)
            busy.setdefault(step, []).append(used)
    return {step: facts(times, busy[step]) for step, times in wall.items()}


def attempt(git: GitRepository, base: str, theirs: str) -> list[tuple[str, float, float]]:
    taken = []

    def timed(step: str, call: Callable[[], T]) -> T:
        used, begun = cpu_ms(), time.perf_counter()
        answer = call()
        taken.append((step, (time.perf_counter() - begun) * 1000, cpu_ms() - used))
        return answer

    workspace = timed("prepare", lambda: git.prepare(name(), base))
    write(workspace.path, OURS)
    timed("changes", lambda: git.changes(workspace))
    commit = timed("commit", lambda: git.commit(workspace, AUTHOR, CommitMessage(subject="Ours")))
    assert commit is not None
    timed("bundle", lambda: git.bundle(commit, known=[base]))
    timed("merge", lambda: git.merge(workspace, theirs, AUTHOR, CommitMessage(subject="Merge")))
    timed("release", lambda: git.release(workspace))
    return taken


def committed(git: GitRepository, workspace: Workspace, files: Mapping[str, str]) -> str:
    write(workspace.path, files)
    commit = git.commit(workspace, AUTHOR, CommitMessage(subject="Theirs"))
    git.release(workspace)
    assert commit is not None
    return commit


def write(folder: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        (folder / path).write_text(text, encoding="utf-8")


def name() -> str:
    """A new one each time, as node runs have."""
    return f"bench-{next(_numbers)}-{os.getpid()}"


def together(rounds: Sequence[tuple[list[float], float]]) -> dict[str, float]:
    return facts([each for times, _ in rounds for each in times], [busy / AT_ONCE for _, busy in rounds])


def in_threads(git: GitRepository, base: str) -> tuple[list[float], float]:
    """Milliseconds from the common start to the end of each, and the CPU time of all."""
    go = threading.Event()
    made: list[tuple[float, Workspace]] = []

    def one() -> None:
        go.wait()
        workspace = git.prepare(name(), base)
        made.append((time.perf_counter(), workspace))

    threads = [threading.Thread(target=one) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    time.sleep(SETTLE_SECONDS)
    used, begun = cpu_ms(), time.perf_counter()
    go.set()
    for thread in threads:
        thread.join()
    used = cpu_ms() - used
    for _, workspace in made:
        git.release(workspace)
    return [(moment - begun) * 1000 for moment, _ in made], used


def in_processes(git: GitRepository, base: str) -> tuple[list[float], float]:
    """The same of processes that have used the repository before, as workers have."""
    context = multiprocessing.get_context("fork")
    gate, go = os.pipe()
    pipes = [context.Pipe() for _ in range(AT_ONCE)]
    workers = [context.Process(target=work, args=(git, base, (gate, go), theirs)) for _, theirs in pipes]
    for worker in workers:
        worker.start()
    os.close(gate)
    for ours, _ in pipes:
        ours.recv()
    time.sleep(SETTLE_SECONDS)
    begun = time.perf_counter()
    os.close(go)
    answers: list[tuple[float, float]] = [ours.recv() for ours, _ in pipes]
    for ours, _ in pipes:
        ours.send("release")
    for worker in workers:
        worker.join()
    return [(moment - begun) * 1000 for moment, _ in answers], sum(used for _, used in answers)


def work(git: GitRepository, base: str, starting: tuple[int, int], pipe: Connection) -> None:
    gate, go = starting
    os.close(go)
    assert git.has(base)
    pipe.send("ready")
    os.read(gate, 1)
    used = cpu_ms()
    workspace = git.prepare(name(), base)
    pipe.send((time.perf_counter(), cpu_ms() - used))
    pipe.recv()
    git.release(workspace)


def facts(times: Sequence[float], busy: Sequence[float]) -> dict[str, float]:
    ordered = sorted(times)
    p50, p95 = (ordered[-(-len(ordered) * percent // 100) - 1] for percent in (50, 95))
    return {"p50_ms": p50, "p95_ms": p95, "cpu_ms": statistics.mean(busy)}


def cpu_ms() -> float:
    """CPU time of this process and of those it waited for."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages) * 1000
