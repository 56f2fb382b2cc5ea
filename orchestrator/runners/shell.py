"""Runs a `run` node: a script for `bash`, with the files and commands of a step of GitHub Actions."""

from __future__ import annotations

import os
import shutil
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from orchestrator.definition.model import JsonValue
from orchestrator.errors import SetupError
from orchestrator.execution.log_line import Level
from orchestrator.execution.outcome import Annotation, FailureClass, Outcome
from orchestrator.lifecycle.ports.runner import STEP_FILES, Control, LogSink, ShellTask, Task
from orchestrator.report.plain_text import clip
from orchestrator.runners import attempt, commands, outputs
from orchestrator.runners.commands import ANNOTATING, LONGEST_PROPERTY, WITHDRAWN, CommandName, WorkflowCommand
from orchestrator.runners.endings import cut_short, exit_message
from orchestrator.runners.environment import base_environment, passed
from orchestrator.runners.plain_command import plain_command
from orchestrator.runners.process import Command
from orchestrator.runners.supervise import Cause, Ended, Limits, supervise

NOWHERE = {"GITHUB_PATH": os.devnull, "GITHUB_STATE": os.devnull}
"""What is written there is for later steps, and a node is one step."""
ANNOTATION_LIMIT = 1000
MASK_LIMIT = 1000
TOO_MANY_MASKED = f"more than {MASK_LIMIT:,} values were to be masked"
SUMMARY_OUTPUT_BYTES = 4096
LAST_LINES = 20
_LEVELS = {
    CommandName.ERROR: Level.ERROR,
    CommandName.WARNING: Level.WARNING,
    CommandName.NOTICE: Level.INFO,
    CommandName.DEBUG: Level.DEBUG,
}


class ShellRunner:
    """`bash --noprofile --norc -eo pipefail FILE` in the workspace. `environ` is the worker's environment.

    A script that is one plain command is executed without a shell, which costs about twice as much as a small program.
    """

    def __init__(self, *, environ: Mapping[str, str]) -> None:
        self._inherited = passed(environ)

    def run(self, task: Task, log: LogSink, control: Control) -> Outcome:
        assert isinstance(task.action, ShellTask)  # noqa: S101 - the registry has it under `shell`
        for secret in task.secrets:
            log.mask(secret)
        limits = Limits(timeout_seconds=task.timeout_seconds, idle_seconds=task.idle_seconds)
        transcript = _Transcript(task, log)
        attempt.reap_earlier(task)
        ended = self._supervised(task, task.action.script, limits, transcript, control)
        for text in ended.left:
            log.line(f"left running, now ended: {text}", level=Level.WARNING, stream="mycelium")
        return _outcome(task, ended, limits, transcript)

    def _supervised(self, task: Task, script: str, limits: Limits, transcript: _Transcript, control: Control) -> Ended:
        env = self._environment(task)
        words = plain_command(script)
        if words and "BASH_ENV" not in env:
            ended = supervise(Command(argv=words, env=env, cwd=task.workspace), limits, transcript, control)
            if ended.cause is not Cause.NOT_STARTED:
                return ended
        # What cannot be executed is for bash to run (a script without a first line) or to complain about.
        argv = self._bash(task, script, env)
        return supervise(Command(argv=argv, env=env, cwd=task.workspace), limits, transcript, control)

    def _environment(self, task: Task) -> dict[str, str]:
        files = {name: str(task.scratch / name) for name in STEP_FILES}
        for path in files.values():
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
        return {**base_environment(task, self._inherited), **NOWHERE, **files, **task.env}

    def _bash(self, task: Task, script: str, env: Mapping[str, str]) -> list[str]:
        bash = shutil.which("bash", path=self._inherited.get("PATH") or env["PATH"])
        if bash is None:
            raise SetupError("`bash` is not on PATH; `run` nodes need it", hint="install bash")
        path = task.scratch / "script.sh"
        path.write_text(script if script.endswith("\n") else script + "\n", encoding="utf-8")
        return [bash, "--noprofile", "--norc", "-eo", "pipefail", str(path)]


class _Transcript:
    """Hears the script: log lines, workflow commands, annotations, last words."""

    def __init__(self, task: Task, log: LogSink) -> None:
        self.task = task
        self.log = log
        self.processes = attempt.Processes(task)
        self.annotations: list[Annotation] = []
        self.said: deque[str] = deque(maxlen=LAST_LINES)
        self.complained = ""
        self.masked: set[str] = set()
        self.withheld = False
        self._group = ""
        self._stopped_until: str | None = None

    def started(self, pid: int, start_time: int) -> None:
        self.processes.started(pid, start_time)

    def lost(self) -> None:
        self.processes.reap()

    def tick(self) -> None:
        self.log.tick()

    def enough(self) -> bool:
        return False

    def line(self, text: str, stream: str) -> None:
        if self.withheld:
            return
        command = self._command(text)
        if command is None:
            self._plain(text, stream)
        elif command.name in ANNOTATING or command.name is CommandName.DEBUG:
            self._remark(command, stream)
        else:
            self._act(command)

    def _command(self, text: str) -> WorkflowCommand | None:
        if self._stopped_until is None:
            return commands.parse(text) if "::" in text else None
        if commands.resumes(text, self._stopped_until):
            self._stopped_until = None
        return None

    def _plain(self, text: str, stream: str) -> None:
        level = Level.WARNING if stream == "stderr" else Level.INFO
        self.log.line(text, level=level, stream=stream, group=self._group)
        if text.strip():
            self.said.append(text)
            if stream == "stderr":
                self.complained = text.strip()

    def _remark(self, command: WorkflowCommand, stream: str) -> None:
        for line in command.message.splitlines() or [""]:
            self.log.line(line, level=_LEVELS[command.name], stream=stream, group=self._group)
        if command.name in ANNOTATING and len(self.annotations) < ANNOTATION_LIMIT:
            self.annotations.append(commands.annotation(command, str(self.task.workspace)))
        if command.name is CommandName.ERROR:
            self.complained = " ".join(command.message.split())

    def _act(self, command: WorkflowCommand) -> None:
        match command.name:
            case CommandName.GROUP:
                self._group = clip(command.message, LONGEST_PROPERTY) or "group"
            case CommandName.ENDGROUP:
                self._group = ""
            case CommandName.ADD_MASK if command.message:
                self._mask(command.message)
            case CommandName.STOP_COMMANDS if command.message:
                self._stopped_until = command.message
            case name if name in WITHDRAWN:
                self.remark(f"`{name}` was withdrawn by GitHub and has no effect; write to $GITHUB_OUTPUT instead")

    def _mask(self, value: str) -> None:
        """Every line of the log is searched for every value, so their number has a limit; past it nothing is shown."""
        self.masked |= set(value.splitlines())
        if len(self.masked) <= MASK_LIMIT:
            self.log.mask(value)
        elif not self.withheld:
            self.remark(f"{TOO_MANY_MASKED}; nothing that follows is shown")
            self.withheld = True

    def last_words(self) -> str:
        """The last complaint; where nothing complained, as with test runners, the last line said at all."""
        return self.complained or (self.said[-1].strip() if self.said else "")

    def remark(self, text: str) -> None:
        self.log.line(text, level=Level.WARNING, stream="mycelium", group=self._group)


def _outcome(task: Task, ended: Ended, limits: Limits, transcript: _Transcript) -> Outcome:
    summary, more = outputs.read_file(task.scratch / "GITHUB_STEP_SUMMARY", limit=outputs.SUMMARY_LIMIT)
    if more:
        transcript.remark("$GITHUB_STEP_SUMMARY holds more than 1 MiB and was cut")
    if transcript.withheld:
        return Outcome(failure=FailureClass.BAD_OUTPUT, exit_code=ended.code, message=TOO_MANY_MASKED)
    outcome = cut_short(ended, limits) or _exited(ended, transcript)
    try:
        values = _values(task.scratch)
    except outputs.BadOutput as problem:
        values = {}
        if outcome.succeeded:
            outcome = replace(outcome, failure=FailureClass.BAD_OUTPUT, message=str(problem))
    own: dict[str, JsonValue] = {"summary": _short_summary(summary, transcript.said), "exit-code": ended.code}
    return replace(outcome, outputs={**values, **own}, summary=summary, annotations=tuple(transcript.annotations))


def _exited(ended: Ended, transcript: _Transcript) -> Outcome:
    if ended.code == 0:
        return Outcome(exit_code=0)
    message = exit_message(ended.code, transcript.last_words()[:500])
    return Outcome(failure=FailureClass.EXIT, exit_code=ended.code, message=message)


def _values(files: Path) -> dict[str, JsonValue]:
    """The outputs; what was written to GITHUB_ENV is the output `env`, as no later step could see it."""
    values: dict[str, JsonValue] = {}
    env = outputs.read_values(files / "GITHUB_ENV", "GITHUB_ENV")
    if env:
        values["env"] = dict(env)
    values.update(outputs.read_values(files / "GITHUB_OUTPUT", "GITHUB_OUTPUT"))
    return values


def _short_summary(summary: str, said: deque[str]) -> str:
    text = summary.strip() or "\n".join(said)
    return text.encode()[:SUMMARY_OUTPUT_BYTES].decode("utf-8", "ignore")
