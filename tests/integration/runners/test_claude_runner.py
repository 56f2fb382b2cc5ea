"""Claude Code's endings, played by a stand-in program with the event lines that the real one writes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from orchestrator.definition.model import SandboxMode
from orchestrator.execution.budget import Allowance
from orchestrator.execution.log_line import Level
from orchestrator.execution.outcome import FailureClass, Outcome
from orchestrator.lifecycle.ports.runner import AgentTask
from orchestrator.runners.agent import AgentRunner
from orchestrator.runners.claude import ClaudeEngine
from orchestrator.runners.conversation import EVENT_LIMIT
from orchestrator.runners.process import containment
from tests.fakes.running import REVIEWER, ListLog, pipe_control, task

KEY = {"ANTHROPIC_API_KEY": "test-key-value", "PATH": "/usr/bin:/bin"}
INIT = {
    "type": "system",
    "subtype": "init",
    "model": "claude-sonnet",
    "mcp_servers": [{"name": "x", "status": "connected"}],
    "session_id": "s1",
}
SAID: dict[str, Any] = {
    "type": "assistant",
    "message": {
        "content": [
            {"type": "text", "text": "Reading."},
            {"type": "tool_use", "id": "toolu_1", "name": "Read", "input": {"file_path": "a.py"}},
        ]
    },
}
RESULT: dict[str, Any] = {
    "type": "result",
    "subtype": "success",
    "is_error": False,
    "result": "All good.",
    "num_turns": 2,
    "total_cost_usd": 0.01,
    "usage": {"input_tokens": 5, "output_tokens": 7, "cache_read_input_tokens": 3, "cache_creation_input_tokens": 1},
    "permission_denials": [],
}
LOOSE: dict[str, Any] = {"sandbox": SandboxMode.NONE}
"""The stand-in keeps its notes beside the workspace, which a sandbox would not show."""

PROGRAM = """#!{python}
import json, os, sys, time
from pathlib import Path
here = Path({folder!r})
(here / "seen.json").write_text(json.dumps({{"argv": sys.argv, "env": dict(os.environ), "stdin": sys.stdin.read()}}))
sys.stdout.write((here / "events").read_text())
sys.stderr.write((here / "complaints").read_text())
sys.stdout.flush()
{after}
sys.exit({code})
"""


def run(folder: Path, events: list[Any], *, code: int = 0, after: str = "", **given: Any) -> tuple[Outcome, ListLog]:
    program = folder / "claude"
    program.write_text(PROGRAM.format(python=sys.executable, folder=str(folder), after=after, code=code))
    program.chmod(0o755)
    (folder / "events").write_text("".join(json.dumps(event) + "\n" for event in events))
    (folder / "complaints").write_text(given.pop("complaints", ""))
    action = AgentTask(definition=REVIEWER, engine="claude", prompt="Look at it.", **LOOSE, **given.pop("action", {}))
    log = ListLog()
    with pipe_control() as control:
        environ = given.pop("environ", KEY)
        return AgentRunner(ClaudeEngine(), environ=environ, program=program).run(
            task(folder, action, **given), log, control
        ), log


def test_success(tmp_path: Path) -> None:
    outcome, log = run(tmp_path, [INIT, SAID, RESULT], action={"max_turns": 5, "model": "opus"})
    assert outcome.succeeded, outcome.message
    assert outcome.outputs == {"text": "All good."}
    assert outcome.usage is not None
    assert (outcome.usage.cost_usd, outcome.usage.cache_write_tokens, outcome.usage.replayed) == (0.01, 1, False)
    assert ("Reading.", Level.INFO, "agent", "") in log.lines
    assert ("Read a.py", Level.INFO, "tool", "") in log.lines
    assert log.masked == ["test-key-value"]


def test_the_log_says_how_its_processes_were_held_together(tmp_path: Path) -> None:
    _, log = run(tmp_path, [RESULT])
    assert (f"its processes were held by: {containment().way}", Level.DEBUG, "mycelium", "") in log.lines


def test_what_it_uses_is_told_as_it_happens(tmp_path: Path) -> None:
    counted = [{**SAID["message"], "id": f"m{number}", "usage": {"input_tokens": 6_000}} for number in range(5)]
    _, log = run(tmp_path, [INIT, *({"type": "assistant", "message": each} for each in counted), RESULT])
    told = [text for text in log.texts if text.startswith("used")]
    assert told == [
        "used so far: 12k tokens",
        "used so far: 24k tokens",
        "used: 16 tokens (3 from the cache), 2 turns, $0.01",
    ]


def test_what_happened_is_recorded_however_it_ends(tmp_path: Path) -> None:
    heard = tmp_path / "heard.jsonl"
    outcome, _ = run(tmp_path, [INIT, SAID], action={"record": heard}, code=1, complaints="no more\n")
    assert outcome.failure is FailureClass.EXIT
    events = {event["type"]: event for event in map(json.loads, heard.read_text(encoding="utf-8").splitlines())}
    assert events["text"]["text"] == "Reading."
    assert (events["note"]["text"], events["note"]["stream"]) == ("no more", "stderr")
    assert (events["tool"]["name"], events["tool"]["input"]) == ("Read", {"file_path": "a.py"})


def test_command_and_environment(tmp_path: Path) -> None:
    environ = {**KEY, "HOME": "/home/user", "GITHUB_TOKEN": "gh", "MYCELIUM_SECRET_A": "s"}
    run(
        tmp_path,
        [RESULT],
        environ=environ,
        action={"tools": ("Read", "Edit", "Bash(git log:*)"), "max_turns": 5},
        writable=False,
    )
    seen = json.loads((tmp_path / "seen.json").read_text())
    argv, env = seen["argv"], seen["env"]
    assert seen["stdin"] == "Look at it."
    assert argv[argv.index("--allowedTools") + 1] == "Bash(git log:*)"
    assert argv[argv.index("--permission-mode") + 1] == "default"
    assert argv[argv.index("--setting-sources") + 1] == "user"
    assert argv[argv.index("--max-turns") + 1] == "5"
    assert "--strict-mcp-config" in argv
    agent = json.loads(argv[argv.index("--agents") + 1])["code-reviewer"]
    assert agent["tools"] == ["Read", "Bash"]
    assert str(tmp_path / "workspace") in agent["prompt"]
    assert Path(env["HOME"]).is_relative_to(tmp_path / "scratch")
    assert Path(env["CLAUDE_CONFIG_DIR"]).is_relative_to(env["HOME"])
    assert not {"GITHUB_TOKEN", "MYCELIUM_SECRET_A"} & env.keys()


def test_a_schema_asks_for_and_gets_an_answer(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"verdict": {"enum": ["approve"]}}, "required": ["verdict"]}
    answered = {**RESULT, "result": '{"verdict":"approve"}', "structured_output": {"verdict": "approve"}}
    good, _ = run(tmp_path, [SAID, answered], action={"answer": schema})
    assert good.outputs == {"verdict": "approve", "text": "Reading."}
    argv = json.loads((tmp_path / "seen.json").read_text())["argv"]
    assert "StructuredOutput" in argv[argv.index("--allowedTools") + 1]
    for events in ([RESULT], [{**RESULT, "structured_output": {"verdict": "no"}}]):
        bad, _ = run(tmp_path, events, action={"answer": schema})
        assert bad.failure is FailureClass.BAD_OUTPUT


@pytest.mark.parametrize(
    ("result", "code", "failure"),
    [
        ({"is_error": True, "api_error_status": 401, "result": "bad key"}, 1, "auth"),
        ({"is_error": True, "api_error_status": 529, "result": "busy"}, 1, "overloaded"),
        ({"is_error": True, "api_error_status": 400, "result": "odd"}, 1, "exit"),
        ({"is_error": True, "result": "Connection error."}, 1, "overloaded"),
        ({"subtype": "error_max_turns", "is_error": True}, 1, "max_turns"),
        ({"subtype": "error_max_budget_usd", "is_error": True}, 1, "budget"),
        ({"permission_denials": [{"tool_name": "Read", "tool_use_id": "toolu_1"}]}, 0, "denied"),
        ({"is_error": True, "stop_reason": "refusal", "result": "API Error: flagged"}, 1, "refused"),
        ({}, 1, "exit"),
    ],
)
def test_endings(tmp_path: Path, result: dict[str, Any], code: int, failure: str) -> None:
    outcome, _ = run(tmp_path, [INIT, SAID, {**RESULT, **result}], code=code)
    assert outcome.failure == failure
    assert outcome.usage is not None


def test_one_denied_tool_of_several_is_a_warning(tmp_path: Path) -> None:
    denials = [{"tool_name": "Bash", "tool_use_id": "toolu_2"}]
    outcome, log = run(tmp_path, [SAID, {**RESULT, "permission_denials": denials}])
    assert outcome.succeeded
    assert any("`Bash` was denied" in text for text in log.texts)


def test_an_answers_own_text_is_the_text(tmp_path: Path) -> None:
    answered = {**RESULT, "structured_output": {"text": "Keep it."}}
    outcome, _ = run(tmp_path, [SAID, answered], action={"answer": {"type": "object"}})
    assert outcome.outputs == {"text": "Keep it."}


@pytest.mark.parametrize("status", ["failed", "pending", "needs-auth"])
def test_a_server_that_is_not_there_ends_it_at_once(tmp_path: Path, status: str) -> None:
    servers = [{"name": "redis", "status": "connected"}, {"name": "x", "status": status}]
    outcome, _ = run(tmp_path, [{**INIT, "mcp_servers": servers}], after="time.sleep(1000)")
    assert outcome.failure is FailureClass.SETUP
    assert "the MCP server `x` did not start" in outcome.message


def test_a_refused_key_is_named(tmp_path: Path) -> None:
    refused = {**RESULT, "is_error": True, "api_error_status": 401, "result": "invalid x-api-key"}
    outcome, _ = run(tmp_path, [INIT, refused], code=1)
    assert outcome.failure is FailureClass.AUTH
    assert outcome.message == "the model's API answered 401: invalid x-api-key; check `ANTHROPIC_API_KEY`"


def test_a_time_that_the_service_asked_for_is_kept(tmp_path: Path) -> None:
    retry = {"type": "system", "subtype": "api_retry", "attempt": 1, "max_retries": 2, "retry_delay_ms": 30_000}
    busy = {**RESULT, "is_error": True, "api_error_status": 529, "result": "busy"}
    outcome, _ = run(tmp_path, [INIT, retry, busy], code=1)
    assert (outcome.failure, outcome.retry_after_seconds) == (FailureClass.OVERLOADED, 30.0)


def test_tools_that_do_not_exist_count_as_denied(tmp_path: Path) -> None:
    text = "<tool_use_error>Error: No such tool available: Read. Continue with the tools you have.</tool_use_error>"
    block = {"type": "tool_result", "tool_use_id": "toolu_1", "is_error": True, "content": text}
    outcome, log = run(tmp_path, [SAID, {"type": "user", "message": {"content": [block]}}, RESULT])
    assert outcome.failure is FailureClass.DENIED
    assert "Error: No such tool available: Read. Continue with the tools you have." in log.texts


def test_work_in_the_background_adds_up(tmp_path: Path) -> None:
    """Every wake-up begins with `init` and ends with a result of its own; only cost and models count from the start."""
    denials = [{"tool_name": "Bash", "tool_use_id": "toolu_2"}]
    models = {name: {"inputTokens": 100, "outputTokens": 10, "cacheReadInputTokens": 1} for name in ("big", "small")}
    last = {**RESULT, "num_turns": 1, "modelUsage": models, "total_cost_usd": 0.5}
    outcome, log = run(tmp_path, [INIT, SAID, {**RESULT, "permission_denials": denials}, INIT, last])
    usage = outcome.usage
    assert usage is not None
    assert (usage.turns, usage.input_tokens, usage.output_tokens, usage.cache_read_tokens) == (3, 200, 20, 2)
    assert sum("model claude-sonnet" in text for text in log.texts) == 1
    assert any("`Bash` was denied" in text for text in log.texts)


def test_errors_of_the_api_are_not_the_agents_words(tmp_path: Path) -> None:
    retry = {"type": "system", "subtype": "api_retry", "attempt": 1, "max_retries": 2, "retry_delay_ms": 516}
    words = [{"type": "text", "text": "API Error: 529\n\nTry again."}]
    events = [
        {**retry, "error_status": 529, "error": "overloaded"},
        {**retry, "error_status": None, "error": "unknown"},
        {"type": "system", "subtype": "informational", "content": "continuing once"},
        {"type": "assistant", "message": {"model": "<synthetic>", "content": words}},
    ]
    _, log = run(tmp_path, [*events, RESULT])
    assert [line[:3] for line in log.lines if line[1] is not Level.DEBUG] == [
        ("the model's API answered 529 (overloaded); retry 1 of 2 in 0.5 s", Level.WARNING, "mycelium"),
        ("the model's API cannot be reached; retry 1 of 2 in 0.5 s", Level.WARNING, "mycelium"),
        ("continuing once", Level.WARNING, "mycelium"),
        ("API Error: 529", Level.ERROR, "stderr"),
        ("Try again.", Level.ERROR, "stderr"),
        ("used: 16 tokens (3 from the cache), 2 turns, $0.01", Level.INFO, "mycelium"),
    ]


def test_nothing_at_all_and_exit_0_is_no_success(tmp_path: Path) -> None:
    outcome, _ = run(tmp_path, [])
    assert (outcome.failure, outcome.message) == (FailureClass.BAD_OUTPUT, "Claude Code ended without a result")


def test_a_complaint_alone_is_the_message(tmp_path: Path) -> None:
    outcome, _ = run(tmp_path, [], code=1, complaints="error: unknown option\n")
    assert (outcome.failure, outcome.message) == (FailureClass.EXIT, "exit code 1: error: unknown option")


def test_a_stall_meets_the_idle_clock(tmp_path: Path) -> None:
    outcome, _ = run(tmp_path, [INIT], after="time.sleep(1000)", idle_seconds=1.0)
    assert outcome.failure is FailureClass.IDLE, outcome.message


def test_the_time_is_that_of_the_node(tmp_path: Path) -> None:
    outcome, _ = run(tmp_path, [INIT], after="time.sleep(1000)", timeout_seconds=1.0)
    assert (outcome.failure, outcome.message) == (FailureClass.TIMEOUT, "timed out after 1 s; all of it was ended")


def test_a_flood_and_lines_that_are_no_events(tmp_path: Path) -> None:
    big = {"type": "user", "message": {"content": [{"type": "tool_result", "content": "x\n" * 500_000}]}}
    outcome, log = run(tmp_path, ["text", 5, {"type": "new"}, *[SAID] * 2000, big, RESULT])
    assert outcome.succeeded, outcome.message
    assert log.texts.count("Reading.") == 2000
    assert "… 499980 lines more" in log.texts


@pytest.mark.parametrize("more", [0, 1])
def test_the_longest_event_is_understood(tmp_path: Path, more: int) -> None:
    """One byte more, and it is text like any other, which is cut."""
    last = json.dumps({**RESULT, "result": ""})
    outcome, log = run(tmp_path, [INIT, {**RESULT, "result": "x" * (EVENT_LIMIT - len(last) + more)}])
    assert outcome.succeeded == (not more), outcome.message
    shown = [text for text in log.texts if text.startswith('{"type": "result"')]
    assert len(shown) == more
    assert all(text[-40:].endswith(" … [1 bytes more, cut]") for text in shown)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    outcome, _ = run(tmp_path, [], environ={"PATH": "/usr/bin"})
    assert outcome.failure is FailureClass.AUTH
    assert "ANTHROPIC_API_KEY" in outcome.message
    with pipe_control() as control:
        action = AgentTask(definition=REVIEWER, engine="claude", prompt="")
        absent = AgentRunner(ClaudeEngine(), environ={"PATH": str(tmp_path / "none")}).run(
            task(tmp_path, action), ListLog(), control
        )
    assert absent.failure is FailureClass.SETUP
    assert "npm install -g @anthropic-ai/claude-code" in absent.message


SCRIPTED = """#!{python}
import json, sys
from pathlib import Path
here = Path({folder!r})
calls = json.loads((here / "calls.json").read_text())
seen = json.loads((here / "seen.json").read_text()) if (here / "seen.json").exists() else []
events, code = calls[len(seen)]
(here / "seen.json").write_text(json.dumps([*seen, {{"argv": sys.argv, "stdin": sys.stdin.read()}}]))
sys.stdout.write("".join(json.dumps(event) + "\\n" for event in events))
sys.exit(code)
"""


def run_calls(
    folder: Path, calls: list[tuple[list[Any], int]], **action: Any
) -> tuple[Outcome, ListLog, list[dict[str, Any]]]:
    """Every call of the program plays the next of `calls`; what each was told."""
    program = folder / "claude"
    program.write_text(SCRIPTED.format(python=sys.executable, folder=str(folder)))
    program.chmod(0o755)
    (folder / "calls.json").write_text(json.dumps(calls))
    log = ListLog()
    with pipe_control() as control:
        runner = AgentRunner(ClaudeEngine(), environ=KEY, program=program)
        wanted = AgentTask(definition=REVIEWER, engine="claude", prompt="Look at it.", **LOOSE, **action)
        outcome = runner.run(task(folder, wanted), log, control)
    return outcome, log, json.loads((folder / "seen.json").read_text())


ANSWER: dict[str, Any] = {
    "type": "object",
    "properties": {"verdict": {"enum": ["approve"]}},
    "required": ["verdict"],
}


def test_an_answer_is_repaired_in_the_same_session(tmp_path: Path) -> None:
    wrong = {**RESULT, "structured_output": {"verdict": "perhaps"}}
    right = {**RESULT, "structured_output": {"verdict": "approve"}, "num_turns": 1}
    calls = [([INIT, SAID, wrong], 0), ([INIT, right], 0)]
    outcome, log, seen = run_calls(tmp_path, calls, answer=ANSWER, max_turns=9)
    assert outcome.outputs == {"verdict": "approve", "text": "Reading."}
    assert outcome.usage is not None
    assert (outcome.usage.turns, outcome.usage.input_tokens, outcome.usage.cost_usd) == (3, 10, 0.02)
    assert seen[1]["argv"][seen[1]["argv"].index("--resume") + 1] == "s1"
    assert '`verdict`: "perhaps" is not one of "approve"' in seen[1]["stdin"]
    assert "its answer does not fit; it is asked once more" in log.texts


def test_one_repair_is_all_there_is(tmp_path: Path) -> None:
    wrong = {**RESULT, "structured_output": {"verdict": "perhaps"}}
    outcome, _, seen = run_calls(tmp_path, [([INIT, wrong], 0)] * 3, answer=ANSWER)
    assert outcome.failure is FailureClass.BAD_OUTPUT
    assert len(seen) == 2


def test_used_up_turns_go_on_once(tmp_path: Path) -> None:
    over = {**RESULT, "subtype": "error_max_turns", "is_error": True}
    outcome, _, seen = run_calls(tmp_path, [([INIT, over], 1), ([INIT, SAID, RESULT], 0)], resumes=True, max_turns=2)
    assert outcome.succeeded, outcome.message
    assert "Go on where you stopped" in seen[1]["stdin"]
    assert seen[1]["argv"][seen[1]["argv"].index("--max-turns") + 1] == "2"
    again, _, seen = run_calls(_fresh(tmp_path), [([INIT, over], 1)] * 3, resumes=True, max_turns=2)
    assert (again.failure, len(seen)) == (FailureClass.MAX_TURNS, 2)


def _fresh(folder: Path) -> Path:
    fresh = folder / "fresh"
    fresh.mkdir()
    return fresh


def test_tokens_beyond_the_allowance_end_it(tmp_path: Path) -> None:
    usage = {"input_tokens": 600, "output_tokens": 500, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}
    spent = {"type": "assistant", "message": {"id": "m1", "model": "claude-sonnet", "content": [], "usage": usage}}
    events = [{**INIT, "model": "claude-sonnet-5"}, spent]
    outcome, _ = run(tmp_path, events, after="time.sleep(1000)", action={"allowance": Allowance(tokens=1_000)})
    assert (outcome.failure, outcome.message) == (FailureClass.BUDGET, "it used 1,100 of the 1,000 tokens it had")
    assert outcome.usage is not None
    assert outcome.usage.cost_usd == pytest.approx(0.0062)
    assert outcome.usage.cost_estimated


def test_what_is_left_of_a_budget_is_the_programs_own_limit(tmp_path: Path) -> None:
    allowed = Allowance(usd=0.25, turns=3)
    outcome, log = run(tmp_path, [INIT, {**RESULT, "total_cost_usd": None}], action={"allowance": allowed})
    argv = json.loads((tmp_path / "seen.json").read_text())["argv"]
    assert argv[argv.index("--max-budget-usd") + 1] == "0.25"
    assert argv[argv.index("--max-turns") + 1] == "3"
    assert outcome.succeeded
    assert "what the model claude-sonnet costs is not known, so that the budget in USD cannot be kept" in log.texts
