"""Whatever a script prints: its lines and remarks stay within their limits, and no secret gets through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from hypothesis import strategies as st

from orchestrator.execution.outcome import Annotation, Outcome
from orchestrator.execution.state import NodeRun
from orchestrator.lifecycle.attempts.logbook import Logbook
from orchestrator.lifecycle.limits import within_limits
from orchestrator.lifecycle.masking import Mask
from orchestrator.lifecycle.ports import ShellTask
from orchestrator.runners.commands import LONGEST_MESSAGE, LONGEST_PROPERTY
from orchestrator.runners.lines import LineSplitter
from orchestrator.runners.shell import ANNOTATION_LIMIT, _Transcript
from orchestrator.store.outcome_codec import dump_outcome, load_outcome
from tests.fakes.events import FakeEvents
from tests.fakes.logs import MemoryLogs
from tests.fakes.running import task
from tests.fakes.world import World
from tests.fuzz.corpus import files, inputs
from tests.fuzz.fuzzing import fuzz

SECRET = "p4ss-w0rd/ü"
CHUNK = 7_919
_NAMES = ["error", "warning", "notice", "debug", "group", "endgroup", "add-mask", "stop-commands", "set-output", "ECHO"]
_KEYS = ["file", "line", "endLine", "col", "endColumn", "title", "x", ""]
_texts = st.text(max_size=20) | st.sampled_from(
    ["%0A", "%25", "%3a", "a%0Db", "::", SECRET, "x" * 600, "/ws/a.py", "9" * 12]
)
_commands = st.builds(
    lambda name, pairs, text: f"::{name} {','.join(f'{key}={value}' for key, value in pairs)}::{text}",
    st.sampled_from(_NAMES),
    st.lists(st.tuples(st.sampled_from(_KEYS), _texts), max_size=4),
    _texts,
)
_grammar = st.lists(_commands | _texts, max_size=12).map("\n".join)
_WORDS = [
    *(f"\n::{name}::" for name in _NAMES),
    *("::", "\n", "\r\n", "\r", ",", "=", " ", "file=", "title=", "%0A", "%", "::error file=a,line=1::", "::tok::"),
    *(SECRET, SECRET[:5], "\x1b[1m", "\x1b]0;", "p4ss\x1b[0m-w0rd/ü", "::add-mask::masked-value\n", "masked-value"),
]


class Heard:
    """What one output after the other leaves behind."""

    def __init__(self, folder: Path) -> None:
        self._services = World(folder).services
        self._task = task(folder, ShellTask(script=""))

    def one_output(self, data: bytes) -> None:
        logs = MemoryLogs()
        services = replace(self._services, logs=logs, events=FakeEvents())
        run = NodeRun(execution_id="1", index=0, node="n", key="n", attempt=1)
        with Logbook(services, run, Mask([SECRET])) as log:
            hearing = _Transcript(self._task, log)
            for number, line in enumerate(_lines(data)):
                hearing.line(line, "stderr" if number % 3 == 2 else "stdout")
        for stored in logs.read("1", limit=10**9):
            assert len(stored.group) <= LONGEST_PROPERTY
            assert SECRET not in stored.text + stored.group
            assert "\n" not in stored.text
        outcome = within_limits(Outcome(message=hearing.last_words(), annotations=tuple(hearing.annotations)))
        assert load_outcome(dump_outcome(outcome)).message is not None
        _check(outcome.annotations)


def _check(annotations: tuple[Annotation, ...]) -> None:
    assert len(annotations) <= ANNOTATION_LIMIT
    for each in annotations:
        assert len(each.message) <= LONGEST_MESSAGE
        assert max(len(each.path), len(each.title)) <= LONGEST_PROPERTY
        assert 1 <= each.start_line <= each.end_line


def _lines(data: bytes) -> list[str]:
    splitter = LineSplitter()
    lines = [line for start in range(0, len(data), CHUNK) for line in splitter.feed(data[start : start + CHUNK])]
    return [*lines, *splitter.finish()]


def test_fuzz_commands(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    seeds = [*files("docs/runners.md"), b"::error file=/ws/a.py,line=3::no\n::group::a\nb\n::endgroup::\n"]
    fuzz("commands", Heard(tmp_path).one_output, inputs(seeds, _WORDS, _grammar), record_property)
