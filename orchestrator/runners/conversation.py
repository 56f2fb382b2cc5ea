"""The calls of one attempt: the first, and where that may mend how it ended, another in the same session."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from orchestrator.errors import SetupError
from orchestrator.execution.log_line import Level
from orchestrator.execution.outcome import FailureClass, Outcome
from orchestrator.lifecycle.ports.runner import AgentTask, Control, LogSink, Task
from orchestrator.runners.attempt import Processes
from orchestrator.runners.endings import cut_short
from orchestrator.runners.engine import Call, Ending, Engine, Reader, Request
from orchestrator.runners.followup import FollowUp, Reason, follow_up
from orchestrator.runners.happenings import Happening, Spent, Started
from orchestrator.runners.hearing import Ear, Hearing
from orchestrator.runners.jail import Reach
from orchestrator.runners.judgement import misfit, outcome_of
from orchestrator.runners.meter import Meter
from orchestrator.runners.prices import priced
from orchestrator.runners.private_files import leave_plain, renew, write_private
from orchestrator.runners.process import Command
from orchestrator.runners.recorder import Recorder
from orchestrator.runners.sandbox import Confinement, confined, confines
from orchestrator.runners.spending import Spending
from orchestrator.runners.supervise import Cause, Ended, Limits, supervise

EVENT_LIMIT: Final = 32_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """Where an attempt happens: the engine's program, its private home, all of its environment, and what it reaches
    where it is confined."""

    task: Task
    action: AgentTask
    program: Path
    home: Path
    env: Mapping[str, str]
    reach: Reach


class _CutShort(Exception):
    """The program did not end by itself."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.message)
        self.outcome = outcome


class Conversation:
    """One attempt with an engine."""

    def __init__(self, engine: Engine, scene: Scene, log: LogSink, control: Control) -> None:
        self._engine = engine
        self._scene = scene
        self._log = log
        self._control = control
        self._meter = Meter.of(scene.action)
        self._spending = Spending(log)
        self._code: int | None = None
        self._sandbox = ""
        self._deadline = time.monotonic() + scene.task.timeout_seconds
        self._recorder = Recorder() if scene.action.record else None

    def outcome(self) -> Outcome:
        """Call, and call again where it helps. Raises `SetupError` for what cannot be put to the program."""
        try:
            return self._judged(self._called())
        except _CutShort as cut:
            return replace(cut.outcome, usage=self._meter.total, sandbox=self._sandbox)
        except (SetupError, OSError) as error:
            # What earlier calls used is used all the same.
            if not self._meter.total.tokens:
                raise
            usage = self._meter.total
            return Outcome(failure=FailureClass.SETUP, message=str(error), usage=usage, sandbox=self._sandbox)
        finally:
            if self._recorder and self._scene.action.record:
                self._scene.action.record.write_text(self._recorder.text(), encoding="utf-8")

    def _called(self) -> Ending:
        """The last of the endings."""
        action, done = self._scene.action, set[Reason]()
        ending = self._call(self._request(action.prompt))
        while (again := follow_up(ending, misfit(ending, action.answer), action, done)) and not self._meter.used_up:
            done.add(again.reason)
            self._say(again.reason)
            ending = self._followed(ending, again)
        return ending

    def _followed(self, before: Ending, again: FollowUp) -> Ending:
        """What is said in a repaired answer's stead is no report: the words before it are."""
        if self._engine.sessions is not None:
            # Settings, hooks and start-up files that the agent wrote there would run while the secrets are there again.
            renew(self._scene.home, self._engine.sessions)
        self._meter.begin(again.turns)
        ending = self._call(self._request(again.prompt, before.session))
        if again.reason is Reason.REPAIR and ending.failure is FailureClass.MAX_TURNS:
            ending = replace(ending, failure=FailureClass.BAD_OUTPUT, message="no answer fitted the schema")
        text = before.text if again.reason is Reason.REPAIR else ending.text
        return replace(ending, text=text or ending.text, denied=(*before.denied, *ending.denied))

    def _request(self, prompt: str, session: str = "") -> Request:
        scene, meter = self._scene, self._meter
        return Request(
            task=scene.task,
            action=scene.action,
            prompt=prompt,
            home=scene.home,
            env=scene.env,
            session=session,
            spent=meter.total,
            turns=meter.turns_left,
            usd=meter.usd_left,
            confined=confines(scene.action.sandbox),
        )

    def _call(self, request: Request) -> Ending:
        """One run of the program, to its end."""
        call = self._engine.call(request)
        argv = [str(self._scene.program), *call.arguments]
        stdin = self._stdin(call)
        command = Command(argv=argv, env=call.env, cwd=request.task.workspace, stdin=stdin, contained=True)
        reader, limits = self._engine.reader(request), self._limits()
        try:
            with confined(self._scene.action.sandbox, self._scene.reach, command) as place:
                ended = self._supervised(place, limits, self._hearing(reader, call, place))
        finally:
            leave_plain(request.home)
            _remove(call.passing)
        return self._ended(ended, reader.ending(ended.code), limits)

    def _stdin(self, call: Call) -> Path | None:
        if not call.stdin:
            return None
        file = self._scene.task.scratch / "stdin"
        write_private(file, call.stdin)
        return file

    def _supervised(self, place: Confinement, limits: Limits, hearing: Hearing) -> Ended:
        self._sandbox = place.used
        hearing.tick()
        ended = supervise(place.command, limits, hearing, self._control)
        code = place.ended(ended.code)
        hearing.tick()
        return replace(ended, code=code)

    def _hearing(self, reader: Reader, call: Call, place: Confinement) -> Hearing:
        def told(happening: Happening) -> None:
            match happening:
                case Started():
                    _remove(call.passing)
                case Spent():
                    self._spending.heard(self._meter.total)

        ears: list[Ear] = [told]
        if self._recorder:
            ears.append(self._recorder.hear)
        processes = Processes(self._scene.task)
        return Hearing(reader, self._log, processes, self._meter, ears=ears, news=place.news)

    def _ended(self, ended: Ended, ending: Ending, limits: Limits) -> Ending:
        if ended.cause is not Cause.NOT_STARTED:
            self._log.line(f"its processes were held by: {ended.contained_by}", level=Level.DEBUG, stream="mycelium")
        for text in ended.left:
            self._say(f"left running, now ended: {text}")
        self._meter.now, self._code = priced(ending.usage), ended.code
        self._spending.ended(self._meter.total)
        if self._meter.cost_unknown and not self._meter.before.tokens:
            model = ending.usage.model or "that it chose"
            self._say(f"what the model {model} costs is not known, so that the budget in USD cannot be kept")
        if cut := cut_short(ended, replace(limits, timeout_seconds=self._scene.task.timeout_seconds)):
            raise _CutShort(cut)
        passed = self._meter.exceeded() if ended.cause is Cause.ENOUGH else None
        if ending.failure is FailureClass.MAX_TURNS and self._meter.turns_of_budget:
            passed = FailureClass.BUDGET, f"it used up the {self._meter.all_turns} turns of its budget"
        return replace(ending, failure=passed[0], message=passed[1]) if passed else ending

    def _limits(self) -> Limits:
        task = self._scene.task
        left = max(0.0, self._deadline - time.monotonic())
        return Limits(timeout_seconds=left, idle_seconds=task.idle_seconds, line_bytes=EVENT_LIMIT)

    def _judged(self, ending: Ending) -> Outcome:
        outcome = outcome_of(replace(ending, usage=self._meter.total), self._scene.action.answer)
        if outcome.succeeded:
            for name in sorted(set(ending.denied)):
                self._say(f"the tool `{name}` was denied; allow it with `tools`")
        return replace(outcome, exit_code=self._code, sandbox=self._sandbox)

    def _say(self, text: str) -> None:
        self._log.line(text, level=Level.WARNING, stream="mycelium")


def _remove(files: Iterable[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)
