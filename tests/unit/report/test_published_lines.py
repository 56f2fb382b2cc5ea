"""What an execution published, or why not, in lines for a terminal; and what people did with it, in words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orchestrator.definition.publish import PublishKind
from orchestrator.execution.publication import Fate, Fates, Publication, PublicationState
from orchestrator.report.comment import comment
from orchestrator.report.experience import published
from orchestrator.report.published import published_lines, published_list
from tests.fakes import views

STATES = [
    (
        {"state": PublicationState.PUBLISHED, "title": "Better", "url": "https://github.example/1"},
        ("published", "pull-request: Better; https://github.example/1"),
    ),
    (
        {"state": PublicationState.PUBLISHED, "url": "https://github.example/1", "reason": "no labels: no"},
        ("published", "pull-request: https://github.example/1; no labels: no"),
    ),
    (
        {"state": PublicationState.WITHHELD, "reason": "no token"},
        ("not published", "pull-request: no token; the branch is mycelium/x/1"),
    ),
    (
        {"state": PublicationState.WITHHELD, "reason": "`dry-run` is set", "kind": PublishKind.COMMENT, "title": "Hi"},
        ("not published", "pull-request: Hi; `dry-run` is set"),
    ),
    (
        {"state": PublicationState.SKIPPED, "reason": "`a` changed nothing"},
        ("not published", "pull-request: `a` changed nothing"),
    ),
    ({"state": PublicationState.REFUSED, "reason": "a fork"}, ("refused", "pull-request: a fork")),
    (
        {"state": PublicationState.FAILED, "reason": "not allowed", "url": "https://github.example/compare"},
        ("failed", "pull-request: not allowed; https://github.example/compare"),
    ),
    (
        {"state": PublicationState.PLANNED, "reason": "GitHub is away"},
        ("to publish", "pull-request: GitHub is away; go on with: mycelium executions resume 01"),
    ),
]


@pytest.mark.parametrize(("changes", "line"), STATES)
def test_each_state_says_what_it_means(changes: dict[str, Any], line: tuple[str, str]) -> None:
    seen = views.waiting()
    values: dict[str, Any] = {"kind": PublishKind.PULL_REQUEST, **changes}
    found = Publication(
        execution_id="01", target="pull-request", workflow_id="w", ended_at=seen.execution.created_at, **values
    )
    seen = replace(seen, execution=replace(seen.execution, result_branch="mycelium/x/1"), publications=(found,))
    assert list(published_lines(seen)) == [line]


def test_github_is_told_what_left_and_what_did_not() -> None:
    seen = views.waiting()
    states = [
        {"state": PublicationState.PUBLISHED, "title": "Fix @all", "url": "https://github.example/octo/demo/pull/1"},
        {"state": PublicationState.REFUSED, "reason": "it changes `a`: no"},
        {"state": PublicationState.PLANNED},
        {"state": PublicationState.SKIPPED, "reason": "nothing"},
    ]
    found = tuple(
        Publication(
            execution_id="01",
            target=f"comment:{number}",
            kind=PublishKind.COMMENT,
            workflow_id="w",
            ended_at=seen.execution.created_at,
            **values,  # type: ignore[arg-type]
        )
        for number, values in enumerate(states, 1)
    )
    told = published_list(replace(seen, publications=found))
    assert told == (
        "**Published**\n\n"
        "- ✅ [comment:1](https://github.example/octo/demo/pull/1): Fix @&#8203;all\n"
        "- 🚫 comment:2: it changes `a`: no"
    )
    assert told in comment(replace(seen, publications=found))
    assert published_list(seen) == ""


def test_what_people_did_is_counted_in_words() -> None:
    fates = (
        Fates(agent="a", kind=PublishKind.PULL_REQUEST, published=3, fates={Fate.MERGED: 2, Fate.OPEN: 1}),
        Fates(agent="a", kind=PublishKind.LABELS, published=4, fates={}),
    )
    assert list(published(fates)) == [("Pull requests", "3: 2 merged, 1 open"), ("Labels", "4")]
