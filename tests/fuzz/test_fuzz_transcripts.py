"""Whatever a recorded transcript holds: it is played inside its workspace, to an outcome that can be stored."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from hypothesis import strategies as st

from orchestrator.execution.outcome import FailureClass, Outcome
from orchestrator.lifecycle.limits import within_limits
from orchestrator.lifecycle.masking import Mask
from orchestrator.lifecycle.ports import AgentTask
from orchestrator.runners.replay import ReplayRunner
from orchestrator.store.outcome_codec import dump_outcome, load_outcome
from tests.fakes.running import REVIEWER, ListLog, pipe_control, task
from tests.fuzz.corpus import files, inputs
from tests.fuzz.fuzzing import fuzz, text_of

HEADER = '{"mycelium_transcript": 1, "agent": "a", "model": "m"}\n'
ANSWER = {
    "type": "object",
    "properties": {"a": {"type": "string", "pattern": "^x+$"}, "b": {"type": "array", "items": {"minimum": 1}}},
    "additionalProperties": False,
}
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
_paths = st.sampled_from(
    ["a.txt", "b/c.txt", "../out", "/etc/x", "link/x", ".git/config", "a.txt/b", "", ".", "a\0b", "\ud800", "y" * 300]
)
_KINDS = ["text", "tool", "note", "edit", "write", "resolve", "link", "delete", "usage", "fail", "result", "x"]
_events = st.fixed_dictionaries(
    {"type": st.sampled_from(_KINDS)},
    optional={
        "path": _paths | _json,
        "text": st.text(max_size=10) | _json,
        "content": st.text(max_size=10) | _json,
        "content_base64": st.sampled_from(["AP8=", "", "="]) | _json,
        "executable": st.booleans() | _json,
        "target": st.sampled_from(["a.txt", "../out", "/etc", ".git", "link", "b", ""]) | _json,
        "level": st.sampled_from(["info", "error"]) | _json,
        "nested": st.booleans() | _json,
        "failed": st.booleans() | _json,
        "old": st.sampled_from(["one", "two", ""]) | _json,
        "new": st.text(max_size=5) | _json,
        "name": st.text(max_size=5) | _json,
        "input": _json,
        "output": st.text(max_size=10) | _json,
        "class": st.sampled_from(list(FailureClass)) | _json,
        "message": st.text(max_size=10) | _json,
        "answer": st.fixed_dictionaries({}, optional={"a": _json, "b": _json, "c": _json}) | _json,
        "after_ms": st.integers(0, 5) | _json,
        "input_tokens": _json,
        "cost_usd": _json,
    },
)
_headers = st.just(HEADER) | st.fixed_dictionaries(
    {"mycelium_transcript": st.just(1)},
    optional={
        "fingerprint": st.dictionaries(st.sampled_from(["prompt", "x"]), _json, max_size=2) | _json,
        "incomplete": st.lists(_json, max_size=2) | _json,
        "strict": st.booleans() | _json,
    },
).map(lambda header: json.dumps(header) + "\n")
_grammar = st.builds(
    lambda header, events, plain: header + "\n".join(json.dumps(event, ensure_ascii=plain) for event in events),
    _headers,
    st.lists(_events, max_size=8),
    st.booleans(),
)
_WORDS = [
    HEADER,
    *(f'{{"type": "{kind}"}}\n' for kind in _KINDS),
    *(
        '"path": "a.txt", ',
        '"content": "x"',
        '"after_ms": 1e999',
        '"answer": {"a": ',
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\n",
    ),
    '{"type": "write", "path": "a.txt", "content": "\\ud800"}\n',
]


class Played:
    """A workspace made anew for each transcript, beside a file that must stay as it is."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._outside = folder / "out"
        self._outside.mkdir()
        (self._outside / "x").write_text("mine")

    def one_transcript(self, data: bytes) -> None:
        action = AgentTask(
            definition=REVIEWER, engine="replay", prompt="Do it.", transcript=text_of(data), answer=ANSWER
        )
        job = task(self._folder, action)
        (job.workspace / "a.txt").write_text("one two")
        (job.workspace / "link").symlink_to(self._outside)
        (job.workspace / ".git").mkdir()
        try:
            with pipe_control() as control:
                outcome = ReplayRunner(pace=0).run(job, ListLog(), control)
            assert not list((job.workspace / ".git").iterdir())
        finally:
            shutil.rmtree(job.workspace)
        _check(outcome)
        assert [path.name for path in self._outside.iterdir()] == ["x"]
        assert (self._outside / "x").read_text() == "mine"


def _check(outcome: Outcome) -> None:
    kept = within_limits(outcome)
    Mask(["secret"]).json(kept.outputs)
    again = load_outcome(dump_outcome(kept))
    assert (again.failure, again.outputs.keys()) == (kept.failure, kept.outputs.keys()) or "�" in str(again.outputs)
    assert outcome.succeeded or outcome.message


def test_fuzz_transcripts(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    seeds = files("workflows/**/*.jsonl")
    fuzz("transcripts", Played(tmp_path).one_transcript, inputs(seeds, _WORDS, _grammar), record_property)
