"""Runs agents with engines that the project file describes."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.execution.outcome import Outcome
from orchestrator.lifecycle.ports.runner import AgentTask, Control, LogSink, Task
from orchestrator.runners.agent import AgentRunner
from orchestrator.runners.template import TemplateEngine


class DescribedRunner:
    """Every task brings the template of its engine. `environ` is the worker's environment."""

    def __init__(self, *, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def run(self, task: Task, log: LogSink, control: Control) -> Outcome:
        assert isinstance(task.action, AgentTask)  # noqa: S101 - the registry has it by engine
        assert task.action.template is not None  # noqa: S101 - as above
        engine = TemplateEngine(template=task.action.template)
        return AgentRunner(engine, environ=self._environ).run(task, log, control)
