"""One workflow with every kind of flow, run by the real program in a checkout with work under way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.checkout import Checkout, checkouts, runs, statuses

SECRET = "s3cr3t-value-that-nobody-may-see"

FLOW = """
name: Flow
inputs:
  who: {required: true}
env: {GREETING: "hello ${{ inputs.who }}"}
nodes:
  first:
    run: |
      echo "$GREETING"
      TOKEN=$(cat "$HOME/token")
      echo "token: $TOKEN"
      echo "answer=42" >> "$GITHUB_OUTPUT"
      echo "leak=$TOKEN" >> "$GITHUB_OUTPUT"
      mkdir -p reports && echo kept > reports/result.txt && echo other > other.txt
      echo "::warning file=shared.txt,line=2::look at $TOKEN"
    artifacts: [reports]
    outputs: {twice: "${{ outputs.answer }}${{ outputs.answer }}"}
  second: {needs: first, run: 'echo "got $ANSWER"', env: {ANSWER: "${{ needs.first.outputs.twice }}"}}
  third: {needs: second, run: "cat shared.txt staged.txt"}
  each:
    needs: first
    strategy: {matrix: {size: [1, 2], exclude: [{size: 2}], include: [{size: 3}]}}
    run: echo "size ${{ matrix.size }}"
  flaky:
    retry: {attempts: 3, delay-seconds: 0.2, backoff: fixed, on: [exit]}
    run: test "$MYCELIUM_ATTEMPT" = 3
  tolerated: {run: exit 7, continue-on-error: true}
  after: {needs: tolerated, run: "echo ${{ needs.tolerated.result }}"}
  never: {if: "inputs.who == 'nobody'", run: exit 1}
  behind: {needs: never, run: exit 1}
  rescue: {needs: {tolerated: on_failure}, run: exit 1}
  anyway: {needs: {never: always, third: on_success}, run: echo anyway}
"""


class Ran:
    """A run of FLOW, and what the checkout was like before."""

    def __init__(self, checkout: Checkout) -> None:
        self.checkout = checkout
        checkout.workflow("flow", FLOW)
        checkout.commit("Add a workflow")
        checkout.write("staged.txt", "staged\n")
        checkout.git("stash", "push", "--quiet", "--include-untracked")
        checkout.write("staged.txt", "staged\n")
        checkout.git("add", "staged.txt")
        checkout.write("shared.txt", "changed, not committed\n")
        checkout.write("untracked.txt", "mine\n")
        (checkout.folder / "home/token").write_text(SECRET, encoding="utf-8")
        self.before = checkout.state()
        self.done = checkout.mycelium("run", "flow", "--json", "--input", "who=world", MYCELIUM_SECRET_X=SECRET)
        self.shown: dict[str, Any] = self.done.json()
        self.runs = runs(self.shown)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    for checkout in checkouts(tmp_path_factory.mktemp("flow")):
        yield Ran(checkout)


def test_nodes_end_as_their_conditions_say(ran: Ran) -> None:
    assert statuses(ran.shown) == {
        "first": "completed",
        "second": "completed",
        "third": "completed",
        "each (1)": "completed",
        "each (3)": "completed",
        "flaky": "completed",
        "tolerated": "failed",
        "after": "completed",
        "never": "skipped",
        "behind": "skipped",
        "rescue": "skipped",
        "anyway": "completed",
    }
    assert ran.runs["after"]["outputs"]["summary"] == "success"
    assert ran.runs["tolerated"]["error_code"] == "RUN_EXIT"
    assert ran.runs["tolerated"]["result"] == "success"
    assert ran.runs["flaky"]["attempt"] == 3


def test_outputs_reach_what_needs_them(ran: Ran) -> None:
    assert ran.runs["first"]["outputs"]["twice"] == "4242"
    assert ran.runs["second"]["outputs"]["summary"] == "got 4242"
    assert ran.runs["each (3)"]["outputs"]["summary"] == "size 3"


def test_uncommitted_changes_of_tracked_files_are_taken_along(ran: Ran) -> None:
    assert ran.runs["third"]["outputs"]["summary"] == "changed, not committed\nstaged"


def test_artifacts_are_kept(ran: Ran) -> None:
    (kept,) = ran.runs["first"]["artifacts"]
    assert (kept["name"], kept["size"]) == ("reports/result.txt", 5)


def test_json_is_the_execution_as_the_rest_api_shows_it(ran: Ran) -> None:
    shown = ran.shown
    assert (shown["status"], shown["trigger"], shown["triggered_by"]) == ("completed", "manual", "somebody")
    assert (shown["workflow_id"], shown["input_params"]) == ("flow", {"who": "world"})
    assert shown["node_statuses"]["each"] == "completed"
    assert set(shown["output_data"]) == {"each", "flaky", "after", "behind", "rescue", "anyway"}
    assert shown["error_message"] is None
    assert shown["started_at"] <= shown["completed_at"]
    assert shown["result_branch"] is None
    assert shown | {"interrupted": False} == ran.checkout.show()


def test_progress_and_links_go_to_stderr(ran: Ran) -> None:
    assert "flaky" in ran.done.stderr
    assert f"executions/{ran.shown['id']}/index.html" in ran.done.stderr


def test_secrets_are_nowhere(ran: Ran) -> None:
    assert ran.checkout.log("--node", "first")[:2] == ["hello world", "token: ***"]
    assert ran.runs["first"]["outputs"]["leak"] == "***"
    assert SECRET not in ran.done.stdout + ran.done.stderr
    assert "look at ***" in ran.checkout.page(ran.shown["id"])
    places = [ran.checkout.root / ".mycelium", ran.checkout.folder / "home"]
    files = [path for place in places for path in place.rglob("*") if path.is_file() and path.name != "token"]
    assert files
    assert [path for path in files if SECRET.encode() in path.read_bytes()] == []


def test_the_checkout_stays_as_it_was(ran: Ran) -> None:
    assert ran.checkout.state() == ran.before
    assert ran.checkout.git("for-each-ref", "refs/heads/mycelium") == ""


def test_history_lists_shows_and_prints_logs(ran: Ran) -> None:
    checkout, id = ran.checkout, ran.shown["id"]
    (listed,) = checkout.mycelium("executions", "list", "--json", "--workflow", "flow").json()
    assert listed["id"] == id
    assert checkout.mycelium("executions", "list", "--status", "failed", "--json").json() == []
    shown = checkout.mycelium("executions", "show", id[:20]).stdout
    assert "RUN_EXIT" in shown
    assert "each (3)" in shown
    assert checkout.log("--search", "GOT")[0] == "got 4242"
    assert checkout.log("--level", "warning", "--node", "first") == ["look at ***"]


def test_a_value_that_no_input_takes_starts_nothing(checkout: Checkout, tmp_path: Path) -> None:
    checkout.workflow("flow", FLOW)
    done = checkout.mycelium("run", "flow", "--json", code=2)
    assert "who" in done.stderr
    assert done.stdout == ""
    assert not (checkout.root / ".mycelium").exists()
