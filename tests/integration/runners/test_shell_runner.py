"""Scripts run as steps of GitHub Actions do, and leave nothing alive."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from orchestrator.execution.log_line import Level
from orchestrator.execution.outcome import FailureClass, Outcome
from orchestrator.lifecycle.ports.runner import ShellTask, StopReason
from orchestrator.runners import environment
from orchestrator.runners.process import Command, start
from orchestrator.runners.shell import ShellRunner
from tests.fakes.checkout import eventually
from tests.fakes.processes import gone
from tests.fakes.running import ListLog, pipe_control, task


def run(folder: Path, script: str, log: ListLog | None = None, **changes: Any) -> Outcome:
    with pipe_control() as control:
        runner = ShellRunner(environ={"PATH": os.environ["PATH"], "MYCELIUM_SECRET_A": "hidden"})
        return runner.run(task(folder, ShellTask(script=script), **changes), log or ListLog(), control)


def test_outputs_summary_and_annotations(tmp_path: Path) -> None:
    log = ListLog()
    outcome = run(
        tmp_path,
        """
        echo 'version=1.2' >> "$GITHUB_OUTPUT"
        echo '# Fine' >> "$GITHUB_STEP_SUMMARY"
        echo 'A=b' >> "$GITHUB_ENV"
        echo '::group::Check'; echo inside; echo '::endgroup::'
        echo '::warning file=a.py,line=3::look'
        echo '::add-mask::s3cret'
        echo aside >&2
        """,
        log,
    )
    assert outcome.succeeded
    assert outcome.outputs == {"version": "1.2", "env": {"A": "b"}, "summary": "# Fine", "exit-code": 0}
    assert outcome.summary == "# Fine\n"
    assert [(each.level, each.path, each.start_line) for each in outcome.annotations] == [("warning", "a.py", 3)]
    assert ("inside", Level.INFO, "stdout", "Check") in log.lines
    assert ("look", Level.WARNING, "stdout", "") in log.lines
    assert ("aside", Level.WARNING, "stderr", "") in log.lines
    assert log.masked == ["s3cret"]


def test_stopped_commands_are_text(tmp_path: Path) -> None:
    log = ListLog()
    outcome = run(tmp_path, "echo ::stop-commands::tok; echo ::error::no; echo ::tok::; echo ::error::yes", log)
    assert [each.message for each in outcome.annotations] == ["yes"]
    assert "::error::no" in log.texts


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo first >&2; echo worst >&2; exit 3", "exit code 3: worst"),
        ("false; echo never", "exit code 1"),
        ("false | true; echo never", "exit code 1"),
        ("kill -9 $$", "ended by SIGKILL (out of memory?)"),
    ],
)
def test_failures_name_code_and_last_words(tmp_path: Path, script: str, message: str) -> None:
    outcome = run(tmp_path, script)
    assert (outcome.failure, outcome.message) == (FailureClass.EXIT, message)


def test_malformed_output_fails_the_node(tmp_path: Path) -> None:
    outcome = run(tmp_path, "echo nonsense >> $GITHUB_OUTPUT")
    assert outcome.failure is FailureClass.BAD_OUTPUT
    assert "line 1" in outcome.message


def test_stdin_is_empty_and_the_workspace_is_the_directory(tmp_path: Path) -> None:
    log = ListLog()
    assert run(tmp_path, "cat; pwd", log).succeeded
    assert log.texts == [str(tmp_path / "workspace")]


def test_no_secret_is_in_sight_of_the_node_or_its_parents(tmp_path: Path) -> None:
    outcome = run(tmp_path, "! (env; cat /proc/$PPID/environ) | grep -q hidden")
    assert outcome.succeeded, outcome.message


@pytest.mark.parametrize(("clock", "failure"), [("timeout_seconds", "timeout"), ("idle_seconds", "idle")])
def test_clocks_end_the_tree(tmp_path: Path, clock: str, failure: str) -> None:
    outcome = run(tmp_path, "echo $$ > pid; sleep 1000", **{clock: 0.3})
    assert outcome.failure == failure
    assert gone(int((tmp_path / "workspace/pid").read_text()))


@pytest.mark.parametrize("start", ["sleep 1000 &", "(setsid env -i /bin/sleep 1000 & echo $! > pid)"])
def test_what_is_left_running_is_ended_and_reported(tmp_path: Path, start: str) -> None:
    log = ListLog()
    outcome = run(tmp_path, f"{start}\n[ -f pid ] || echo $! > pid", log)
    assert outcome.succeeded
    assert any("left running, now ended" in text and "sleep 1000" in text for text in log.texts)
    assert gone(int((tmp_path / "workspace/pid").read_text()))


def test_a_stop_ends_a_tree_that_ignores_polite_signals(tmp_path: Path) -> None:
    script = "trap '' INT TERM; (setsid sleep 1000 & echo $! > pid; wait); while :; do sleep 0.1; done"
    log = ListLog()
    with pipe_control() as control:
        control.wake()
        log.on_line = lambda _text: control.stop(StopReason.CANCELLED)
        runner = ShellRunner(environ=os.environ)
        outcome = runner.run(task(tmp_path, ShellTask(script="echo ready\n" + script)), log, control)
    assert outcome.cancelled
    pid = tmp_path / "workspace/pid"
    assert not pid.exists() or gone(int(pid.read_text()))


WORKER = """
import os, sys
from pathlib import Path
from orchestrator.lifecycle.ports.runner import ShellTask
from orchestrator.runners import environment
from orchestrator.runners.process import Command, start
from orchestrator.runners.shell import ShellRunner
from tests.fakes.checkout import eventually
from tests.fakes.running import ListLog, PipeControl, task
log = ListLog()
log.on_line = lambda text: print(text, flush=True)
script = "trap '' INT TERM; (setsid env -i /bin/sleep 1000 & echo $!); echo $$; sleep 1000"
ShellRunner(environ=os.environ).run(task(Path(sys.argv[1]), ShellTask(script=script)), log, PipeControl())
"""


def test_killing_the_worker_ends_the_node(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WORKER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]) as worker:
        assert worker.stdout is not None
        nodes = [psutil.Process(int(worker.stdout.readline())) for _ in range(2)]
        worker.send_signal(signal.SIGKILL)
    _, alive = psutil.wait_procs(nodes, timeout=20)
    assert alive == []


def test_reap_kills_what_carries_the_marker(tmp_path: Path) -> None:
    """The guard is killed, so nobody else would end what the node started in a session of its own."""
    script = "(setsid sleep 1000 & echo $! > pid); kill -9 $PPID; sleep 1000"
    outcome = run(tmp_path, script)
    orphan = int((tmp_path / "workspace/pid").read_text())
    assert outcome.failure is FailureClass.LOST
    assert gone(orphan)


def test_a_plain_command_is_executed_without_a_shell(tmp_path: Path) -> None:
    log = ListLog()
    assert run(tmp_path, "/bin/echo one  two", log).succeeded
    assert log.texts == ["one two"]
    assert not (tmp_path / "scratch/script.sh").exists()


@pytest.mark.parametrize(("name", "code"), [("missing", 127), ("scratch", 126)])
def test_a_plain_command_that_cannot_be_executed_is_complained_about_by_bash(
    tmp_path: Path, name: str, code: int
) -> None:
    outcome = run(tmp_path, f"{tmp_path / name} -x")
    assert (outcome.failure, outcome.exit_code) == (FailureClass.EXIT, code)
    assert str(tmp_path / name) in outcome.message


def test_a_script_without_a_first_line_still_runs(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("echo by bash\n")
    program.chmod(0o755)
    log = ListLog()
    assert run(tmp_path, str(program), log).succeeded
    assert log.texts == ["by bash"]


def test_a_guard_serves_one_node_after_the_other(tmp_path: Path) -> None:
    guards = set()
    for number in range(3):
        folder = tmp_path / str(number)
        folder.mkdir()
        guards.add(run(folder, 'echo "guard=$PPID" >> "$GITHUB_OUTPUT"').outputs["guard"])
    assert len(guards) == 1


def test_a_late_word_to_stop_is_not_taken_for_the_next_node(tmp_path: Path) -> None:
    """It may cross the word that the node has ended."""
    first = start(Command(argv=["/bin/true"], env={}, cwd=tmp_path))
    while not first.ended:
        first.listen()
    first.stop()
    first.close()
    second = start(Command(argv=["/bin/sleep", "0.05"], env={}, cwd=tmp_path))
    while not second.ended:
        second.listen()
    assert second.link is first.link
    assert second.exit_code == 0
    second.close()


def test_a_guard_that_was_killed_while_idle_is_replaced(tmp_path: Path) -> None:
    for number in range(3):
        folder = tmp_path / str(number)
        folder.mkdir()
        guard = int(str(run(folder, 'echo "guard=$PPID" >> "$GITHUB_OUTPUT"').outputs["guard"]))
        os.kill(guard, signal.SIGKILL)
        eventually(partial(gone, guard), "the end of the guard")


def test_what_an_earlier_claim_left_is_killed_first(tmp_path: Path) -> None:
    mark = environment.marker(task(tmp_path, ShellTask(script=""), key="n", epoch=1))
    left, other = (
        subprocess.Popen(["sleep", "1000"], env={environment.MARKER: text}) for text in (mark, mark[:-1] + "10")
    )
    try:
        assert run(tmp_path, "true", key="n", epoch=2).succeeded
        assert gone(left.pid)
        assert not gone(other.pid)
    finally:
        for process in (left, other):
            process.kill()
            process.wait()


def test_a_guard_in_waiting_serves_although_the_nursery_was_killed(tmp_path: Path) -> None:
    """The first script kills the nursery, its guard's parent; the guard in waiting and a new nursery's do the rest."""
    kill_nursery = 'kill -9 "$(ps -o ppid= -p $PPID)"; echo "$?"'
    for number, script in enumerate([kill_nursery, "echo one", "echo two"]):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert run(folder, script).failure is None


def test_nodes_run_side_by_side(tmp_path: Path) -> None:
    outcomes: list[Outcome] = []

    def one(number: int) -> None:
        folder = tmp_path / str(number)
        folder.mkdir()
        outcomes.append(run(folder, f"echo n={number} >> $GITHUB_OUTPUT"))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(str(each.outputs["n"]) for each in outcomes) == list("012345")


def test_a_flood_is_read_to_its_end(tmp_path: Path) -> None:
    log = ListLog()
    assert run(tmp_path, "seq 200000; head -c 3000000 /dev/zero | tr '\\0' x; echo; echo end", log).succeeded
    assert len(log.lines) == 200_002
    assert "cut]" in log.texts[-2]
