"""Hand-made executions for the tests of reports and pages, and a source that serves them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from orchestrator.definition.model import Agent, Approval, JsonValue, Matrix, Merge, Need, Node, Run, Workflow
from orchestrator.errors import Place
from orchestrator.execution.commit import Commit, FileChange
from orchestrator.execution.experience import AgentRun, Experience
from orchestrator.execution.log_line import Level, LogLine
from orchestrator.execution.outcome import Annotation, Artifact, FailureClass, Outcome, Usage
from orchestrator.execution.state import Execution, ExecutionStatus, NodeRun, NodeStatus, Result
from orchestrator.report.experience import AgentReport, AgentsReport
from orchestrator.report.view import ExecutionView

START = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
PLACE = Place(file="workflows/demo/three-agents.yaml")
HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e{{7*7}} @octocat #1 ]]> --> ``` \" ' & \x00"


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def sha(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def node(ident: str, action: Any, *needs: str, **more: Any) -> Node:
    return Node(id=ident, action=action, place=PLACE, needs=tuple(Need(node=name) for name in needs), **more)


def run(index: int, key: str, status: NodeStatus = NodeStatus.COMPLETED, **more: Any) -> NodeRun:
    """A node run from `start` to `end` seconds after START; it was ready when its `ready` says."""
    start, end, ready = more.pop("start", None), more.pop("end", None), more.pop("ready", None)
    results = {NodeStatus.COMPLETED: Result.SUCCESS, NodeStatus.FAILED: Result.FAILURE}
    results |= {NodeStatus.SKIPPED: Result.SKIPPED, NodeStatus.CANCELLED: Result.CANCELLED}
    return NodeRun(
        execution_id="",
        index=index,
        node=more.pop("node", key.split(" ", maxsplit=1)[0]),
        key=key,
        status=status,
        attempt=more.pop("attempt", 1 if start is not None else 0),
        ready_at=at(ready) if ready is not None else None,
        started_at=at(start) if start is not None else None,
        completed_at=at(end) if end is not None else None,
        result=more.pop("result", results.get(status)),
        **more,
    )


def execution(ident: str, status: ExecutionStatus, seconds: float | None, **more: Any) -> Execution:
    values: dict[str, Any] = {
        "id": ident,
        "number": 12,
        "workflow_id": "demo/three-agents",
        "workflow_name": "Three agents, one repository",
        "triggered_by": "ada",
        "branch": "main",
        "head": sha("head"),
        "base": sha("head"),
        "created_at": START,
        "started_at": START,
    }
    return Execution(status=status, completed_at=at(seconds) if seconds is not None else None, **values | more)


def view(
    made: Execution, runs: Sequence[NodeRun], edges: Iterable[tuple[int, int]], nodes: Iterable[Node], **more: Any
) -> ExecutionView:
    workflow = Workflow(
        id=made.workflow_id,
        path=f"workflows/{made.workflow_id}.yaml",
        name=made.workflow_name,
        nodes={each.id: each for each in nodes},
    )
    named = tuple(replace(each, execution_id=made.id) for each in runs)
    now = more.pop("now", made.completed_at or at(60))
    return ExecutionView(execution=made, workflow=workflow, runs=named, edges=tuple(edges), now=now, **more)


DOCS = "Document what duration does below ten seconds"
TESTS = "Test durations at the borders of their units"
TYPES = "Return early in human_duration"
NODES = (
    node(
        "docs",
        Agent(agent="documentation-engineer", prompt="Explain in the docstrings what each function rounds."),
        name="Explain the rounding",
    ),
    node(
        "tests", Agent(agent="test-writer", prompt="Find the untested borders of duration.py.\nWrite tests for them.")
    ),
    node("simplify", Agent(agent="python-pro", prompt="Simplify orchestrator/report/duration.py.")),
    node("integrate", Merge(nodes=("docs", "tests", "simplify"), resolver="python-pro"), "docs", "tests", "simplify"),
    node("lint", Run(script="ruff check --output-format=github ."), "integrate", name="Check the style"),
    node(
        "test", Run(script="python -m pytest -q tests/unit"), "integrate", matrix=Matrix(axes={"part": ["a", "b", "c"]})
    ),
    node("summary", Agent(agent="code-reviewer", prompt="Combine what the checks found."), "lint", "test"),
    node("publish", Approval(message="Create the branch with these four commits?"), "summary"),
)
EDGES = ((0, 3), (1, 3), (2, 3), (3, 4), (3, 5), (3, 6), (3, 7), (4, 8), (5, 8), (6, 8), (7, 8), (8, 9))
CHANGED = {
    "docs": (FileChange(path="orchestrator/report/duration.py", status="modified", additions=9, deletions=2),),
    "tests": (FileChange(path="tests/unit/report/test_duration.py", status="added", additions=38, deletions=0),),
    "simplify": (FileChange(path="orchestrator/report/duration.py", status="modified", additions=6, deletions=11),),
    "integrate": (FileChange(path="orchestrator/report/duration.py", status="modified", additions=3, deletions=3),),
}
TEXTS = {
    "docs": """I documented the rounding of every public function.

- `human_duration` keeps **tenths below ten seconds**
- a clock that was set back reads `0s`

No behaviour changed.""",
    "tests": """Added 11 cases at the borders: 9.94 s, 59.5 s, 3,599 s and one day.

| Border | Before | Now |
|---|---:|---:|
| tenths to seconds | 0 | 4 |
| minutes to hours | 1 | 4 |
""",
    "simplify": """The loop over units now returns early:

```python
if rest >= length:
    return two_units(rest)
```
""",
    "integrate": "Both sides rewrote `human_duration`. I kept the early return and the new docstring.",
    "summary": """### Ready to merge

Lint is clean, **412 tests pass** in three parts. The conflict in `duration.py` was solved by keeping both.

1. Docstrings say what is rounded
2. Borders are tested
3. One branch less in the loop
""",
}


def agent_outcome(name: str, cost: float, tokens: int) -> Outcome:
    usage = Usage(
        model="claude-sonnet-4-5",
        input_tokens=tokens,
        output_tokens=tokens // 9,
        cache_read_tokens=tokens * 4,
        turns=7,
        cost_usd=cost,
        replayed=True,
    )
    commit = sha(name) if name in CHANGED else None
    outputs: dict[str, JsonValue] = {"text": TEXTS[name], "commit": commit}
    return Outcome(outputs=outputs, usage=usage, commit=commit, base=sha("head"), changes=CHANGED.get(name, ()))


def demo_runs() -> list[NodeRun]:
    part = "412 passed in 8.31s"
    return [
        run(0, "docs", ready=0, start=0.4, end=14.2, outcome=agent_outcome("docs", 0.11, 8_200)),
        run(1, "tests", ready=0, start=10.5, end=21.9, attempt=2, outcome=agent_outcome("tests", 0.19, 14_100)),
        run(2, "simplify", ready=0, start=0.6, end=11.3, outcome=agent_outcome("simplify", 0.08, 6_400)),
        run(3, "integrate", ready=21.9, start=22.0, end=29.7, outcome=agent_outcome("integrate", 0.05, 3_900)),
        run(
            4,
            "lint",
            ready=29.7,
            start=29.8,
            end=31.0,
            outcome=Outcome(exit_code=0, outputs={"exit-code": 0, "summary": ""}),
        ),
        *[
            run(
                5 + place,
                f"test ({name})",
                ready=29.7,
                start=30.0 + place,
                end=38.5 + 2 * place,
                matrix={"part": name},
                outcome=Outcome(
                    exit_code=0,
                    outputs={"exit-code": 0, "passed": 137},
                    summary=f"**{part}**, none skipped",
                    artifacts=(Artifact(name="reports/junit.xml", digest=sha(name), size=18_412),),
                ),
            )
            for place, name in enumerate("abc")
        ],
        run(8, "summary", ready=42.5, start=42.6, end=50.2, outcome=agent_outcome("summary", 0.06, 5_100)),
        run(9, "publish", ready=50.2, start=50.2, end=62.0, decided_by="ada"),
    ]


def demo_commits() -> tuple[Commit, ...]:
    people = {
        "docs": ("documentation-engineer", DOCS),
        "tests": ("test-writer", TESTS),
        "simplify": ("python-pro", TYPES),
        "integrate": ("python-pro", "Merge docs, tests, simplify"),
    }
    return tuple(
        Commit(
            sha=sha(name),
            parents=(sha("head"),) if name != "integrate" else (sha("docs"), sha("simplify")),
            author_name=author,
            author_email=f"{author}@agents.mycelium.invalid",
            at=at(12 + 6 * place),
            subject=subject,
            body="Both agents rewrote the same lines." if name == "integrate" else "",
            trailers=(("Mycelium-Execution", "01K5DEMO"), ("Mycelium-Node", name), ("Mycelium-Agent", author)),
            changes=CHANGED[name],
        )
        for place, (name, (author, subject)) in enumerate(people.items())
    )


def completed() -> ExecutionView:
    made = execution(
        "01K5DEMO00COMPLETED",
        ExecutionStatus.COMPLETED,
        62.0,
        result=sha("integrate"),
        result_branch="mycelium/three-agents-12",
    )
    return view(made, demo_runs(), EDGES, NODES, commits=demo_commits())


def waiting() -> ExecutionView:
    runs = demo_runs()
    runs[9] = run(9, "publish", NodeStatus.WAITING, ready=50.2, start=50.2, deadline=at(3_660))
    made = execution("01K5DEMO00WAITING", ExecutionStatus.WAITING, None, number=13)
    return view(made, runs, EDGES, NODES, commits=demo_commits(), now=at(75))


def running() -> ExecutionView:
    runs = [
        demo_runs()[0],
        run(1, "tests", NodeStatus.RUNNING, ready=0, start=9.0, attempt=2),
        run(2, "simplify", NodeStatus.RUNNING, ready=0, start=0.6),
        *[run(index, each.key, NodeStatus.PENDING) for index, each in enumerate(demo_runs()) if index > 2],
    ]
    made = execution("01K5DEMO00RUNNING", ExecutionStatus.RUNNING, None, number=14)
    return view(made, runs, EDGES, NODES, now=at(19), engines={1: "replay", 2: "replay"})


def failed() -> ExecutionView:
    runs = demo_runs()
    message = "Exit code 1: 2 of 412 tests failed: test_duration.py::test_borders[59.95], [3599.6]"
    note = Annotation(
        level="failure",
        message="assert '60s' == '1m'",
        path="tests/unit/report/test_duration.py",
        start_line=41,
        title="test_borders",
    )
    outcome = Outcome(
        failure=FailureClass.EXIT,
        message=message,
        exit_code=1,
        outputs={"exit-code": 1, "summary": message},
        annotations=(note, replace(note, level="warning", start_line=12, message="slow: 2.1 s", title="")),
        summary="| Part | Passed | Failed |\n|---|---:|---:|\n| b | 135 | 2 |",
    )
    runs[6] = replace(
        run(6, "test (b)", NodeStatus.FAILED, ready=29.7, start=40.5, end=49.5, attempt=2, matrix={"part": "b"}),
        outcome=outcome,
        error_code="RUN_EXIT",
    )
    lint = Outcome(failure=FailureClass.EXIT, message="Exit code 1: 3 remarks", exit_code=1)
    runs[4] = replace(runs[4], status=NodeStatus.FAILED, result=Result.SUCCESS, outcome=lint, error_code="RUN_EXIT")
    runs[8], runs[9] = run(8, "summary", NodeStatus.SKIPPED), run(9, "publish", NodeStatus.SKIPPED)
    made = execution("01K5DEMO00FAILED", ExecutionStatus.FAILED, 49.6, number=11, error_message=message)
    shown = view(made, runs, EDGES, NODES, commits=demo_commits())
    return replace(shown, tails={6: tuple(demo_log(shown, 6)[-14:])})


def large(count: int = 60) -> ExecutionView:
    """Layers of uneven width with edges that pass layers."""
    width = (1, 6, 9, 14, 9, 12, 5, 3, 1)
    layers: list[list[int]] = []
    for size in width:
        begin = sum(len(layer) for layer in layers)
        layers.append(list(range(begin, min(count, begin + size))))
    edges = {
        (near[(place * 3 + turn) % len(near)], target)
        for near, far in pairwise(layers)
        for place, target in enumerate(far)
        for turn in range(1 + place % 2)
    } | {(layers[0][0], layers[3][5]), (layers[1][2], layers[4][4]), (layers[2][7], layers[6][1])}
    nodes = [node(f"step-{index:02}", Run(script=f"make step-{index}")) for index in range(count)]
    statuses = [NodeStatus.FAILED if index == 23 else NodeStatus.COMPLETED for index in range(count)]
    begins = [5.0 * next(depth for depth, layer in enumerate(layers) if index in layer) for index in range(count)]
    runs = [
        run(index, nodes[index].id, statuses[index], ready=begin, start=begin + 0.3, end=begin + 1 + index % 4)
        for index, begin in enumerate(begins)
    ]
    made = execution(
        "01K5LARGE", ExecutionStatus.FAILED, 45.0, number=3, workflow_id="quality/sixty", workflow_name="Sixty nodes"
    )
    return view(made, runs, sorted(edges), nodes)


def hostile() -> ExecutionView:
    bad = node("evil", Agent(agent=HOSTILE, prompt=HOSTILE))
    outcome = Outcome(
        failure=FailureClass.EXIT,
        message=HOSTILE * 3,
        outputs={HOSTILE: HOSTILE, "text": HOSTILE + "\n![x](https://evil.example/x.png) [y](javascript:alert(1))"},
        summary=f"<img src=x onerror=alert(1)> {HOSTILE}\n\n</details></section><style>*{{}}</style>",
        annotations=(Annotation(level=HOSTILE, message=HOSTILE, path=HOSTILE, title=HOSTILE),),
        artifacts=(Artifact(name="../../../index.html", digest=HOSTILE, size=4),),
        usage=Usage(model=HOSTILE),
        sandbox=HOSTILE,
        commit=sha("evil"),
        changes=(FileChange(path="../" + HOSTILE, status="added", additions=1, deletions=0),),
    )
    first = replace(
        run(0, HOSTILE, NodeStatus.FAILED, node="evil", start=0, end=3), outcome=outcome, error_code=HOSTILE
    )
    more = [
        run(1 + place, key, NodeStatus.COMPLETED, node=f"n{place}")
        for place, key in enumerate(("../../up", "graph", "main"))
    ]
    made = execution(
        "../../escape",
        ExecutionStatus.FAILED,
        4.0,
        number=666,
        workflow_id='--><script>alert(1)</script>/"',
        workflow_name=HOSTILE,
        branch=HOSTILE,
        triggered_by=HOSTILE,
        error_message=HOSTILE,
        result_branch=HOSTILE,
    )
    commit = replace(
        demo_commits()[0], subject=HOSTILE, body=HOSTILE, author_name=HOSTILE, trailers=((HOSTILE, HOSTILE),)
    )
    shown = view(made, [first, *more], [(0, 1)], [bad], commits=(commit,))
    line = LogLine(
        id=1, run=0, key=HOSTILE, attempt=1, at=at(1), level=Level.ERROR, stream=HOSTILE, text=HOSTILE, group=HOSTILE
    )
    return replace(shown, tails={0: (line, replace(line, text="x" * 100_000))})


def demo_log(shown: ExecutionView, index: int) -> list[LogLine]:
    made = shown.runs[index]
    if made.started_at is None:
        return []
    if made.outcome and made.outcome.usage:
        return _agent_log(made)
    return _command_log(made)


def _agent_log(made: NodeRun) -> list[LogLine]:
    said = [
        (Level.INFO, "mycelium", "Workspace of commit 4f1c2a9e prepared in 16 ms", ""),
        (Level.INFO, "agent", "I will read the module first.", ""),
        (Level.INFO, "tool", "Read orchestrator/report/duration.py", ""),
        (Level.DEBUG, "stdout", "61 lines", ""),
        (Level.INFO, "tool", "Edit orchestrator/report/duration.py", ""),
        (Level.INFO, "tool", "Bash python -m pytest -q tests/unit/report", ""),
        (Level.INFO, "stdout", "\x1b[32m.................\x1b[0m\x1b[1m 17 passed\x1b[0m in 0.21s", ""),
        (Level.INFO, "agent", "All 17 tests pass. Done.", ""),
    ]
    return _lines(made, said)


def _command_log(made: NodeRun) -> list[LogLine]:
    said = [
        (Level.INFO, "mycelium", "python -m pytest -q tests/unit", ""),
        *[
            (Level.INFO, "stdout", f"collected tests/unit/report/test_{name}.py", "Collecting")
            for name in ("a", "b", "c")
        ],
        (Level.DEBUG, "stdout", "cache dir: .pytest_cache", ""),
        (Level.WARNING, "stderr", "DeprecationWarning: parse() will change in 4.0", ""),
        (Level.INFO, "stdout", "." * 72 + " [ 52%]", ""),
    ]
    if made.status is NodeStatus.FAILED:
        said += [
            (
                Level.INFO,
                "stdout",
                "\x1b[31mFAILED\x1b[0m tests/unit/report/test_duration.py::test_borders[59.95-1m]",
                "",
            ),
            (Level.ERROR, "stdout", "E   AssertionError: assert '60s' == '1m'", ""),
            (Level.ERROR, "stdout", "E     - 1m\n", ""),
            (Level.ERROR, "stdout", "E     + 60s", ""),
            (Level.INFO, "stdout", "\x1b[31m2 failed\x1b[0m, 410 passed in 8.94s", ""),
            (Level.ERROR, "mycelium", "Exit code 1", ""),
        ]
    else:
        said.append((Level.INFO, "stdout", "\x1b[32m412 passed\x1b[0m in 8.31s", ""))
    return _lines(made, said)


def _lines(made: NodeRun, said: Sequence[tuple[Level, str, str, str]]) -> list[LogLine]:
    tries = range(1, made.attempt + 1)
    begin = made.started_at or START
    lines = []
    for attempt in tries:
        offset = begin - timedelta(seconds=9.5) * (made.attempt - attempt)
        if offset < START:
            offset = START + timedelta(seconds=0.3)
        lines += [(attempt, offset + timedelta(seconds=0.9 * place), *words) for place, words in enumerate(said)]
    return [
        LogLine(
            id=number + 1,
            run=made.index,
            key=made.key,
            attempt=attempt,
            at=when,
            level=level,
            stream=stream,
            text=text,
            group=group,
        )
        for number, (attempt, when, level, stream, text, group) in enumerate(lines)
    ]


DIFF = '''\
diff --git a/orchestrator/report/duration.py b/orchestrator/report/duration.py
index 3c1f2ab..9a0be11 100644
--- a/orchestrator/report/duration.py
+++ b/orchestrator/report/duration.py
@@ -8,13 +8,11 @@ from datetime import datetime
~
 def human_duration(seconds: float) -> str:
-    """Two units at most."""
-    parts = []
+    """Two units at most; tenths only below ten seconds."""
     rest = round(seconds)
     for position, (unit, length) in enumerate(_UNITS):
         if rest >= length:
-            parts.append(f"{rest // length}{unit}")
-    return " ".join(parts)
+            return two_units(rest, position)
+    return "0s"
~
{0}
 def clock_duration(seconds: float) -> str:
diff --git a/tests/unit/report/test_duration.py b/tests/unit/report/test_duration.py
new file mode 100644
index 0000000..1b2c3d4
--- /dev/null
+++ b/tests/unit/report/test_duration.py
@@ -0,0 +1,6 @@
+import pytest
+
+
+@pytest.mark.parametrize(("seconds", "words"), [(59.95, "1m"), (3599.6, "1h")])
+def test_borders(seconds: float, words: str) -> None:
+    assert human_duration(seconds) == words
'''.replace("\n~\n", "\n \n").replace("\n~\n", "\n \n")

YAML = """\
name: Three agents, one repository   # two of them touch the same lines
on: workflow_dispatch
inputs:
  engine: {type: choice, options: [replay, claude], default: replay}
nodes:
  docs: {agent: documentation-engineer, workspace: write, prompt: "Explain what each function rounds."}
  tests: {agent: test-writer, workspace: write, engine: "${{ inputs.engine }}"}
  integrate: {merge: [docs, tests], resolver: python-pro}
"""


@dataclass
class ViewSource:
    """A `SiteSource` over views; `lines` and `diffs` replace the made-up logs and the diff of an execution."""

    views: list[ExecutionView]
    lines: dict[tuple[str, int], list[LogLine]] = field(default_factory=dict)
    diffs: dict[str, str] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    told: AgentsReport = field(default_factory=lambda: AgentsReport(days=90, today=START.date()))

    def executions(self) -> Iterable[Execution]:
        return [shown.execution for shown in self.views]

    def view(self, execution_id: str) -> ExecutionView:
        self.asked.append(execution_id)
        return next(shown for shown in self.views if shown.execution.id == execution_id)

    def document(self, execution_id: str) -> Mapping[str, JsonValue]:
        return {"id": execution_id}

    def workflow_source(self, execution_id: str) -> str:
        return YAML

    def log(self, execution_id: str, run: int, *, after: int, limit: int) -> Sequence[LogLine]:
        shown = next(each for each in self.views if each.execution.id == execution_id)
        lines = self.lines.get((execution_id, run)) or list(shown.tails.get(run, ())) or demo_log(shown, run)
        return [line for line in lines if line.id > after][:limit]

    def diff(self, execution_id: str, run: int | None) -> str:
        return self.diffs.get(execution_id, DIFF)

    def agents_key(self) -> str:
        return repr(self.told)

    def agents(self) -> AgentsReport:
        self.asked.append("agents")
        return self.told

    def artifact(self, digest: str) -> bytes | None:
        return self.blobs.get(digest)


def experience(agent: str = "code-reviewer", **more: Any) -> Experience:
    """48 runs, of which 4 failed and 2 were cancelled."""
    values: dict[str, Any] = {
        "runs": 50,
        "attempts": 54,
        "succeeded": 44,
        "cancelled": 2,
        "flaky": 3,
        "retries": 4,
        "outcomes": {"success": 44, "timeout": 5, "lost": 1, "cancelled": 2, "auth": 2},
        "seconds_median": 80.0,
        "seconds_p90": 184.0,
        "cost_median": 0.04,
        "cost_total": 3.2,
        "tokens_median": 12_300.0,
        "input_tokens": 1_000_000,
        "output_tokens": 200_000,
        "files_median": 2.5,
        "commits": 41,
        "first_at": at(0),
        "last_at": at(60),
    }
    return Experience(agent=agent, **(values | more))


def attempt_of(agent: str, execution_id: str, **more: Any) -> AgentRun:
    values: dict[str, Any] = {
        "run": 0,
        "epoch": 1,
        "attempt": 1,
        "key": "review",
        "workflow_id": "quality/review",
        "engine": "claude",
        "model": "sonnet",
        "outcome": "success",
        "started_at": at(0),
        "ended_at": at(75),
        "seconds": 75.0,
        "cost_usd": 0.05,
    }
    return AgentRun(agent=agent, execution_id=execution_id, **(values | more))


def agents_report(*names: str, **more: Any) -> AgentsReport:
    """Each of these agents with two models, two weeks, and an attempt of an execution that has a page and of one that
    has none."""
    weeks = (START.date() - timedelta(days=12), START.date() - timedelta(days=5))
    agents = [
        AgentReport(
            total=experience(name),
            models=(
                experience(name, engine="claude", model="sonnet", attempts=14, seconds_median=40.0),
                experience(name, engine="claude", model=HOSTILE, attempts=40, cost_median=None, seconds_median=None),
            ),
            weeks=tuple(experience(name, week=week) for week in weeks),
            recent=(
                attempt_of(name, "01K5DEMO00COMPLETED", key=HOSTILE, attempt=2),
                attempt_of(name, "gone", outcome="timeout", model=HOSTILE, cost_usd=None),
                attempt_of(name, "01K5DEMO00FAILED", outcome="lost"),
            ),
        )
        for name in names
    ]
    return AgentsReport(days=90, today=START.date(), agents=tuple(agents), **more)


def everything() -> ViewSource:
    views = [running(), waiting(), completed(), failed(), large(), hostile()]
    return ViewSource(
        views=views,
        blobs={sha("a"): b"<x/>", sha("b"): b"<x/>", HOSTILE: b"evil"},
        told=agents_report("code-reviewer", "code.reviewer", HOSTILE, left_out=3),
    )
