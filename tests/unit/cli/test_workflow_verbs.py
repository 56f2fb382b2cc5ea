"""validate, plan, explain and schema on real files: what they print, and how they end."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.cli.exit import ended
from orchestrator.cli.explain import MAX_PAYLOAD_BYTES
from orchestrator.cli.program import mycelium
from orchestrator.cli.workflow_files import transcripts_of
from orchestrator.errors import BadInput
from orchestrator.lifecycle.limits import MAX_TRANSCRIPT_BYTES
from tests.fakes.payloads import opened

GOOD = """\
name: Nightly
on:
  workflow_dispatch:
  schedule: [{cron: "0 6 * * 1-5", timezone: Europe/Berlin}]
inputs: {depth: {type: choice, options: [quick, full], default: quick}}
nodes:
  lint: {run: ruff check .}
  test: {run: pytest -q, needs: lint, strategy: {matrix: {py: ["3.11", "3.13"]}}}
"""
BAD = """\
nodes:
  a: {run: "true", promt: x, needs: b}
  b: {run: "true", needs: a}
"""

Write = Callable[[str, str], Path]
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes a file of a repository that the test stands in."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)

    def write(name: str, text: str) -> Path:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    return write


def test_validate_without_problems(write: Write, capsys: Capture) -> None:
    write("workflows/nightly.yaml", GOOD)
    assert ended(mycelium, ["validate"]) == 0
    assert capsys.readouterr().out == "1 file without problems\n"


PROJECT = "engines: {mine: {command: [mine]}}\n"
NAMING = "nodes: {a: {agent: code-reviewer, engine: mine}}\n"


def test_the_project_file_adds_engines_and_is_looked_at_too(write: Write, capsys: Capture) -> None:
    write("workflows/naming.yaml", NAMING)
    assert ended(mycelium, ["validate"]) == 2
    assert "unknown engine `mine`" in capsys.readouterr().out
    write("mycelium.yaml", PROJECT)
    assert ended(mycelium, ["validate"]) == 0
    assert capsys.readouterr().out == "2 files without problems\n"
    assert ended(mycelium, ["validate", "mycelium.yaml"]) == 0
    assert ended(mycelium, ["plan", "naming"]) == 0


def test_problems_of_the_project_file_are_told_with_any_workflow(write: Write, capsys: Capture) -> None:
    write("mycelium.yaml", "engine: {}\n")
    write("workflows/good.yaml", GOOD)
    for words in (["validate"], ["validate", "workflows/good.yaml"], ["validate", "mycelium.yaml"]):
        assert ended(mycelium, words) == 2
        assert "mycelium.yaml:1:1: unknown key `engine`" in capsys.readouterr().out
    assert ended(mycelium, ["plan", "good"]) == 2


def test_the_project_file_is_no_workflow(write: Write, capsys: Capture) -> None:
    write("mycelium.yaml", PROJECT)
    assert ended(mycelium, ["plan", "mycelium.yaml"]) == 2
    assert "mycelium.yaml holds no workflow\n" in capsys.readouterr().err


def test_schemas_of_both_kinds_of_files(capsys: Capture) -> None:
    assert ended(mycelium, ["schema"]) == 0
    assert "nodes" in json.loads(capsys.readouterr().out)["properties"]
    assert ended(mycelium, ["schema", "project"]) == 0
    assert "engines" in json.loads(capsys.readouterr().out)["properties"]


def test_validate_reports_every_problem_of_every_file(write: Write, capsys: Capture) -> None:
    write("workflows/good.yaml", GOOD)
    write("workflows/deep/bad.yml", BAD)
    write("workflows/worse.yaml", "nodes: [")
    assert ended(mycelium, ["validate"]) == 2
    out = capsys.readouterr().out
    assert "workflows/deep/bad.yml:2:20: node `a`: unknown key `promt`" in out
    assert "did you mean `prompt`?" in out
    assert "a → b → a" in out
    assert "workflows/worse.yaml:2:1: malformed YAML" in out
    assert out.endswith("3 problems in 2 of 3 files\n")


def test_validate_takes_files_and_folders(write: Write, capsys: Capture) -> None:
    good, bad = write("other/good.yaml", GOOD), write("workflows/bad.yaml", BAD)
    assert ended(mycelium, ["validate", str(good)]) == 0
    assert ended(mycelium, ["validate", str(good.parent)]) == 0
    assert ended(mycelium, ["validate", str(good), str(bad)]) == 2
    capsys.readouterr()
    assert ended(mycelium, ["validate", "missing.yaml"]) == 2
    assert capsys.readouterr().err == "error: there is no file or folder missing.yaml\n"


def test_validate_names_files_from_the_root_wherever_one_stands(
    write: Write, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(write("workflows/bad.yaml", BAD).parent)
    ended(mycelium, ["validate", "bad.yaml"])
    assert capsys.readouterr().out.startswith("workflows/bad.yaml:2:")


def test_validate_says_when_there_is_nothing(write: Write, capsys: Capture) -> None:
    assert ended(mycelium, ["validate"]) == 0
    missing = "There is no folder workflows. To check a file elsewhere: mycelium validate FILE\n"
    assert capsys.readouterr() == ("", missing)
    Path("workflows").mkdir()
    for words, folder in ((), "workflows"), (("workflows",), "workflows"):
        assert ended(mycelium, ["validate", *words]) == 0
        assert capsys.readouterr() == ("", f"There are no workflow files in {folder}.\n")


def test_validate_survives_what_cannot_be_read(write: Write, capsys: Capture) -> None:
    write("workflows/good.yaml", GOOD)
    Path("workflows/gone.yaml").symlink_to("nowhere.yaml")
    assert ended(mycelium, ["validate"]) == 2
    assert "workflows/gone.yaml:1:1: cannot be read: No such file" in capsys.readouterr().out


@pytest.mark.parametrize("form", ["github", "json", "sarif"])
def test_validate_formats_end_like_text_does(form: str, write: Write, capsys: Capture) -> None:
    bad = write("workflows/bad.yaml", BAD)
    assert ended(mycelium, ["validate", "--format", form]) == 2
    assert "promt" in capsys.readouterr().out
    bad.unlink()
    assert ended(mycelium, ["validate", "--format", form]) == 0
    out = capsys.readouterr().out
    assert out == "" if form == "github" else json.loads(out)


def test_plan_by_id_and_by_file(write: Write, capsys: Capture) -> None:
    file = write("workflows/quality/nightly.yaml", GOOD)
    assert ended(mycelium, ["plan", "quality/nightly"]) == 0
    by_id = capsys.readouterr().out
    assert by_id.startswith("Nightly (workflows/quality/nightly.yaml)\n2 nodes, 3 node runs, 2 levels\n")
    assert ended(mycelium, ["plan", str(file)]) == 0
    assert capsys.readouterr().out == by_id


@pytest.mark.parametrize(
    ("form", "beginning"), [("mermaid", "flowchart LR\n"), ("dot", 'digraph "nightly" {\n'), ("json", "{\n")]
)
def test_plan_formats(form: str, beginning: str, write: Write, capsys: Capture) -> None:
    write("workflows/nightly.yaml", GOOD)
    assert ended(mycelium, ["plan", "nightly", "--format", form]) == 0
    assert capsys.readouterr().out.startswith(beginning)


def test_plan_of_something_else(write: Write, capsys: Capture) -> None:
    write("workflows/nightly.yaml", GOOD)
    write("workflows/bad.yaml", BAD)
    assert ended(mycelium, ["plan", "nightl"]) == 2
    assert "did you mean `nightly`?" in capsys.readouterr().err
    assert ended(mycelium, ["plan", "workflows"]) == 2
    assert "is a folder" in capsys.readouterr().err
    assert ended(mycelium, ["plan", "bad"]) == 2
    assert "unknown key `promt`" in capsys.readouterr().err


def explained(payload: str, write: Write, capsys: Capture, *arguments: str) -> dict[str, bool | None]:
    event = write("event.json", payload)
    assert ended(mycelium, ["explain", "--event", str(event), "--json", *arguments]) == 0
    return {one["workflow"]: one["starts"] for one in json.loads(capsys.readouterr().out)["workflows"]}


@pytest.mark.parametrize(
    ("payload", "arguments", "starts"),
    [
        ('{"inputs": {"depth": "full"}}', (), True),
        ('{"inputs": {"depth": "deepest"}}', (), False),
        ('{"schedule": "0 6 * * 1-5"}', (), True),
        ('{"schedule": "0 7 * * 1-5"}', (), False),
        ('{"at": "2026-11-23T06:00:00+01:00"}', ("--event-name", "schedule"), True),
        ("{}", ("--event-name", "push"), False),
    ],
)
def test_explain(payload: str, arguments: tuple[str, ...], starts: bool, write: Write, capsys: Capture) -> None:
    write("workflows/nightly.yaml", GOOD)
    write("workflows/bad.yaml", BAD)
    verdicts = explained(payload, write, capsys, *arguments)
    assert verdicts == {"nightly": starts, "workflows/bad.yaml": False}


def test_explain_says_when_a_schedule_is_due_next(write: Write, capsys: Capture) -> None:
    write("workflows/nightly.yaml", GOOD.replace("0 6 * * 1-5", "0 6 29 2 *"))
    assert ended(mycelium, ["explain", "--event-name", "schedule"]) == 0
    assert "`0 6 29 2 *` (Europe/Berlin)" in capsys.readouterr().out


def test_explain_says_why(write: Write, capsys: Capture) -> None:
    write("workflows/nightly.yaml", GOOD)
    ended(mycelium, ["explain", "--event-name", "push"])
    assert capsys.readouterr().out == (
        "nightly would not start on push\n  ✗ `on` does not name `push`; it names `workflow_dispatch`, `schedule`\n"
    )


@pytest.mark.parametrize(
    ("arguments", "starts"),
    [
        ((), None),
        (("--changed", "docs/a.md", "--role", "write"), False),
        (("--changed", "docs/a.md", "--changed", "src/a.py"), None),
        (("--changed", "src/a.py", "--role", "write"), True),
        (("--changed", "src/a.py", "--role", "read"), None),
    ],
)
def test_explain_is_told_what_only_github_knows(
    arguments: tuple[str, ...], starts: bool | None, write: Write, capsys: Capture
) -> None:
    write("workflows/ci.yaml", "on: {pull_request: {paths: ['src/**']}}\nnodes: {x: {run: x}}\n")
    assert explained(json.dumps(opened()), write, capsys, *arguments) == {"ci": starts}


@pytest.mark.parametrize(
    ("payload", "message"),
    [("[]", "not a JSON object"), ("{", "not JSON"), ("[" * 100_000, "not JSON"), ("{}", "which event")],
)
def test_explain_refuses_what_is_no_payload(payload: str, message: str, write: Write, capsys: Capture) -> None:
    event = write("event.json", payload)
    assert ended(mycelium, ["explain", "--event", str(event)]) == 2
    assert message in capsys.readouterr().err


def test_schema_is_one_json_object(capsys: Capture) -> None:
    assert ended(mycelium, ["schema"]) == 0
    assert "nodes" in json.loads(capsys.readouterr().out)["properties"]


def test_an_unknown_agent_is_a_problem_and_a_shipped_one_is_none(write: Write, capsys: Capture) -> None:
    write("workflows/review.yaml", "nodes:\n  a: {agent: code-reviewer}\n  b: {agent: code-reviewr}\n")
    assert ended(mycelium, ["validate"]) == 2
    out = capsys.readouterr().out
    assert "workflows/review.yaml:3:" in out
    assert "did you mean `code-reviewer`?" in out
    assert out.endswith("1 problem in 1 of 1 file\n")


def test_agent_files_are_validated_with_the_rest(write: Write, capsys: Capture) -> None:
    write("workflows/nightly.yaml", GOOD)
    write(".claude/agents/mine.md", "no front matter\n")
    assert ended(mycelium, ["validate"]) == 2
    assert ".claude/agents/mine.md:1:" in capsys.readouterr().out
    assert ended(mycelium, ["validate", "workflows"]) == 0


def test_transcripts_lie_beside_the_workflow(write: Write) -> None:
    file = write("workflows/demo.yaml", GOOD)
    assert transcripts_of(file) == {}
    write("workflows/demo.replay/test (3.11).jsonl", "{}\n")
    assert transcripts_of(file) == {"test (3.11)": "{}\n"}


@pytest.mark.parametrize("more", [0, 1])
def test_the_longest_transcript(write: Write, more: int) -> None:
    file = write("workflows/demo.yaml", GOOD)
    transcript = write("workflows/demo.replay/a.jsonl", "")
    os.truncate(transcript, MAX_TRANSCRIPT_BYTES + more)
    if more:
        with pytest.raises(BadInput, match=r"a\.jsonl is larger than 20,000,000 bytes \(record a shorter run\)"):
            transcripts_of(file)
    else:
        assert len(transcripts_of(file)["a"]) == MAX_TRANSCRIPT_BYTES


@pytest.mark.parametrize("more", [0, 1])
def test_the_longest_payload(write: Write, capsys: Capture, more: int) -> None:
    write("workflows/nightly.yaml", GOOD)
    payload = '{"schedule": "0 6 * * 1-5"}'
    event = write("event.json", payload + " " * (MAX_PAYLOAD_BYTES - len(payload) + more))
    assert ended(mycelium, ["explain", "--event", str(event)]) == (2 if more else 0)
    told = capsys.readouterr()
    assert ("larger than any that GitHub sends (25 MB)" in told.err) == bool(more)
    assert ("would start" in told.out) == (not more)


def test_a_transcript_that_never_ends_is_refused(write: Write) -> None:
    file = write("workflows/demo.yaml", GOOD)
    folder = file.with_suffix(".replay")
    folder.mkdir()
    (folder / "a.jsonl").symlink_to("/dev/zero")
    with pytest.raises(BadInput, match="no ordinary file"):
        transcripts_of(file)
