"""Bad input and broken set-ups, as a user meets them: a clear error, exit code 2, and nothing half started."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from orchestrator.store.upgrade import HEAD
from tests.fakes import warm

GOOD = "name: Good\nnodes:\n  greet: {run: echo hello}\n"
WITH_INPUTS = """\
on:
  workflow_dispatch:
    inputs:
      who: {required: true}
      times: {type: number}
      size: {type: choice, options: [small, large], default: small}
nodes:
  greet: {run: echo hello}
"""
CYCLE = "nodes:\n  a: {run: 'true', needs: c}\n  b: {run: 'true', needs: a}\n  c: {run: 'true', needs: b}\n"
AGENT = "nodes:\n  look: {agent: %s, prompt: Look.}\n"


@dataclass(frozen=True, kw_only=True)
class User:
    """Somebody with a home folder of their own and a repository to stand in."""

    home: Path
    repository: Path
    environ: dict[str, str] = field(default_factory=dict)

    def mycelium(
        self, *arguments: str, environ: Mapping[str, str] | None = None, cwd: Path | None = None, shell: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run the program; `shell` is what stands after the command in a shell, as `>&-`."""
        folder, given = cwd or self.repository, {**self.environ, **(environ or {})}
        if not shell:
            return warm.command(arguments, cwd=folder, env=given, patience=60)
        command = [sys.executable, "-P", "-m", "orchestrator.cli", *arguments]
        return subprocess.run(
            ["/bin/sh", "-c", f'"$@" {shell}', "sh", *command],
            cwd=folder,
            env=given,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )

    def git(self, *arguments: str) -> str:
        return subprocess.run(
            ["git", "-c", "user.name=U", "-c", "user.email=u@example.invalid", *arguments],
            cwd=self.repository,
            env=self.environ,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    def write(self, path: str, content: str | bytes) -> Path:
        file = self.repository / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    def executions(self) -> int:
        """How many executions any database below the repository holds."""
        database = self.repository / ".mycelium" / "state.db"
        if not database.is_file():
            return 0
        with closing(sqlite3.connect(database)) as connection:
            return int(connection.execute("SELECT count(*) FROM executions").fetchone()[0])


def user_in(folder: Path) -> User:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    home = folder / "home"
    return User(home=home, repository=folder / "repository", environ={**environ, "HOME": str(home)})


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What every user begins with; copying it is quicker than making it."""
    first = user_in(tmp_path_factory.mktemp("template"))
    first.home.mkdir()
    first.write("workflows/good.yaml", GOOD)
    first.git("init", "--quiet", "--initial-branch=main")
    first.git("add", "--all")
    first.git("commit", "--quiet", "--message=First")
    return first.home.parent


@pytest.fixture
def user(template: Path, tmp_path: Path) -> User:
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    return user_in(tmp_path)


def refused(done: subprocess.CompletedProcess[str], *said: str, code: int = 2) -> None:
    """The command ended as bad input, with every text of `said` on stderr."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    for text in said:
        assert text in done.stderr


Prepare = Callable[[User], object]


def files(**content: str | bytes) -> Prepare:
    """Writes workflow files by id."""
    return lambda user: [user.write(f"workflows/{name}.yaml", text) for name, text in content.items()]


def nothing(_user: User) -> None:
    """The repository is fine as it is."""


def payload(text: str) -> Prepare:
    return lambda user: user.write("event.json", text)


def broken_agent(user: User) -> None:
    user.write(".claude/agents/broken.md", "---\nname: [\n---\nHi")
    user.write("workflows/look.yaml", AGENT % "broken")


BAD_REQUESTS: dict[str, tuple[Prepare, tuple[str, ...], tuple[str, ...]]] = {
    "malformed YAML": (
        files(bad='nodes:\n  a: {run: "x\n'),
        ("bad",),
        ("workflows/bad.yaml:2:", "malformed YAML", "quote"),
    ),
    "cycle": (files(bad=CYCLE), ("bad",), ("workflows/bad.yaml:", "a → b → c → a", "`needs`")),
    "unknown key": (
        files(bad="nodes:\n  a: {rum: echo}\n"),
        ("bad",),
        ("workflows/bad.yaml:2:7: node `a`: unknown key `rum`", "`run`"),
    ),
    "unknown engine": (
        files(bad="nodes:\n  a: {agent: triager, engine: claud}\n"),
        ("bad",),
        ("workflows/bad.yaml:2:", "unknown engine `claud`", "did you mean `claude`?"),
    ),
    "empty file": (files(bad=""), ("bad",), ("workflows/bad.yaml:1:1: the file is empty", "nodes")),
    "binary file": (files(bad=b"\xff\xfe\x00\x01"), ("bad",), ("workflows/bad.yaml:1:1", "UTF-8")),
    "huge file": (files(bad="#" * 2_000_001), ("bad",), ("workflows/bad.yaml:1:1", "2,000,000")),
    "no such id": (nothing, ("goof",), ("no workflow file or id `goof`", "did you mean `good`?")),
    "no such file": (nothing, ("workflows/nope.yaml",), ("no workflow file or id `workflows/nope.yaml`", "good")),
    "folder": (nothing, ("workflows",), ("workflows is a folder", "name one of the files")),
    "no name": (nothing, ("",), ("no workflow file or id ``", "good")),
    "no such agent": (
        files(bad=AGENT % "code-reviewr"),
        ("bad",),
        ("workflows/bad.yaml:2:", "no agent `code-reviewr`", "did you mean `code-reviewer`?"),
    ),
    "broken agent": (
        broken_agent,
        ("look",),
        ("workflows/look.yaml:2:", "no agent `broken`", ".claude/agents/broken.md:"),
    ),
    "missing input": (
        files(bad=WITH_INPUTS),
        ("bad",),
        ("workflows/bad.yaml", "input `who`: a value is required", "--input"),
    ),
    "wrong inputs": (
        files(bad=WITH_INPUTS),
        ("bad", "--input", "who=me", "--input", "times=few", "--input", "size=smal", "--input", "colour=red"),
        ("input `times`: expected a number, found `few`", "did you mean `small`?", "no input `colour`"),
    ),
    "input twice": (
        files(bad=WITH_INPUTS),
        ("bad", "--input", "who=me", "--input", "who=you"),
        ("--input who is given twice",),
    ),
    "input without a value": (nothing, ("good", "--input", "who"), ("--input 'who' is not KEY=VALUE",)),
    "no such ref": (nothing, ("good", "--ref", "nope"), ("no commit 'nope'", "git branch --all")),
    "ref like an option": (nothing, ("good", "--ref=--all"), ("no commit '--all'",)),
    "no such event": (nothing, ("good", "--event", "event.json"), ("event.json", "No such file")),
    "event is no JSON": (payload("{"), ("good", "--event", "event.json"), ("event.json is not JSON",)),
    "event is no object": (payload("[]"), ("good", "--event", "event.json"), ("event.json is not a JSON object",)),
    "event is too deep": (payload("[" * 100_000), ("good", "--event", "event.json"), ("event.json is not JSON",)),
    "event is not told": (payload("{}"), ("good", "--event", "event.json"), ("which event", "--event-name")),
    "event with NaN": (
        payload('{"n": NaN}'),
        ("good", "--event", "event.json", "--event-name", "push"),
        ("event.json", "NaN"),
    ),
}


@pytest.mark.parametrize("case", BAD_REQUESTS)
def test_a_bad_request_starts_nothing(case: str, user: User) -> None:
    prepare, arguments, said = BAD_REQUESTS[case]
    prepare(user)
    before = user.git("status", "--porcelain")
    refused(user.mycelium("run", *arguments), *said)
    # No home folder: neither a database nor a process was begun.
    assert not (user.repository / ".mycelium").exists()
    assert user.git("status", "--porcelain") == before


def test_all_problems_of_all_files_are_told_at_once(user: User) -> None:
    files(one='a: "', two=CYCLE, three=AGENT % "nobody")(user)
    done = user.mycelium("validate")
    assert done.returncode == 2
    for place in ("workflows/one.yaml:1:", "workflows/two.yaml:2:", "workflows/three.yaml:2:", "3 problems in 3 of 4"):
        assert place in done.stdout


def test_a_pipe_among_the_files_is_refused_and_not_waited_for(user: User) -> None:
    os.mkfifo(user.repository / "workflows" / "pipe.yaml")
    done = user.mycelium("validate")
    assert done.returncode == 2
    assert "workflows/pipe.yaml:1:1: cannot be read: it is no regular file" in done.stdout


def test_a_file_name_that_is_no_text_is_refused(user: User) -> None:
    name = os.fsdecode(b"workflows/b\xe9.yaml")
    try:
        user.write(name, GOOD)
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    refused(user.mycelium("run", name), "its name is not UTF-8", "rename it")


@pytest.mark.parametrize("content", [b"\xff\xfe", None], ids=["not UTF-8", "a folder"])
def test_a_transcript_that_cannot_be_read_is_named(content: bytes | None, user: User) -> None:
    user.write("workflows/play.yaml", "nodes:\n  a: {agent: triager, engine: replay}\n")
    if content is None:
        (user.repository / "workflows/play.replay/a.jsonl").mkdir(parents=True)
    else:
        user.write("workflows/play.replay/a.jsonl", content)
    refused(user.mycelium("run", "play"), "workflows/play.replay/a.jsonl")
    assert not (user.repository / ".mycelium").exists()


def no_repository(user: User) -> None:
    shutil.rmtree(user.repository / ".git")


def bare_repository(user: User) -> None:
    shutil.rmtree(user.repository)
    user.repository.mkdir()
    user.git("init", "--quiet", "--bare")


def empty_repository(user: User) -> None:
    shutil.rmtree(user.repository / ".git")
    user.git("init", "--quiet")


def unborn_branch(user: User) -> None:
    user.write(".git/HEAD", "ref: refs/heads/new\n")


def rubbish_in(path: str) -> Prepare:
    return lambda user: user.write(f".git/{path}", "rubbish [\n")


def lost_commit(user: User) -> None:
    user.write(".git/refs/heads/main", "0123456789" * 4 + "\n")


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (no_repository, ("is not in a git repository", "git init")),
        (bare_repository, ("is bare", "clone it")),
        (empty_repository, ("has no commit yet", "git commit")),
        (unborn_branch, ("the branch 'new'", "has no commit yet", "--ref")),
        (lost_commit, ("the commit 012345678901 that HEAD", "git fsck")),
        (rubbish_in("HEAD"), ("git cannot read the repository at", "/.git")),
        (rubbish_in("config"), ("git cannot read the repository at", "bad config line 1")),
        (rubbish_in("index"), ("git cannot read the checkout at", "git status")),
    ],
)
def test_a_repository_that_cannot_be_used(prepare: Prepare, said: tuple[str, ...], user: User) -> None:
    prepare(user)
    refused(user.mycelium("run", "good"), str(user.repository), *said)
    assert not (user.repository / ".mycelium").exists()


def test_a_repository_path_that_is_no_text(user: User) -> None:
    folder = user.repository / os.fsdecode(b"b\xe9")
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    user.git("init", "--quiet", str(folder))
    refused(user.mycelium("run", "good", cwd=folder), r"b\xe9", "cannot be read as UTF-8")


def test_a_current_folder_that_is_gone(user: User) -> None:
    script = 'mkdir gone && cd gone && rmdir ../gone && exec "$0" -P -m orchestrator.cli run good'
    done = subprocess.run(
        ["sh", "-c", script, sys.executable],
        cwd=user.repository,
        env=user.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    refused(done, "the folder this command stands in is gone")


def future_database(user: User) -> None:
    folder = user.repository / ".mycelium"
    folder.mkdir()
    with closing(sqlite3.connect(folder / "state.db")) as connection, connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("CREATE TABLE executions (id TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES ('9999')")


def foreign_database(user: User) -> None:
    (user.repository / ".mycelium").mkdir()
    with closing(sqlite3.connect(user.repository / ".mycelium" / "state.db")) as connection, connection:
        connection.execute("CREATE TABLE songs (id TEXT)")


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (future_database, ("state.db", "newer Mycelium (revision 9999", HEAD)),
        (foreign_database, ("state.db", "belongs to another program")),
        (lambda user: user.write(".mycelium/state.db", "no database " * 99), ("state.db", "not a SQLite database")),
        (lambda user: user.write(".mycelium/state.db/x", ""), ("state.db", "cannot be opened")),
        (lambda user: user.write(".mycelium/logs.db", "no database " * 99), ("logs.db", "not a database")),
        (lambda user: user.write(".mycelium", "in the way"), (".mycelium cannot be written", "MYCELIUM_HOME_DIR")),
        (lambda user: user.write(".mycelium/instances", "in the way"), ("instances", "MYCELIUM_HOME_DIR")),
        (lambda user: user.write("../home/.cache", "in the way"), (".cache", "MYCELIUM_CACHE_DIR")),
    ],
    ids=["newer", "foreign", "no database", "folder", "logs", "home", "instances", "cache"],
)
def test_files_that_are_in_the_way(prepare: Prepare, said: tuple[str, ...], user: User) -> None:
    prepare(user)
    done = user.mycelium("run", "good")
    refused(done, *said)
    # One error and its hint: no process was started that could have complained as well.
    assert len(done.stderr.splitlines()) == 2, done.stderr


def test_a_database_from_the_future_is_left_as_it_is(user: User) -> None:
    future_database(user)
    before = (user.repository / ".mycelium" / "state.db").read_bytes()
    for arguments in (("executions", "list"), ("site", "build"), ("db", "upgrade")):
        refused(user.mycelium(*arguments), "newer Mycelium", "install the newer version")
    assert (user.repository / ".mycelium" / "state.db").read_bytes() == before


def test_a_full_disk(user: User) -> None:
    # A limit on the size of files stands for it: a write ends early, with an error of its own.
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (16384, 16384))"
    program = f"{limit}; from orchestrator.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, "run", "good"],
        cwd=user.repository,
        env=user.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    refused(done, "state.db", "disk")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_output_that_cannot_be_written(user: User) -> None:
    done = user.mycelium("validate", shell="> /dev/full")
    refused(done, "No space left on device", "make room")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("CONCURRENCY", "many", ("not a number: 'many'",)),
        ("CONCURRENCY", "0", ("at least 1",)),
        ("CONCURRENCY", "nan", ("at least 1",)),
        ("CONCURRENCY", "inf", ("at most 256",)),
        ("CONCURRENCY", "1.5", ("a whole number",)),
        ("HOME_DIR", os.fsdecode(b"h\xe9"), ("cannot be read as UTF-8",)),
        ("LOG_LEVEL", "loud", ("'loud'", "debug, info, warning, error")),
        ("DATABASE_URL", "here", ("not a database URL", "sqlite:////")),
        ("DATABASE_URL", "mysql://localhost/x", ("mysql", "SQLite and PostgreSQL")),
        ("DATABASE_URL", "sqlite://", ("in memory", "name a file")),
        ("REDIS_URL", "here", ("MYCELIUM_REDIS_URL begins with redis://",)),
        ("REDIS_URL", "redis://127.0.0.1:1/0", ("redis://127.0.0.1:1/0", "start the server")),
    ],
)
def test_settings_that_cannot_be_used(name: str, value: str, said: tuple[str, ...], user: User) -> None:
    done = user.mycelium("run", "good", environ={f"MYCELIUM_{name}": value})
    refused(done, f"MYCELIUM_{name}", *said)
    assert user.executions() == 0


def test_a_database_server_out_of_reach(user: User) -> None:
    pytest.importorskip("psycopg")
    url = "postgresql+psycopg://somebody:hidden@127.0.0.1:1/x"
    done = user.mycelium("run", "good", environ={"MYCELIUM_DATABASE_URL": url})
    refused(done, "127.0.0.1:1", "is the database server up")
    assert "hidden" not in done.stderr


def program(folder: Path, name: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(text, encoding="utf-8")
    file.chmod(0o755)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("git", "#!/bin/sh\necho git version 2.20.1\n", ("git 2.20", "is too old", "2.34")),
        ("git", "#!/bin/sh\necho hello\n", ("does not answer as git does",)),
        ("git", "#!/no/such/shell\n", ("cannot be started",)),
        ("git", "\0", ("cannot be started",)),
        ("valkey-server", "#!/bin/sh\necho out of luck\n", ("ended at once: out of luck", "MYCELIUM_REDIS_URL")),
        ("valkey-server", "\0", ("cannot be started", "MYCELIUM_REDIS_URL")),
    ],
)
def test_a_program_that_does_not_work(name: str, text: str, said: tuple[str, ...], user: User, tmp_path: Path) -> None:
    program(tmp_path / "programs", name, text)
    path = f"{tmp_path / 'programs'}{os.pathsep}{user.environ['PATH']}"
    done = user.mycelium("run", "good", environ={"PATH": path})
    refused(done, f"{tmp_path / 'programs' / name}", *said)
    assert user.executions() == 0
    assert len(done.stderr.splitlines()) == 2, done.stderr


def test_no_git_at_all(user: User, tmp_path: Path) -> None:
    done = user.mycelium("run", "good", environ={"PATH": str(tmp_path)})
    refused(done, "git is not installed", "https://git-scm.com")


def test_a_port_in_use(user: User) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused(user.mycelium("serve", "--port", str(port)), f"port {port} of 127.0.0.1 is in use", "--port")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("executions", "show", "nope"), ("no execution nope", "executions list")),
        (("executions", "cancel", "nope"), ("no execution nope",)),
        (("executions", "approve", "nope", "x"), ("no execution nope",)),
        (("site", "build", "--output", "/dev/null/site"), ("/dev/null/site",)),
        (("worker",), ("MYCELIUM_REDIS_URL",)),
        (("run", "good", "--detach"), ("MYCELIUM_REDIS_URL",)),
        (("agents", "show", "../x"), ("no agent `../x`",)),
        (("plan", "nope"), ("no workflow file or id `nope`",)),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_other_verbs(arguments: tuple[str, ...], said: tuple[str, ...], user: User) -> None:
    refused(user.mycelium(*arguments), *said)
    assert user.executions() == 0


def test_a_failed_node_is_no_bad_input(user: User, tmp_path: Path) -> None:
    # Everything odd at once that must not matter: the place, the locale, no terminal, closed streams, one worker.
    place = tmp_path / "a?b#c%41 'ü'"
    place.mkdir()
    user.write("workflows/claude.yaml", "nodes:\n  a: {agent: triager, engine: claude}\n  b: {run: echo hi}\n")
    user.git("add", "--all")
    user.git("commit", "--quiet", "--message=Second")
    user.git("worktree", "add", "--quiet", str(place / "linked"), "--detach")
    program(tmp_path / "programs", "git", f'#!/bin/sh\nexec "{shutil.which("git")}" "$@"\n')
    bash = shutil.which("bash")
    assert bash
    (tmp_path / "programs" / "bash").symlink_to(bash)
    environ = {"PATH": str(tmp_path / "programs"), "LC_ALL": "C", "MYCELIUM_CONCURRENCY": "1"}
    folder = place / "linked" / "workflows"
    user.environ.pop("HOME")
    done = user.mycelium("run", "claude", "--json", environ=environ, cwd=folder, shell="<&-")
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    seen = json.loads(done.stdout)
    assert seen["node_statuses"] == {"a": "failed", "b": "completed"}
    assert "npm install" in seen["error_message"]
    assert (place / "linked" / ".mycelium" / "state.db").is_file()
    assert user.git("-C", str(folder), "status", "--porcelain") == ""
