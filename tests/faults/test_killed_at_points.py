"""Real processes kill themselves around the deeds of an execution, which ends as it would have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator import app
from orchestrator.cli.request import Wanted, request
from orchestrator.execution.state import NodeStatus
from orchestrator.lifecycle import perform
from orchestrator.lifecycle.decide import approve
from orchestrator.lifecycle.resume import owes
from orchestrator.lifecycle.services import Services
from orchestrator.lifecycle.start import start
from orchestrator.queue.instance import Instance
from orchestrator.queue.link import Link
from orchestrator.queue.supervisor import Plan
from orchestrator.queue.tree import ProcessTree
from tests.fakes.checkout import Checkout, eventually
from tests.fakes.evidence import NOTE, ledger

LETHAL = f"""
name: Lethal
inputs: {{point: {{default: ''}}}}
nodes:
  change:
    workspace: write
    artifacts: new.txt
    env: {{POINT: "${{{{ inputs.point }}}}"}}
    run: |
      {NOTE}
      echo new > new.txt
      test -n "$POINT" || touch "$HOME/../passed"
      test "${{MYCELIUM_NODE_RUN##*/}}" = 1 && test -n "$POINT" || exit 0
      echo "$POINT" > "$HOME/../draft"
      mv "$HOME/../draft" "$HOME/../armed"
  never: {{needs: change, if: "false", run: exit 1}}
  neither: {{needs: never, run: exit 1}}
  gate: {{needs: change, approval: "Go on?"}}
  last: {{needs: gate, run: '{NOTE}'}}
"""
STATUSES = {
    "change": "completed",
    "never": "skipped",
    "neither": "skipped",
    "gate": "completed",
    "last": "completed",
}
CHOSEN = {
    "worker": ("commit", "blobs put", "git create_branch", "effect"),
    "control": ("commit", "effect tell"),
}
"""Deeds by role: each death takes real seconds, and all others are tried in one process."""

FOREIGN = "effect tell"
"""What a process elsewhere decided is told by whoever finds it first, and that is hardly ever a worker."""

TRIES = 6
"""Now and then the control loop performs an effect before the worker that was to die of it."""


@dataclass(frozen=True, kw_only=True)
class Ground:
    """A checkout whose processes are mined."""

    checkout: Checkout
    services: Services

    def run(self, point: str = "") -> None:
        """Run the workflow to its end, let a process die at a point, and look at all that is left."""
        found = request(
            self.checkout.settings(), self.services.git, Wanted(workflow="lethal", inputs=[f"point={point}"])
        )
        execution = start(self.services, found)
        store = self.services.store
        eventually(lambda: self._status(execution.id, "gate") is NodeStatus.WAITING, f"the gate after {point}")
        with app.offline(self.checkout.settings()) as outside:
            approve(outside, execution.id, "gate", "alice")
        eventually(lambda: store.execution(execution.id).status.ended, f"the end after {point}")
        eventually(lambda: not owes(self.services, store.execution(execution.id)), f"an empty outbox after {point}")
        ended, runs = store.execution(execution.id), store.runs(execution.id)
        assert {run.key: run.status.value for run in runs} == STATUSES, point
        assert {run.attempt for run in runs if run.key in ("change", "last")} == {1}, point
        assert sum(run.lost for run in runs) <= 1, point
        assert (ended.open_runs, ended.active_runs) == (0, 0), point
        branch = f"mycelium/lethal/{ended.number}"
        assert ended.result_branch == branch, point
        assert self.checkout.git("for-each-ref", "--format=%(refname:short)", f"refs/heads/{branch}*").split() == [
            branch
        ]
        assert self.checkout.git("show", f"{branch}:new.txt") == "new\n", point
        kept = next(run.outcome for run in runs if run.key == "change")
        assert kept is not None
        assert all(self.services.blobs.has(digest) for digest in (kept.bundle, kept.artifacts[0].digest) if digest), (
            point
        )
        claims = [(entry.key, entry.epoch) for entry in ledger(self.checkout.folder) if entry.execution == ended.id]
        assert len(claims) == len(set(claims)), point

    def _status(self, execution_id: str, key: str) -> NodeStatus:
        return next(run.status for run in self.services.store.runs(execution_id) if run.key == key)


@pytest.fixture
def ground(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    checkout = Checkout.create(tmp_path)
    checkout.workflow("lethal", LETHAL)
    for name, value in checkout.environment().items():
        monkeypatch.setenv(name, value)
    settings = checkout.settings()
    settings.home_dir.mkdir()
    instance = Instance.acquire(settings.home_dir)
    link = Link(
        redis_url="",
        instance=instance.id,
        services="tests.faults.lethal:services",
        arguments={"root": str(settings.root), "folder": str(tmp_path)},
        control="tests.faults.lethal:control",
    )
    plan = Plan(link=link, workers=1, preload=(*app.PRELOAD, "tests.chaos.hurried", "tests.faults.lethal"))
    with ProcessTree(plan, instance) as tree:
        services = app.build(settings, redis_url=tree.redis_url, instance=instance.id)
        yield Ground(checkout=checkout, services=services)
    services.logs.close()
    services.store.close()
    instance.release()
    checkout.end()


def chosen(point: str) -> bool:
    role, _, passage = point.partition(": ")
    deed = passage.partition(" ")[2]
    return deed.startswith(CHOSEN[role]) and (role, deed) != ("worker", FOREIGN)


def test_a_killed_process_at_any_point_changes_nothing(ground: Ground) -> None:
    folder = ground.checkout.folder
    ground.run()
    passed = dict.fromkeys((folder / "passed").read_text().splitlines())
    (folder / "passed").unlink()
    for kind in perform.EFFECTS:
        assert any(point.endswith(f"before effect {kind}") for point in passed)
    for point in filter(chosen, passed):
        for _ in range(TRIES):
            ground.run(point)
            if not (folder / "armed").exists():
                break
        assert not (folder / "armed").exists(), f"nobody died at {point}"
