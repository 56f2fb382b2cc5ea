"""`publish`: what it says, and every mistake in it at its place."""

from __future__ import annotations

import pytest

from orchestrator.definition.codec import dump_workflow
from orchestrator.definition.codec import load_workflow as load_stored
from orchestrator.definition.model import Workflow
from orchestrator.definition.parse import load_workflow
from orchestrator.definition.publish import Publish, PublishKind, Target
from orchestrator.errors import InvalidDefinition

NODES = """
nodes:
  free: {agent: code-reviewer}
  strict:
    agent: code-reviewer
    answer:
      verdict: {type: string, enum: [approve, changes]}
      words: {type: string}
      areas: {type: array, items: {enum: [core, docs]}}
      tuple: {type: array, prefixItems: [{type: string}], items: {type: number}}
  vague: {agent: code-reviewer, answer: {verdict: {type: string}}}
  odd: {agent: code-reviewer, answer: {verdict: {enum: [approve, perhaps]}}}
  flat: {agent: code-reviewer, answer: {comments: {type: string}}}
  bare: {agent: code-reviewer, answer: {comments: {type: array, items: {type: object, properties: {path: {}}}}}}
  tests: {run: pytest, outputs: {said: "${{ outputs.text }}"}}
  fix: {agent: python-pro, workspace: write, needs: strict, env: {TITLE: "${{ github.event.issue.title }}"}}
  gate: {approval: Go, needs: fix}
  relay: {run: x, needs: free, outputs: {said: "${{ needs.free.outputs.text }}"}}
"""


def loaded(publish: str, more: str = "") -> Workflow:
    return load_workflow(f"publish:\n{publish}\n{more}{NODES}", "w.yaml")


def published(publish: str) -> Publish:
    found = loaded(publish).publish
    assert found is not None
    return found


def problems(publish: str, more: str = "") -> list[str]:
    with pytest.raises(InvalidDefinition) as caught:
        loaded(publish, more)
    return [str(problem) for problem in caught.value.problems]


def only(publish: str) -> Target:
    (target,) = published(publish).targets
    return target


def test_short_forms_say_what_maps_say() -> None:
    for short, long in (
        ("pull-request: fix", "pull-request: {from: fix}"),
        ("push: gate", "push: {from: gate}"),
        ("review: free", "review: {from: free}"),
        ("comment: Hello", "comment: {body: Hello}"),
        ("labels: [a, b]", "labels: {add: [a, b]}"),
        ("labels: a", "labels: [{add: a}]"),
    ):
        one, other = only(f"  {short}"), only(f"  {long}")
        assert (one.kind, one.source, one.body, one.labels) == (other.kind, other.source, other.body, other.labels)


def test_all_that_a_target_may_say_is_read() -> None:
    said = "title: T, body: B, base: next, draft: false, labels: a, reviewers: [b, c/d], if: always()"
    found = only(f"  pull-request: {{from: fix, {said}}}")
    assert (found.source, found.title, found.body, found.base, found.draft) == ("fix", "T", "B", "next", False)
    assert (found.labels, found.reviewers) == (("a",), ("b", "c/d"))
    assert (found.condition, found.asks_status) == ("always()", True)
    assert (only("  comment: x").condition, only("  comment: x").asks_status) == (None, False)


def test_what_is_published_comes_in_the_order_of_kinds_and_survives_storage() -> None:
    text = "  comment: [one, two]\n  pull-request: fix\n  maximum: {comment: 2}\n  dry-run: true\n"
    text += "  allow: {labels: a, paths: ['src/**']}"
    found = loaded(text)
    assert found.publish is not None
    kinds = [target.kind for target in found.publish.targets]
    assert kinds == [PublishKind.PULL_REQUEST, PublishKind.COMMENT, PublishKind.COMMENT]
    assert (found.publish.most(PublishKind.COMMENT), found.publish.most(PublishKind.ISSUE)) == (2, 1)
    assert (found.publish.labels, found.publish.paths, found.publish.dry_run) == (("a",), ("src/**",), True)
    assert load_stored(dump_workflow(found)) == found


MISTAKES = [
    ("  x: y", "`publish` names nothing to publish (it takes `pull-request`, `review`, "),
    ("  pr: fix\n  comment: x", "unknown key `pr` in `publish` (write `pull-request`)"),
    ("  push: fixx", "w.yaml:2:9: there is no node `fixx` (did you mean `fix`?)"),
    ("  pull-request: {title: x}", "`from` is missing in `pull-request`"),
    ("  pull-request: {from: fix, branch: x}", "unknown key `branch` in `pull-request` (the branch is always "),
    (
        "  push: strict",
        "`strict` has no commit: neither it nor a node before it keeps changes (set `workspace: write` in",
    ),
    ("  review: tests", "`tests` is no agent, and gives no review"),
    (
        "  review: vague",
        "the answer of `vague` is no review: `verdict` is no `enum`, and an agent could approve in any",
    ),
    ("  review: odd", "the answer of `odd` is no review: `verdict` may be `perhaps`, which is none of"),
    ("  review: flat", "the answer of `flat` is no review: `comments` is no list"),
    ("  review: bare", "the answer of `bare` is no review: the items of `comments` have no `line`"),
    (
        "  comment: [a, b]",
        "w.yaml:2:3: 2 times `comment`, and 1 allowed (remove some, or write `maximum: {comment: 2}`)",
    ),
    ("  comment: a\n  maximum: {comment: 0}", "expected a whole number of at least 1"),
    ("  comment: a\n  maximum: {comments: 1}", "unknown key `comments` in `maximum` (did you mean `comment`?)"),
    ("  comment: {body: a, if: 'b ='}", "w.yaml:2:"),
    ("  labels: {if: true}", "`labels` changes nothing"),
    ("  labels: []", "`labels` changes nothing"),
    (f"  labels: [{', '.join(f'l{n}' for n in range(21))}]", "21 labels; at most 20 are allowed"),
    ("  issue: x", "`issue` is a map, not the text `x`"),
    ("  comment: '${{ needs.fixx.result }}'", "there is no node `fixx` (did you mean `fix`?)"),
    ("  comment: '${{ needs.fix.results }}'", "`needs.fix` has no `results` (did you mean `result`?)"),
    ("  comment: '${{ matrix.x }}'", "`matrix` cannot be read in `comment`"),
    ("  comment: '${{ success() }}'", "`success()` can only stand in `if`"),
    ("  comment: a\n  dry-run: maybe", "expected true or false"),
    ("  comment: a\n  allow: {paths: ['src/[']}", "`src/[` is no pattern: "),
    ("  comment: a\n  allow: {label: x}", "unknown key `label` in `allow`"),
]


@pytest.mark.parametrize(("text", "message"), MISTAKES)
def test_mistakes(text: str, message: str) -> None:
    assert any(message in problem for problem in problems(text)), problems(text)


TAINTED = [
    (
        "  labels: '${{ github.event.issue.title }}'",
        "`github.event.issue.title` is text that an outsider can write, and may not decide about `labels` of `labels`",
    ),
    ("  labels: {remove: ['${{ github.head_ref }}']}", "`github.head_ref` is text that an outsider can write"),
    ("  pull-request: {from: fix, base: '${{ github.head_ref }}'}", "may not decide about `base` of `pull-request`"),
    (
        "  pull-request: {from: fix, reviewers: ['${{ needs.free.outputs.text }}']}",
        "`needs.free.outputs.text` is text that an agent can write, and may not decide about `reviewers`",
    ),
    ("  issue: {title: x, labels: '${{ needs.strict.outputs.words }}'}", "(let its `answer` choose from an `enum`"),
    ("  labels: '${{ needs.strict.outputs.tuple }}'", "is text that an agent can write"),
    ("  labels: '${{ toJSON(needs) }}'", "`needs` is text that an agent can write"),
    (
        "  labels: '${{ needs.relay.outputs.said }}'",
        "`needs.relay.outputs.said` carries `needs.free.outputs.text`: text that an agent can write",
    ),
]


@pytest.mark.parametrize(("text", "message"), TAINTED)
def test_no_foreign_text_decides_where_something_goes(text: str, message: str) -> None:
    assert any(message in problem for problem in problems(text)), problems(text)


def test_the_way_through_the_environment_is_told() -> None:
    (problem,) = problems("  labels: '${{ env.T }}'", "env: {T: '${{ github.event.issue.title }}'}\n")
    assert "`env.T` carries `github.event.issue.title`: text that an outsider can write" in problem


@pytest.mark.parametrize(
    "text",
    [
        "  labels: ['${{ needs.strict.outputs.verdict }}', '${{ inputs.x }}', '${{ needs.tests.outputs.said }}']",
        "  labels: '${{ needs.strict.outputs.areas }}'",
        "  issue: {title: '${{ github.event.issue.title }}', body: '${{ needs.free.outputs.text }}'}",
        "  comment: {body: '${{ needs.free.outputs.text }}', if: github.event.issue.title}",
        "  pull-request: {from: gate, base: '${{ github.base_ref }}', title: '${{ needs.free.outputs.text }}'}",
    ],
)
def test_clean_text_may_decide_and_any_text_may_be_said(text: str) -> None:
    loaded(text, "inputs: {x: }\n")


@pytest.mark.parametrize("name", ["fix", "[go, fix]"])
def test_a_workflow_does_not_put_on_the_label_that_starts_it(name: str) -> None:
    text = f"on: {{label: {{name: {name}}}}}\nnodes:\n  a: {{run: echo}}\npublish:\n  labels: [done, fix]\n"
    with pytest.raises(InvalidDefinition, match="the label `fix` starts this workflow again"):
        load_workflow(text, "w.yaml")
    load_workflow(text.replace("[done, fix]", "done"), "w.yaml")
