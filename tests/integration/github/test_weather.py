"""Over real connections: answers that are cut, reset or never come, and a GitHub that says to wait."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from orchestrator import settings as configuration
from orchestrator.errors import Unavailable
from orchestrator.github import transport
from orchestrator.github.connect import connect
from orchestrator.github.repository import GitHubRepository
from orchestrator.lifecycle.ports.github import Busy
from tests.fakes.github import GitHubStandIn
from tests.fakes.github.faults import cut, reset, secondary_limit, silence
from tests.fakes.github_bench import Roomy, Wall


@pytest.fixture
def speaker(github: GitHubStandIn, tmp_path: Path) -> Iterator[GitHubRepository]:
    """Somebody who may write, on a repository with issue 1."""
    repository = github.repository("octo/demo")
    environ = {"HOME": str(tmp_path), "MYCELIUM_GITHUB_TOKEN": github.personal_token(repository.owner)}
    settings = replace(configuration.load(tmp_path, environ), github_api_url=github.plain_api_url)
    found = connect(settings, "https://github.com/octo/demo", Roomy(clock=Wall()))
    assert found
    found.write_issue("One", "", [])
    return found


def test_a_read_survives_what_happens_to_connections(github: GitHubStandIn, speaker: GitHubRepository) -> None:
    github.faults.add("GET .*/issues/1$", cut())
    github.faults.add("GET .*/issues/1$", reset())
    assert speaker.issue(1).title == "One"
    assert len(github.sent("GET", "/issues/1")) == 3


def test_no_proxy_stands_between_two_ends_of_one_machine(
    speaker: GitHubRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert speaker.issue(1).title == "One"


def test_connections_are_kept(github: GitHubStandIn, speaker: GitHubRepository) -> None:
    for _ in range(5):
        speaker.issue(1)
    pools = transport.session().get_adapter("http://").poolmanager.pools
    made = [pools[key].num_connections for key in pools.keys() if key.key_port == urlsplit(github.url).port]  # noqa: SIM118
    assert made == [1]


@pytest.mark.parametrize("fault", [cut(), reset(happens=True)])
def test_a_write_whose_answer_was_lost_is_not_written_again(
    github: GitHubStandIn, speaker: GitHubRepository, fault: object
) -> None:
    github.faults.add("POST .*/comments$", fault)  # type: ignore[arg-type]
    with pytest.raises(Unavailable) as raised:
        speaker.write_comment(1, "x")
    assert not isinstance(raised.value, Busy)
    assert [comment.body for comment in speaker.comments(1)] == ["x"]


def test_silence_ends_by_itself(
    github: GitHubStandIn, speaker: GitHubRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "TIMEOUT", (0.5, 0.2))
    github.faults.add("GET .*/issues/1$", silence(), times=None)
    for _ in range(3):
        with pytest.raises(Unavailable, match="in time"):
            speaker.issue(1)
    with pytest.raises(Busy, match="did not answer"):
        speaker.issue(1)
    assert len(github.sent("GET", "/issues/1")) == 3


def test_who_is_told_to_wait_waits_with_everything(github: GitHubStandIn, speaker: GitHubRepository) -> None:
    github.faults.add("POST .*/comments$", secondary_limit(retry_after=30))
    with pytest.raises(Busy, match="secondary rate limit"):
        speaker.write_comment(1, "x")
    before = len(github.requests)
    with pytest.raises(Busy):
        speaker.issue(1)
    assert len(github.requests) == before
