"""The credentials of each engine: they reach its program and no other, with them come its hosts, and where they are
refused the right ones are named. Programs are stand-ins that tell what they were given, but for the last tests."""

from __future__ import annotations

import base64
import json
import socket
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from orchestrator.definition.model import AgentDefinition, SandboxMode
from orchestrator.definition.project import EngineTemplate
from orchestrator.execution.outcome import FailureClass, Outcome
from orchestrator.lifecycle.ports.runner import AgentTask, ShellTask, StopReason
from orchestrator.runners import claude_access, codex_access
from orchestrator.runners.agent import AgentRunner
from orchestrator.runners.claude import ClaudeEngine
from orchestrator.runners.codex import CodexEngine
from orchestrator.runners.described import DescribedRunner
from orchestrator.runners.engine import Engine
from orchestrator.runners.sandbox import usable
from orchestrator.runners.shell import ShellRunner
from tests.fakes.agent_programs import search_path
from tests.fakes.claude_cli import PROGRAM as CLAUDE
from tests.fakes.claude_cli import needs_claude
from tests.fakes.codex_cli import PROGRAM as CODEX
from tests.fakes.codex_cli import needs_codex
from tests.fakes.running import ListLog, pipe_control, task

confining = pytest.mark.skipif(not usable().works, reason=f"no sandbox on this machine: {usable().detail}")

WORKER = AgentDefinition(id="worker", name="worker", description="Works.", prompt="You work.")
CLAUDES = (*claude_access.CREDENTIALS.secrets, *claude_access.CREDENTIALS.others)
CODEXES = (*codex_access.CREDENTIALS.secrets, *codex_access.CREDENTIALS.others)
ENGINES: Mapping[str, Engine] = {"claude": ClaudeEngine(), "codex": CodexEngine()}
TELL = """#!{python} -IS
import json, os
files = [os.path.join(at, name) for at, _, names in os.walk(os.environ["HOME"]) for name in names]
given = [open(file, errors="replace").read() for file in files]
print(json.dumps({{"env": dict(os.environ), "files": given}}), file=open({seen!r}, "w"))
"""
SCRIPT = 'env >"$SEEN"'


def value(name: str) -> str:
    return f"the-value-of-{name.lower()}"


def given(folder: Path, kind: str, *variables: str) -> str:
    """All that a program of this kind finds in its environment and its home, where the worker has these variables."""
    environ = {"PATH": search_path(), "OWN_KEY": "own", **{name: value(name) for name in variables}}
    program, seen = folder / "program", folder / "seen"
    program.write_text(TELL.format(python=sys.executable, seen=str(seen)))
    program.chmod(0o755)
    with pipe_control() as control:
        if kind == "shell":
            todo = task(folder, ShellTask(script=SCRIPT), env={"SEEN": str(seen)})
            assert ShellRunner(environ=environ).run(todo, ListLog(), control).succeeded
        else:
            template = EngineTemplate(name="own", command=((str(program),),), credentials=("OWN_KEY",))
            action = AgentTask(
                definition=WORKER,
                engine=kind,
                prompt="Do it.",
                sandbox=SandboxMode.NONE,
                template=template if kind == "own" else None,
            )
            engine = ENGINES.get(kind)
            runner = (
                AgentRunner(engine, environ=environ, program=program) if engine else DescribedRunner(environ=environ)
            )
            runner.run(task(folder, action), ListLog(), control)
    return seen.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """By kind of program, each started by a worker that has every variable; `plan` is Codex without a key."""
    every = (*CLAUDES, *CODEXES)
    found = {kind: given(tmp_path_factory.mktemp(kind), kind, *every) for kind in ("claude", "codex", "own", "shell")}
    without = [name for name in every if name not in codex_access.KEYS]
    return {**found, "plan": given(tmp_path_factory.mktemp("plan"), "codex", *without)}


@pytest.mark.parametrize("name", CLAUDES)
def test_what_is_for_claude_reaches_claude_alone(name: str, seen: Mapping[str, str]) -> None:
    assert [kind for kind, text in seen.items() if value(name) in text] == ["claude"]


@pytest.mark.parametrize("name", claude_access.CREDENTIALS.secrets)
def test_no_secret_stands_in_the_environment_of_claude(name: str, seen: Mapping[str, str]) -> None:
    assert name not in json.loads(seen["claude"])["env"]


# Of two keys Codex is given the first, and an access token only where there is none.
REACHED = {"CODEX_API_KEY": ["codex"], "OPENAI_API_KEY": [], "CODEX_ACCESS_TOKEN": ["plan"]}


@pytest.mark.parametrize("name", CODEXES)
def test_what_is_for_codex_reaches_codex_alone(name: str, seen: Mapping[str, str]) -> None:
    found = [kind for kind, text in seen.items() if value(name) in text]
    assert found == REACHED.get(name, ["codex", "plan"])


def test_an_openai_key_is_given_where_there_is_no_other(tmp_path: Path) -> None:
    told = json.loads(given(tmp_path, "codex", "OPENAI_API_KEY"))
    assert "OPENAI_API_KEY" not in told["env"]
    assert any(value("OPENAI_API_KEY") in text for text in told["files"])


def test_an_access_token_stands_in_the_environment_for_want_of_another_way(seen: Mapping[str, str]) -> None:
    assert json.loads(seen["plan"])["env"]["CODEX_ACCESS_TOKEN"] == value("CODEX_ACCESS_TOKEN")


def test_an_engine_of_ones_own_gets_what_it_names(seen: Mapping[str, str]) -> None:
    assert json.loads(seen["own"])["env"]["OWN_KEY"] == "own"
    assert [kind for kind, text in seen.items() if '"OWN_KEY"' in text or "OWN_KEY=" in text] == ["own"]


BEDROCK = {"CLAUDE_CODE_USE_BEDROCK": "1", "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "x"}
VERTEX = {"CLAUDE_CODE_USE_VERTEX": "1", "ANTHROPIC_VERTEX_PROJECT_ID": "p"}
GOOGLE_SIGN_IN = ("oauth2.googleapis.com", "sts.googleapis.com", "iamcredentials.googleapis.com")


def amazon(region: str, *services: str) -> tuple[str, ...]:
    """The hosts of services in a region, and of those that let one in."""
    names = [f"{service}.{region}.amazonaws.com" for service in (*services, "sts", "oidc")]
    return (*names, "sts.amazonaws.com")


ROADS: dict[str, tuple[str, dict[str, str], tuple[str, ...]]] = {
    "a key": ("claude", {"ANTHROPIC_API_KEY": "k"}, ("api.anthropic.com",)),
    "a gateway": ("claude", {"ANTHROPIC_AUTH_TOKEN": "t", "ANTHROPIC_BASE_URL": "https://gate.test"}, ("gate.test",)),
    "a plan": ("claude", {"CLAUDE_CODE_OAUTH_TOKEN": "t"}, ("api.anthropic.com",)),
    "Bedrock": (
        "claude",
        {**BEDROCK, "AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-west-2"},
        amazon("eu-west-1", "bedrock", "bedrock-runtime"),
    ),
    "Bedrock in the default region": (
        "claude",
        {**BEDROCK, "AWS_DEFAULT_REGION": "us-west-2"},
        amazon("us-west-2", "bedrock", "bedrock-runtime"),
    ),
    "Bedrock anywhere": ("claude", BEDROCK, amazon("us-east-1", "bedrock", "bedrock-runtime")),
    "Bedrock behind a gateway": (
        "claude",
        {**BEDROCK, "ANTHROPIC_BEDROCK_BASE_URL": "https://gate.test"},
        ("gate.test", *amazon("us-east-1")),
    ),
    "Vertex": (
        "claude",
        {**VERTEX, "CLOUD_ML_REGION": "europe-west1"},
        ("europe-west1-aiplatform.googleapis.com", *GOOGLE_SIGN_IN),
    ),
    "Vertex anywhere": ("claude", VERTEX, ("aiplatform.googleapis.com", *GOOGLE_SIGN_IN)),
    "Vertex behind a gateway": (
        "claude",
        {**VERTEX, "ANTHROPIC_VERTEX_BASE_URL": "https://gate.test"},
        ("gate.test", *GOOGLE_SIGN_IN),
    ),
    "OpenAI": ("codex", {"OPENAI_API_KEY": "k"}, ("api.openai.com",)),
    "another OpenAI": ("codex", {"CODEX_API_KEY": "k", "OPENAI_BASE_URL": "https://gate.test/v1"}, ("gate.test",)),
    "ChatGPT": ("codex", {"CODEX_ACCESS_TOKEN": "t"}, codex_access.PLAN_HOSTS),
}
ALL_HOSTS = sorted({host for _, _, hosts in ROADS.values() for host in hosts})
ASK = """#!{python} -IS
import json, os, socket, sys
found, port = {{}}, int(os.environ["https_proxy"].rpartition(":")[2])
for host in {hosts!r}:
    with socket.create_connection(("127.0.0.1", port)) as link:
        link.sendall(f"CONNECT {{host}}:443 HTTP/1.1\\r\\nHost: {{host}}\\r\\n\\r\\n".encode())
        found[host] = link.makefile().readline().split(" ")[1]
json.dump(found, open("found.json", "w"))
"""


@confining
@pytest.mark.parametrize(("kind", "environ", "hosts"), ROADS.values(), ids=ROADS)
def test_the_sandbox_lets_through_to_the_hosts_that_belong_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, environ: dict[str, str], hosts: tuple[str, ...]
) -> None:
    _nothing_listens(monkeypatch)
    program = tmp_path / "bin/program"
    program.parent.mkdir()
    program.write_text(ASK.format(python=sys.executable, hosts=ALL_HOSTS))
    program.chmod(0o755)
    action = AgentTask(definition=WORKER, engine=kind, prompt="", sandbox=SandboxMode.BWRAP)
    with pipe_control() as control:
        runner = AgentRunner(ENGINES[kind], environ={"PATH": search_path(), **environ}, program=program)
        outcome = runner.run(task(tmp_path, action), ListLog(), control)
    assert outcome.sandbox == "bwrap", outcome.message
    answers: dict[str, str] = json.loads((tmp_path / "workspace/found.json").read_text())
    through = {host for host, status in answers.items() if status != "403"}
    assert through == set(hosts)
    assert {answers[host] for host in ALL_HOSTS if host not in through} == {"403"}


def _nothing_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every name is this machine, at a port where nobody answers."""
    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda _host, _port, *rest, **more: real("127.0.0.1", 9, *rest, **more))


REFUSED: dict[str, tuple[str, dict[str, str], str]] = {
    "a key": ("claude", {"ANTHROPIC_API_KEY": "k"}, "check `ANTHROPIC_API_KEY`"),
    "a token": ("claude", {"ANTHROPIC_AUTH_TOKEN": "t"}, "check `ANTHROPIC_AUTH_TOKEN`"),
    "a plan": ("claude", {"CLAUDE_CODE_OAUTH_TOKEN": "t"}, "check `CLAUDE_CODE_OAUTH_TOKEN`"),
    "headers": (
        "claude",
        {"ANTHROPIC_API_KEY": "k", "ANTHROPIC_CUSTOM_HEADERS": "a: b"},
        "check `ANTHROPIC_API_KEY`, `ANTHROPIC_CUSTOM_HEADERS`",
    ),
    "Bedrock": (
        "claude",
        {**BEDROCK, "ANTHROPIC_API_KEY": "k"},
        "check `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`",
    ),
    "a bearer of Bedrock": (
        "claude",
        {"CLAUDE_CODE_USE_BEDROCK": "1", "AWS_BEARER_TOKEN_BEDROCK": "t"},
        "check `AWS_BEARER_TOKEN_BEDROCK`",
    ),
    "a profile": (
        "claude",
        {"CLAUDE_CODE_USE_BEDROCK": "1", "AWS_PROFILE": "p", "AWS_CONFIG_FILE": "/f"},
        "check `AWS_PROFILE`, `AWS_CONFIG_FILE`",
    ),
    "Bedrock without any": (
        "claude",
        {"CLAUDE_CODE_USE_BEDROCK": "1", "ANTHROPIC_API_KEY": "k"},
        "with `CLAUDE_CODE_USE_BEDROCK`, set `AWS_ACCESS_KEY_ID`",
    ),
    "a gateway to Bedrock": (
        "claude",
        {**BEDROCK, "CLAUDE_CODE_SKIP_BEDROCK_AUTH": "1", "ANTHROPIC_AUTH_TOKEN": "t"},
        "check `ANTHROPIC_AUTH_TOKEN`",
    ),
    "Vertex": (
        "claude",
        {**VERTEX, "GOOGLE_APPLICATION_CREDENTIALS": "/f", "ANTHROPIC_API_KEY": "k"},
        "check `GOOGLE_APPLICATION_CREDENTIALS`",
    ),
    "Vertex without any": ("claude", VERTEX, "with `CLAUDE_CODE_USE_VERTEX`, set `GOOGLE_APPLICATION_CREDENTIALS`"),
    "two keys": ("codex", {"OPENAI_API_KEY": "a", "CODEX_API_KEY": "b"}, "check `CODEX_API_KEY`"),
    "an OpenAI key": ("codex", {"OPENAI_API_KEY": "a", "CODEX_ACCESS_TOKEN": "t"}, "check `OPENAI_API_KEY`"),
    "an access token": ("codex", {"CODEX_ACCESS_TOKEN": "t"}, "check `CODEX_ACCESS_TOKEN`"),
}
FAILED = {
    "claude": {"type": "result", "subtype": "success", "is_error": True, "api_error_status": 401, "result": "no"},
    "codex": {"type": "turn.failed", "error": {"message": "unexpected status 401 Unauthorized"}},
}
SAY = "#!/bin/sh\ncat <<'EOF'\n{line}\nEOF\nexit 1\n"


@pytest.mark.parametrize(("kind", "environ", "advice"), REFUSED.values(), ids=REFUSED)
def test_credentials_that_are_refused_are_named(
    tmp_path: Path, kind: str, environ: dict[str, str], advice: str
) -> None:
    program = tmp_path / "program"
    program.write_text(SAY.format(line=json.dumps(FAILED[kind])))
    program.chmod(0o755)
    outcome, _ = attempted(tmp_path, kind, program, environ, sandbox=SandboxMode.NONE)
    assert outcome.failure is FailureClass.AUTH
    assert f"; {advice}" in outcome.message
    assert outcome.message.endswith(advice) or advice.startswith("with ")


def attempted(
    folder: Path, kind: str, program: Path, environ: Mapping[str, str], *, until: str = "", **given: Any
) -> tuple[Outcome, ListLog]:
    """Its outcome and log; cancelled as soon as the log says `until`."""
    action = AgentTask(definition=WORKER, engine=kind, prompt="Do it.", **given)
    log = ListLog()
    with pipe_control() as control:
        if until:
            log.on_line = lambda text: control.stop(StopReason.CANCELLED) if text.startswith(until) else None
        runner = AgentRunner(ENGINES[kind], environ={"PATH": search_path(), **environ}, program=program)
        return runner.run(task(folder, action), log, control), log


class _Refusing(BaseHTTPRequestHandler):
    """Answers 403 to everything, and keeps what it was asked."""

    asked: list[tuple[str, dict[str, str]]]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.asked.append((self.path, {name.lower(): text for name, text in self.headers.items()}))
        body = b'{"message": "The security token included in the request is invalid."}'
        self.send_response(403)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST

    def log_message(self, *_: object) -> None: ...


@contextmanager
def refusing() -> Iterator[tuple[str, list[tuple[str, dict[str, str]]]]]:
    """The address of a service that lets nobody in, and what it is asked."""
    asked: list[tuple[str, dict[str, str]]] = []
    handler = type("Handler", (_Refusing,), {"asked": asked})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


@needs_claude
@pytest.mark.parametrize(
    ("environ", "address", "path", "headers", "advice"),
    [
        (
            {**BEDROCK, "AWS_REGION": "eu-west-1"},
            "ANTHROPIC_BEDROCK_BASE_URL",
            "/model/eu.",
            {"authorization": "AWS4-HMAC-SHA256 Credential=id/"},
            "check `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`",
        ),
        (
            {
                **VERTEX,
                "CLAUDE_CODE_SKIP_VERTEX_AUTH": "1",
                "ANTHROPIC_AUTH_TOKEN": "t0ken",
                "ANTHROPIC_CUSTOM_HEADERS": "X-Gate: s3cret",
            },
            "ANTHROPIC_VERTEX_BASE_URL",
            "/projects/p/",
            {"authorization": "Bearer t0ken", "x-gate": "s3cret"},
            "check `ANTHROPIC_AUTH_TOKEN`, `ANTHROPIC_CUSTOM_HEADERS`",
        ),
    ],
    ids=["Bedrock", "a gateway to Vertex"],
)
def test_the_real_claude_shows_them_to_its_cloud(
    tmp_path: Path, environ: dict[str, str], address: str, path: str, headers: dict[str, str], advice: str
) -> None:
    with refusing() as (url, asked):
        outcome, _ = attempted(tmp_path, "claude", Path(CLAUDE), {**environ, address: url})
    assert outcome.failure is FailureClass.AUTH
    assert outcome.message.endswith(advice)
    calls = [sent for where, sent in asked if where.startswith(path)]
    assert calls
    for name, beginning in headers.items():
        assert all(sent.get(name, "").startswith(beginning) for sent in calls)


@needs_claude
def test_the_real_claude_without_credentials_of_its_cloud(tmp_path: Path) -> None:
    environ = {**VERTEX, "GOOGLE_APPLICATION_CREDENTIALS": "/nowhere.json"}
    outcome, _ = attempted(tmp_path, "claude", Path(CLAUDE), environ)
    assert outcome.failure is FailureClass.AUTH
    assert "check `GOOGLE_APPLICATION_CREDENTIALS`" in outcome.message


def _part(values: Mapping[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


IDENTITY = {
    **dict.fromkeys(("agent_runtime_id", "account_id", "chatgpt_user_id", "email"), "a"),
    # An Ed25519 key in PKCS#8: what stands around it, and nothing but zeros.
    "agent_private_key": base64.b64encode(bytes.fromhex("302e020100300506032b657004220420") + bytes(32)).decode(),
    **{"plan_type": "business", "chatgpt_account_is_fedramp": False, "iat": 1_700_000_000, "exp": 4_000_000_000},
    **{"iss": "https://chatgpt.com/codex-backend/agent-identity", "aud": "codex-app-server"},
}
JSON_WEB_TOKEN = ".".join([_part({"alg": "RS256", "kid": "k", "typ": "JWT"}), _part(IDENTITY), "c2ln"])
"""An access token as an agent's identity is one; nobody signed it."""


@needs_codex
@confining
@pytest.mark.parametrize(
    ("given", "host"),
    [("at-0123456789", "auth.openai.com"), (JSON_WEB_TOKEN, "chatgpt.com")],
    ids=["a person's token", "an agent's identity"],
)
def test_the_real_codex_shows_an_access_token_to_its_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, host: str
) -> None:
    _nothing_listens(monkeypatch)
    outcome, log = attempted(tmp_path, "codex", Path(CODEX), {"CODEX_ACCESS_TOKEN": given}, until="the sandbox")
    assert outcome.cancelled
    assert next(text for text in log.texts if "sandbox" in text).startswith(f"the sandbox cannot reach {host}:443: ")
    assert host in codex_access.PLAN_HOSTS
