"""An hour of writing as fast as the budget lets, held against a GitHub that counts for itself."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

from orchestrator import settings as configuration
from orchestrator.github.address import Address
from orchestrator.github.budget.limits import Limits
from orchestrator.github.budget.memory import MemoryBudget
from orchestrator.github.budget.port import Budget
from orchestrator.github.connect import Place, connect
from orchestrator.github.repository import GitHubRepository
from orchestrator.lifecycle.ports.github import Busy, Urgency
from tests.fakes.clock import FakeClock
from tests.fakes.github import GitHubStandIn

NUMBER = 1
A_FIFTH = Limits(points_a_minute=180, creations_a_minute=16, creations_an_hour=100)
"""Of what GitHub allows, on both sides: the arithmetic is the same, and takes a fifth of the time."""


class Small(Place):
    def budget(self, at: Address, scope: str) -> Budget:
        return MemoryBudget(self.clock, A_FIFTH)


def written(writer: GitHubRepository, clock: FakeClock, urgency: Urgency, seconds: float) -> Counter[str]:
    """What became of writing for so long, one comment after the other."""
    found: Counter[str] = Counter()
    end = clock.monotonic() + seconds
    while clock.monotonic() < end:
        try:
            writer.write_comment(NUMBER, "x", urgency=urgency)
            found["written"] += 1
        except Busy as busy:
            found["waited"] += 1
            clock.advance(min((busy.until - clock.now()).total_seconds(), end - clock.monotonic()))
    return found


def test_an_hour_of_writing_breaks_no_limit(tmp_path: Path) -> None:
    clock = FakeClock()
    (tmp_path / "github").mkdir()
    hub = GitHubStandIn(tmp_path / "github", now=clock.now)
    hub.limits.points_a_minute = A_FIFTH.points_a_minute
    hub.limits.created_a_minute = A_FIFTH.creations_a_minute
    hub.limits.created_an_hour = A_FIFTH.creations_an_hour
    try:
        owner = hub.repository("octo/demo").owner
        environ = {"HOME": str(tmp_path), "MYCELIUM_GITHUB_TOKEN": hub.personal_token(owner)}
        settings = replace(configuration.load(tmp_path, environ), github_api_url=hub.api_url)
        writer = connect(settings, "https://x/octo/demo", Small(clock=clock))
        assert writer
        writer.write_issue("One", "", [])
        progress = written(writer, clock, Urgency.PROGRESS, 500)
        assert progress["written"] == 79, "four fifths of the hour, with the issue"
        assert writer.room().scarce
        people = written(writer, clock, Urgency.PEOPLE, 120)
        assert people["written"] == 20, "what was left for them"
        assert len(hub.sent("POST")) == 100
        assert hub.limits.breaches == []
        assert writer.issue(NUMBER).title == "One", "reading goes on"
    finally:
        hub.close()
