"""The fence around an execution's data, tried with the real redis-mcp-server and past it, with the bare login."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

import psutil
import pytest
from redis import Redis
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import NoPermissionError, OutOfMemoryError, ResponseError

from orchestrator.errors import SetupError, Unavailable
from orchestrator.execution.state import NodeRun
from orchestrator.lifecycle.ports import McpServer
from orchestrator.queue import blackboard as module
from orchestrator.queue import redis_mcp
from orchestrator.queue.blackboard import KEPT_SECONDS, RedisBlackboard
from orchestrator.queue.connection import connect
from orchestrator.queue.server import BLACKBOARD_LIMITS, MAX_BLACKBOARD_VALUE_BYTES, EmbeddedServer, find_binary
from tests.fakes.mcp_client import McpClient, mcp_client

OURS, THEIRS = "01aaaaaaaaaaaaaaaaaaaaaaaa", "01bbbbbbbbbbbbbbbbbbbbbbbb"
HERE = f"blackboard:{OURS}:"


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    embedded = EmbeddedServer(find_binary(), BLACKBOARD_LIMITS)
    embedded.start()
    yield embedded
    embedded.stop()


@pytest.fixture
def admin(server: EmbeddedServer) -> Iterator[Redis]:
    with connect(server.url) as client:
        client.flushall()
        yield client


@pytest.fixture
def board(server: EmbeddedServer, admin: Redis) -> RedisBlackboard:
    return RedisBlackboard(server.url)


def run(index: int = 0, execution_id: str = OURS) -> NodeRun:
    return NodeRun(execution_id=execution_id, index=index, node="a", key="a", epoch=1)


def login(server: McpServer) -> Redis:
    """What an agent could make of its login, without the MCP server."""
    env = server.env
    who = {"username": env[redis_mcp.USER], "password": env[redis_mcp.PASSWORD]}
    return Redis.from_url(env[redis_mcp.ADDRESS], decode_responses=True, **who)


def test_agents_of_one_execution_share_what_those_of_another_cannot_touch(board: RedisBlackboard, admin: Redis) -> None:
    runs = (run(0), run(1), run(0, THEIRS))
    with ExitStack() as stack:
        servers = [stack.enter_context(board.admit(each)) for each in runs]
        one, two, stranger = (stack.enter_context(mcp_client(each)) for each in servers)
        assert one.call("set", key=f"{HERE}note", value="found it") == f"Successfully set {HERE}note"
        one.call("sadd", name=f"{HERE}keys", value=f"{HERE}note")
        one.call("xadd", key=f"{HERE}log", fields={"a": "1"})
        assert two.call("get", key=f"{HERE}note") == "found it"
        assert two.call("smembers", name=f"{HERE}keys") == f"{HERE}note"
        assert "'a': '1'" in two.call("xrange", key=f"{HERE}log")
        _hears(two, lambda: one.call("publish", channel=f"{HERE}news", message="look"))
        for refused in _attempts_of(stranger):
            assert "o permissions to access" in refused, refused
    assert admin.get(f"{HERE}note") == b"found it"
    assert admin.dbsize() == 3


def _hears(client: McpClient, speak: Callable[[], object]) -> None:
    subscription = json.loads(client.call("subscribe", channel=f"{HERE}news"))["subscription_id"]
    heard = ""
    while "look" not in heard:
        speak()
        heard = client.call("read_messages", subscription_id=subscription, timeout_ms=1000)


def _attempts_of(stranger: McpClient) -> Iterator[str]:
    """All that a tool may try on the keys and channels of others."""
    note = f"{HERE}note"
    yield stranger.call("get", key=note)
    yield stranger.call("set", key=note, value="mine now")
    yield stranger.call("delete", key=note)
    yield stranger.call("type", key=note)
    yield stranger.call("expire", name=note, expire_seconds=1)
    yield stranger.call("rename", old_key=note, new_key=f"blackboard:{THEIRS}:note")
    yield stranger.call("smembers", name=f"{HERE}keys")
    yield stranger.call("xrange", key=f"{HERE}log")
    yield stranger.call("hset", name=f"{HERE}h", key="a", value="b")
    yield stranger.call("publish", channel=f"{HERE}news", message="lies")
    for tool, what in (("subscribe", {"channel": f"{HERE}news"}), ("psubscribe", {"pattern": "*"})):
        told = json.loads(stranger.call(tool, **what))
        yield stranger.call("read_messages", subscription_id=told["subscription_id"], timeout_ms=2000)


def test_it_offers_tools_for_data_alone(board: RedisBlackboard) -> None:
    with board.admit(run()) as server, mcp_client(server) as client:
        assert client.tools() == redis_mcp.TOOLS
        assert "Unknown tool" in client.call("scan_all_keys")
        (password,) = server.secrets
        assert password not in " ".join(psutil.Process(client.process.pid).cmdline())


REFUSED = f"""
KEYS *|SCAN 0|RANDOMKEY|DBSIZE|FLUSHALL|FLUSHDB|SWAPDB 0 1|SELECT 1|INFO|COMMAND|MONITOR|LATENCY DOCTOR|SLOWLOG GET
CONFIG GET *|CONFIG SET maxmemory 0|ACL LIST|ACL WHOAMI|ACL SETUSER x on nopass ~* +@all|MODULE LIST
EVAL return 0|EVALSHA x 0|SCRIPT LOAD x|FUNCTION LIST|FCALL f 0|CLUSTER INFO|MULTI|WAIT 1 0|CLIENT LIST|PUBSUB CHANNELS
CLIENT KILL ID 1|CLIENT PAUSE 100|CLIENT TRACKING on BCAST|SHUTDOWN|SAVE|BGSAVE|REPLICAOF h 1|SLAVEOF NO ONE|SYNC
PSYNC ? -1|FAILOVER|MIGRATE h 1 k 0 1|RESTORE k 0 x|DUMP k|OBJECT ENCODING k|MEMORY USAGE k|SORT k|MOVE k 1|COPY k other
SUBSCRIBE other|PSUBSCRIBE *|PUBLISH other x|SPUBLISH x y|GET other|SET other 1|RENAME {HERE}k other|XADD other * a b
SUNIONSTORE other {HERE}a|BITOP NOT other {HERE}a|LMOVE {HERE}a other LEFT LEFT|ZRANGESTORE other {HERE}a 0 -1
GEOSEARCHSTORE other {HERE}a FROMMEMBER a BYRADIUS 1 m|MSET {HERE}a 1 other 2|PFMERGE {HERE}a other
XREAD STREAMS other 0|SINTERCARD 2 {HERE}a other|GET blackboard:{OURS}|SET blackboard:{OURS}x:a 1
"""


@pytest.mark.parametrize("command", REFUSED.strip().replace("\n", "|").split("|"))
def test_nothing_else_is_let_through(board: RedisBlackboard, command: str) -> None:
    with board.admit(run()) as server, login(server) as client, pytest.raises(NoPermissionError):
        client.execute_command(*command.split())  # type: ignore[no-untyped-call]


def test_of_all_commands_those_are_let_through_that_work_on_named_keys(board: RedisBlackboard, admin: Redis) -> None:
    """Whatever commands a server has that this test has not heard of."""
    described: dict[str, dict[str, object]] = admin.command()
    with board.admit(run()) as server:
        allowed = {name for name in _commands(admin) if _may(admin, server.env[redis_mcp.USER], name)}
    unfenced = {name for name in allowed if "|" in name or not _has_keys(described[name])}
    channels = {"publish", "subscribe", "psubscribe", "unsubscribe", "punsubscribe"}
    grouped = {name for name in unfenced if name.startswith(("xgroup|", "xinfo|"))}
    assert unfenced - grouped - {"auth", "hello", "quit", "reset"} == {"ping", *channels}
    assert {"get", "hset", "lpush", "sadd", "zadd", "xadd", "del", "expire"} <= allowed


def _commands(admin: Redis) -> set[str]:
    """All that the server has, sub-commands as `acl|list`."""
    return {str(command) for category in admin.acl_cat() for command in admin.acl_cat(category)}


def _may(admin: Redis, user: str, command: str) -> bool:
    """Whether the user may run the command at all; that it may not touch the key `x` is another matter."""
    for count in range(12):
        try:
            words = [*command.split("|"), *["x"] * count]
            said = admin.execute_command("ACL", "DRYRUN", user, *words)  # type: ignore[no-untyped-call]
        except ResponseError as error:
            if "not found" in str(error):
                return False  # a group, which does nothing without its sub-commands
            if "wrong number of arguments" not in str(error):
                raise
        else:
            return b"no permissions to run" not in said
    raise AssertionError(f"{command} was not tried")


def _has_keys(command: dict[str, object]) -> bool:
    return bool(command["first_key_pos"]) or "movablekeys" in str(command["flags"])


def test_a_login_that_ends_takes_its_connections_along(board: RedisBlackboard) -> None:
    with board.admit(run()) as server:
        client = login(server)
        client.set(f"{HERE}a", "1")
    with client, pytest.raises((Disconnected, ResponseError)):
        client.get(f"{HERE}a")


def test_data_outlives_its_execution_by_a_day(board: RedisBlackboard, admin: Redis) -> None:
    admin.set(f"{HERE}a", "1")
    admin.set(f"{HERE}soon", "1", ex=10)
    admin.set(f"blackboard:{THEIRS}:a", "1")
    board.retire(OURS)
    assert KEPT_SECONDS - 60 < admin.ttl(f"{HERE}a") <= KEPT_SECONDS
    assert admin.ttl(f"{HERE}soon") <= 10
    assert admin.ttl(f"blackboard:{THEIRS}:a") == -1


def test_one_execution_cannot_take_the_memory_of_the_machine(board: RedisBlackboard) -> None:
    with board.admit(run()) as server, login(server) as client:
        with pytest.raises(ResponseError, match="exceeds maximum allowed size"):
            client.setrange(f"{HERE}a", MAX_BLACKBOARD_VALUE_BYTES, "x")
        piece = "x" * 8_000_000
        taken = 0
        with suppress(OutOfMemoryError):
            while client.set(f"{HERE}{taken}", piece):
                taken += 1
        assert taken * len(piece) < 300_000_000
        assert client.get(f"{HERE}0") == piece


def test_without_its_package_it_says_what_to_install(board: RedisBlackboard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PACKAGE", "redis-mcp-server-of-nobody")
    with pytest.raises(SetupError, match=r"pip install 'mycelium-orchestrator\[blackboard\]'"), board.admit(run()):
        pass


def test_a_server_that_is_away_and_a_login_that_may_not_manage_users(server: EmbeddedServer, admin: Redis) -> None:
    nowhere = RedisBlackboard("redis://127.0.0.1:9")
    with pytest.raises(Unavailable, match="using the blackboard"), nowhere.admit(run()):
        pass
    with RedisBlackboard(server.url).admit(run()) as theirs:
        env = theirs.env
        url = server.url.replace("//:", f"//{env[redis_mcp.USER]}:", 1)
        plain = url.replace(url.split(":")[2].partition("@")[0], env[redis_mcp.PASSWORD])
        with pytest.raises(SetupError, match="MYCELIUM_BLACKBOARD_URL takes the login of an administrator"):
            RedisBlackboard(plain).retire(OURS)


def test_the_login_of_the_administrator_reaches_no_agent() -> None:
    board = RedisBlackboard("rediss://admin:sesame@board.example:7000/2?password=sesame&ssl_ca_certs=/ca.pem")
    shown = board._server("user", "password")
    assert "sesame" not in json.dumps(dict(shown.env))
    assert shown.env[redis_mcp.ADDRESS] == "rediss://board.example:7000/2?ssl_ca_certs=%2Fca.pem"
    assert shown.hosts == ("board.example:7000",)


def test_the_program_says_when_it_does_not_get_in(board: RedisBlackboard) -> None:
    with board.admit(run()) as server:
        pass
    words = [server.command, *server.args]
    done = subprocess.run(words, env=dict(server.env), input="", capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("the blackboard cannot be reached: invalid username-password pair")
