"""Real agent programs as nodes of a workflow, run by the real `mycelium`: commits, answers, retries, many at once."""

from __future__ import annotations

import os
import re
import signal
import threading
from collections.abc import Mapping

import pytest

from tests.fakes.agent_clis import Cli, every_cli
from tests.fakes.agent_runs import asleep, nothing_left
from tests.fakes.checkout import PATIENCE_SECONDS, Checkout, alive, eventually, family, runs, statuses
from tests.fakes.model_server import Asked, ModelServer, Script, Turn, say, turns
from tests.integration.agents.conftest import Serve

pytestmark = pytest.mark.parametrize("cli", every_cli())

MANY = 12


def by_node(scripts: Mapping[str, Script]) -> Script:
    """Each node has a model of its own; which one it is stands in its prompt."""

    def script(asked: Asked) -> Turn:
        found = re.search(r"You work on node `([^`]+)`", asked.prompt)
        assert found, asked.prompt
        return scripts[found[1]](asked)

    return script


def test_edits_become_commits_and_answers_decide(cli: Cli, checkout: Checkout, serve: Serve) -> None:
    """Two write at the same time, their work is merged, and a third one's answer lets a fourth node run."""
    checkout.workflow(
        "together",
        f"""
        name: Together
        defaults: {{engine: {cli.name}}}
        nodes:
          code:  {{agent: python-pro, workspace: write, prompt: "Write `code.txt`."}}
          tests: {{agent: test-writer, workspace: write, prompt: "Write `tests.txt`.", name: "Test it"}}
          both:  {{merge: [code, tests]}}
          judge:
            agent: code-reviewer
            needs: [both, tests]
            prompt: Judge.
            answer: {{verdict: {{type: string, enum: [keep, discard]}}}}
          after:
            needs: judge
            if: needs.judge.outputs.verdict == 'keep'
            run: cat code.txt tests.txt
        """,
    )
    model = by_node(
        {
            "code": turns(say(cli.write("code.txt", "code\n")), say("I wrote the code.")),
            "tests": turns(say(cli.write("tests.txt", "tests\n")), say("I wrote the tests.")),
            "judge": turns(cli.answer(verdict="keep")),
        }
    )
    with serve(cli, model) as served:
        shown = checkout.run("together")
    assert set(statuses(shown).values()) == {"completed"}
    assert not shown["replayed"]
    branch = shown["result_branch"]
    assert checkout.git("show", f"{branch}:code.txt", f"{branch}:tests.txt") == "code\ntests\n"
    commits = checkout.git("log", "--no-merges", "--format=%s|%an", f"{shown['base']}..{branch}").splitlines()
    assert sorted(commits) == ["I wrote the code.|python-pro (Mycelium)", "Test it|test-writer (Mycelium)"]
    assert checkout.log("--node", "after")[-2:] == ["code", "tests"]
    (judging,) = (asked for asked in served.asked if "Judge." in asked.prompt)
    assert "I wrote the tests." in judging.prompt


def test_an_overloaded_service_is_tried_again_and_a_refused_key_is_not(
    cli: Cli, checkout: Checkout, serve: Serve
) -> None:
    checkout.workflow(
        "again",
        f"""
        name: Again
        defaults: {{engine: {cli.name}, retry: {{attempts: 2, delay-seconds: 0.1}}}}
        nodes:
          busy: {{agent: python-pro, prompt: "Answer."}}
          shut: {{agent: python-pro, prompt: "Answer."}}
        """,
    )
    overloaded = iter(range(cli.tries))

    def busy(_asked: Asked) -> Turn:
        return say("Fine.") if next(overloaded, None) is None else Turn(status=529)

    with serve(cli, by_node({"busy": busy, "shut": turns(Turn(status=401))})):
        shown = checkout.run("again", code=1)
    found = runs(shown)
    assert (found["busy"]["status"], found["busy"]["attempt"]) == ("completed", 2)
    assert (found["shut"]["error_code"], found["shut"]["attempt"]) == ("AGENT_AUTH", 1)
    assert "KEY`" in found["shut"]["error_message"]


def test_twelve_at_once(cli: Cli, checkout: Checkout, serve: Serve) -> None:
    """All are in the middle of their work at the same moment, and each one's edit becomes a commit."""
    checkout.workflow(
        "many",
        f"""
        name: Many
        nodes:
          each:
            strategy: {{matrix: {{number: {list(range(MANY))}}}}}
            agent: python-pro
            engine: {cli.name}
            workspace: write
            prompt: Write file ${{{{ matrix.number }}}}.
          all: {{merge: [each]}}
        """,
    )
    together = threading.Barrier(MANY)

    def script(asked: Asked) -> Turn:
        found = re.search(r"Write file (\d+)\.", asked.prompt)
        assert found, asked.prompt
        if asked.turn == 0:
            together.wait()
            return say(cli.write(f"{found[1]}.txt", "x\n"))
        return say(f"I wrote {found[1]}.")

    with serve(cli, script):
        process = checkout.start("run", "many", "--json", MYCELIUM_CONCURRENCY=str(MANY))
        done = checkout.finish(process, patience=MANY * PATIENCE_SECONDS)
    assert done.code == 0, done.stderr
    shown = done.json()
    files = checkout.git("ls-tree", "--name-only", shown["result_branch"]).split()
    assert {f"{number}.txt" for number in range(MANY)} <= set(files)


WORKING = """
name: Working
defaults: {{engine: {engine}, workspace: write}}
nodes:
  speaks: {{agent: python-pro, prompt: "Speak."}}
  runs: {{agent: python-pro, tools: [Bash], prompt: "Run."}}
  after: {{needs: [speaks, runs], run: cat made.txt}}
"""


def _working(cli: Cli, seconds: str, go: threading.Event) -> Script:
    """One speaks and never ends, another one runs a command, until `go`; then both work as they should."""
    command = f"setsid sleep {seconds} & (env -i /bin/sleep {seconds} &); sleep {seconds}"
    done = turns(say(cli.shell("echo made > made.txt")), say("Fine."))
    return by_node(
        {
            "speaks": lambda _asked: say("Fine.") if go.is_set() else Turn(blocks=say("Well").blocks, stall=True),
            "runs": lambda asked: done(asked) if go.is_set() else say(cli.shell(command)),
        }
    )


def _both_at_work(model: ModelServer, seconds: str) -> None:
    eventually(lambda: len(model.asked) >= 2 and len(asleep(seconds)) >= 3, "both at work")


def test_an_execution_is_cancelled(cli: Cli, checkout: Checkout, serve: Serve, seconds: str) -> None:
    checkout.workflow("working", WORKING.format(engine=cli.name))
    with serve(cli, _working(cli, seconds, threading.Event())) as model, nothing_left(checkout.folder):
        process = checkout.start("run", "working", "--json")
        _both_at_work(model, seconds)
        checkout.mycelium("executions", "cancel")
        done = checkout.finish(process)
    assert done.code == 1, done.stderr
    assert set(statuses(done.json()).values()) == {"cancelled"}
    assert asleep(seconds) == []


def test_a_killed_tree_leaves_nothing_and_is_resumed(cli: Cli, checkout: Checkout, serve: Serve, seconds: str) -> None:
    checkout.workflow("working", WORKING.format(engine=cli.name))
    go = threading.Event()
    with serve(cli, _working(cli, seconds, go)) as model:
        process = checkout.start("run", "working")
        _both_at_work(model, seconds)
        tree = family(process.pid)
        os.killpg(process.pid, signal.SIGKILL)
        checkout.finish(process)
        eventually(lambda: not alive(tree) and not asleep(seconds), "the end of the tree")
        go.set()
        shown = checkout.mycelium("executions", "resume", "latest", "--json").json()
    assert set(statuses(shown).values()) == {"completed"}
    assert checkout.git("show", f"{shown['result_branch']}:made.txt") == "made\n"
