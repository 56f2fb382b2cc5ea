"""Executions in which everything happens that can: each story is a workflow, what its nodes do, and what people do."""

from __future__ import annotations

import select
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from orchestrator.definition.model import (
    Agent,
    Approval,
    Backoff,
    Budget,
    EdgeCondition,
    JsonValue,
    Matrix,
    Merge,
    Need,
    Retry,
    RetryClass,
    Workflow,
    WorkspaceMode,
)
from orchestrator.definition.publish import Publish, PublishKind, Target
from orchestrator.errors import Place
from orchestrator.execution.outcome import FailureClass, Outcome, Usage
from orchestrator.execution.state import Execution, ExecutionStatus, NodeStatus
from orchestrator.lifecycle.cancel import cancel
from orchestrator.lifecycle.decide import approve
from orchestrator.lifecycle.ports import Control, LogSink, Task
from orchestrator.lifecycle.rerun import rerun
from orchestrator.lifecycle.services import Services
from tests.fakes.runner import Deed, writes
from tests.fakes.world import node, workflow

if TYPE_CHECKING:
    from tests.faults.mortals import Machine

FAILED = Outcome(failure=FailureClass.EXIT, message="exit code 1", exit_code=1)
PATIENCE_SECONDS = 60.0


def nobody(_machine: Machine, _services: Services, _execution: Execution) -> bool:
    """Where no person is needed."""
    return False


@dataclass(frozen=True, kw_only=True)
class Story:
    """`act` is what a person does who looks at the execution as it is: whether that was anything."""

    name: str
    definition: Workflow
    deeds: Callable[[Machine], dict[str, Deed | Outcome]] = lambda _machine: {}
    act: Callable[[Machine, Services, Execution], bool] = nobody
    status: ExecutionStatus = ExecutionStatus.COMPLETED
    agents: Sequence[str] = field(default=())


def _says(**outputs: str) -> Deed:
    def deed(_task: Task, log: LogSink, _control: Control) -> Outcome:
        for key, value in outputs.items():
            log.line(f"{key} is {value}")
        return Outcome(outputs=dict(outputs))

    return deed


def _flaky(task: Task, log: LogSink, _control: Control) -> Outcome:
    log.line(f"attempt {task.attempt}")
    return FAILED if task.attempt == 1 else Outcome(outputs={"attempt": str(task.attempt)})


BRANCHES = Story(
    name="branches",
    definition=workflow(
        node("a"),
        node("test", "a", matrix=Matrix(axes={"v": [1, 2]})),
        node("never", "a", condition="needs.a.outputs.wanted == 'yes'"),
        node("neither", "never"),
        node("nor", "neither"),
        node("broken", "a", continue_on_error=True),
        node("after", "test", "broken", artifacts=("report.txt",), workspace=WorkspaceMode.WRITE),
        node(
            "end",
            Need(node="after"),
            Need(node="nor", when=EdgeCondition.ALWAYS),
            implied_success=False,
            env={"SEEN": "${{ needs.test.outputs.found }}"},
        ),
    ),
    deeds=lambda _machine: {
        "a": _says(wanted="no"),
        "test (1)": _says(found="one"),
        "test (2)": _says(found="two"),
        "broken": FAILED,
        "after": writes(report_txt="found two\n"),
    },
)

RETRIED = Story(
    name="retried",
    definition=workflow(
        node(
            "flaky",
            retry=Retry(attempts=2, delay_seconds=20, backoff=Backoff.FIXED, on=(RetryClass.EXIT, RetryClass.LOST)),
        ),
        node("after", "flaky"),
    ),
    deeds=lambda _machine: {"flaky": _flaky},
)


def _let_pass(machine: Machine, services: Services, execution: Execution) -> bool:
    def waits(services: Services) -> bool:
        return any(run.node == "gate" and run.status is NodeStatus.WAITING for run in services.store.runs(execution.id))

    def decide(services: Services) -> None:
        if waits(services):
            approve(services, execution.id, "gate", "alice")

    if not waits(services):
        return False
    machine.outsider(decide)
    return True


DECIDED = Story(
    name="decided",
    definition=workflow(
        node("gate", action=Approval()),
        node("silence", "gate", action=Approval(timeout_minutes=1, on_timeout="approve")),
        node("after", "silence"),
    ),
    act=_let_pass,
)


def _mended(task: Task, log: LogSink, control: Control) -> Outcome:
    return writes(shared_txt="left and right\n")(task, log, control)


MERGED = Story(
    name="merged",
    definition=workflow(
        node("left", action=Agent(agent="writer"), workspace=WorkspaceMode.WRITE),
        node("right", action=Agent(agent="writer"), workspace=WorkspaceMode.WRITE),
        node("both", "left", "right", action=Merge(nodes=("left", "right"), resolver="mender")),
        node("after", "both"),
    ),
    deeds=lambda _machine: {
        "left": writes(shared_txt="left\n", left_txt="left\n"),
        "right": writes(shared_txt="right\n", right_txt="right\n"),
        "both": _mended,
    },
    agents=("writer", "mender"),
)


def _until_cancelled(machine: Machine) -> dict[str, Deed | Outcome]:
    def deed(task: Task, _log: LogSink, control: Control) -> Outcome:
        machine.outsider(lambda services: cancel(services, task.execution_id, "alice"))
        machine.look_after()
        assert select.select([control.fileno()], [], [], PATIENCE_SECONDS)[0], "never told to stop"
        return Outcome(cancelled=True)

    return {"long": deed}


CANCELLED = Story(
    name="cancelled",
    definition=workflow(
        node("a"), node("long", "a"), node("beside", "a", queue="of nobody"), node("after", "long", "beside")
    ),
    deeds=_until_cancelled,
    status=ExecutionStatus.CANCELLED,
)


def _broken_at_first(machine: Machine) -> dict[str, Deed | Outcome]:
    return {
        "broken": lambda _task, _log, _control: Outcome() if machine.mended else FAILED,
        "kept": writes(a_txt="a\n"),
    }


def _run_again(machine: Machine, services: Services, execution: Execution) -> bool:
    if execution.status is not ExecutionStatus.FAILED:
        return False
    machine.mended = True
    rerun(services, execution.id, failed_only=True)
    return True


RERUN = Story(
    name="rerun",
    definition=workflow(
        node("kept", workspace=WorkspaceMode.WRITE),
        node("broken", "kept"),
        node("skipped", "broken"),
        node("last", "skipped"),
    ),
    deeds=_broken_at_first,
    act=_run_again,
)


def _paid(task: Task, log: LogSink, _control: Control) -> Outcome:
    log.line(f"attempt {task.attempt}")
    paid = Outcome(usage=Usage(model="sonnet", input_tokens=100, turns=1, cost_usd=0.25))
    return replace(paid, failure=FailureClass.EXIT, message="no") if (task.key, task.attempt) == ("flaky", 1) else paid


BUDGETED = Story(
    name="budgeted",
    definition=workflow(
        node(
            "flaky",
            action=Agent(agent="writer"),
            retry=Retry(attempts=2, delay_seconds=20, backoff=Backoff.FIXED, on=(RetryClass.EXIT, RetryClass.LOST)),
        ),
        node("make", "flaky"),
        node("last", "make", action=Agent(agent="writer")),
        budget=Budget(usd=16, minutes=60),
    ),
    deeds=lambda _machine: {"flaky": _paid, "last": _paid},
    act=_run_again,  # nobody knows what an attempt had spent whose worker died, and the last one may spend all there is
    agents=("writer",),
)


def _reviewed(task: Task, log: LogSink, control: Control) -> Outcome:
    comments: list[JsonValue] = [{"path": "a.py", "line": 1, "body": "Here"}]
    outcome = writes(a_txt="better\n")(task, log, control)
    return replace(outcome, outputs={"verdict": "changes", "summary": "One thing.", "comments": comments})


def _everything() -> Publish:
    """One of each kind."""
    kinds = {
        PublishKind.PULL_REQUEST: {"source": "fix", "title": "Better", "labels": ("agent",), "reviewers": ("bo",)},
        PublishKind.PUSH: {"source": "fix"},
        PublishKind.REVIEW: {"source": "fix"},
        PublishKind.COMMENT: {"body": "Hello"},
        PublishKind.LABELS: {"labels": ("seen",)},
        PublishKind.ISSUE: {"title": "Left over"},
    }
    place = Place(file="w.yaml")
    return Publish(targets=tuple(Target(kind=kind, place=place, **keys) for kind, keys in kinds.items()))  # type: ignore[arg-type]


PUBLISHED = Story(
    name="published",
    definition=workflow(
        node("fix", action=Agent(agent="mender", answer={"properties": {}}), workspace=WorkspaceMode.WRITE),
        publish=_everything(),
    ),
    deeds=lambda _machine: {"fix": _reviewed},
    agents=("mender",),
)

STORIES = (BRANCHES, RETRIED, DECIDED, MERGED, CANCELLED, RERUN, BUDGETED, PUBLISHED)
