"""What an ended execution is to publish: one entry for each target, and why some are left out or refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.definition.model import JsonValue, Workflow
from orchestrator.definition.parse import load_workflow
from orchestrator.definition.publish import PublishKind
from orchestrator.execution.outcome import AgentCall, Outcome
from orchestrator.execution.publication import PublicationState
from orchestrator.execution.publish_plan import Ended, Planned, plan
from orchestrator.execution.state import Execution, ExecutionStatus, NodeRun, NodeStatus, Result

NODES = """
inputs: {label: , none: }
nodes:
  lint: {run: ruff check .}
  review: {agent: code-reviewer, answer: {verdict: {enum: [approve, changes]}, labels: {type: array, items: {enum: [a, b]}}}}
  fix: {agent: python-pro, workspace: write, needs: review}
  tests: {agent: test-writer, workspace: write, needs: review}
  many: {agent: python-pro, workspace: write, strategy: {matrix: {v: ["1", "2"]}}}
  merge: {merge: [fix, tests]}
  gate: {approval: Go, needs: merge}
  loose: {run: x, needs: [fix, tests]}
"""  # noqa: E501
HEAD, FIX, TESTS, MERGED = "0" * 40, "f" * 40, "7" * 40, "e" * 40
PULL_REQUEST: dict[str, JsonValue] = {
    "pull_request": {
        "number": 7,
        "head": {"sha": HEAD, "ref": "topic", "repo": {"full_name": "octo/demo"}},
        "base": {"sha": "b" * 40, "ref": "main", "repo": {"full_name": "octo/demo"}},
    }
}
FORK: dict[str, JsonValue] = {
    "pull_request": {
        "number": 7,
        "head": {"sha": HEAD, "ref": "topic", "repo": {"full_name": "mallory/demo"}},
        "base": {"sha": "b" * 40, "ref": "main", "repo": {"full_name": "octo/demo"}},
    }
}
ISSUE: dict[str, JsonValue] = {"issue": {"number": 9}}


def loaded(publish: str) -> Workflow:
    return load_workflow(f"publish:\n{publish}\n{NODES}", "workflows/w.yaml")


def run(index: int, node: str, key: str = "", *, commit: str | None = None, **changes: Any) -> NodeRun:
    outputs = changes.pop("outputs", {"text": "All fine.", "verdict": "changes", "labels": ["a"]})
    called = {"fix": "python-pro", "many": "python-pro", "tests": "test-writer", "review": "code-reviewer"}.get(node)
    outcome = Outcome(
        commit=commit, outputs=outputs, called=AgentCall(agent=called, engine="claude") if called else None
    )
    values: dict[str, Any] = {"status": NodeStatus.COMPLETED, "result": Result.SUCCESS, "outcome": outcome}
    return NodeRun(execution_id="01", index=index, node=node, key=key or node, **(values | changes))


RUNS = (
    run(0, "lint"),
    run(1, "review"),
    run(2, "fix", commit=FIX),
    run(3, "tests", commit=TESTS),
    run(4, "many", "many (1)", commit="1" * 40),
    run(5, "many", "many (2)", commit="2" * 40),
    run(6, "merge", commit=MERGED, outputs={"conflicts": []}),
    run(7, "gate", heads=(MERGED,), outcome=None),
    run(8, "loose", heads=(FIX, TESTS)),
)


def execution(**changes: Any) -> Execution:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    values: dict[str, Any] = {
        "id": "01",
        "number": 3,
        "workflow_id": "w",
        "workflow_name": "W",
        "status": ExecutionStatus.COMPLETED,
        "event_name": "pull_request",
        "event": PULL_REQUEST,
        "branch": "topic",
        "head": HEAD,
        "base": HEAD,
        "created_at": now,
        "completed_at": now,
    }
    return Execution(**(values | changes))


def planned(publish: str, *, runs: tuple[NodeRun, ...] = RUNS, **changes: Any) -> list[Planned]:
    ended = execution(**changes)
    contexts: dict[str, JsonValue] = {"github": {"event": ended.event}, "inputs": {"label": "c"}, "env": {}}
    return plan(Ended(execution=ended, workflow=loaded(publish), runs=runs, contexts=contexts))


def only(publish: str, **changes: Any) -> Planned:
    (found,) = planned(publish, **changes)
    return found


def without(node: str, **changes: Any) -> tuple[NodeRun, ...]:
    """The runs, with those of one node changed."""
    return tuple(replace(each, **changes) if each.node == node else each for each in RUNS)


def test_each_target_is_planned_with_what_it_comes_from() -> None:
    found = planned(
        "  pull-request: {from: merge, labels: [agent], reviewers: [octo/core], base: main}\n"
        "  push: fix\n  review: review\n  comment: Said ${{ needs.review.outputs.text }}\n"
        "  labels: {add: ['${{ needs.review.outputs.labels }}', '${{ inputs.label }}'], remove: x}\n"
        "  issue: {title: T}",
    )
    assert [each.key for each in found] == ["pull-request", "review", "comment", "labels", "issue", "push"]
    assert {each.state for each in found} == {PublicationState.PLANNED}
    pull_request, review, comment, labels, issue, push = found
    assert (pull_request.commit, pull_request.labels, pull_request.base) == (MERGED, ("agent",), "main")
    assert pull_request.reviewers == ("octo/core",)
    assert pull_request.agents == ("python-pro", "test-writer")
    assert (push.commit, push.agents) == (FIX, ("python-pro",))
    assert review.review is not None
    assert (review.review.opinion.value, review.agents) == ("changes", ("code-reviewer",))
    assert comment.agents == ("code-reviewer",)
    assert (labels.labels, labels.remove, labels.agents) == (("a", "c"), ("x",), ("code-reviewer",))
    assert issue.agents == ()


def test_an_approval_passes_the_commit_before_it_on() -> None:
    found = only("  pull-request: gate")
    assert (found.commit, found.agents) == (MERGED, ("python-pro", "test-writer"))


LEFT_OUT = [
    ("  pull-request: fix", {"status": ExecutionStatus.FAILED}, "skipped", "the execution failed"),
    ("  comment: x", {"status": ExecutionStatus.CANCELLED}, "skipped", "the execution was cancelled"),
    ("  comment: {body: x, if: failure()}", {}, "skipped", "its `if` does not hold"),
    ("  comment: {body: x, if: failure()}", {"status": ExecutionStatus.FAILED}, "planned", ""),
    ("  comment: {body: x, if: always()}", {"status": ExecutionStatus.CANCELLED}, "planned", ""),
    ("  comment: {body: x, if: needs.fix.result == 'failure'}", {}, "skipped", "its `if` does not hold"),
    ("  comment: {body: x, if: \"fromJSON('[')\"}", {}, "refused", "its `if` cannot be evaluated: "),
    ("  review: review", {"event": ISSUE}, "skipped", "the execution belongs to no pull request"),
    ("  push: fix", {"event": ISSUE}, "skipped", "the execution belongs to no pull request"),
    ("  comment: x", {"event": ISSUE}, "planned", ""),
    ("  comment: x", {"event": {}}, "skipped", "the execution belongs to no pull request or issue"),
    ("  labels: x", {"event": {}}, "skipped", "the execution belongs to no pull request or issue"),
    ("  issue: {title: x}", {"event": {}}, "planned", ""),
    ("  pull-request: fix", {"event": {}}, "planned", ""),
    ("  pull-request: fix", {"event": FORK}, "refused", "the pull request comes from a fork"),
    ("  push: fix", {"event": FORK}, "refused", "the pull request comes from a fork"),
    ("  review: review", {"event": FORK}, "planned", ""),
    ("  pull-request: fix", {"dirty": True}, "refused", "the execution took uncommitted changes along"),
    ("  review: review", {"dirty": True}, "planned", ""),
    ("  push: fix", {"head": "9" * 40}, "refused", "the execution ran on 999999999999, and not on 000000000000"),
    ("  push: many", {}, "refused", "`many` has 2 commits: bring them together with a `merge` node"),
    ("  pull-request: loose", {}, "refused", "`loose` stands on 2 commits: bring them together with a `merge` node"),
    ("  pull-request: fix", {"runs": without("fix", outcome=Outcome())}, "skipped", "`fix` changed nothing"),
    ("  pull-request: fix", {"runs": without("fix", status=NodeStatus.SKIPPED)}, "skipped", "`fix` has not comp"),
    ("  review: review", {"runs": without("review", status=NodeStatus.FAILED)}, "skipped", "`review` has not"),
    ("  review: review", {"runs": without("review", outcome=Outcome())}, "refused", "the answer of `review`"),
    ("  labels: ['${{ fromJSON(''x'') }}']", {}, "refused", "it cannot be evaluated: "),
    ("  labels: ['${{ inputs.none }}']", {}, "skipped", "there is no label to set or to take off"),
    (f"  labels: [{'x' * 51}]", {}, "refused", "a label has at most 50 characters"),
    ("  labels: [a, b]\n  allow: {labels: a}", {}, "refused", "`allow.labels` does not name `b`"),
    ("  labels: {remove: b}\n  allow: {labels: a}", {}, "refused", "`allow.labels` does not name `b`"),
    ("  pull-request: {from: fix, labels: b}\n  allow: {labels: a}", {}, "refused", "`allow.labels` does not name `b`"),
    ("  comment: x\n  dry-run: true", {}, "withheld", "`dry-run` is set"),
    ("  comment: x\n  dry-run: true", {"event": {}}, "skipped", "the execution belongs to no pull request or issue"),
]  # fmt: skip


@pytest.mark.parametrize(("publish", "changes", "state", "reason"), LEFT_OUT)
def test_what_is_left_out_says_why(publish: str, changes: dict[str, Any], state: str, reason: str) -> None:
    found = only(publish, **changes)
    assert (found.state.value, found.reason[: len(reason)]) == (state, reason)


def test_a_node_with_a_matrix_gives_one_for_each_run_up_to_the_maximum() -> None:
    first, second = planned("  pull-request: many")
    assert (first.key, first.state, first.commit) == ("pull-request many (1)", PublicationState.PLANNED, "1" * 40)
    assert (second.key, second.state) == ("pull-request many (2)", PublicationState.REFUSED)
    assert second.reason == "at most 1 of `pull-request` may be published: see `maximum`"
    both = planned("  pull-request: many\n  maximum: {pull-request: 2}")
    assert [(each.state, each.ordinal) for each in both] == [
        (PublicationState.PLANNED, 1),
        (PublicationState.PLANNED, 2),
    ]


def test_what_is_not_published_uses_up_no_maximum() -> None:
    found = planned("  comment: [{body: a, if: false}, {body: b}]\n  maximum: {comment: 2}")
    assert [(each.key, each.state.value) for each in found] == [("comment", "skipped"), ("comment:2", "planned")]
    assert [each.ordinal for each in found] == [1, 2]


def test_runs_that_stand_on_the_same_commit_give_one() -> None:
    same = without("many", outcome=Outcome(), heads=(FIX,))
    assert [each.commit for each in planned("  pull-request: many", runs=same)] == [FIX]


def test_without_publish_nothing_is_planned() -> None:
    bare = load_workflow(NODES, "workflows/w.yaml")
    assert plan(Ended(execution=execution(), workflow=bare, runs=RUNS, contexts={})) == []


@given(
    statuses=st.lists(st.sampled_from(NodeStatus), min_size=len(RUNS), max_size=len(RUNS)),
    status=st.sampled_from([ExecutionStatus.COMPLETED, ExecutionStatus.FAILED, ExecutionStatus.CANCELLED]),
    event=st.sampled_from([PULL_REQUEST, FORK, ISSUE, {}]),
    dirty=st.booleans(),
)
def test_whatever_became_of_the_nodes_each_target_is_there_once_and_the_maxima_hold(
    statuses: list[NodeStatus], status: ExecutionStatus, event: dict[str, JsonValue], dirty: bool
) -> None:
    runs = tuple(replace(each, status=now) for each, now in zip(RUNS, statuses, strict=True))
    publish = (
        "  pull-request: [many, gate]\n  push: merge\n  review: review\n  comment: {body: x, if: always()}\n"
        "  labels: x\n  issue: {title: x, if: failure()}\n  maximum: {pull-request: 2}"
    )
    found = planned(publish, runs=runs, status=status, event=event, dirty=dirty)
    keys = [each.key for each in found]
    assert len(set(keys)) == len(keys)
    assert {each.kind for each in found} == set(PublishKind)
    for kind in PublishKind:
        out = [each for each in found if each.kind is kind and each.state is PublicationState.PLANNED]
        assert len(out) <= (2 if kind is PublishKind.PULL_REQUEST else 1)
    for each in found:
        assert (each.reason == "") is (each.state is PublicationState.PLANNED)
        if each.state is PublicationState.PLANNED and each.commit:
            assert event is not FORK
            assert not dirty
