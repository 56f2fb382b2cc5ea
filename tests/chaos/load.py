"""What runs during a soak: kinds of executions, each of which tells what must have become of it."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.fakes.evidence import NOTE

COUNTED = 20
"""Numbered lines that a node of `fan` logs."""

_COUNT = f'for n in $(seq {COUNTED}); do echo "$MYCELIUM_NODE_RUN $n"; sleep 0.02; done'
_INPUT = "inputs: {ticket: {required: true}}"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A workflow, and how it ends for a ticket's number.

    `calls` says what the soak does to it: approve, reject, cancel or rerun. `files` are those of the result branch.
    """

    name: str
    text: str
    statuses: Mapping[str, str]
    status: str = "completed"
    calls: str = ""
    outputs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    attempts: Callable[[int], Mapping[str, int]] = lambda _ticket: {}
    files: Mapping[str, str] = field(default_factory=dict)
    transcripts: Mapping[str, Sequence[dict[str, object]]] = field(default_factory=dict)
    counted: Sequence[str] = ()


def _kind(name: str, nodes: str, *completed: str, **more: object) -> Kind:
    text = (
        f"name: {name}\n{_INPUT}\nenv: {{TICKET: '${{{{ inputs.ticket }}}}'}}\ndefaults: {{engine: replay}}\nnodes:\n"
    )
    statuses = {**dict.fromkeys(completed, "completed"), **more.pop("statuses", {})}  # type: ignore[dict-item]
    return Kind(name=name, text=text + textwrap.indent(textwrap.dedent(nodes), "  "), statuses=statuses, **more)  # type: ignore[arg-type]


def _add(node: str, needs: str) -> str:
    return f"""\
{node}:
  needs: {needs}
  env: {{N: "${{{{ needs.{needs}.outputs.n }}}}"}}
  run: |
    {NOTE}
    sleep 0.1
    echo "n=$((N + 1))" >> "$GITHUB_OUTPUT"
"""


CHAIN = _kind(
    "chain",
    f'a:\n  run: |\n    {NOTE}\n    echo n=1 >> "$GITHUB_OUTPUT"\n' + _add("b", "a") + _add("c", "b") + _add("d", "c"),
    *"abcd",
    outputs={"d": {"n": "4"}},
)
PARTS = [f"part ({number})" for number in range(1, 7)]
FAN = _kind(
    "fan",
    f"""\
seed: {{run: '{NOTE}'}}
part:
  needs: seed
  strategy: {{matrix: {{v: [1, 2, 3, 4, 5, 6]}}}}
  env: {{V: "${{{{ matrix.v }}}}"}}
  run: |
    {NOTE}
    {_COUNT}
    echo "p$V=$((V * V))" >> "$GITHUB_OUTPUT"
sum:
  needs: part
  env:
    ALL: ${{{{ needs.part.outputs.p1 }}}} ${{{{ needs.part.outputs.p3 }}}} ${{{{ needs.part.outputs.p6 }}}}
  run: |
    {NOTE}
    echo "all=$ALL" >> "$GITHUB_OUTPUT"
""",
    "seed",
    *PARTS,
    "sum",
    outputs={"sum": {"all": "1 9 36"}},
    counted=PARTS,
)
FLAKY = _kind(
    "flaky",
    f"""\
flaky:
  retry: {{attempts: 3, delay-seconds: 0.3, on: [exit, lost]}}
  run: |
    {NOTE}
    sleep 0.2
    test "$MYCELIUM_ATTEMPT" -gt "$((TICKET % 3))"
after: {{needs: flaky, run: '{NOTE}'}}
""",
    "flaky",
    "after",
    attempts=lambda ticket: {"flaky": ticket % 3 + 1},
)
WRITES = _kind(
    "writes",
    f"""\
left:
  workspace: write
  run: |
    {NOTE}
    echo left > left.txt
    sed -i s/two/left/ shared.txt
right:
  workspace: write
  run: |
    {NOTE}
    echo right > right.txt
    sed -i s/two/right/ shared.txt
both: {{merge: [left, right], resolver: python-pro, prompt: Keep both.}}
after:
  needs: both
  artifacts: [left.txt, right.txt]
  run: |
    {NOTE}
    grep -q "left and right" shared.txt
""",
    "left",
    "right",
    "both",
    "after",
    files={"left.txt": "left\n", "right.txt": "right\n", "shared.txt": "one\nleft and right\nthree\n"},
    transcripts={
        "both": [
            {"type": "resolve", "path": "shared.txt", "content": "one\nleft and right\nthree\n"},
            {"type": "result", "text": "Kept both."},
        ]
    },
)
_GATE = f"""\
before: {{run: '{NOTE}'}}
gate: {{needs: before, approval: "Go on?"}}
after: {{needs: gate, run: '{NOTE}'}}
"""
APPROVED = _kind("approved", _GATE, "before", "gate", "after", calls="approve")
REJECTED = _kind(
    "rejected", _GATE, "before", calls="reject", status="failed", statuses={"gate": "failed", "after": "skipped"}
)
CANCELLED = _kind(
    "cancelled",
    f"""\
before: {{run: '{NOTE}'}}
long:
  needs: before
  run: |
    {NOTE}
    sleep 600
after: {{needs: long, run: '{NOTE}'}}
""",
    "before",
    calls="cancel",
    status="cancelled",
    statuses={"long": "cancelled", "after": "cancelled"},
)
MENDED = _kind(
    "mended",
    f"""\
first: {{run: '{NOTE}'}}
broken:
  needs: first
  run: |
    {NOTE}
    test -e "$HOME/../mended-$TICKET"
handler: {{needs: {{broken: on_failure}}, run: '{NOTE}'}}
last: {{needs: broken, run: '{NOTE}'}}
""",
    "first",
    "broken",
    "last",
    calls="rerun",
    statuses={"handler": "skipped"},
)

KINDS = (CHAIN, FAN, FLAKY, WRITES, APPROVED, REJECTED, CANCELLED, MENDED)
BY_COMMAND = (CHAIN, FAN, FLAKY, WRITES)
"""What a `mycelium run` of its own may run: nothing that waits for a person."""
