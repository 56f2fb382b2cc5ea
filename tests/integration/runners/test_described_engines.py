"""Engines that `mycelium.yaml` describes, played by small programs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from orchestrator.definition.model import SandboxMode
from orchestrator.definition.project import EngineTemplate
from orchestrator.definition.project_file import parse_project
from orchestrator.execution.outcome import FailureClass, Outcome, Usage
from orchestrator.lifecycle.ports.runner import AgentTask, McpServer
from orchestrator.runners.described import DescribedRunner
from tests.fakes.running import REVIEWER, ListLog, pipe_control, task

PROGRAM = """#!{python}
import json, os, sys
from pathlib import Path
here = Path({folder!r})
home = Path(os.environ["HOME"])
files = {{str(path.relative_to(home)): path.read_text() for path in home.rglob("*") if path.is_file()}}
texts = {{word: Path(word).read_text() for word in sys.argv[1:] if os.path.isfile(word)}}
seen = {{"argv": sys.argv[1:], "env": dict(os.environ), "stdin": sys.stdin.read(), "files": files, "texts": texts}}
calls = json.loads((here / "seen.json").read_text()) if (here / "seen.json").exists() else []
(here / "seen.json").write_text(json.dumps([*calls, seen]))
outputs = json.loads((here / "outputs.json").read_text())
sys.stdout.write(outputs[min(len(calls), len(outputs) - 1)])
sys.stderr.write({complaint!r})
sys.exit({code})
"""


def template(keys: str) -> EngineTemplate:
    return parse_project(f"engines:\n  mine:\n{keys}").engines["mine"]


def run(
    folder: Path, keys: str, *outputs: str, code: int = 0, complaint: str = "", **action: Any
) -> tuple[Outcome, ListLog, list[dict[str, Any]]]:
    """The outcome, the log, and what each call of the program saw."""
    program = folder / "bin" / "my-agent"
    program.parent.mkdir()
    program.write_text(PROGRAM.format(python=sys.executable, folder=str(folder), code=code, complaint=complaint))
    program.chmod(0o755)
    (folder / "outputs.json").write_text(json.dumps(outputs))
    # The stand-in keeps its notes beside the workspace, which a sandbox would not show.
    given = {"prompt": "Look at it.", "sandbox": SandboxMode.NONE, **action}
    wanted = AgentTask(definition=REVIEWER, engine="mine", template=template(keys), **given)
    environ = {"PATH": f"{program.parent}:/usr/bin:/bin", "MINE_KEY": "secret-value", "OTHER_KEY": "other-value"}
    log = ListLog()
    with pipe_control() as control:
        outcome = DescribedRunner(environ=environ).run(task(folder, wanted), log, control)
    seen = folder / "seen.json"
    return outcome, log, json.loads(seen.read_text()) if seen.exists() else []


PLAIN = """
    command: [my-agent, --quiet, [--model, "{model}"], [--turns, "{max_turns}"]]
    credentials: [MINE_KEY]
    env: {MODEL: "{model}", PLACE: "{workspace}"}
    files: {.mine/settings.json: '{"turns": "{max_turns}"}'}
"""


def test_text_on_stdin_and_stdout(tmp_path: Path) -> None:
    outcome, log, (seen,) = run(tmp_path, PLAIN, "I look.\nAll is well.\n", max_turns=7)
    assert outcome.succeeded, outcome.message
    assert outcome.outputs == {"text": "I look.\nAll is well."}
    assert seen["argv"] == ["--quiet", "--turns", "7"]
    assert seen["stdin"] == "You review.\n\nLook at it."
    assert (seen["env"]["MINE_KEY"], seen["env"]["PLACE"]) == ("secret-value", str(tmp_path / "workspace"))
    assert not {"OTHER_KEY", "MODEL"} & seen["env"].keys()
    assert seen["files"][".mine/settings.json"] == '{"turns": "7"}'
    assert log.masked == ["secret-value"]
    assert ("All is well.", "agent") in [(line[0], line[2]) for line in log.lines]


LINES = """
    command: [my-agent, "{prompt_file}", [--schema, "{answer_schema_file}"], [--resume, "{session}"]]
    prompt: file
    output: jsonl
    read:
      text: text:/part/text
      session: /sessionID
      model: start:/model
      error: error:/message
      tool: tool_use:/part/tool
      usage: {input_tokens: "step:/tokens/input", output_tokens: "step:/tokens/output", cost_usd: "step:/cost"}
    exit-codes: {auth: 41, max_turns: [53]}
"""
EVENTS = [
    {"type": "start", "sessionID": "s1", "model": "m-1"},
    {"type": "text", "part": {"text": "I look."}},
    {"type": "tool_use", "part": {"tool": "bash"}},
    {"type": "step", "tokens": {"input": 5, "output": 2}, "cost": 0.01},
    {"type": "text", "part": {"text": "Done."}},
    {"type": "step", "tokens": {"input": 7, "output": 1}, "cost": 0.02},
]


def lines(*events: Any) -> str:
    return "".join(json.dumps(event) + "\n" for event in events)


def test_lines_of_json(tmp_path: Path) -> None:
    outcome, log, (seen,) = run(tmp_path, LINES, lines(*EVENTS))
    assert outcome.succeeded, outcome.message
    assert outcome.outputs == {"text": "Done."}
    assert outcome.usage == Usage(model="m-1", input_tokens=12, output_tokens=3, turns=3, cost_usd=0.03)
    assert seen["texts"][seen["argv"][0]].endswith("Look at it.")
    assert {"mine, model m-1", "I look.", "bash", "Done."} <= set(log.texts)


SCHEMA: dict[str, Any] = {"type": "object", "properties": {"verdict": {"enum": ["keep"]}}, "required": ["verdict"]}


def test_an_answer_goes_through_its_schema_and_is_repaired(tmp_path: Path) -> None:
    start, said = EVENTS[0], {"type": "text", "part": {"text": "I talk."}}
    right = {"type": "text", "part": {"text": '{"verdict": "keep"}'}}
    outcome, _, seen = run(tmp_path, LINES, lines(start, said), lines(start, right), answer=SCHEMA)
    assert outcome.succeeded, outcome.message
    assert outcome.outputs == {"verdict": "keep", "text": "I talk."}
    assert "--schema" in seen[0]["argv"]
    assert seen[1]["argv"][-2:] == ["--resume", "s1"]
    assert "cannot be used" in seen[1]["texts"][seen[1]["argv"][0]]


def test_a_program_without_a_word_for_schemas_is_told_in_words(tmp_path: Path) -> None:
    said = 'I judge.\n```json\n{"verdict": "keep"}\n```\n'
    outcome, _, (seen,) = run(tmp_path, PLAIN, said, answer=SCHEMA)
    assert outcome.succeeded, outcome.message
    assert outcome.outputs["verdict"] == "keep"
    assert json.dumps(SCHEMA) in seen["stdin"]


@pytest.mark.parametrize(
    ("output", "code", "failure"),
    [
        (lines(*EVENTS), 41, FailureClass.AUTH),
        (lines(*EVENTS), 53, FailureClass.MAX_TURNS),
        (lines(*EVENTS), 1, FailureClass.EXIT),
        (lines(*EVENTS, {"type": "error", "message": "no such agent"}), 0, FailureClass.EXIT),
        (lines(EVENTS[0]), 0, FailureClass.BAD_OUTPUT),
        ("", 0, FailureClass.BAD_OUTPUT),
    ],
)
def test_endings(tmp_path: Path, output: str, code: int, failure: FailureClass) -> None:
    outcome, _, _ = run(tmp_path, LINES, output, code=code, complaint="it complains\n")
    assert outcome.failure is failure
    assert outcome.message


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    absent, _, _ = run(tmp_path, "    command: [no-such-agent]\n    install: pip install no-such-agent\n", "")
    assert absent.failure is FailureClass.SETUP
    assert "pip install no-such-agent" in absent.message


def test_a_prompt_that_no_command_line_holds(tmp_path: Path) -> None:
    keys = '    command: [my-agent, "{prompt}"]\n    prompt: argument\n'
    wanted = AgentTask(definition=REVIEWER, engine="mine", prompt="x" * 200_000, template=template(keys))
    program = tmp_path / "my-agent"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    with pipe_control() as control:
        outcome = DescribedRunner(environ={"PATH": str(tmp_path)}).run(task(tmp_path, wanted), ListLog(), control)
    assert outcome.failure is FailureClass.SETUP
    assert "prompt: file" in outcome.message


TOLD = """
    command: [my-agent, [--mcp, "{mcp_config_file}"]]
    files: {.mine/settings.json: '{"servers": {mcp_servers}}'}
    credentials: [MINE_KEY]
"""


def test_it_is_told_of_mcp_servers_where_its_template_has_a_place_for_them(tmp_path: Path) -> None:
    server = McpServer(name="docs", command="docs-mcp", args=("--quiet",), env={"TOKEN": "t"})
    outcome, _, calls = run(tmp_path, TOLD, "ok\n", servers=(server,))
    assert outcome.succeeded, outcome.message
    (called,) = calls
    (settings,) = (json.loads(text) for path, text in called["files"].items() if path.endswith("settings.json"))
    (config,) = (json.loads(text) for text in called["texts"].values())
    assert settings["servers"] == config["mcpServers"]
    started = config["mcpServers"]["docs"]
    assert started["env"] == {"TOKEN": "t"}
    assert started["args"][-2:] == ["docs-mcp", "--quiet"]
    assert "unset MINE_KEY;" in started["args"][1]


def test_without_any_the_place_is_empty(tmp_path: Path) -> None:
    _, _, calls = run(tmp_path, TOLD, "ok\n")
    assert calls[0]["files"][".mine/settings.json"] == '{"servers": {}}'
    assert calls[0]["argv"] == []


def test_a_template_without_a_place_for_servers_fails_the_node(tmp_path: Path) -> None:
    server = McpServer(name="docs", url="https://mcp.example/mcp")
    outcome, _, calls = run(tmp_path, "    command: [my-agent]\n", "ok\n", servers=(server,))
    assert outcome.failure is FailureClass.SETUP
    assert "the engine `mine` takes no MCP servers" in outcome.message
    assert calls == []


PIECES = """
    command: [my-agent]
    output: jsonl
    read: {text: "said[by=agent]:/text", pieces: true, tool: "called:/name"}
"""


def test_texts_that_come_in_pieces_are_put_together(tmp_path: Path) -> None:
    said = ["user:Do it.", "agent:I lo", "agent:ok.", "tool", "agent:Do", "agent:ne", "agent:."]
    lines = [
        {"type": "called", "name": "read"} if each == "tool" else {"type": "said", "by": who, "text": text}
        for each in said
        for who, _, text in (each.partition(":"),)
    ]
    outcome, log, _ = run(tmp_path, PIECES, "".join(json.dumps(line) + "\n" for line in lines))
    assert outcome.outputs == {"text": "Done."}
    assert [text for text in log.texts if text in ("I look.", "read", "I lo", "ok.")] == ["I look.", "read"]


def test_files_that_its_words_name_are_there_in_a_sandbox_too(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "my-agent"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\ncat "$1" "$2"\n')
    program.chmod(0o755)
    keys = '    command: [my-agent, "{prompt_file}", "{answer_schema_file}"]\n    prompt: file\n'
    wanted = AgentTask(definition=REVIEWER, engine="mine", prompt="Look.", template=template(keys), answer=SCHEMA)
    environ = {"PATH": f"{program.parent}:/usr/bin:/bin"}
    log = ListLog()
    with pipe_control() as control:
        DescribedRunner(environ=environ).run(task(tmp_path, wanted), log, control)
    said = "\n".join(log.texts)
    assert "You review." in said
    assert json.dumps(SCHEMA) in said
