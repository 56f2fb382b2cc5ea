"""Several process trees: two runs in one repository, and workers and scheduler that were started apart."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from orchestrator.queue.server import EmbeddedServer, find_binary
from tests.fakes.checkout import Checkout, alive, eventually, family, statuses


@pytest.fixture
def server() -> Iterator[EmbeddedServer]:
    embedded = EmbeddedServer(find_binary())
    embedded.start()
    yield embedded
    embedded.stop()


def test_two_runs_at_once_in_one_repository(checkout: Checkout) -> None:
    checkout.workflow(
        "meet",
        """
        name: Meet
        inputs: {me: {required: true}, other: {required: true}}
        nodes:
          meet:
            workspace: write
            env: {ME: "${{ inputs.me }}", OTHER: "${{ inputs.other }}"}
            run: |
              touch "$HOME/../here-$ME" && echo "$ME" > "$ME.txt"
              until test -e "$HOME/../here-$OTHER"; do sleep 0.05; done
        """,
    )
    pairs = (("a", "b"), ("b", "a"))
    processes = [
        checkout.start("run", "meet", "--json", "--input", f"me={me}", "--input", f"other={other}")
        for me, other in pairs
    ]
    ends = [checkout.finish(process) for process in processes]
    assert [end.code for end in ends] == [0, 0], [end.stderr for end in ends]
    shown = [end.json() for end in ends]
    assert sorted(each["number"] for each in shown) == [1, 2]
    for each in shown:
        assert checkout.git("show", f"{each['result_branch']}:{each['input_params']['me']}.txt")
        assert checkout.page(each["id"])


def test_workers_and_scheduler_that_were_started_apart(checkout: Checkout, server: EmbeddedServer) -> None:
    checkout.workflow(
        "apart",
        """
        name: Apart
        nodes:
          first: {retry: {attempts: 2, delay-seconds: 0.1, on: [exit]}, run: 'test "$MYCELIUM_ATTEMPT" = 2'}
          other: {needs: first, queue: large, run: echo other}
          stuck: {needs: other, run: 'echo $$ >> "$HOME/../pids" && exec sleep 600'}
        """,
    )
    checkout.environ["MYCELIUM_REDIS_URL"] = server.url
    id = checkout.mycelium("run", "apart", "--detach").stdout.strip()
    assert checkout.show(id)["status"] == "pending"
    worker = checkout.start("worker", "--concurrency", "1", "--queue", "default", "--queue", "large")
    scheduler = checkout.start("scheduler")
    pids = eventually(lambda: checkout.pids("pids"), "the last node")
    assert statuses(checkout.show(id)) == {"first": "completed", "other": "completed", "stuck": "running"}
    checkout.mycelium("executions", "cancel", id)
    eventually(lambda: not alive(pids), "the end of the cancelled node")
    eventually(lambda: checkout.show(id)["status"] == "cancelled", "the end of the execution")
    trees = [*family(worker.pid), *family(scheduler.pid)]
    for process in (worker, scheduler):
        process.send_signal(signal.SIGTERM)
    assert [checkout.finish(process).code for process in (worker, scheduler)] == [0, 0]
    assert alive(trees) == []


def test_a_worker_without_a_server_to_share_says_what_to_set(checkout: Checkout) -> None:
    for verb in ("worker", "scheduler"):
        assert "MYCELIUM_REDIS_URL" in checkout.mycelium(verb, code=2).stderr
