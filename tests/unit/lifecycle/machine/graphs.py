"""Random workflows, drawn as a person would write them, and read by the parser."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from orchestrator.definition.model import Workflow
from orchestrator.definition.parse import load_workflow


class Broken(Exception):
    """A condition that cannot be evaluated."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a condition may ask. `x` is the first of the nodes needed."""

    results: Mapping[str, str]
    words: Mapping[str, Any]
    x: str
    success: bool
    failure: bool
    cancelled: bool
    v: int | None


def _broken(seen: Seen) -> bool:
    raise Broken


@dataclass(frozen=True, kw_only=True)
class Condition:
    """An `if`, and what it means. `X` stands for a node needed."""

    text: str
    holds: Callable[[Seen], bool]
    asks_status: bool = False


ALONE = (
    Condition(text="always()", holds=lambda seen: True, asks_status=True),
    Condition(text="success()", holds=lambda seen: seen.success, asks_status=True),
    Condition(text="failure()", holds=lambda seen: seen.failure, asks_status=True),
    Condition(text="cancelled()", holds=lambda seen: seen.cancelled, asks_status=True),
    Condition(text="${{ !cancelled() }}", holds=lambda seen: not seen.cancelled, asks_status=True),
    Condition(text="failure() || cancelled()", holds=lambda seen: seen.failure or seen.cancelled, asks_status=True),
    Condition(text="1 == 1", holds=lambda seen: True),
    Condition(text="1 == 2", holds=lambda seen: False),
)
UNREADABLE = (
    Condition(text="fromJSON('{')", holds=_broken),
    Condition(text="always() && fromJSON('{')", holds=_broken, asks_status=True),
)
WITH_NEEDS = (
    Condition(text="needs.X.result == 'success'", holds=lambda seen: seen.results[seen.x] == "success"),
    Condition(text="needs.X.outputs.word == 'yes'", holds=lambda seen: seen.words[seen.x] == "yes"),
    Condition(
        text="always() && needs.X.result == 'failure'",
        holds=lambda seen: seen.results[seen.x] == "failure",
        asks_status=True,
    ),
    Condition(
        text="always() && needs.X.result == 'skipped'",
        holds=lambda seen: seen.results[seen.x] == "skipped",
        asks_status=True,
    ),
    Condition(
        text="success() || needs.X.result == 'cancelled'",
        holds=lambda seen: seen.success or seen.results[seen.x] == "cancelled",
        asks_status=True,
    ),
)
WITH_MATRIX = (Condition(text="matrix.v == 1", holds=lambda seen: seen.v == 1),)


@dataclass(frozen=True, kw_only=True)
class DrawnNode:
    """A node as written. `edges` is None where `needs` is a list: then `success()` is implied, or `if` decides."""

    id: str
    kind: str
    needs: tuple[str, ...] = ()
    edges: Mapping[str, str] | None = None
    condition: Condition | None = None
    keys: Mapping[str, Any] = field(default_factory=dict)

    @property
    def continues(self) -> bool:
        return bool(self.keys.get("continue-on-error"))

    def written(self) -> dict[str, Any]:
        keys = dict(self.keys)
        if self.kind == "merge":
            keys["merge"] = list(self.needs)
        elif self.needs:
            keys["needs"] = dict(self.edges) if self.edges is not None else list(self.needs)
        if self.condition:
            keys["if"] = self.condition.text.replace("X", self.needs[0] if self.needs else "")
        return keys


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A workflow: as drawn, and as parsed. `commits`: its nodes work on a repository. `budget` is the whole one."""

    nodes: Mapping[str, DrawnNode]
    commits: bool
    budget: Mapping[str, float] = field(default_factory=dict)

    def workflow(self) -> Workflow:
        return load_workflow(repr(self), "workflows/drawn.yaml")

    def __repr__(self) -> str:
        whole = {"budget": dict(self.budget)} if self.budget else {}
        return json.dumps({**whole, "nodes": {name: node.written() for name, node in self.nodes.items()}})

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))


ALL = ("exit", "timeout", "overloaded", "lost")
RETRIES = st.fixed_dictionaries(
    {
        "attempts": st.sampled_from([2, 3, 4]),
        "delay-seconds": st.sampled_from([0, 0, 5, 400]),
        "backoff": st.sampled_from(["fixed", "linear", "exponential"]),
        "on": st.sampled_from(
            [["exit", "timeout", "overloaded", "lost"], ["exit", "lost"], ["timeout", "lost"], ["overloaded"]]
        ),
    }
)


BUDGETS = (None, None, None, {}, {"usd": 2.0}, {"usd": 1.0}, {"usd": 1.0}, {"usd": 1.0, "turns": 4})
"""Of whole workflows: where there is none at all, none of its nodes has one either."""

PLAIN = {"run": "true"}
BEGINNINGS: tuple[dict[str, DrawnNode], ...] = (
    {},
    {},
    {
        "n0": DrawnNode(id="n0", kind="run", keys={**PLAIN, "workspace": "write"}),
        "n1": DrawnNode(id="n1", kind="run", needs=("n0",), edges={"n0": "always"}, keys=PLAIN),
        "n2": DrawnNode(id="n2", kind="run", needs=("n1",), keys=PLAIN),
    },
    {
        "n0": DrawnNode(id="n0", kind="run", keys=PLAIN),
        "n1": DrawnNode(id="n1", kind="run", needs=("n0",), keys=PLAIN),
        "n2": DrawnNode(id="n2", kind="run", keys=PLAIN),
        "n3": DrawnNode(id="n3", kind="run", needs=("n1", "n2"), edges={"n1": "always", "n2": "always"}, keys=PLAIN),
    },
    {
        "n0": DrawnNode(id="n0", kind="run", keys={**PLAIN, "strategy": {"matrix": {"v": [1, 2]}}}),
        "n1": DrawnNode(
            id="n1", kind="run", needs=("n0",), edges={"n0": "always"}, condition=WITH_NEEDS[1], keys=PLAIN
        ),
    },
    {
        "n0": DrawnNode(
            id="n0", kind="approval", keys={"approval": {"message": "?", "timeout-minutes": 5, "on-timeout": "approve"}}
        ),
    },
)
"""What chance alone seldom draws: a success behind a failure, a join of what is skipped with what goes on, outputs of
several runs that somebody asks for, and an approval that waits from the beginning."""


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Up to seven nodes, each needing some of those before it."""
    commits = draw(st.booleans())
    budget = draw(st.sampled_from(BUDGETS))
    nodes = dict(draw(st.sampled_from(BEGINNINGS)))
    for number in range(len(nodes), draw(st.sampled_from([5, 6, 7, 4, 3, 2, 1]))):
        least = min(draw(st.sampled_from([2, 1, 2, 0])), len(nodes))
        needs = draw(st.sets(st.sampled_from(sorted(nodes)), min_size=least, max_size=3)) if nodes else ()
        nodes[f"n{number}"] = draw(_nodes(f"n{number}", tuple(sorted(needs)), nodes, commits=commits))
    if budget is not None:
        nodes = {name: draw(_with_agent(each, budget)) for name, each in nodes.items()}
    return Graph(nodes=nodes, commits=commits, budget=budget or {})


@st.composite
def _with_agent(draw: st.DrawFn, node: DrawnNode, whole: Mapping[str, float]) -> DrawnNode:
    """Most commands become agents where there are budgets at all, some of them with one of their own."""
    if node.kind != "run" or not draw(st.sampled_from([True, True, True, False])):
        return node
    own = draw(
        st.sampled_from([{}, {}, {"usd": 0.7}, {"usd": 0.7}, {"usd": 0.9}, {"turns": 3}, {"usd": 0.5, "turns": 3}])
    )
    fits = all(limit <= whole.get(unit, limit) for unit, limit in own.items())
    keys = {**node.keys, "agent": "a", **({"budget": own} if own and fits else {})}
    del keys["run"]
    return replace(node, kind="agent", keys=keys)


@st.composite
def _nodes(
    draw: st.DrawFn, name: str, needs: tuple[str, ...], before: Mapping[str, DrawnNode], *, commits: bool
) -> DrawnNode:
    kind = draw(st.sampled_from(["run", "run", "run", "run", "approval", "merge"]))
    if kind == "merge" and not (commits and needs and all(before[need].kind == "run" for need in needs)):
        kind = "run"
    keys, choices = _keys(draw, kind, commits=commits), [*ALONE, *ALONE[:1] * 4]
    if needs:
        choices += (*WITH_NEEDS, *WITH_NEEDS[1:2] * 3)
    if "strategy" in keys:
        choices += WITH_MATRIX * 3
    edges = None
    if needs and kind != "merge" and draw(st.booleans()):
        edges = {need: draw(st.sampled_from(["always", "always", "on_success", "on_failure"])) for need in needs}
    condition = draw(st.sampled_from([None, None, choices, choices, choices, UNREADABLE if needs else None]))
    if condition is not None:
        condition = draw(st.sampled_from(condition))
    return DrawnNode(id=name, kind=kind, needs=needs, edges=edges, condition=condition, keys=keys)


def _keys(draw: st.DrawFn, kind: str, *, commits: bool) -> dict[str, Any]:
    keys: dict[str, Any] = {}
    if draw(st.sampled_from([False, False, True])):
        keys["continue-on-error"] = True
    if kind == "approval":
        minutes, answer = draw(st.sampled_from([5, 10, 0])), draw(st.sampled_from(["reject", "approve"]))
        late = {"timeout-minutes": minutes, "on-timeout": answer} if minutes else {}
        return {**keys, "approval": {"message": "Go on?", **late}}
    keys["queue"] = draw(st.sampled_from(["default", "default", "big"]))
    keys["priority"] = draw(st.sampled_from([0, 0, 1]))
    if draw(st.sampled_from([True, True, False])):
        keys["retry"] = draw(RETRIES)
    if kind == "run":
        keys["run"] = "true"
        keys["workspace"] = draw(st.sampled_from(["read", "write", "write"])) if commits else "none"
        if draw(st.sampled_from([False, False, True])):
            keys["strategy"] = {"matrix": {"v": [1, 2, 3][: draw(st.integers(2, 3))]}}
    return keys
