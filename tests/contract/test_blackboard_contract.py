"""What `Blackboard` promises, asked of the fake and of Valkey."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from redis import Redis
from redis.exceptions import AuthenticationError

from orchestrator.execution.state import NodeRun
from orchestrator.lifecycle.ports import Blackboard, McpServer
from orchestrator.queue import redis_mcp
from orchestrator.queue.blackboard import RedisBlackboard
from orchestrator.queue.server import BLACKBOARD_LIMITS, EmbeddedServer, find_binary
from tests.fakes.blackboard import FakeBlackboard

ONE, OTHER = "01aaaaaaaaaaaaaaaaaaaaaaaa", "01aaaaaaaaaaaaaaaaaaaaaaab"


@dataclass(frozen=True, kw_only=True, slots=True)
class Bench:
    """A blackboard, and whether the login of a server is good."""

    blackboard: Blackboard
    good: Callable[[McpServer], bool]


def _fake() -> Iterator[Bench]:
    fake = FakeBlackboard()
    yield Bench(blackboard=fake, good=fake.good)


def _real() -> Iterator[Bench]:
    server = EmbeddedServer(find_binary(), BLACKBOARD_LIMITS)
    server.start()
    yield Bench(blackboard=RedisBlackboard(server.url), good=_good)
    server.stop()


def _good(server: McpServer) -> bool:
    env = server.env
    login = {"username": env[redis_mcp.USER], "password": env[redis_mcp.PASSWORD]}
    with Redis.from_url(env[redis_mcp.ADDRESS], **login) as client:
        try:
            return bool(client.ping())
        except AuthenticationError:
            return False


@pytest.fixture(params=[_fake, _real], ids=["fake", "valkey"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    yield from request.param()


def run(index: int = 0, epoch: int = 1, execution_id: str = ONE) -> NodeRun:
    return NodeRun(execution_id=execution_id, index=index, node="a", key="a", epoch=epoch)


def test_a_login_is_good_for_its_attempt_alone(bench: Bench) -> None:
    with bench.blackboard.admit(run()) as server:
        assert server.name == "redis"
        assert bench.good(server)
        (password,) = server.secrets
        assert password in server.env.values()
        assert password not in " ".join((server.command, *server.args))
    assert not bench.good(server)
    with bench.blackboard.admit(run(epoch=2)) as later:
        assert later.secrets != server.secrets


def test_a_later_claim_ends_what_an_earlier_one_left_and_nobody_elses(bench: Bench) -> None:
    claims = (run(1), run(11), run(1, execution_id=OTHER))
    left = [bench.blackboard.admit(claim) for claim in claims]
    lost, neighbour, stranger = (entered.__enter__() for entered in left)
    with bench.blackboard.admit(run(1, epoch=2)) as server:
        assert [bench.good(each) for each in (lost, neighbour, stranger, server)] == [False, True, True, True]
        # The earlier claim was only stopped, and ends late: that is no end of the later one.
        left[0].__exit__(None, None, None)
        assert bench.good(server)


def test_the_end_of_an_execution_is_the_end_of_its_logins(bench: Bench) -> None:
    with bench.blackboard.admit(run()) as ours, bench.blackboard.admit(run(execution_id=OTHER)) as theirs:
        for _ in range(2):
            bench.blackboard.retire(ONE)
            assert (bench.good(ours), bench.good(theirs)) == (False, True)


def test_no_prefix_begins_another(bench: Bench) -> None:
    assert not bench.blackboard.prefix(f"{ONE}x").startswith(bench.blackboard.prefix(ONE))
    assert bench.blackboard.prefix(ONE) == bench.blackboard.prefix(ONE)
