"""What a pull request changes in workflows, as its check run and the comment tell it."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from orchestrator.definition.changes import Definitions, Kind, changes, definitions
from orchestrator.definition.changes.model import Change, DefinitionChanges
from orchestrator.definition.model import AgentDefinition
from orchestrator.report.change_graph import charts
from orchestrator.report.change_text import text_diff
from orchestrator.report.change_words import told
from orchestrator.report.check_run import CheckStatus, Conclusion
from orchestrator.report.parts import Details, Graph, to_markdown
from orchestrator.report.workflow_changes import changes_check, changes_parts, headline
from tests.fakes.views import HOSTILE

OURS = {"<details>", "</details>", "<summary>", "</summary>", "<b>", "</b>"}
AGENTS = {"reviewer": AgentDefinition(id="reviewer", name="reviewer", description="", prompt="", source="reviewer.md")}
BEFORE = """\
on: pull_request
budget: {usd: 2}
nodes:
  lint: {run: ruff check .}
  review: {agent: reviewer, needs: lint, prompt: Look., tools: [Read], max-turns: 5}
  gate: {approval: Push it, needs: review}
  ship: {run: ./ship.sh, needs: gate, workspace: write}
"""


def side(text: str = "", **files: str) -> Definitions:
    named = {"workflows/demo.yaml": text} if text else {}
    named |= {f"workflows/{name}.yaml": content for name, content in files.items()}
    return definitions(named, agents=AGENTS)


def changed(after: str, before: str = BEFORE) -> DefinitionChanges:
    found = changes(side(before), side(after))
    assert found.broken == ()
    return found


def markdown(found: DefinitionChanges) -> str:
    return to_markdown(changes_parts(found), limit=65_000)


SENTENCES = {
    "an event": ("on: pull_request", "on: [pull_request, push]", "A push may now start it"),
    "a command": (
        "on: pull_request",
        "on: {comment: {command: go, alias: /go}}",
        "The comment `/mycelium go` may now start it",
    ),
    "a schedule": (
        "on: pull_request",
        'on: {schedule: [{cron: "0 6 * * *"}]}',
        "The clock may now start it (`0 6 * * * (UTC)`)",
    ),
    "an event that is gone": ("on: pull_request", "on: push", "A pull request no longer starts it"),
    "a filter": (
        "on: pull_request",
        "on: {pull_request: {branches: [main]}}",
        "`pull_request` starts it only with `branches` `main`",
    ),
    "a budget": ("usd: 2}", "usd: 20}", "The budget of an execution: 2 USD → 20 USD"),
    "another limit": ("usd: 2}", "usd: 2, turns: 9}", "The budget of an execution in turns: no limit → 9 turns"),
    "no budget": ("budget: {usd: 2}\n", "", "An execution has no budget any more (before: 2 USD)"),
    "a node's budget": (
        "max-turns: 5}",
        "max-turns: 5, budget: {usd: 1}}",
        "Each run of `review` may use at most 1 USD; before, there was no budget",
    ),
    "a new node": (
        "  gate:",
        "  test: {run: pytest -q, needs: lint}\n  gate:",
        "New node `test`: run `pytest -q`, after `lint`",
    ),
    "a renamed node": ("lint", "linter", "The node `lint` is called `linter` now"),
    "an edge": (", needs: lint", ", needs: {lint: always}", "`review` follows `lint` `always` (before: `on_success`)"),
    "an edge that is gone": (", needs: lint", "", "`review` no longer waits for `lint`"),
    "an approval": (
        "needs: gate",
        "needs: {gate: always}",
        "`ship` no longer starts only after the approval `gate`",
    ),
    "silence": (
        "approval: Push it",
        "approval: {message: Push it, on-timeout: approve}",
        "Silence now approves `gate`",
    ),
    "writing": ("check .}", "check ., workspace: write}", "`lint` may now change files, which are committed"),
    "a tool": ("tools: [Read]", "tools: [Read, Bash]", "The tools of `review`: now with `Bash`"),
    "all tools": (", tools: [Read]", "", "`review` is no longer held to the tools `Read`"),
    "a server": ("tools: [Read]", "tools: [Read], mcp: [redis]", "`review` is now given the MCP servers `redis`"),
    "no sandbox": ("tools: [Read]", "tools: [Read], sandbox: none", "`review` now runs outside of a sandbox"),
    "a queue": (
        "check .}",
        "check ., queue: gpu}",
        "`lint` now waits for workers of the queue `gpu` (before: `default`)",
    ),
    "a command's text": ("ruff check .", "ruff format .", "The command of `lint`: `ruff check .` → `ruff format .`"),
    "a prompt": ("prompt: Look.", "prompt: Look hard.", "The prompt of `review`: `Look.` → `Look hard.`"),
    "people": (
        "budget:",
        "trust: {actors: read}\nbudget:",
        "Anyone with `read` access may now start it (before: `write`)",
    ),
    "bots": ("budget:", "trust: {bots: [12]}\nbudget:", "The bots `12` may now start it"),
    "publishing": (
        "budget:",
        "publish: {pull-request: {from: ship, title: Go}}\nbudget:",
        "It may now publish a pull request: `from: ship`, `title: Go`, `draft: true`",
    ),
    "publishing more": (
        "budget:",
        "publish: {push: ship, maximum: {push: 3}, dry-run: true}\nbudget:",
        "It may now publish commits to the branch of the pull request: `from: ship`",
    ),
    "any other key": ("max-turns: 5", "max-turns: 6", "`max-turns` of `review`: `5` → `6`"),
    "any other key at the top": ("budget:", "tags: [a]\nbudget:", "`tags` is new: `a`"),
}


@pytest.mark.parametrize(("old", "new", "sentence"), SENTENCES.values(), ids=SENTENCES)
def test_in_words(old: str, new: str, sentence: str) -> None:
    (file,) = changed(BEFORE.replace(old, new)).files
    said = [each.sentence for each in told(file.changes)]
    assert any(each.startswith(sentence) for each in said), said


def key(*path: str, kind: Kind = Kind.CHANGED, before: object = None, after: object = None) -> Change:
    return Change(key=path, kind=kind, before=before, after=after)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            key("trust", "actors", before="write", after="read"),
            "Anyone with `read` access may now start it (before: `write`)",
        ),
        (key("trust", "forks", before="never", after="approve"), "For pull requests from forks it may now start, once"),
        (key("publish", "labels", kind=Kind.REMOVED, before={"add": ["a"]}), "It no longer publishes labels: `add: "),
        (key("publish", "comment 2", kind=Kind.ADDED, after={"body": "x"}), "It may now publish a comment (number 2)"),
        (key("publish", "comment", "body", before="x", after="y"), "`publish.comment.body`: `x` → `y`"),
        (
            key("publish", "maximum", "issue", kind=Kind.ADDED, after=3),
            "An execution may publish `3` of `issue` (before: `1`)",
        ),
        (key("publish", "dry-run", before=True, after=False), "What it publishes leaves now; before"),
        (
            key("mcp", "docs", kind=Kind.ADDED, after={"command": "npx", "args": ["docs"], "secrets": ["KEY"]}),
            "New MCP server `docs`: `npx docs`, secrets `KEY`",
        ),
        (key("mcp", "docs", "secrets", before=["A"], after=["B"]), "`mcp.docs.secrets`: now with `B`, without `A`"),
        (key("engines", "mine", kind=Kind.REMOVED, before={"command": []}), "The engine `mine` is gone"),
    ],
)
def test_words_of_other_files_and_keys(change: Change, sentence: str) -> None:
    (each,) = told([change])
    assert each.sentence.startswith(sentence)


def test_what_is_the_same_for_several_nodes_is_told_once() -> None:
    nodes = "".join(f"  n{number}: {{run: x}}\n" for number in range(8))
    (file,) = changed(f"defaults: {{workspace: write}}\nnodes:\n{nodes}", f"nodes:\n{nodes}").files
    (each,) = told(file.changes)
    assert len(each.nodes) == 8
    assert each.sentence.startswith("`n0`, `n1`, `n2`, `n3` and 4 more may now change files")


@pytest.mark.parametrize(
    ("after", "conclusion", "title"),
    [
        (BEFORE.replace("usd: 2", "usd: 1"), Conclusion.SUCCESS, "1 workflow changes."),
        (
            BEFORE.replace("usd: 2", "usd: 3"),
            Conclusion.NEUTRAL,
            "1 workflow changes, 1 change allows more than before.",
        ),
        (BEFORE.replace("usd: 2", "usb: 3"), Conclusion.FAILURE, "1 workflow changes, 1 file is invalid."),
        (BEFORE, Conclusion.SUCCESS, "No workflow changes."),
    ],
)
def test_the_check_run_concludes(after: str, conclusion: Conclusion, title: str) -> None:
    check = changes_check(changes(side(BEFORE), side(after)))
    assert (check.status, check.conclusion, check.title) == (CheckStatus.COMPLETED, conclusion, title)
    assert check.summary


def test_annotations_stand_on_the_lines_most_urgent_first() -> None:
    after = BEFORE.replace("usd: 2", "usd: 3").replace("ruff check .", "ruff check ., queue: gpu")
    found = changes(
        side(BEFORE, other="nodes: {a: {run: x}}\n"), side(after, other="nodes:\n  a: {run: x, nedes: b}\n")
    )
    (batch,) = changes_check(found).batches
    assert [(each.level, each.path, each.start_line) for each in batch] == [
        ("failure", "workflows/other.yaml", 2),
        ("warning", "workflows/demo.yaml", 2),
        ("notice", "workflows/demo.yaml", 4),
    ]
    assert batch[0].message == "Line 2: node a: unknown key nedes in a node (did you mean needs?)"
    assert batch[2].message == "lint now waits for workers of the queue gpu (before: default)"


def test_of_what_is_invalid_it_says_what_stays_active() -> None:
    broken = "nodes: {a: {}}\n"
    assert "The last valid version stays active." in markdown(changes(side(BEFORE), side(broken)))
    assert "It cannot be used so." in markdown(changes(side(), side(broken)))


def test_there_is_nothing_to_say_where_nothing_changed() -> None:
    assert changes_parts(DefinitionChanges()) == ()
    assert headline(DefinitionChanges()) == "No workflow changes."


def test_both_graphs_where_the_shape_differs_and_one_where_it_does_not() -> None:
    rewired = changed(BEFORE.replace("  gate:", "  test: {run: x, needs: lint}\n  gate:"))
    assert [isinstance(part, Graph) for part in changes_parts(rewired)].count(True) == 2
    inside = changed(BEFORE.replace("ruff check", "ruff format"))
    assert [isinstance(part, Graph) for part in changes_parts(inside)].count(True) == 1
    budget = changed(BEFORE.replace("usd: 2", "usd: 3"))
    assert [isinstance(part, Graph) for part in changes_parts(budget)].count(True) == 0


def test_marks_are_words_shapes_and_colours() -> None:
    after = BEFORE.replace("lint", "linter").replace("ruff check", "ruff check")
    after = after.replace("  gate: {approval: Push it, needs: review}\n", "").replace("needs: gate", "needs: review")
    after += "  test: {run: x, needs: {linter: always}}\n"
    (file,) = changed(after.replace("prompt: Look.", "prompt: Look hard.")).files
    assert file.graph is not None
    drawn = charts(file.graph)
    assert 'n0[["#126; linter<br/>run ruff check .<br/>(was lint)"]]:::renamed' in drawn.after
    assert 'n1[["#126; review<br/>agent reviewer<br/>(changed)"]]:::changed' in drawn.after
    assert 'n2["ship<br/>run .#47;ship.sh"]:::same' in drawn.after
    assert 'n3(["#43; test<br/>run x<br/>(new)"]):::added' in drawn.after
    assert "n0 ==>|always, new| n3" in drawn.after
    assert 'n3{{"#8722; gate<br/>approval<br/>(removed)"}}:::removed' in drawn.before
    assert "n1 -.->|removed| n3" in drawn.before
    assert "accDescr: 4 nodes, 1 added, 1 changed, 1 renamed" in drawn.after
    assert drawn.before.count("linkStyle") == drawn.before.count("-.->") == 2


def test_of_a_large_graph_what_differs_is_drawn() -> None:
    nodes = {f"n{number}": {"run": "x", "needs": f"n{number - 1}"} for number in range(1, 700)}
    before = {"nodes": {"n0": {"run": "x"}, **nodes}}
    after = {"nodes": {**before["nodes"], "n350": {"run": "y", "needs": "n349"}}}
    found = changed(json.dumps(after), json.dumps(before))
    assert found.files[0].graph is not None
    drawn = charts(found.files[0].graph)
    assert not drawn.whole
    assert drawn.after.count("run x") == 2
    assert "The graph is large" in markdown(found)


def test_a_graph_in_which_too_much_differs_is_not_drawn() -> None:
    before = {"nodes": {f"n{number}": {"run": "x"} for number in range(600)}}
    after = {"nodes": {f"n{number}": {"run": "y"} for number in range(600)}}
    found = changed(json.dumps(after), json.dumps(before))
    assert "too large to draw" in markdown(found)
    assert "mermaid" not in markdown(found)


def test_long_texts_are_shown_line_by_line() -> None:
    before = BEFORE.replace("prompt: Look.", r'prompt: "Look.\nTwice.\n"')
    found = changed(before.replace("Twice", "Thrice"), before)
    (details,) = (part for part in changes_parts(found) if isinstance(part, Details))
    assert details.title == "review: prompt"
    assert details.markdown == "```diff\n@@ -1,2 +1,2 @@\n Look.\n-Twice.\n+Thrice.\n```"
    assert "The prompt of `review` is another: 2 lines" in markdown(found)


@pytest.mark.parametrize("size", [10, 1_000, 100_000])
def test_a_diff_is_bounded(size: int) -> None:
    change = key("nodes", "a", "prompt", before="a\n" * size, after="b\n" * size)
    assert len(text_diff(change, limit=3_000)) <= 3_000


HOSTILE_TEXT = json.dumps(HOSTILE.replace("\x00", "") + "\n</details><img src=x>\n~~~\n````\n@octocat fixes #1 ${ { }")


def test_hostile_text_opens_nothing() -> None:
    after = BEFORE.replace("Look.", HOSTILE_TEXT).replace("Push it", HOSTILE_TEXT)
    after = after.replace("./ship.sh", HOSTILE_TEXT).replace(
        "on: pull_request", f"on: {{push: {{branches: [{HOSTILE_TEXT}]}}}}"
    )
    name = "--><script>@octocat`</code>"
    made = changes(side(BEFORE), side(after + "  # more\n", **{name: "nodes: {a: {x: [}\n", f"{name}2": BEFORE}))
    body = markdown(made)
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(body)
    inside = [child for token in tokens for child in token.children or ()]
    raw = "".join(token.content for token in [*tokens, *inside] if token.type in ("html_block", "html_inline"))
    assert set(re.findall(r"<[^>]*>", raw)) <= OURS
    assert not re.search(r"@\w|#\d", "".join(token.content for token in inside if token.type == "text"))
    assert not re.search("[\x00-\x08\x0e-\x1f\u202e]", body)
    check = changes_check(made)
    assert not re.search("[\x00-\x08\x0e-\x1f\u202e]", check.summary + check.text + check.title)


@settings(max_examples=60, deadline=None)
@given(
    before=st.text(max_size=200),
    after=st.text(max_size=200),
    key_=st.sampled_from([("env", "A"), ("nodes", "a", "run"), ("on", "push", "branches"), ("description",)]),
)
def test_whatever_a_value_is_its_sentence_is_one_line_and_its_code_ends(
    before: str, after: str, key_: tuple[str, ...]
) -> None:
    for change in (
        key(*key_, before=before, after=after),
        key(*key_, before=[before], after=[before, after]),
        key(*key_, kind=Kind.ADDED, after={before: after}),
        key(*key_, kind=Kind.REMOVED, before=before),
    ):
        (each,) = told([change])
        assert each.sentence.count("`") % 2 == 0
        assert "\n" not in each.sentence
        assert each.sentence.strip("` ")


@pytest.mark.no_cover
@settings(max_examples=3, deadline=None)
@given(
    files=st.integers(0, 120),
    nodes=st.integers(1, 60),
    text=st.sampled_from(["é" * 200, "`" * 90, "<b>" * 50, "🍄\n" * 90]),
)
def test_everything_is_bounded(files: int, nodes: int, text: str) -> None:
    graph = {"nodes": {f"n{number}": {"run": text, "workspace": "write"} for number in range(nodes)}}
    broken = "nodes: {" + ", ".join(f"b{number}: {{}}" for number in range(nodes)) + "}"
    many = {f"f{number}": json.dumps(graph) if number % 3 else broken for number in range(files)}
    found = changes(side(), side(**many))
    check = changes_check(found)
    assert len(check.title) <= 255
    assert max(len(check.summary.encode()), len(check.text.encode())) <= 65_535
    assert all(len(batch) <= 50 for batch in check.batches)
    body = markdown(found)
    assert len(body.encode()) <= 65_000
    assert body.count("<details>") == body.count("</details>")
