"""Where a run takes its workflow from, and who serves the queues it names."""

from __future__ import annotations

from tests.fakes.checkout import Checkout, runs, statuses


def test_workers_of_a_run_serve_every_queue_it_names(checkout: Checkout) -> None:
    checkout.workflow(
        "queues",
        """
        nodes:
          first: {run: echo 1, queue: linux}
          then: {run: echo 2, queue: windows, needs: first}
        """,
    )
    assert statuses(checkout.run("queues")) == {"first": "completed", "then": "completed"}


def test_a_ref_brings_workflow_agents_transcripts_and_code(checkout: Checkout) -> None:
    ending: dict[str, object] = {"type": "result", "text": "as committed"}
    text = "nodes: {look: {agent: looker, engine: replay, prompt: Look.}, code: {run: cat shared.txt}}"
    name = checkout.workflow("there", text, {"look": [ending]})
    checkout.write(".claude/agents/looker.md", "---\nname: looker\ndescription: Looks.\n---\nLook.\n")
    checkout.commit("Add a workflow")
    checkout.git("branch", "kept")
    checkout.git("rm", "--quiet", "-r", "workflows", ".claude")
    checkout.write("shared.txt", "changed\n")
    checkout.commit("Remove it")

    shown = checkout.run(name, "--ref", "kept")

    outputs = {key: run["outputs"] for key, run in runs(shown).items()}
    assert outputs["look"]["text"] == "as committed"
    assert "one" in outputs["code"]["summary"]


def test_what_a_ref_does_not_hold_is_not_taken_from_the_checkout(checkout: Checkout) -> None:
    checkout.git("branch", "before")
    checkout.workflow("new", "nodes: {a: {run: echo 1}}")
    done = checkout.mycelium("run", "new", "--ref", "before", code=2)
    assert "there is no workflow file or id `new` in commit" in done.stderr
