"""A pull request whose workflow waits for people, and jobs that have nothing but the repository and its history."""

from __future__ import annotations

from pathlib import Path

from orchestrator.definition.roles import Role
from orchestrator.execution.state import Execution
from orchestrator.lifecycle.archive.keeper import Keeper
from orchestrator.lifecycle.definitions.committed import CommittedDefinitions
from orchestrator.lifecycle.intake.occasion import Delivery, Desk
from orchestrator.lifecycle.intake.receive import receive
from orchestrator.lifecycle.ports.github import User
from tests.fakes.garden import MEMBER, OWNER, Garden, reader_of
from tests.fakes.payloads import account, commented
from tests.fakes.record_branch import MemoryRemote
from tests.fakes.wake import FakeStopSignals
from tests.fakes.world import World

ANN = User(id=50, login="ann")

FLOW = {
    "workflows/r.yaml": "on: pull_request\nnodes:\n  gate: {approval: {message: go, minimum: 1}}\n"
    "  more: {approval: {message: sure}, needs: gate}\n  after: {run: x, needs: more}\n"
}


class Hosted:
    """A pull request whose workflow waits; each job is a runner with nothing but the repository."""

    def __init__(self, folder: Path, flow: dict[str, str] = FLOW, *, holder: str = "1/1") -> None:
        self.folder = folder
        self.garden = Garden(folder / "first", flow)
        self.github = self.garden.github
        self.github.repo.roles["ann"] = Role.WRITE
        self.remote = MemoryRemote()
        self.pull = self.garden.open(flow, author=MEMBER)
        self.garden.pulled(self.pull, by=OWNER)
        self.id = self.garden.executions[0].id
        self.keeper(self.garden.world, holder).save(self.id)

    def keeper(self, world: World, holder: str) -> Keeper:
        return Keeper(world.services, self.remote.branch(), CommittedDefinitions(reader_of(world.git)), holder=holder)

    def job(self, number: int, holder: str = "") -> tuple[Keeper, Desk]:
        world = World(self.folder / f"runner-{number}", instance=f"i{number}", github=self.github)
        world.clock.advance(60 * number)
        world.git.origin = self.garden.world.git
        keeper = self.keeper(world, holder or f"{number}/1")
        desk = Desk(services=world.services, github=self.github, definitions=CommittedDefinitions(reader_of(world.git)))
        return keeper, desk

    def commanded(self, number: int, by: User, line: str) -> Execution:
        """A job that a command in a comment started, from its beginning to its end."""
        keeper, desk = self.job(number)
        comment = self.github.add_comment(self.pull.number, by, line)
        for entry in keeper.entries():
            if entry.open and entry.thread == self.pull.number:
                keeper.take_up(entry.id, desk=desk)
        body = commented(line, number=self.pull.number, sender=account(by.login, by.id, by.kind), comment_id=comment.id)
        receive(desk, Delivery(id=f"delivery-{number}", event="issue_comment", payload=body))
        work(desk)
        keeper.save(self.id)
        return desk.services.store.execution(self.id)


def work(desk: Desk) -> None:
    """All that can be done without a person."""
    World.work(_Working(desk))  # type: ignore[arg-type]


class _Working:
    """As much of a world as working takes."""

    def __init__(self, desk: Desk) -> None:
        self.services, self.signals = desk.services, FakeStopSignals()
