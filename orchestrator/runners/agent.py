"""Runs an agent with the program of its engine: finds it, gives it what it may have, and judges how it ended."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.errors import SetupError
from orchestrator.execution.log_line import Level
from orchestrator.execution.outcome import FailureClass, Outcome
from orchestrator.lifecycle.ports.runner import AgentTask, Control, LogSink, Task
from orchestrator.runners import attempt, mcp
from orchestrator.runners.agent_reach import agent_reach, with_servers
from orchestrator.runners.conversation import Conversation, Scene
from orchestrator.runners.engine import Engine
from orchestrator.runners.environment import base_environment, folder, passed


@dataclass(frozen=True, kw_only=True, slots=True)
class _Missing(Exception):
    """Why the program cannot be started."""

    failure: FailureClass
    message: str


class AgentRunner:
    """The runner of `engine`. `environ` is the worker's environment; of it the program gets the engine's credentials
    and the allow-list of `environment.py`. Without `program`, the engine's is looked for on PATH."""

    def __init__(self, engine: Engine, *, environ: Mapping[str, str], program: Path | None = None) -> None:
        self._engine = engine
        self._environ = environ
        self._program = program

    def run(self, task: Task, log: LogSink, control: Control) -> Outcome:
        action = task.action
        assert isinstance(action, AgentTask)  # noqa: S101 - the registry has it by engine
        try:
            scene = self._scene(task, action)
        except _Missing as missing:
            return Outcome(failure=missing.failure, message=missing.message)
        for secret in (*task.secrets, *self._engine.credentials.values(scene.env)):
            log.mask(secret)
        attempt.reap_earlier(task)
        try:
            outcome = Conversation(self._engine, scene, log, control).outcome()
        except SetupError as error:
            return Outcome(failure=FailureClass.SETUP, message=str(error))
        if outcome.failure is FailureClass.SETUP:
            for words in mcp.last_words(action.servers, scene.home):
                log.line(f"MCP server {words}", level=Level.WARNING, stream="mycelium")
        return self._naming_the_key(outcome, scene.env)

    def _naming_the_key(self, outcome: Outcome, env: Mapping[str, str]) -> Outcome:
        """Of a key that was refused people must know which one it was."""
        advice = self._engine.credentials.advice(env)
        if outcome.failure is not FailureClass.AUTH or not advice:
            return outcome
        return replace(outcome, message=f"{outcome.message}; {advice}")

    def _scene(self, task: Task, action: AgentTask) -> Scene:
        program, home = self._found(), folder(task, "home")
        env = self._environment(task, home)
        if missing := self._engine.credentials.missing(env, self._engine.title):
            raise _Missing(failure=FailureClass.AUTH, message=missing)
        taken = self._engine.credentials.taken(env)
        hosts = self._engine.hosts(env)
        reach = agent_reach(task, program=program, home=home, environ=self._environ, credentials=taken, hosts=hosts)
        reach = with_servers(reach, action.servers, self._environ)
        return Scene(task=task, action=action, program=program, home=home, env=env, reach=reach)

    def _found(self) -> Path:
        engine = self._engine
        found = self._program or shutil.which(engine.program, path=self._environ.get("PATH"))
        if found is None:
            message = f"{engine.title} is not installed: `{engine.install}`"
            raise _Missing(failure=FailureClass.SETUP, message=message)
        return Path(found)

    def _environment(self, task: Task, home: Path) -> dict[str, str]:
        taken = self._engine.credentials.taken(self._environ)
        return {**base_environment(task, passed(self._environ)), **taken, **task.env, "HOME": str(home)}
