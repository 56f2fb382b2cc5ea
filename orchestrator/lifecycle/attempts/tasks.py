"""From a node of the workflow to a task for a runner, with every expression evaluated."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from orchestrator.definition.model import Agent, AgentDefinition, ContextMode, Merge, RetryClass, Run, WorkspaceMode
from orchestrator.errors import SetupError
from orchestrator.execution.file_name import transcript_name
from orchestrator.execution.outcome import AgentCall, FailureClass, Outcome
from orchestrator.lifecycle import contexts
from orchestrator.lifecycle.attempts import fingerprint
from orchestrator.lifecycle.attempts.attempt import Attempt, AttemptFailed
from orchestrator.lifecycle.attempts.findings import findings, lay_out, told
from orchestrator.lifecycle.attempts.prompts import agent_prompt
from orchestrator.lifecycle.attempts.recording import Recording
from orchestrator.lifecycle.attempts.spending import counted, seconds_allowed
from orchestrator.lifecycle.models import asked_model
from orchestrator.lifecycle.ports import AgentTask, McpServer, Runner, ShellTask, Task, Workspace
from orchestrator.lifecycle.ports.runner import STEP_FILES

SHELL: Final = "shell"
TEMPLATE: Final = "template"
"""The runner of engines that the project file describes."""

MAX_VARIABLE_BYTES: Final = 131_071
MAX_ENVIRONMENT_BYTES: Final = 1_000_000
"""What systems let a program start with: one variable with its name, and all of them."""

AGENT_IDLE_SECONDS: Final = 900.0
"""How long an agent may show no sign of life: longer than any tool call of its own may take, and far shorter than a
stream that the model's service has silently dropped."""


def action_task(attempt: Attempt, workspace: Workspace, servers: tuple[McpServer, ...] = ()) -> ShellTask | AgentTask:
    """What a `run` or `agent` node does in `workspace`; an agent with these MCP servers."""
    match attempt.node.action:
        case Run(script=script):
            return ShellTask(script=attempt.text(script))
        case Agent() as action:
            return _agent_task(attempt, action, workspace, servers)
        case action:
            raise AttemptFailed(FailureClass.SETUP, f"a node of kind {action.kind.value} is not run by a worker")


def _agent_task(attempt: Attempt, action: Agent, workspace: Workspace, servers: tuple[McpServer, ...]) -> AgentTask:
    definition, engine = agent_definition(attempt, action.agent), attempt.text(action.engine)
    found = findings(attempt.predecessors) if action.context is ContextMode.NEEDS else ()
    said = told(found)
    lay_out(said.files, workspace.path)
    return AgentTask(
        definition=definition,
        engine=engine,
        template=attempt.plan.project.engines.get(engine),
        prompt=agent_prompt(attempt, action, workspace, said.lines),
        model=attempt.text(action.model) if action.model else None,
        tools=action.tools,
        max_turns=action.max_turns,
        answer=action.answer,
        servers=servers,
        sandbox=action.sandbox,
        resumes=RetryClass.MAX_TURNS in attempt.node.retry.on,
        transcript=_transcript(attempt, 1),
        transcript_name=transcript_name(attempt.run.key),
        fingerprint=fingerprint.of_agent(attempt, action, definition, found),
        strict=attempt.plan.project.replay.strict,
        allowance=attempt.tally.left,
    )


def resolver_task(attempt: Attempt, action: Merge, prompt: str, conflicts: tuple[str, ...], *, call: int) -> AgentTask:
    """What the resolver of a `merge` node does in its nth call; each call has a transcript of its own to replay."""
    definition, engine = agent_definition(attempt, action.resolver or ""), attempt.text(action.engine)
    return AgentTask(
        definition=definition,
        engine=engine,
        template=attempt.plan.project.engines.get(engine),
        prompt=prompt,
        model=attempt.text(action.model) if action.model else None,
        transcript=_transcript(attempt, call),
        transcript_name=transcript_name(attempt.run.key, call),
        conflicts=conflicts,
        fingerprint=fingerprint.of_resolver(attempt, action, definition, conflicts),
        strict=attempt.plan.project.replay.strict,
        sandbox=action.sandbox,
        allowance=attempt.tally.left,
    )


def _transcript(attempt: Attempt, call: int) -> str | None:
    """The transcript to replay: by its file's name, or by that of the node run alone."""
    files, key = attempt.plan.files, attempt.run.key
    return files.get(transcript_name(key, call), files.get(key if call == 1 else f"{key}.{call}"))


def run_task(attempt: Attempt, action: ShellTask | AgentTask, workspace: Workspace) -> Outcome:
    """Hand `action` to its runner, and wait for the end."""
    runner = attempt.services.runners.get(_runner_name(action))
    if runner is None or (isinstance(action, AgentTask) and action.engine in (SHELL, TEMPLATE)):
        known = {*attempt.services.runners, *attempt.plan.project.engines} - {SHELL, TEMPLATE}
        name = action.engine if isinstance(action, AgentTask) else SHELL
        raise SetupError(f"there is no engine `{name}`", hint=f"engines are {', '.join(sorted(known))}")
    if not isinstance(action, AgentTask):
        return runner.run(_task(attempt, action, workspace), attempt.log, attempt.control)
    return _asked(attempt, action, workspace, runner)


def _asked(attempt: Attempt, action: AgentTask, workspace: Workspace, runner: Runner) -> Outcome:
    """Have an agent work, within its budget, and record it where that is wanted."""
    if attempt.tally.used_up:
        raise AttemptFailed(FailureClass.BUDGET, "what the attempt may use is used up")
    recording = Recording(attempt, action, workspace) if attempt.plan.record else None
    task = _task(attempt, recording.task if recording else action, workspace)
    model = asked_model(action.engine, action.model, action.definition)
    attempt.tally.call = AgentCall(agent=action.definition.id, engine=action.engine, model=model)
    outcome = counted(attempt, task, runner.run(task, attempt.log, attempt.control))
    if recording:
        recording.conclude(outcome)
    return outcome


def _runner_name(action: ShellTask | AgentTask) -> str:
    if isinstance(action, ShellTask):
        return SHELL
    return TEMPLATE if action.template else action.engine


def agent_definition(attempt: Attempt, name: str) -> AgentDefinition:
    """The agent called `name`, as it was when the execution started."""
    definition = attempt.plan.agents.get(name)
    if definition is None:
        raise SetupError(f"agent `{name}` was not found when the execution started")
    return definition


def _task(attempt: Attempt, action: ShellTask | AgentTask, workspace: Workspace) -> Task:
    execution, run, node = attempt.execution, attempt.run, attempt.node
    return Task(
        execution_id=execution.id,
        number=execution.number,
        workflow_id=execution.workflow_id,
        key=run.key,
        node=run.node,
        attempt=run.attempt,
        epoch=run.epoch,
        action=action,
        workspace=workspace.path,
        borrowed=workspace.borrowed,
        scratch=_scratch(attempt, action),
        temp=attempt.folders.empty("tmp"),
        writable=isinstance(node.action, Merge) or node.workspace is WorkspaceMode.WRITE,
        timeout_seconds=seconds_allowed(node, action),
        idle_seconds=AGENT_IDLE_SECONDS if isinstance(action, AgentTask) else None,
        env={**_github_environment(attempt), **_environment(attempt)},
        secrets=tuple(attempt.services.secrets.values()),
        artifacts=node.artifacts,
    )


def _scratch(attempt: Attempt, action: ShellTask | AgentTask) -> Path:
    if isinstance(action, ShellTask):
        return attempt.folders.empty("script", may_hold=STEP_FILES)
    return attempt.folders.empty("scratch")


def _environment(attempt: Attempt) -> dict[str, str]:
    """The variables of the workflow; a program with larger ones could not be started."""
    variables = contexts.environment(attempt.contexts)
    sizes = {name: len(f"{name}={value}".encode("utf-8", "replace")) for name, value in variables.items()}
    for name, size in sizes.items():
        if size > MAX_VARIABLE_BYTES:
            message = f"the variable `{name}` has {size:,} bytes; at most {MAX_VARIABLE_BYTES:,} are allowed"
            raise SetupError(message, hint="hand large texts over in a file")
    if (size := sum(sizes.values())) > MAX_ENVIRONMENT_BYTES:
        message = f"`env` has {size:,} bytes; at most {MAX_ENVIRONMENT_BYTES:,} are allowed"
        raise SetupError(message, hint="hand large texts over in a file")
    return variables


def _github_environment(attempt: Attempt) -> dict[str, str]:
    """The facts that tools written for GitHub Actions look for."""
    execution = attempt.execution
    facts = {
        "GITHUB_ACTOR": execution.triggered_by,
        "GITHUB_EVENT_NAME": execution.event_name,
        "GITHUB_JOB": attempt.run.node,
        "GITHUB_REF_NAME": execution.branch,
        "GITHUB_REPOSITORY": execution.repository,
        "GITHUB_RUN_ATTEMPT": str(attempt.run.attempt),
        "GITHUB_RUN_ID": execution.id,
        "GITHUB_RUN_NUMBER": str(execution.number),
        "GITHUB_SHA": execution.head or "",
        "GITHUB_WORKFLOW": execution.workflow_name,
    }
    return {name: value for name, value in facts.items() if value}
