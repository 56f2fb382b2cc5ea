"""What breaks a limit ends with a word about it; the rest of the execution goes on, and nothing else is harmed."""

from __future__ import annotations

from tests.fakes.checkout import Checkout, runs, statuses

NODES = """
name: Too much
nodes:
  outputs: {run: 'printf "a=%01048575d" 0 > "$GITHUB_OUTPUT"'}
  large:
    run: printf "a=%0200000d" 0 > "$GITHUB_OUTPUT"
  variable:
    needs: large
    env: {LARGE: "${{ needs.large.outputs.a }}"}
    run: echo never
  masks: {run: 'for n in $(seq 1001); do echo "::add-mask::value$n"; done; echo value1001'}
  line: {run: 'head -c 1500000 /dev/zero | tr "\\0" x'}
  after: {needs: line, run: echo fine}
  gather:
    needs: {outputs: always, variable: always, masks: always}
    run: echo gathered
"""


def test_nodes_that_give_too_much_fail_alone(checkout: Checkout) -> None:
    checkout.workflow("much", NODES)
    shown = checkout.run("much", code=1)
    assert statuses(shown) == {
        **dict.fromkeys(("outputs", "variable", "masks"), "failed"),
        **dict.fromkeys(("large", "line", "after", "gather"), "completed"),
    }
    codes = {name: run["error_code"] for name, run in runs(shown).items() if run["error_code"]}
    assert codes == {"outputs": "RUN_BAD_OUTPUT", "variable": "RUN_SETUP", "masks": "RUN_BAD_OUTPUT"}
    log = "\n".join(checkout.log())
    for said in (
        "more than 1 MiB was written to $GITHUB_OUTPUT; keep large results as artifacts",
        "the variable `LARGE` has 200,006 bytes; at most 131,071 are allowed (hand large texts over in a file)",
        "more than 1,000 values were to be masked; nothing that follows is shown",
        "more characters)",
    ):
        assert said in log
    assert "value1001" not in log


def test_a_file_that_is_too_large_leaves_the_others_alone(checkout: Checkout) -> None:
    checkout.workflow("fine", "name: Fine\nnodes: {a: {run: echo fine}}\n")
    path = checkout.workflow("large", "nodes: {a: {run: x}}\n" + "#" * 2_000_000)
    refused = checkout.mycelium("validate", code=2)
    assert "workflows/large.yaml:1:1: the file has more than 2,000,000 bytes\n  split the workflow\n" in refused.stdout
    assert checkout.mycelium("run", path, code=2).stdout == ""
    wide = "nodes:\n" + "".join(f"  n{number}: {{run: x, strategy: *m}}\n" for number in range(40))
    checkout.workflow("wide", wide.replace("*m", f"&m {{matrix: {{v: [{', '.join(map(str, range(256)))}]}}}}", 1))
    refused = checkout.mycelium("run", "wide", code=2)
    assert refused.stderr == "error: the workflow comes to more than 10,000 node runs\n  make its matrices smaller\n"
    assert checkout.run("fine")["status"] == "completed"
