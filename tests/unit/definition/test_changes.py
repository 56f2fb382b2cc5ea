"""What differs between two versions of a repository's definitions: nothing that a file says goes by unseen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.definition.changes import (
    Change,
    ChangedFile,
    DefinitionChanges,
    Definitions,
    FileKind,
    FileState,
    Kind,
    Mark,
    Subject,
    changes,
    definitions,
)
from orchestrator.definition.keys import WORKFLOW_KEYS
from orchestrator.definition.model import AgentDefinition
from orchestrator.definition.node_keys import DEFAULT_KEYS, NODE_KEYS
from orchestrator.errors import Place, Problem

PATH = "workflows/demo.yaml"
AGENTS = {
    name: AgentDefinition(id=name, name=name, description="d", prompt="Do it.", source=f"{name}.md")
    for name in ("reviewer", "fixer")
}
PROJECT = "engines: {mine: {command: [mine, '{mcp_config_file}']}}\nmcp: {docs: {command: docs}}\n"


def side(*texts: str, agents: Mapping[str, AgentDefinition] = AGENTS, **files: str) -> Definitions:
    """What a commit defines whose workflow, if any, is `texts[0]`; others are given by name."""
    named = {PATH: texts[0]} if texts else {}
    named |= {f"workflows/{name}.yaml": text for name, text in files.items()}
    return definitions({**named, "mycelium.yaml": PROJECT}, agents=agents)


def one(before: Definitions, after: Definitions) -> ChangedFile:
    (file,) = changes(before, after).files
    return file


def keys(file: ChangedFile) -> set[str]:
    return {"/".join(change.key) for change in file.changes}


def found(before: str, after: str) -> dict[str, Change]:
    """The changes by key; both versions are valid."""
    here, there = side(before), side(after)
    assert (here.problems, there.problems) == ((), ())
    return {"/".join(change.key): change for change in one(here, there).changes}


A = "nodes: {a: {run: x}}\n"
TOP: dict[str, tuple[str, str, str]] = {
    "name": ("name: one", "name: two", "name"),
    "description": ("", "description: more", "description"),
    "category": ("category: a", "", "category"),
    "tags": ("tags: [a]", "tags: [b]", "tags"),
    "on": ("on: push", "on: [push, issues]", "on/issues"),
    "inputs": ("inputs: {n: {type: number}}", "inputs: {n: {type: string}}", "inputs/n/type"),
    "env": ('env: {A: "1"}', 'env: {A: "2"}', "env/A"),
    "budget": ("budget: {usd: 2}", "budget: {usd: 20}", "budget/usd"),
    "checks": ("", "checks: {skipped: success}", "checks/skipped"),
    "trust": ("", "trust: {actors: read}", "trust/actors"),
    "concurrency": ("concurrency: one", "concurrency: {group: one, queue: 2}", "concurrency/queue"),
    "publish": ("publish: {comment: Done}", "publish: {comment: Over}", "publish/comment/body"),
}
AGENT = "agent: reviewer, prompt: p"
NODES: dict[str, tuple[str, str, str]] = {
    "name": ("run: x, name: A", "run: x, name: B", "name"),
    "needs": ("run: x", "run: x, needs: z", "needs/z"),
    "if": ("run: x, if: true", "run: x, if: false", "if"),
    "run": ("run: x", "run: y", "run"),
    "agent": (AGENT, "agent: fixer, prompt: p", "agent"),
    "merge": ("merge: [y]", "merge: [y, z]", "merge"),
    "approval": ("approval: Now", "approval: Then", "approval/message"),
    "strategy": ("run: x, strategy: {matrix: {p: [1]}}", "run: x, strategy: {matrix: {p: [2]}}", "strategy/matrix/p"),
    "env": ('run: x, env: {A: "1"}', "run: x", "env/A"),
    "retry": ("run: x, retry: 2", "run: x, retry: 3", "retry/attempts"),
    "timeout-minutes": ("run: x", "run: x, timeout-minutes: 5", "timeout-minutes"),
    "continue-on-error": ("run: x", "run: x, continue-on-error: true", "continue-on-error"),
    "outputs": ("run: x", 'run: x, outputs: {a: "${{ outputs.b }}"}', "outputs/a"),
    "artifacts": ("run: x", "run: x, artifacts: [a]", "artifacts"),
    "queue": ("run: x", "run: x, queue: gpu", "queue"),
    "priority": ("run: x", "run: x, priority: 1", "priority"),
    "workspace": ("run: x", "run: x, workspace: write", "workspace"),
    "context": (AGENT, f"{AGENT}, context: none", "context"),
    "answer": (
        f"{AGENT}, answer: {{v: {{type: string}}}}",
        f"{AGENT}, answer: {{v: {{type: number}}}}",
        "answer/properties/v/type",
    ),
    "engine": (AGENT, f"{AGENT}, engine: codex", "engine"),
    "model": (AGENT, f"{AGENT}, model: opus", "model"),
    "tools": (f"{AGENT}, tools: [Read]", f"{AGENT}, tools: []", "tools"),
    "mcp": (AGENT, f"{AGENT}, mcp: [docs]", "mcp"),
    "max-turns": (f"{AGENT}, max-turns: 2", AGENT, "max-turns"),
    "sandbox": (AGENT, f"{AGENT}, sandbox: none", "sandbox"),
    "prompt": (AGENT, "agent: reviewer, prompt: q", "prompt"),
    "budget": (AGENT, f"{AGENT}, budget: {{usd: 1}}", "budget"),
    "resolver": ("merge: [y]", "merge: [y], resolver: fixer", "resolver"),
}
DEFAULTS: dict[str, tuple[str, str]] = {
    "engine": ("engine: codex", "engine"),
    "model": ("model: opus", "model"),
    "timeout-minutes": ("timeout-minutes: 5", "timeout-minutes"),
    "retry": ("retry: 4", "retry/attempts"),
    "workspace": ("workspace: write", "workspace"),
    "queue": ("queue: gpu", "queue"),
    "mcp": ("mcp: [docs]", "mcp"),
    "sandbox": ("sandbox: bwrap", "sandbox"),
    "budget": ("budget: {usd: 1}", "budget"),
}
OTHERS = "  y: {run: y, workspace: write}\n  z: {run: z, workspace: write}\n"


def node(keys: str) -> str:
    return f"nodes:\n  a: {{{keys}}}\n{OTHERS}"


def test_every_key_has_an_example_here() -> None:
    assert {*TOP, "nodes", "defaults"} == set(WORKFLOW_KEYS.keys)
    assert set(NODES) == set(NODE_KEYS.keys)
    assert set(DEFAULTS) == set(DEFAULT_KEYS.keys)


@pytest.mark.parametrize(("before", "after", "key"), TOP.values(), ids=TOP)
def test_keys_at_the_top(before: str, after: str, key: str) -> None:
    assert set(found(f"{before}\n{A}", f"{after}\n{A}")) == {key}
    assert set(found(f"{after}\n{A}", f"{before}\n{A}")) == {key}


@pytest.mark.parametrize(("before", "after", "key"), NODES.values(), ids=NODES)
def test_keys_of_a_node(before: str, after: str, key: str) -> None:
    # A merge that takes one more waits for one more.
    implied = {"nodes/a/needs/z"} if key == "merge" else set()
    assert set(found(node(before), node(after))) == {f"nodes/a/{key}"} | implied


@pytest.mark.parametrize(("default", "key"), DEFAULTS.values(), ids=DEFAULTS)
def test_defaults_are_told_of_the_nodes_that_have_them(default: str, key: str) -> None:
    nodes = f"nodes:\n  a: {{{AGENT}}}\n  b: {{{AGENT}}}\n"
    assert set(found(nodes, f"defaults: {{{default}}}\n{nodes}")) == {f"nodes/a/{key}", f"nodes/b/{key}"}


def on(filters: str) -> str:
    return f"on: {{pull_request: {{{filters}}}}}\n{A}"


def publish(keys: str) -> str:
    return f"publish: {{{keys}}}\nnodes: {{a: {{run: x, workspace: write}}}}\n"


PULL = "pull-request: {{from: a{}}}"
WIDER = {
    "other people": (f"trust: {{actors: admin}}\n{A}", f"trust: {{actors: maintain}}\n{A}"),
    "forks": (f"trust: {{forks: never}}\n{A}", A),
    "a bot": (A, f"trust: {{bots: [7]}}\n{A}"),
    "something published": (publish("comment: Hi"), publish(f"comment: Hi, {PULL.format('')}")),
    "another branch": (publish(PULL.format("")), publish(PULL.format(", base: release"))),
    "another label": (publish(PULL.format(", labels: [a]")), publish(PULL.format(", labels: [a, b]"))),
    "no draft": (publish(PULL.format("")), publish(PULL.format(", draft: false"))),
    "published whatever happens": (publish("comment: {body: Hi, if: failure()}"), publish("comment: Hi")),
    "more comments": (publish("comment: Hi, maximum: {issue: 2}"), publish("comment: Hi, maximum: {issue: 3}")),
    "more than one": (publish("comment: Hi, maximum: {issue: 1}"), publish("comment: Hi, maximum: {issue: 3}")),
    "files that may change": (
        publish(f"{PULL.format('')}, allow: {{paths: [src/**]}}"),
        publish(f"{PULL.format('')}, allow: {{paths: [src/**, .github/**]}}"),
    ),
    "files that say what runs": (
        publish(PULL.format("")),
        publish(f"{PULL.format('')}, allow: {{paths: [src/**, .github/**]}}"),
    ),
    "any files": (publish(f"{PULL.format('')}, allow: {{paths: [src/**]}}"), publish(PULL.format(""))),
    "no more rehearsal": (publish("comment: Hi, dry-run: true"), publish("comment: Hi")),
    "an event": (A, f"on: push\n{A}"),
    "a branch": (on("branches: [main]"), on("branches: [main, dev]")),
    "any branch": (on("branches: [main]"), on("")),
    "a path that was left out": (on('paths: ["a", "!b"]'), on("paths: [a]")),
    "less to ignore": (on("paths-ignore: [a, b]"), on("paths-ignore: [a]")),
    "another type": (on(""), on("types: [opened, closed]")),
    "another time": (
        f'on: {{schedule: [{{cron: "0 6 * * *"}}]}}\n{A}',
        f'on: {{schedule: [{{cron: "0 7 * * *"}}]}}\n{A}',
    ),
    "more money": (f"budget: {{usd: 2}}\n{A}", f"budget: {{usd: 20}}\n{A}"),
    "no limit": (f"budget: {{usd: 2, turns: 5}}\n{A}", f"budget: {{usd: 2}}\n{A}"),
    "no budget": (f"budget: {{usd: 2}}\n{A}", A),
    "a node's money": (node(f"{AGENT}, budget: {{usd: 1}}"), node(f"{AGENT}, budget: {{usd: 2}}")),
    "writing": (node("run: x"), node("run: x, workspace: write")),
    "reading": (node("run: x, workspace: none"), node("run: x")),
    "a tool": (node(f"{AGENT}, tools: [Read]"), node(f"{AGENT}, tools: [Read, Bash]")),
    "all tools": (node(f"{AGENT}, tools: [Read]"), node(AGENT)),
    "a server": (node(AGENT), node(f"{AGENT}, mcp: [docs]")),
    "no sandbox": (node(AGENT), node(f"{AGENT}, sandbox: none")),
    "a loose sandbox": (node(f"{AGENT}, sandbox: bwrap"), node(AGENT)),
    "turns": (node(f"{AGENT}, max-turns: 2"), node(f"{AGENT}, max-turns: 3")),
    "silence": (node("approval: Now"), node("approval: {message: Now, on-timeout: approve}")),
}


BOTH_WAYS = {"another time", "another type", "another branch", "files that say what runs"}
"""Something else is allowed on each side."""


@pytest.mark.parametrize(("before", "after"), WIDER.values(), ids=WIDER)
def test_what_allows_more(before: str, after: str) -> None:
    assert [change.widens for change in found(before, after).values()] == [True]


@pytest.mark.parametrize("name", sorted(set(WIDER) - BOTH_WAYS))
def test_the_way_back_allows_no_more(name: str) -> None:
    after, before = WIDER[name]
    assert not any(change.widens for change in found(before, after).values())


GATED = """\
nodes:
  a: {run: x}
  gate: {approval: Go on, needs: a}
  ship: {run: ship, needs: gate}
  tell: {run: tell, needs: ship}
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("needs: gate}", "needs: a}"),
        ("needs: gate}", "needs: {gate: always}}"),
        ("needs: gate}", "needs: gate, if: always()}"),
        ("needs: a}", "needs: a, continue-on-error: true}"),
        ("  gate: {approval: Go on, needs: a}\n  ship: {run: ship, needs: gate}", "  ship: {run: ship, needs: a}"),
    ],
)
def test_an_approval_that_holds_nothing_back_any_more(old: str, new: str) -> None:
    lost = found(GATED, GATED.replace(old, new))
    for name in ("ship", "tell"):
        change = lost[f"nodes/{name}/approvals"]
        assert (change.before, change.after) == (["gate"], [])
        assert change.widens
        assert change.subject is Subject.APPROVALS
    back = found(GATED.replace(old, new), GATED)
    assert not back["nodes/ship/approvals"].widens


def test_an_approval_by_another_name_still_holds() -> None:
    renamed = found(GATED, GATED.replace("gate", "barrier"))
    assert {key: change.kind for key, change in renamed.items()} == {"nodes/barrier": Kind.RENAMED}


def test_places_are_where_the_file_says_it_now() -> None:
    before = "nodes:\n  a: {run: x}\n  b:\n    agent: reviewer\n    budget: {usd: 1}\n"
    after = (
        "on:\n  - push\ndefaults:\n  workspace: write\nnodes:\n  b:\n    agent: reviewer\n    budget:\n      usd: 2\n"
    )
    lines = {key: change.place.line for key, change in found(before, after).items() if change.place}
    assert lines == {
        "on/push": 2,
        "nodes/b/workspace": 4,
        "nodes/b/budget/usd": 9,
        "nodes/a": 5,  # it is gone: where it would stand
    }


def test_a_second_one_of_a_kind_is_published() -> None:
    two = found(publish("comment: Hi"), publish("comment: [Hi, Bye], maximum: {comment: 2}"))
    assert {key: change.widens for key, change in two.items()} == {
        "publish/comment 2": True,
        "publish/maximum/comment": True,
    }


def test_a_new_workflow_says_what_it_may_do() -> None:
    file = one(side(), side(f"on: push\nnodes:\n  a: {{{AGENT}, mcp: [docs]}}\n  b: {{run: x, workspace: write}}\n"))
    assert file.state is FileState.ADDED
    assert {"/".join(change.key) for change in file.widening} == {"on/push", "nodes/a/mcp", "nodes/b/workspace"}
    assert {node.mark for node in file.graph.nodes} == {Mark.ADDED} if file.graph else False


def test_a_workflow_that_is_gone() -> None:
    file = one(side(A), side())
    assert (file.state, file.changes) == (FileState.REMOVED, ())
    assert file.graph is not None
    assert [(node.id, node.mark) for node in file.graph.nodes] == [("a", Mark.REMOVED)]


def test_a_file_that_moved_keeps_its_history() -> None:
    text = "name: Demo\non: push\nnodes:\n  a: {run: x}\n"
    file = one(side(one=text), side(two=text.replace("run: x", "run: y")))
    assert (file.state, file.path, file.previous_path) == (
        FileState.RENAMED,
        "workflows/two.yaml",
        "workflows/one.yaml",
    )
    assert keys(file) == {"nodes/a/run"}


def test_files_that_have_little_in_common_did_not_move() -> None:
    files = changes(side(one=A), side(two="nodes: {b: {run: other}}\n")).files
    assert [(file.name, file.state) for file in files] == [("one", FileState.REMOVED), ("two", FileState.ADDED)]


def test_one_that_becomes_invalid_and_one_that_is_mended() -> None:
    broken = one(side(A), side("nodes: {a: {run: x, nedes: b}}\n"))
    assert (broken.state, broken.graph) == (FileState.BROKEN, None)
    assert [str(problem.place) for problem in broken.problems] == [f"{PATH}:1:21"]
    mended = one(side("nodes: {a: {}}\n"), side(A))
    assert (mended.state, keys(mended)) == (FileState.MENDED, {"nodes/a"})


def test_what_was_invalid_before_and_is_untouched_is_not_told() -> None:
    assert changes(side("nodes: {}\n"), side("nodes: {}\n")).files == ()


def test_a_file_that_only_looks_otherwise() -> None:
    file = one(side(A), side(f"# why\n{A}"))
    assert (file.state, file.changes) == (FileState.REWRITTEN, ())
    assert file.graph is not None
    assert not file.graph.differs


def test_an_agent_and_who_uses_it() -> None:
    mine = replace(AGENTS["reviewer"], prompt="Other.", tools=("Bash",), source=".claude/agents/reviewer.md")
    text = f"nodes: {{a: {{{AGENT}}}}}\n"
    file = one(side(text), side(text, agents={**AGENTS, "reviewer": mine}))
    assert (file.kind, file.path, file.used_by) == (FileKind.AGENT, ".claude/agents/reviewer.md", ("demo",))
    assert {"prompt", "tools", "source"} == keys(file)
    back = one(side(text, agents={**AGENTS, "reviewer": mine}), side(text))
    assert [change.place for change in back.changes] == [None] * 3


def test_an_agent_that_is_gone_breaks_who_uses_it() -> None:
    text = f"nodes: {{a: {{{AGENT}}}}}\n"
    files = changes(side(text), side(text, agents={"fixer": AGENTS["fixer"]})).files
    assert [(file.name, file.state) for file in files] == [("demo", FileState.BROKEN), ("reviewer", FileState.REMOVED)]


def test_an_agent_file_with_problems() -> None:
    path = ".claude/agents/mine.md"
    wrong = Problem(message="it has no `name`", place=Place(file=path))
    file = one(side(A), definitions({PATH: A, "mycelium.yaml": PROJECT}, agents=AGENTS, agent_problems=[wrong]))
    assert (file.kind, file.name, file.state, file.problems) == (FileKind.AGENT, "mine", FileState.BROKEN, (wrong,))


def project(text: str) -> Definitions:
    return definitions({"mycelium.yaml": text}, agents={})


@pytest.mark.parametrize(
    ("before", "after", "key", "widens"),
    [
        ("{}", "mcp: {m: {command: x}}", "mcp/m", True),
        ("mcp: {m: {command: x}}", "{}", "mcp/m", False),
        ("mcp: {m: {command: x}}", "mcp: {m: {command: y}}", "mcp/m/command", True),
        ("mcp: {m: {command: x}}", "mcp: {m: {command: x, secrets: [K]}}", "mcp/m/secrets", True),
        ("mcp: {m: {command: x, hosts: [a.b]}}", "mcp: {m: {command: x}}", "mcp/m/hosts", False),
        ("{}", "engines: {e: {command: [x]}}", "engines/e", True),
        ("engines: {e: {command: [x]}}", "engines: {e: {command: [y]}}", "engines/e/command", True),
        ("engines: {e: {command: [x]}}", "engines: {e: {command: [x], hosts: [a.b]}}", "engines/e/hosts", True),
        ("replay: {strict: true}", "replay: {strict: false}", "replay/strict", False),
    ],
)
def test_the_project_file(before: str, after: str, key: str, widens: bool) -> None:
    (change,) = one(project(before), project(after)).changes
    assert ("/".join(change.key), change.widens) == (key, widens)


def test_the_project_file_comes_goes_and_breaks() -> None:
    empty, broken = definitions({}, agents={}), project("engine: {}")
    assert one(empty, project(PROJECT)).state is FileState.ADDED
    assert one(project(PROJECT), empty).state is FileState.REMOVED
    assert one(project(PROJECT), broken).state is FileState.BROKEN
    assert one(broken, project(PROJECT)).state is FileState.MENDED
    assert one(project(PROJECT), project(f"# why\n{PROJECT}")).state is FileState.REWRITTEN


NAMES = ("a", "b", "c", "d", "e")
DOING = st.sampled_from(
    [
        {"run": "x"},
        {"run": "y", "workspace": "write", "queue": "gpu"},
        {"agent": "reviewer", "prompt": "p", "tools": ["Read"]},
        {"agent": "fixer", "budget": {"usd": 2}, "mcp": ["docs"]},
        {"approval": "Now?"},
    ]
)
CONDITIONS = st.sampled_from(["on_success", "on_failure", "always"])


@st.composite
def workflows(draw: st.DrawFn) -> str:
    """The text of a valid workflow."""
    document: dict[str, Any] = {"nodes": {}}
    for name in draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True).map(sorted)):
        before = draw(st.lists(st.sampled_from([*document["nodes"], None]), max_size=2, unique=True))
        needs = {need: draw(CONDITIONS) for need in before if need}
        document["nodes"][name] = draw(DOING) | ({"needs": needs} if needs else {})
    if draw(st.booleans()):
        document["budget"] = {"usd": draw(st.integers(2, 4))}
    document["on"] = draw(st.lists(st.sampled_from(["push", "issues"]), unique=True))
    return json.dumps(document)


def compared(before: str, after: str) -> DefinitionChanges:
    return changes(side(before), side(after))


@settings(max_examples=50, deadline=None)
@given(workflows())
def test_nothing_differs_from_itself(text: str) -> None:
    assert compared(text, text) == DefinitionChanges()


@settings(max_examples=50, deadline=None)
@given(workflows(), workflows())
def test_the_way_back_is_the_mirror_image(before: str, after: str) -> None:
    there, back = compared(before, after), compared(after, before)
    assert len(there.files) == len(back.files)
    for file, mirrored in zip(there.files, back.files, strict=True):
        assert file.graph is not None
        assert mirrored.graph is not None
        swapped = {Mark.ADDED: Mark.REMOVED, Mark.REMOVED: Mark.ADDED}
        names = {node.id: node.previous_id for node in file.graph.nodes}
        marks = {(node.previous_id, swapped.get(node.mark, node.mark)) for node in file.graph.nodes}
        assert marks == {(node.id, node.mark) for node in mirrored.graph.nodes}
        edges = {(names[edge.source], names[edge.target], edge.after, edge.before) for edge in file.graph.edges}
        assert edges == {(edge.source, edge.target, edge.before, edge.after) for edge in mirrored.graph.edges}


@settings(max_examples=50, deadline=None)
@given(workflows(), workflows())
def test_every_node_that_differs_is_marked_and_told(before: str, after: str) -> None:
    here, there = json.loads(before)["nodes"], json.loads(after)["nodes"]
    for file in compared(before, after).files:
        assert file.graph is not None
        told = {change.node for change in file.changes}
        marks = {node.id: node.mark for node in file.graph.nodes}
        rewired = {edge.target for edge in file.graph.edges if edge.before != edge.after}
        for name in there:
            if here.get(name) != there[name]:
                assert name in told
                assert marks[name] is not Mark.SAME or name in rewired
        assert {name for name in here if name not in there} <= {node.previous_id for node in file.graph.nodes}
