"""What was recorded on a real repository gives the very same tree when it is replayed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.definition.model import Agent, Merge, Workflow, WorkspaceMode
from orchestrator.definition.project import Project, Replay
from orchestrator.execution.outcome import Outcome, Usage
from orchestrator.execution.state import Execution
from orchestrator.git.repository import GitRepository
from tests.fakes.recorded import files, lines, replayed, transcripts, with_replay, works
from tests.fakes.world import World, agent, node, workflow
from tests.integration.git.user_repository import UserRepository

AGENTS = {"writer": agent("writer")}
STRICT = Project(replay=Replay(strict=True))
WRITE = WorkspaceMode.WRITE
USAGE = Usage(model="sonnet", input_tokens=10, output_tokens=5, turns=2, cost_usd=0.5, cost_estimated=True)
Change = Callable[[Path], object]


@pytest.fixture
def git(user: UserRepository) -> GitRepository:
    files(
        {
            "crlf.txt": "one\r\ntwo\r\n",
            "no-newline.txt": "end",
            "run.sh": "#!/bin/sh\n",
            "moved/from.txt": "".join(f"line {number}\n" for number in range(50)),
            "folder/deep/a.txt": "a",
            "folder/b.txt": "b",
            "plain": "plain",
            "image.bin": b"\0\xff" * 100,
            ".gitignore": "build/\n",
            ".gitattributes": "*.win text eol=crlf\n*.auto text=auto\n",
        }
    )(user.folder)
    (user.folder / "run.sh").chmod(0o755)
    (user.folder / "to-readme").symlink_to("README.md")
    (user.folder / "to-folder").symlink_to("folder")
    user.run("add", "-A")
    user.run("commit", "-q", "-m", "All kinds")
    return GitRepository(root=user.folder, cache_dir=user.cache, environ=user.environ)


@pytest.fixture
def world(tmp_path: Path, git: GitRepository) -> World:
    folder = tmp_path / "world"
    folder.mkdir()
    return with_replay(World(folder), git)


def twice(world: World, definition: Workflow) -> tuple[Execution, Execution]:
    """Recorded, and replayed from that alone."""
    snapshot = world.services.git.snapshot()
    first = world.run(definition, agents=AGENTS, record=True, snapshot=snapshot)
    found = transcripts(world, first)
    again = world.run(replayed(definition), agents=AGENTS, files=found, project=STRICT, snapshot=snapshot)
    assert world.statuses(again) == world.statuses(first)
    return first, again


def tree(user: UserRepository, execution: Execution) -> str:
    return user.run("rev-parse", f"{execution.result}^{{tree}}").strip()


def text_kinds(folder: Path) -> None:
    files(
        {
            "crlf.txt": "one\r\nTWO\r\nthree",
            "no-newline.txt": "END",
            "ünïcode/日本語 \t.txt": "Grüße\u2028\U0001f600\n",
            "empty.txt": "",
            "bom.txt": b"\xef\xbb\xbfbom\r",
            "nul.txt": "a\0b",
            "dos.win": "made\r\nhere\r\n",
            "mixed.auto": "a\r\nb\n",
            "build/ignored.txt": "x",
            "*odd?[name]": "x",
            " space ": "x",
            "-n": "x",
        }
    )(folder)


def kinds_of_files(folder: Path) -> None:
    files({"image.bin": b"\0\xfe" * 70, "new.bin": os.urandom(3000), "new.sh": "#!/bin/sh\n"})(folder)
    (folder / "new.sh").chmod(0o700)
    (folder / "run.sh").chmod(0o644)
    (folder / "src/app.py").chmod(0o755)
    (folder / "outward").symlink_to("/etc/hostname")
    (folder / "to-readme").unlink()
    (folder / "to-readme").symlink_to("crlf.txt")


def moved_and_deleted(folder: Path) -> None:
    (folder / "new").mkdir()
    (folder / "moved/from.txt").rename(folder / "new/to.txt")
    (folder / "README.md").unlink()


def types_changed(folder: Path) -> None:
    shutil.rmtree(folder / "folder")
    files({"folder": "now a file"})(folder)
    (folder / "plain").unlink()
    files({"plain/now/a/folder.txt": "x"})(folder)
    (folder / "to-readme").unlink()
    files({"to-readme": "now a file"})(folder)
    (folder / "crlf.txt").unlink()
    (folder / "crlf.txt").symlink_to("no-newline.txt")
    (folder / "to-folder").unlink()
    files({"to-folder/inside.txt": "now a folder"})(folder)


@pytest.mark.parametrize("change", [text_kinds, kinds_of_files, moved_and_deleted, types_changed])
def test_every_kind_of_change_gives_the_same_tree(world: World, user: UserRepository, change: Change) -> None:
    world.runner.deeds["fix"] = works(Outcome(outputs={"text": "Done.", "verdict": "keep"}, usage=USAGE), change)
    first, again = twice(world, workflow(node("fix", action=Agent(agent="writer", prompt="Fix it."), workspace=WRITE)))
    assert first.result
    assert tree(user, first) == tree(user, again) != user.run("rev-parse", "HEAD^{tree}").strip()
    assert "incomplete" not in lines(transcripts(world, first)["fix"])[0]
    (one, other) = (world.node_run(execution, "fix").outcome for execution in (first, again))
    assert one is not None
    assert other is not None
    assert other.changes == one.changes
    assert other.usage == Usage(**{**{name: getattr(USAGE, name) for name in USAGE.__slots__}, "replayed": True})
    assert {**other.outputs, "usage": 0, "commit": 0} == {**one.outputs, "usage": 0, "commit": 0}


def test_a_name_that_is_no_text_cannot_be_played_and_says_so(world: World, user: UserRepository) -> None:
    def change(folder: Path) -> None:
        Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9")).write_text("x")

    world.runner.deeds["fix"] = works(Outcome(), change)
    definition = workflow(node("fix", action=Agent(agent="writer"), workspace=WRITE))
    execution = world.run(definition, agents=AGENTS, record=True, snapshot=world.services.git.snapshot())
    assert lines(transcripts(world, execution)["fix"])[0]["incomplete"] == ["caf\\xe9: it cannot be read"]


def test_agents_that_build_on_each_other(world: World, user: UserRepository) -> None:
    deeds = {
        "a": works(Outcome(), files({"src/app.py": "one\nTWO\nthree\n", "a.txt": "a"})),
        "b": works(Outcome(), files({"src/app.py": "one\nzwei\nthree\n", "b.bin": b"\xff"})),
        "m": works(Outcome(outputs={"text": "Both."}), files({"src/app.py": "one\nTWO, zwei\nthree\n"})),
        "c": works(Outcome(), files({"a.txt": None, "c.txt": "c"})),
    }
    world.runner.deeds.update(deeds)
    sides = [node(name, action=Agent(agent="writer"), workspace=WRITE) for name in ("a", "b")]
    merge = node("m", "a", "b", action=Merge(nodes=("a", "b"), resolver="writer"))
    last = node("c", "m", action=Agent(agent="writer"), workspace=WRITE)
    first, again = twice(world, workflow(*sides, merge, last))
    assert set(world.statuses(first).values()) == {"completed"}
    assert tree(user, first) == tree(user, again)
    resolved = [event for event in lines(transcripts(world, first)["m"]) if "path" in event]
    assert [(event["type"], event["path"]) for event in resolved] == [("resolve", "src/app.py")]


def test_a_file_that_one_side_deleted_and_the_resolver_deletes_too(world: World, user: UserRepository) -> None:
    world.runner.deeds.update(
        a=works(Outcome(), files({"plain": None})),
        b=works(Outcome(), files({"plain": "better"})),
        m=works(Outcome(), files({"plain": None})),
    )
    sides = [node(name, action=Agent(agent="writer"), workspace=WRITE) for name in ("a", "b")]
    merge = node("m", "a", "b", action=Merge(nodes=("a", "b"), resolver="writer"))
    first, again = twice(world, workflow(*sides, merge))
    assert world.statuses(first)["m"] == "completed"
    assert tree(user, first) == tree(user, again)
    assert lines(transcripts(world, first)["m"])[-2] == {"type": "delete", "path": "plain"}
