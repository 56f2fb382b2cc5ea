"""mycelium.yaml: what it comes to, every mistake at its place, and a schema that says the same."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from orchestrator.definition.codec import dump_project, load_project
from orchestrator.definition.compose import compose
from orchestrator.definition.document import plain
from orchestrator.definition.engine_keys import ENGINE_KEYS, FIGURES, PLACEHOLDERS, READ_KEYS
from orchestrator.definition.mcp_keys import MCP_KEYS
from orchestrator.definition.model import Agent
from orchestrator.definition.parse import load_all
from orchestrator.definition.pointers import Pointer
from orchestrator.definition.project import ExitMeaning, Findings, McpTemplate, OutputForm, Project, PromptBy, Replay
from orchestrator.definition.project_file import PROJECT_KEYS, REPLAY_KEYS, parse_project, project_schema
from orchestrator.definition.reader import Keys
from orchestrator.errors import InvalidDefinition
from orchestrator.execution.outcome import FailureClass, Usage
from tests.fakes.json_schema import keywords, valid

PAGE = (Path(__file__).parents[3] / "docs" / "project-file.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
SCHEMA: dict[str, Any] = project_schema()
FULL = """\
engines:
  mine:
    command: [mine, -p, "{prompt}", [--model, "{model}"], --json]
    prompt: argument
    output: jsonl
    read:
      text: text[role=assistant]:/part/text
      pieces: true
      session: /sessionID
      usage: {input_tokens: "step:/tokens/*/in", cost_usd: /a~1b/0}
    exit-codes: {auth: 41, max_turns: [53, 54]}
    model: m-1
    env: {LEVEL: "3", CONFIG: '{"model":"{model}","x":{"y":"{{model}}"}}'}
    credentials: [MINE_API_KEY]
    hosts: [api.mine.example, "mine.example:8443"]
    install: npm install -g mine
    files: {.mine/settings.json: "{}"}
mcp:
  docs: {command: docs-mcp, args: [--quiet], env: {LEVEL: "{LEVEL}"}, secrets: [LEVEL], hosts: [docs.example]}
  tracker: {url: "https://mcp.example/mcp", headers: {Authorization: "Bearer {TOKEN}"}, secrets: [TOKEN]}
replay: {strict: true}
"""


def problem(text: str) -> str:
    with pytest.raises(InvalidDefinition) as caught:
        parse_project(text)
    return str(caught.value.problems[0])


def document(text: str) -> Any:
    root, _ = compose(text, "mycelium.yaml")
    return plain(root) if root else None


def test_all_that_it_may_say() -> None:
    project = parse_project(FULL)
    engine = project.engines["mine"]
    assert engine.command == (("mine",), ("-p",), ("{prompt}",), ("--model", "{model}"), ("--json",))
    assert (engine.name, engine.prompt, engine.output) == ("mine", PromptBy.ARGUMENT, OutputForm.JSONL)
    assert engine.read == Findings(
        text=Pointer(parts=("part", "text"), event="text", where=("role", "assistant")),
        pieces=True,
        session=Pointer(parts=("sessionID",)),
        usage={
            "input_tokens": Pointer(parts=("tokens", "*", "in"), event="step"),
            "cost_usd": Pointer(parts=("a/b", "0")),
        },
    )
    assert engine.exit_codes == {41: ExitMeaning.AUTH, 53: ExitMeaning.MAX_TURNS, 54: ExitMeaning.MAX_TURNS}
    assert (engine.model, engine.credentials) == ("m-1", ("MINE_API_KEY",))
    assert engine.hosts == ("api.mine.example", "mine.example:8443")
    assert engine.files == {".mine/settings.json": "{}"}
    assert project.mcp["docs"] == McpTemplate(
        name="docs",
        command="docs-mcp",
        args=("--quiet",),
        env={"LEVEL": "{LEVEL}"},
        secrets=("LEVEL",),
        hosts=("docs.example",),
    )
    assert project.mcp["tracker"].headers == {"Authorization": "Bearer {TOKEN}"}
    assert project.servers == ("redis", "docs", "tracker")
    assert project.replay == Replay(strict=True)


@pytest.mark.parametrize("text", ["", "# nothing\n", "engines:\nmcp: {}\n"])
def test_a_file_that_says_nothing_has_the_defaults(text: str) -> None:
    assert parse_project(text) == Project()


def test_it_is_stored_beside_an_execution() -> None:
    assert load_project(dump_project(parse_project(FULL))) == parse_project(FULL)


PROBLEMS = [
    ("- a", "mycelium.yaml:1:1: `mycelium.yaml` is a map, not a list"),
    ("engine: {}", "mycelium.yaml:1:1: unknown key `engine` in `mycelium.yaml` (write `engines`)"),
    ("nodes: {}", "unknown key `nodes` in `mycelium.yaml` (workflows are files in the workflows folder)"),
    ("engines: [a]", "`engines` is a map from names, not a list"),
    ("engines: {claude: {command: [x]}}", "`claude` is an engine that Mycelium brings along (choose another name)"),
    ("engines: {a__b: {command: [x]}}", "`a__b` is no name (letters and digits"),
    ("engines: {m: {}}", "mycelium.yaml:1:14: `command` is missing in an engine"),
    ("engines: {m: {command: x}}", "`command` is a list of words, not the text `x` (such as `[gemini"),
    ("engines: {m: {command: [[x]]}}", "the first word of `command` is the program"),
    ("engines: {m: {command: ['{model}']}}", "the first word of `command` is the program"),
    (
        "engines: {m: {command: [x, 'a{modl}']}}",
        "mycelium.yaml:1:30: unknown placeholder `{modl}` (did you mean `model`?)",
    ),
    ("engines: {m: {command: [x], prompt: argument}}", "`prompt` is argument, and `command` holds no `{prompt}`"),
    ("engines: {m: {command: [x], prompt: file}}", "`prompt` is file, and `command` holds no `{prompt_file}`"),
    (
        "engines: {m: {command: [x, '{prompt}']}}",
        "`command` holds `{prompt}`, and `prompt` is stdin (write `prompt: argument`)",
    ),
    ("engines: {m: {command: [x], output: json}}", "`output` is json, and nothing says where the text stands in it"),
    ("engines: {m: {command: [x], read: {text: /a}}}", "`read` points into JSON, and `output` is text"),
    ("engines: {m: {command: [x], output: json, read: {text: a}}}", "`a` is no pointer into JSON (such as `/stats"),
    ("engines: {m: {command: [x], exit-codes: {auth: 1, exit: 1}}}", "exit code 1 means `auth` and `exit`"),
    ("engines: {m: {command: [x], exit-codes: {'41': auth}}}", "unknown key `41` in `exit-codes`"),
    ("engines: {m: {command: [x], exit-codes: {auth: 0}}}", "expected a whole number of at least 1"),
    (
        "engines: {m: {command: [x], credentials: [GITHUB_TOKEN]}}",
        "`GITHUB_TOKEN` is no credential that an engine may have",
    ),
    ("engines: {m: {command: [x], credentials: [MYCELIUM_SECRET_X]}}", "`MYCELIUM_SECRET_X` is no credential"),
    ("engines: {m: {command: [x], hosts: ['https://a']}}", "`https://a` is no name of a host"),
    ("engines: {m: {command: [x], files: {../x: y}}}", "`../x` is no path below the home folder"),
    ("engines: {m: {command: [x], files: {/etc/x: y}}}", "`/etc/x` is no path below the home folder"),
    ("engines: {m: {command: [x], env: {A: '${{ env.B }}'}}}", "`env` takes no expressions"),
    ("mcp: {redis: {command: x}}", "`redis` is the blackboard that Mycelium brings along (choose another name)"),
    ("mcp: {a: {}}", "the MCP server has neither `command` nor `url`"),
    ("mcp: {a: {command: x, url: 'http://x'}}", "the MCP server has `command` and `url`"),
    ("mcp: {a: {url: 'http://x', args: [y]}}", "`args` does not belong to an MCP server with `url`"),
    ("mcp: {a: {command: x, headers: {A: b}}}", "`headers` does not belong to an MCP server with `command`"),
    ("mcp: {a: {command: ./tools/x}}", "`./tools/x` is no program (name a program on the PATH"),
    ("mcp: {a: {url: 'ftp://x'}}", "`ftp://x` is no address"),
    ("mcp: {a: {url: 'http://u:p@x'}}", "an address holds no password"),
    (
        "mcp: {a: {url: 'http://x', headers: {A: 'Bearer {TOKEN}'}}}",
        "mycelium.yaml:1:49: `TOKEN` is not among `secrets`",
    ),
    ("mcp: {a: {command: x, env: {A: '${{ secrets.B }}'}}}", "(name the secret under `secrets`, and write `{NAME}`)"),
    ("mcp: {a: {command: x, type: stdio}}", "unknown key `type` in an MCP server (leave it out"),
    ("replay: {strict: maybe}", "mycelium.yaml:1:18: expected true or false, found the text `maybe`"),
    ("mcp: {a: [", "mycelium.yaml:2:1: malformed YAML"),
]


@pytest.mark.parametrize(("text", "message"), PROBLEMS)
def test_every_mistake_is_told_at_its_place(text: str, message: str) -> None:
    assert message in problem(text)


def test_all_problems_at_once() -> None:
    with pytest.raises(InvalidDefinition) as caught:
        parse_project("engines: {m: {command: [x], promt: file}}\nmcp: {a: {}}\nreply: {}\n")
    assert [found.place.line for found in caught.value.problems if found.place] == [1, 2, 3]


def test_a_secret_in_a_problem_is_nobodys() -> None:
    """What stands in an address is not repeated where it is refused for holding a password."""
    assert "hunter2" not in problem("mcp: {a: {url: 'http://u:hunter2@x'}}")


def test_the_schema_has_the_keys_of_the_parser() -> None:
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA
    assert set(SCHEMA["properties"]) == set(PROJECT_KEYS.keys)
    assert set(SCHEMA["properties"]["engines"]["additionalProperties"]["properties"]) == set(ENGINE_KEYS.keys)
    assert set(SCHEMA["properties"]["mcp"]["additionalProperties"]["properties"]) == set(MCP_KEYS.keys)
    closed = [schema for schema in keywords(SCHEMA) if schema.get("additionalProperties") is False]
    assert [
        name for schema in closed for name, below in schema["properties"].items() if "description" not in below
    ] == []


@pytest.mark.parametrize("text", [FULL, "engines:\n", *EXAMPLES])
def test_valid_files_satisfy_it(text: str) -> None:
    parse_project(text)
    assert valid(document(text), SCHEMA)


@pytest.mark.parametrize(
    "text",
    [
        "nodes: {}",
        "engines: {m: {}}",
        "engines: {m: {command: x}}",
        "engines: {m: {command: [x], prompt: hand}}",
        "engines: {m: {command: [x], read: {text: a}}}",
        "mcp: {a: {command: x, type: stdio}}",
        "replay: {strict: maybe}",
    ],
)
def test_files_with_such_problems_do_not(text: str) -> None:
    assert problem(text)
    assert not valid(document(text), SCHEMA)


@pytest.mark.parametrize(
    "keys", [PROJECT_KEYS, ENGINE_KEYS, READ_KEYS, MCP_KEYS, REPLAY_KEYS], ids=lambda keys: keys.place
)
def test_every_key_is_on_the_page(keys: Keys) -> None:
    assert [name for name in keys.keys if f"`{name}`" not in PAGE] == []


def test_so_is_every_placeholder_figure_and_class() -> None:
    assert [name for name in PLACEHOLDERS if f"`{{{name}}}`" not in PAGE] == []
    assert [name for name in (*FIGURES, *ExitMeaning) if name not in PAGE] == []


def test_its_words_are_those_of_the_rest() -> None:
    assert {meaning.value for meaning in ExitMeaning} <= {failure.value for failure in FailureClass}
    assert set(FIGURES) <= set(Usage.__slots__)


def test_a_workflow_may_name_its_engines() -> None:
    text = "nodes: {a: {agent: x, engine: mine}}"
    assert load_all({"w.yaml": text}, project=parse_project(FULL)).problems == ()
    assert "unknown engine `mine`" in str(load_all({"w.yaml": text}).problems[0])


SERVERS = [
    (
        "nodes: {a: {agent: x, mcp: redsi}}",
        "w.yaml:1:28: node `a`: there is no MCP server `redsi` (did you mean `redis`?)",
    ),
    ("nodes: {a: {agent: x, mcp: [redis, dosc]}}", "there is no MCP server `dosc` (did you mean `docs`?)"),
    ("nodes: {a: {agent: x, mcp: [other]}}", "no MCP server `other` (describe it under `mcp` in mycelium.yaml)"),
    ("nodes: {a: {agent: x, mcp: [redis, redis]}}", "`redis` stands here twice"),
    ("nodes: {a: {run: x, mcp: redis}}", "`mcp` does not belong to a node with `run`"),
    (
        "nodes: {a: {agent: x, engine: mine, mcp: docs}}",
        "w.yaml:1:37: node `a`: the engine `mine` takes no MCP servers",
    ),
    ("defaults: {mcp: nope}\nnodes: {a: {run: x}}", "there is no MCP server `nope`"),
]


@pytest.mark.parametrize(("text", "message"), SERVERS)
def test_wrong_servers_in_a_workflow(text: str, message: str) -> None:
    assert message in str(load_all({"w.yaml": text}, project=parse_project(FULL)).problems[0])


def test_servers_come_from_the_node_or_the_defaults() -> None:
    nodes = "{a: {agent: x}, b: {agent: x, mcp: [docs]}, c: {agent: x, mcp: []}, d: {run: x}}"
    text = f"defaults: {{mcp: redis}}\nnodes: {nodes}"
    workflow = load_all({"w.yaml": text}, project=parse_project(FULL)).workflows["w"]
    given = {name: node.action.mcp for name, node in workflow.nodes.items() if isinstance(node.action, Agent)}
    assert given == {"a": ("redis",), "b": ("docs",), "c": ()}
    assert workflow.servers == {"redis", "docs"}


def test_an_engine_takes_servers_where_its_template_has_a_place_for_them() -> None:
    project = parse_project("engines: {mine: {command: [mine, [--mcp, '{mcp_config_file}']]}}")
    text = "nodes: {a: {agent: x, engine: mine, mcp: redis}}"
    assert load_all({"w.yaml": text}, project=project).problems == ()
