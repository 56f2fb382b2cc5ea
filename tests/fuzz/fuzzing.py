"""Feeds a target with inputs for as long as asked, holds each to a budget, and keeps those that fail.

A target takes bytes and raises where a property does not hold. What fails is made as small as possible and written to
`cases/<target>/`, which every later run tries first; commit it with the fix.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fuzz.corpus import Changes, Inputs

Target = Callable[[bytes], None]

CASES = Path(__file__).with_name("cases")
CHANGING_SECONDS = 4.0
SHRINKING_SECONDS = 30.0
CPU_SECONDS = 3.0
CPU_SECONDS_A_BYTE = 80e-6
MEMORY_BYTES = 48_000_000
MEMORY_BYTES_A_BYTE = 1_000
WATCHED_ONE_IN = 16
"""How often memory is watched: that slows an execution down several times."""


_SEARCH = settings(
    max_examples=60,
    deadline=None,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


class TooExpensive(AssertionError):
    """An input took more time or memory than its size allows."""


class Spending:
    """Runs a target on inputs, and holds each of them to CPU time and memory that grow with its size alone."""

    def __init__(self, target: Target) -> None:
        self._target = target
        # A tracer, as coverage has one, makes everything slower.
        self._slower = 6.0 if sys.gettrace() is not None else 1.0
        self.executions = 0
        self.worst_seconds = 0.0
        self.peak_bytes = 0

    def run(self, data: bytes) -> None:
        self.executions += 1
        if hashlib.sha256(data).digest()[0] % WATCHED_ONE_IN == 0:
            self._watched(data)
        else:
            self._timed(data)

    def _timed(self, data: bytes) -> None:
        before = time.thread_time()
        self._target(data)
        spent = (time.thread_time() - before) / self._slower
        self.worst_seconds = max(self.worst_seconds, spent)
        if spent > (allowed := CPU_SECONDS + CPU_SECONDS_A_BYTE * len(data)):
            raise TooExpensive(f"{len(data):,} bytes took {spent:.1f} s of CPU time; {allowed:.1f} are allowed")

    def _watched(self, data: bytes) -> None:
        tracemalloc.start()
        try:
            self._target(data)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        self.peak_bytes = max(self.peak_bytes, peak)
        if peak > (allowed := MEMORY_BYTES + MEMORY_BYTES_A_BYTE * len(data)):
            raise TooExpensive(f"{len(data):,} bytes took {peak / 1e6:.0f} MB; {allowed / 1e6:.0f} are allowed")


def fuzz(name: str, target: Target, inputs: Inputs, record: Callable[[str, object], None]) -> None:
    """Try the kept cases, then `inputs` until the time is up; the first failure is raised, and kept."""
    spending = Spending(target)
    kept = sorted((CASES / name).glob("*"))
    began, failed = time.monotonic(), True
    try:
        for case in kept:
            _replayed(spending, case)
        _searched(name, spending, inputs, began + seconds())
        failed = False
    finally:
        record("fuzzed", name)
        record("executions", spending.executions)
        record("seconds", round(time.monotonic() - began, 1))
        record("worst_ms", round(1000 * spending.worst_seconds))
        record("peak_mb", round(spending.peak_bytes / 1e6, 1))
        record("kept", len(kept))
        record("failures", int(failed))


def seconds() -> float:
    """How long each target runs: as asked for (`make fuzz` does), else two seconds."""
    return float(os.environ.get("FUZZ_SECONDS") or 2.0)


def _replayed(spending: Spending, case: Path) -> None:
    try:
        spending.run(case.read_bytes())
    except Exception as error:
        error.add_note(f"the input is {case}")
        raise


def _searched(name: str, spending: Spending, inputs: Inputs, until: float) -> None:
    """Hypothesis writes inputs for a while, then they and the seeds are changed at a much higher rate, and so on."""
    first = int(os.environ.get("FUZZ_SEED") or int.from_bytes(os.urandom(4)))
    rounds = 0
    while time.monotonic() < until:
        written = _written(name, spending, inputs, Until(until), first + rounds)
        changes = Changes([*inputs.seeds, *written], inputs.words, Random(first + rounds))
        _changed(name, spending, changes, min(until, time.monotonic() + CHANGING_SECONDS))
        rounds += 1


@dataclass
class Until:
    """A moment, for those who cannot be told one."""

    moment: float

    def over(self) -> bool:
        return time.monotonic() > self.moment


def _written(name: str, spending: Spending, inputs: Inputs, until: Until, number: int) -> list[bytes]:
    tried: list[bytes] = []
    failing: list[bytes] = []

    def once(data: bytes) -> None:
        if until.over() and not failing:
            return
        tried.append(data)
        try:
            spending.run(data)
        except BaseException:
            failing[:] = [data]
            raise

    once = seed(number)(_SEARCH(given(inputs.written)(once)))
    try:
        once()
    except Exception as error:
        error.add_note(f"the input is kept as {_keep(name, failing[0] if failing else b'')}")
        raise
    return tried


def _changed(name: str, spending: Spending, changes: Changes, until: float) -> None:
    while time.monotonic() < until:
        data = changes.next()
        try:
            spending.run(data)
        except Exception as error:
            small = smallest(data, type(error), spending.run)
            error.add_note(f"{small[:200]!r} fails as well, or already; it is kept as {_keep(name, small)}")
            raise


def smallest(data: bytes, kind: type[Exception], run: Target) -> bytes:
    """A part of `data` that fails with the same kind of error, as small as half a minute allows."""
    until, size = time.monotonic() + SHRINKING_SECONDS, len(data) // 2
    while size and time.monotonic() < until:
        start = 0
        while start < len(data) and time.monotonic() < until:
            shorter = data[:start] + data[start + size :]
            if _fails(shorter, kind, run):
                data = shorter
            else:
                start += size
        size //= 2
    return data


def _fails(data: bytes, kind: type[Exception], run: Target) -> bool:
    try:
        run(data)
    except Exception as error:
        return type(error) is kind
    return False


def _keep(name: str, data: bytes) -> Path:
    path = CASES / name / hashlib.sha256(data).hexdigest()[:16]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def text_of(data: bytes) -> str:
    """`data` as a text: halves of surrogate pairs pass, and other bytes that are not UTF-8 become such halves."""
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "surrogateescape")
