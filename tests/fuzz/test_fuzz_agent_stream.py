"""Whatever an agent's program prints as events: the log takes it, and its ending is judged."""

from __future__ import annotations

import json
from collections.abc import Callable

from hypothesis import strategies as st

from orchestrator.execution.outcome import Usage
from orchestrator.lifecycle.limits import within_limits
from orchestrator.lifecycle.masking import Mask
from orchestrator.runners.claude_stream import ClaudeReader
from orchestrator.runners.codex_stream import CodexReader
from orchestrator.runners.engine import Reader
from orchestrator.runners.judgement import outcome_of
from orchestrator.runners.lines import LineSplitter
from orchestrator.runners.narration import narrate
from orchestrator.store.outcome_codec import dump_outcome, load_outcome
from tests.fakes.running import ListLog
from tests.fuzz.corpus import inputs
from tests.fuzz.fuzzing import fuzz

SCHEMA = {
    "type": "object",
    "properties": {"verdict": {"enum": ["yes", 1, True]}, "n": {"type": "integer", "maximum": 3}},
    "required": ["verdict"],
}
RECORDED = [
    {
        "type": "system",
        "subtype": "init",
        "model": "m",
        "claude_code_version": "2",
        "mcp_servers": [{"name": "x", "status": "failed"}],
    },
    {"type": "system", "subtype": "api_retry", "attempt": 1, "max_retries": 2, "retry_delay_ms": 500, "error": "x"},
    {"type": "assistant", "message": {"model": "m", "content": [{"type": "text", "text": "I look.\nAgain."}]}},
    {
        "type": "assistant",
        "parent_tool_use_id": "p",
        "message": {"content": [{"type": "tool_use", "id": "t1", "name": "Bash", "input": {"command": "ls -l"}}]},
    },
    {
        "type": "user",
        "message": {
            "content": [{"type": "tool_result", "tool_use_id": "t1", "is_error": True, "content": "no\n" * 30}]
        },
    },
    {
        "type": "result",
        "subtype": "success",
        "num_turns": 3,
        "total_cost_usd": 0.1,
        "result": "Done.",
        "structured_output": {"verdict": "yes"},
        "permission_denials": [{"tool_use_id": "t1", "tool_name": "Bash"}],
        "modelUsage": {"m": {"inputTokens": 4, "outputTokens": 2}},
    },
]
CODEX = [
    {"type": "thread.started", "thread_id": "t"},
    {"type": "item.completed", "item": {"id": "item_0", "type": "agent_message", "text": "I look."}},
    {"type": "item.started", "item": {"id": "item_1", "type": "command_execution", "command": "ls", "status": "x"}},
    {
        "type": "item.completed",
        "item": {"id": "item_1", "type": "command_execution", "aggregated_output": "a\n" * 30, "status": "failed"},
    },
    {
        "type": "item.completed",
        "item": {
            "id": "item_2",
            "type": "file_change",
            "changes": [{"path": "a", "kind": "add"}],
            "status": "declined",
        },
    },
    {
        "type": "item.completed",
        "item": {
            "id": "3",
            "type": "mcp_tool_call",
            "server": "s",
            "tool": "t",
            "result": {"content": [{"text": "r"}]},
        },
    },
    {"type": "item.completed", "item": {"id": "item_4", "type": "agent_message", "text": '{"verdict": "yes"}'}},
    {"type": "turn.completed", "usage": {"input_tokens": 3, "cached_input_tokens": 1, "output_tokens": 2}},
    {"type": "error", "message": "Reconnecting... 1/1 (unexpected status 401)"},
    {"type": "turn.failed", "error": {"message": "last status: 429 Too Many Requests"}},
]
_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([10**400, 429, 401]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
_blocks = st.fixed_dictionaries(
    {"type": st.sampled_from(["text", "tool_use", "tool_result", "x"])},
    optional=dict.fromkeys(("text", "id", "name", "input", "content", "is_error", "tool_use_id"), _json),
)
_events = st.fixed_dictionaries(
    {"type": st.sampled_from(["system", "assistant", "user", "result", *{each["type"] for each in CODEX}]) | _json},
    optional={
        "subtype": st.sampled_from(["init", "api_retry", "informational", "success", "error_max_turns"]) | _json,
        "message": st.fixed_dictionaries({}, optional={"content": st.lists(_blocks, max_size=3) | _json}) | _json,
        **dict.fromkeys(
            (
                *("model", "mcp_servers", "attempt", "max_retries", "retry_delay_ms", "error", "error_status"),
                *("num_turns", "total_cost_usd", "modelUsage", "usage", "result", "errors", "is_error", "stop_reason"),
                *("structured_output", "permission_denials", "api_error_status", "content", "parent_tool_use_id"),
                *("thread_id", "item", "usage"),
            ),
            _json,
        ),
    },
)
_grammar = st.builds(
    lambda events, plain: "\n".join(json.dumps(event, ensure_ascii=plain) for event in events),
    st.lists(_events | st.sampled_from([*RECORDED, *CODEX]), max_size=8),
    st.booleans(),
)
_WORDS = [
    *(json.dumps(event) + "\n" for event in [*RECORDED, *CODEX]),
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\n",
    '"',
    '"type":',
    "null",
]


def one_stream(data: bytes) -> None:
    """As either program's."""
    heard(data, ClaudeReader())
    heard(data, CodexReader(model="m", schema=SCHEMA, spent=Usage(input_tokens=1)))


def heard(data: bytes, reader: Reader) -> None:
    log = ListLog()
    splitter = LineSplitter()
    for line in [*splitter.feed(data), *splitter.finish()]:
        for happening in reader.line(line):
            narrate(happening, log)
    for happening in reader.complaint(data[:300].decode("utf-8", "replace")):
        narrate(happening, log)
    code = (0, 1, -9, None)[len(data) % 4]
    for schema in (None, SCHEMA):
        outcome = within_limits(outcome_of(reader.ending(code), schema))
        Mask(["secret"]).json(outcome.outputs)
        again = load_outcome(dump_outcome(outcome))
        assert again.failure == outcome.failure
        assert outcome.succeeded or outcome.message
        if schema and outcome.succeeded:
            assert again.outputs["verdict"] in ("yes", 1, True)


def test_fuzz_agent_stream(record_property: Callable[[str, object], None]) -> None:
    seeds = ["".join(json.dumps(event) + "\n" for event in events).encode() for events in (RECORDED, CODEX)]
    fuzz("agent-stream", one_stream, inputs(seeds, _WORDS, _grammar), record_property)
