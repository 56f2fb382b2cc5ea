"""Approvals and doing it again, each in a process of its own after the run that began it has ended."""

from __future__ import annotations

from tests.fakes.checkout import Checkout, eventually, runs, statuses

GATE = """
name: Gate
nodes:
  before: {run: echo before}
  gate: {needs: before, approval: "Go on?"}
  after: {needs: gate, run: echo after}
"""

AGAIN = """
name: Again
nodes:
  steady: {run: echo "$RANDOM $RANDOM $RANDOM"}
  broken: {needs: steady, run: 'test -e "$HOME/../mended"'}
  after: {needs: broken, run: echo after}
"""

RETRY = """
name: Retry
nodes:
  flaky:
    retry: {{attempts: 3, delay-seconds: {seconds}, backoff: linear, on: [exit]}}
    run: echo "$MYCELIUM_ATTEMPT" >> "$HOME/../attempts" && exit 9
"""


def test_an_approval_outlives_its_run_and_is_given_later(checkout: Checkout) -> None:
    checkout.workflow("gate", GATE)
    done = checkout.mycelium("run", "gate", "--json", code=4)
    shown = done.json()
    assert shown["status"] == "waiting"
    assert statuses(shown) == {"before": "completed", "gate": "waiting", "after": "pending"}
    id = shown["id"]
    assert f"mycelium executions approve {id} gate" in checkout.mycelium("executions", "show", id).stdout
    again = checkout.mycelium("executions", "approve", id, "gate", "--json").json()
    assert again["status"] == "completed"
    assert runs(again)["gate"]["decided_by"] == "somebody"
    assert checkout.mycelium("executions", "approve", id, "gate", code=2).stderr


def test_a_rejection_skips_what_follows(checkout: Checkout) -> None:
    checkout.workflow("gate", GATE)
    id = checkout.run("gate", code=4)["id"]
    shown = checkout.mycelium("executions", "reject", id, "gate", "--json", code=1).json()
    assert statuses(shown) == {"before": "completed", "gate": "failed", "after": "skipped"}
    assert runs(shown)["gate"]["error_code"] == "APPROVAL_REJECTED"


def test_without_a_terminal_it_approves_when_told_so_and_says_it(checkout: Checkout) -> None:
    checkout.workflow("gate", GATE)
    done = checkout.mycelium("run", "gate", "--json", "--approve-unattended")
    assert "there is no terminal" in done.stderr
    gate = runs(done.json())["gate"]
    assert (gate["status"], gate["decided_by"]) == ("completed", "--approve-unattended")


def test_an_ended_execution_is_run_again_in_part_or_whole(checkout: Checkout) -> None:
    checkout.workflow("again", AGAIN)
    first = checkout.run("again", code=1)
    steady = runs(first)["steady"]["outputs"]["summary"]
    (checkout.folder / "mended").touch()
    failed = checkout.mycelium("executions", "rerun", "--failed", "--json").json()
    assert failed["id"] == first["id"]
    assert failed["status"] == "completed"
    assert runs(failed)["steady"]["outputs"]["summary"] == steady
    node = checkout.mycelium("executions", "rerun", first["id"], "--node", "after", "--json").json()
    assert runs(node)["broken"]["completed_at"] == runs(failed)["broken"]["completed_at"]
    assert runs(node)["after"]["completed_at"] > runs(failed)["after"]["completed_at"]
    whole = checkout.mycelium("executions", "rerun", first["id"], "--json").json()
    assert (whole["number"], whole["base"]) == (2, first["base"])
    assert runs(whole)["steady"]["outputs"]["summary"] != steady
    assert checkout.mycelium("executions", "rerun", first["id"], "--node", "nothing", code=2).stderr


def test_a_failing_node_is_tried_as_often_as_it_says(checkout: Checkout) -> None:
    checkout.workflow("retry", RETRY.format(seconds=0.1))
    flaky = runs(checkout.run("retry", code=1))["flaky"]
    assert (flaky["attempt"], flaky["error_code"]) == (3, "RUN_EXIT")
    assert (checkout.folder / "attempts").read_text().split() == ["1", "2", "3"]


def test_a_retry_waits_for_its_backoff(checkout: Checkout) -> None:
    checkout.workflow("retry", RETRY.format(seconds=3600))
    process = checkout.start("run", "retry", "--json")
    eventually((checkout.folder / "attempts").exists, "the first attempt")
    eventually(lambda: statuses(checkout.show())["flaky"] == "queued", "the wait for the second one")
    checkout.mycelium("executions", "cancel")
    shown = checkout.finish(process).json()
    assert statuses(shown) == {"flaky": "cancelled"}
    assert (checkout.folder / "attempts").read_text().split() == ["1"]
