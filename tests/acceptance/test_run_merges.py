"""Several nodes change one repository: their commits are merged, and an agent mends what conflicts."""

from __future__ import annotations

from tests.fakes.checkout import Checkout, runs, statuses

FAN = """
name: Fan
nodes:
  base: {workspace: write, run: echo base > base.txt}
  left: {needs: base, workspace: write, run: "test -f base.txt && sed -i s/one/LEFT/ shared.txt", name: Left}
  right: {needs: base, workspace: write, run: "sed -i s/three/RIGHT/ shared.txt && echo new > right.txt"}
  both: {needs: [left, right], run: cat shared.txt base.txt right.txt}
  reader: {needs: left, run: echo thrown away > shared.txt}
  joined: {merge: [left, right]}
"""

CONFLICT = """
name: Conflict
defaults: {engine: replay}
nodes:
  left: {workspace: write, run: "sed -i s/two/left/ shared.txt"}
  right: {workspace: write, run: "sed -i s/two/right/ shared.txt"}
  third: {workspace: write, run: "sed -i s/two/third/ shared.txt"}
  merged: {merge: [left, right], resolver: python-pro, prompt: Keep both.}
  behind: {needs: merged, run: cat shared.txt}
"""


def test_commits_of_parallel_nodes_are_merged_into_a_branch(checkout: Checkout) -> None:
    checkout.workflow("fan", FAN)
    checkout.commit("Add a workflow")
    before = checkout.state()
    shown = checkout.run("fan")
    assert runs(shown)["both"]["outputs"]["summary"] == "LEFT\ntwo\nRIGHT\nbase\nnew"
    assert shown["result_branch"] == "mycelium/fan/1"
    assert checkout.git("show", "mycelium/fan/1:shared.txt") == "LEFT\ntwo\nRIGHT\n"
    author_and_node = "--format=%an|%(trailers:key=Mycelium-Node,valueonly,separator=)"
    made = checkout.git("log", "--no-merges", author_and_node, "main..mycelium/fan/1")
    assert sorted(made.split()) == ["Mycelium|base", "Mycelium|left", "Mycelium|right"]
    assert checkout.state() == before


def test_a_conflict_fails_and_names_the_paths(checkout: Checkout) -> None:
    plain = CONFLICT.replace(", resolver: python-pro, prompt: Keep both.", "")
    checkout.workflow("conflict", plain + "  joined: {needs: [left, third], run: 'true'}\n")
    shown = checkout.run("conflict", code=1)
    assert statuses(shown)["behind"] == "skipped"
    merged, joined = runs(shown)["merged"], runs(shown)["joined"]
    assert (merged["status"], merged["error_code"]) == ("failed", "MERGE_CONFLICT")
    assert "shared.txt" in merged["error_message"]
    assert "resolver" in merged["error_message"]
    assert (joined["status"], joined["error_code"]) == ("failed", "RUN_CONFLICT")
    assert "shared.txt" in joined["error_message"]


def test_an_agent_mends_a_conflict(checkout: Checkout) -> None:
    resolve = {"type": "resolve", "path": "shared.txt", "content": "one\nleft and right\nthree\n"}
    transcript = [resolve, {"type": "result", "text": "Kept both."}]
    checkout.workflow("conflict", CONFLICT, {"merged": transcript})
    shown = checkout.run("conflict")
    merged = runs(shown)["merged"]
    assert merged["outputs"]["conflicts"] == ["shared.txt"]
    assert merged["usage"]["replayed"] is True
    assert shown["replayed"] is True
    assert runs(shown)["behind"]["outputs"]["summary"] == "one\nleft and right\nthree"
    branch = shown["result_branch"]
    assert checkout.git("show", f"{branch}:shared.txt") == "one\nleft and right\nthree\n"
    by = checkout.git("log", "-1", "--format=%an", branch)
    assert by == "python-pro (Mycelium)\n"
    assert checkout.log("--node", "merged")[-1]


def test_an_agent_that_leaves_markers_fails_the_merge(checkout: Checkout) -> None:
    checkout.workflow("conflict", CONFLICT, {"merged": [{"type": "result", "text": "Done."}]})
    shown = checkout.run("conflict", code=1)
    merged = runs(shown)["merged"]
    assert merged["error_code"] == "MERGE_CONFLICT"
    assert "`python-pro` left conflicts in shared.txt" in merged["error_message"]
    assert shown["result_branch"] is None or "<<<" not in checkout.git("show", f"{shown['result_branch']}:shared.txt")
