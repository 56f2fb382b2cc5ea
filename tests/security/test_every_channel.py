"""A node says a secret through everything that it has; nothing that is stored, shown or sent holds it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.definition.parse import load_workflow
from orchestrator.execution.outcome import Annotation, FailureClass, Outcome
from orchestrator.lifecycle.ports import Control, LogSink, Task
from orchestrator.lifecycle.report import as_json, view
from orchestrator.report.check_run import execution_check
from orchestrator.report.comment import comment
from orchestrator.report.plain import plain_lines
from orchestrator.report.run_check import run_check
from tests.fakes.world import World

SECRET = "ghp_aS3cret_Value"
MINTED = "made-while-it-ran"
VALUES = (SECRET, MINTED)
NODES = """
nodes:
  tell: {run: x, workspace: write, artifacts: ["**"], continue-on-error: true}
  named: {run: x, needs: tell, name: After}
"""


def telling(failure: FailureClass | None) -> Callable[[Task, LogSink, Control], Outcome]:
    def deed(task: Task, log: LogSink, control: Control) -> Outcome:
        log.mask(MINTED)
        said = f"{SECRET} {MINTED}"
        log.line(f"stdout {said}", group=said)
        log.line(f"\x1b[1m{SECRET[:5]}\x1b[0m{SECRET[5:]}", stream="stderr")
        for name in (f"{SECRET}.txt", f"{MINTED}/a.bin"):
            place = Path(task.workspace, name)
            place.parent.mkdir(exist_ok=True)
            place.write_text("harmless")
        Path(task.workspace, "content.txt").write_text(SECRET)
        Path(task.workspace, "content.bin").write_bytes(SECRET.encode("utf-16"))
        return Outcome(
            failure=failure,
            message=f"{'x' * 9_990}{SECRET}",
            summary=f"# {said}",
            outputs={"text": said, said: [said, {"deep": said}], "url": f"https://x:{SECRET}@host/"},
            annotations=(Annotation(level="error", message=said, title=said, path=f"{said}.py"),),
        )

    return deed


@pytest.mark.parametrize("failure", [None, FailureClass.EXIT])
def test_a_secret_is_in_nothing_that_is_stored_or_shown(
    world_with: Callable[..., World], failure: FailureClass | None
) -> None:
    world = world_with(secrets={"KEY": SECRET})
    world.runner.deeds["tell"] = telling(failure)
    execution = world.run(load_workflow(NODES, "workflows/demo.yaml"))
    seen = view(world.services, execution.id)
    shown = {
        "API and --json": json.dumps(as_json(seen), ensure_ascii=False),
        "comment": comment(seen),
        "terminal": "\n".join(plain_lines(None, seen)),
        "check run": repr(execution_check(seen)),
        "check runs of nodes": repr([run_check(seen, run) for run in seen.runs]),
        "node runs": repr(world.store.runs(execution.id)),
        "log": repr(vars(world.logs)),
        "live events": repr(vars(world.events)),
        "wake-ups": repr(vars(world.wake)),
        "branches": repr(world.git.branches),
    }
    for where, text in shown.items():
        bare = text.replace("\\", "").replace("\x1b[1m", "").replace("\x1b[0m", "")
        assert not [value for value in VALUES if value in bare], where
        assert SECRET[:9] not in bare, where
    assert sum("***" in text for text in shown.values()) >= 5
    outcome = world.node_run(execution, "tell").outcome
    assert outcome
    assert {each.name for each in outcome.artifacts} == {"***.txt", "***/a.bin", "README.md"}
