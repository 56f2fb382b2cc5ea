"""`mycelium init` in repositories of all kinds: what it writes, what it leaves alone, and what it says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from orchestrator import __version__, gallery
from orchestrator.cli.console import Console
from orchestrator.cli.exit import ended
from orchestrator.cli.init.found import Found
from orchestrator.cli.init.questions import Answers, ask
from orchestrator.cli.init.sandbox_step import SCRIPT, STEP
from orchestrator.cli.program import mycelium
from tests.unit.cli.init.repository import Repository

ACTIONS = ".github/workflows/mycelium.yml"
PAGES = ".github/workflows/mycelium-pages.yml"
SECRET = "sk-a-value-that-nobody-may-see"
# Answers as gh does, and writes down what it was asked, and what came through the pipe.
GH = """#!/bin/sh
echo "$*" >> "{log}"
case "$1 $2" in
  "secret list") echo OTHER ;;
  "secret set") cat >> "{log}.values"; echo "set $(cat {log}.values)" ;;
  "api --hostname") case "$6" in .build_type) echo {pages} ;; *) echo false ;; esac ;;
esac
"""


@pytest.fixture
def gh(tmp_path: Path) -> Path:
    """What `gh` was asked."""
    log = tmp_path / "gh.log"
    program = tmp_path / "bin/gh"
    program.write_text(GH.format(log=log, pages="legacy"), encoding="utf-8")
    program.chmod(0o755)
    return log


def test_an_empty_repository_gets_a_branch_to_compare(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.write("notes.txt", "mine\n")
    assert ended(mycelium, ["init"]) == 0
    said = capsys.readouterr().out
    assert repository.written() == {ACTIONS, "workflows/code-review.yaml"}
    assert repository.git("log", "--format=%s", "mycelium/init").split("\n")[:2] == ["Set Mycelium up", "Begin"]
    assert repository.git("status", "--porcelain") == "?? notes.txt\n"
    for part in (
        "git push -u origin main mycelium/init",
        "https://github.com/octo/demo/compare/mycelium/init?expand=1",
        "gh secret set ANTHROPIC_API_KEY --repo octo/demo",
    ):
        assert part in said


def test_work_that_is_not_committed_stays_as_it_is(repository: Repository) -> None:
    repository.write("a.txt", "one\n")
    repository.commit()
    repository.write("a.txt", "two\n")
    repository.write("b.txt", "new\n")
    repository.git("add", "b.txt")
    before = (
        repository.git("status", "--porcelain"),
        repository.git("diff", "HEAD"),
        repository.git("rev-parse", "HEAD"),
    )
    assert ended(mycelium, ["init", "-y"]) == 0
    after = (
        repository.git("status", "--porcelain"),
        repository.git("diff", "HEAD"),
        repository.git("rev-parse", "HEAD"),
    )
    assert after == before
    assert repository.written() == {"a.txt", ACTIONS, "workflows/code-review.yaml"}
    assert repository.shown("a.txt") == "one\n"


def test_templates_get_what_was_found_and_said(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    repository.write("package.json", json.dumps({"scripts": {"test": "vitest"}}))
    repository.write("package-lock.json", "{}")
    repository.commit()
    words = ["--template", "fix-failing-tests", "--template", "template:issue-triage", "--engine", "codex", "--site"]
    assert ended(mycelium, ["init", *words]) == 0
    text = repository.shown("workflows/fix-failing-tests.yaml")
    for line in ("    default: npm test\n", "    default: npm ci\n", "    default: codex\n"):
        assert line in text
    actions = repository.shown(ACTIONS)
    assert "OPENAI_API_KEY: ${{ secrets.OPENAI_API_KEY }}" in actions
    assert "site" not in actions
    assert "mode: site" in repository.shown(PAGES)
    repository.git("checkout", "--quiet", "mycelium/init")
    assert ended(mycelium, ["validate"]) == 0
    assert "2 files without problems" in capsys.readouterr().out


def test_a_new_file_has_agents_confined_unless_it_shall_not(repository: Repository) -> None:
    assert ended(mycelium, ["init", "--no-commit"]) == 0
    text = (repository.root / ACTIONS).read_text()
    steps = YAML(typ="safe", pure=True).load(text)["jobs"]["run"]["steps"]
    assert [step.get("run") for step in steps] == [None, SCRIPT, None]
    repository.write(ACTIONS, text.replace("\n".join(STEP) + "\n", ""))
    assert ended(mycelium, ["init", "--no-commit", "--template", "issue-triage"]) == 0
    kept = (repository.root / ACTIONS).read_text()
    assert "  issues:" in kept
    assert "bwrap" not in kept
    (repository.root / ACTIONS).unlink()
    assert ended(mycelium, ["init", "--no-commit", "--no-sandbox"]) == 0
    assert "bwrap" not in (repository.root / ACTIONS).read_text()


def test_what_tests_need_is_found_or_asked_for(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    repository.write("pyproject.toml", "")
    repository.write("tests/test_a.py", "")
    words = ["init", "--no-commit", "--template", "fix-failing-tests", "--dry-run"]
    assert ended(mycelium, words) == 0
    assert "Say what the tests need" not in capsys.readouterr().out
    assert ended(mycelium, [*words[:-1], "--test", "make check"]) == 0
    assert "workflows/fix-failing-tests.yaml: inputs, setup" in capsys.readouterr().out
    assert ended(mycelium, [*words[:-1], "--overwrite", "--test", "make check", "--setup", "make tools"]) == 0
    assert "Say what the tests need" not in capsys.readouterr().out
    text = (repository.root / "workflows/fix-failing-tests.yaml").read_text()
    assert "    default: make check\n" in text
    assert "    default: make tools\n" in text


def test_secrets_are_those_of_the_engines_that_workflows_name(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.write("mycelium.yaml", "engines: {own: {command: [own], credentials: [OWN_KEY, OTHER_KEY]}}\n")
    repository.write(
        "workflows/codex.yaml", "on: push\nnodes: {a: {agent: python-pro, engine: codex, prompt: Do it}}\n"
    )
    repository.commit()
    assert ended(mycelium, ["init", "--yes"]) == 0
    said, actions = capsys.readouterr().out, repository.shown(ACTIONS)
    assert "gh secret set OPENAI_API_KEY" in said
    assert "OPENAI_API_KEY: ${{ secrets.OPENAI_API_KEY }}" in actions
    assert "ANTHROPIC" not in said + actions
    assert ended(mycelium, ["init", "--template", "code-review", "--template", "issue-triage", "--engine", "own"]) == 0
    said, actions = capsys.readouterr().out, repository.shown(ACTIONS)
    for name in ("OPENAI_API_KEY", "OWN_KEY"):
        assert f"gh secret set {name}" in said
        assert f"{name}: ${{{{ secrets.{name} }}}}" in actions
    assert "OTHER_KEY" not in actions


def test_a_key_may_come_from_a_secret_of_any_name(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(mycelium, ["init", "--no-commit"]) == 0
    own = (repository.root / ACTIONS).read_text().replace("secrets.ANTHROPIC_API_KEY", "secrets.CLAUDE_KEY")
    for text in (
        own,
        own.replace("ANTHROPIC_API_KEY:", "CLAUDE_CODE_OAUTH_TOKEN:"),
        own.replace("secrets.C", "vars.C"),
    ):
        repository.write(ACTIONS, text)
        capsys.readouterr()
        assert ended(mycelium, ["init", "--no-commit", "--template", "code-review"]) == 0
        said = capsys.readouterr().out
        assert "Everything is right as it is" in said
        assert ("gh secret set CLAUDE_KEY" in said) == ("secrets." in text)
        assert "ANTHROPIC" not in said
        assert (repository.root / ACTIONS).read_text() == text


def test_workflows_may_lie_elsewhere(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYCELIUM_WORKFLOWS_DIR", ".flows/on")
    assert ended(mycelium, ["init", "--site"]) == 0
    assert repository.written() == {ACTIONS, PAGES, ".flows/on/code-review.yaml"}
    for file in (ACTIONS, PAGES):
        assert '          MYCELIUM_WORKFLOWS_DIR: ".flows/on"\n' in repository.shown(file)
    first = repository.git("rev-parse", "mycelium/init")
    assert ended(mycelium, ["init"]) == 0
    assert repository.git("rev-parse", "mycelium/init") == first


def test_pages_are_deployed_by_the_default_branch_after_what_ran(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    """GitHub refuses to let a pull request's job deploy to the environment `github-pages`."""
    assert ended(mycelium, ["init", "--no-commit", "--site"]) == 0
    said = capsys.readouterr().out
    assert "https://github.com/octo/demo/settings/pages" in said
    assert "those of a private repository are public, except where GitHub Enterprise Cloud" in said
    yaml = YAML(typ="safe", pure=True)
    pages, actions = (yaml.load(repository.root / path) for path in (PAGES, ACTIONS))
    assert pages["on"] == {
        "workflow_run": {"workflows": ["Mycelium"], "types": ["completed"]},
        "workflow_dispatch": None,
    }
    assert [job for file in (pages, actions) for job in file["jobs"].values() if "environment" in job] == [
        pages["jobs"]["site"]
    ]
    bumped = re.sub(r"deploy-pages@.*", f"deploy-pages@{'b' * 40} # v6.0.0", (repository.root / PAGES).read_text())
    repository.write(PAGES, bumped)
    repository.write(
        ACTIONS, (repository.root / ACTIONS).read_text().replace("name: Mycelium\n", "name: 'Ours: all'\n", 1)
    )
    assert ended(mycelium, ["init", "--no-commit", "--action", "octo/mycelium@v9"]) == 0
    assert "settings/pages" not in capsys.readouterr().out
    text = (repository.root / PAGES).read_text()
    assert "uses: octo/mycelium@v9" in text
    assert "# v6.0.0" in text
    assert yaml.load(text)["on"]["workflow_run"]["workflows"] == ["Ours: all"]
    repository.write(PAGES, text.replace("minutes: 15", "minutes: 15 # enough"))
    assert ended(mycelium, ["init", "--no-commit", "--site"]) == 0
    assert "yours, and it builds pages" in capsys.readouterr().out


def test_what_gh_knows_of_pages_is_not_asked_for(
    repository: Repository, gh: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(mycelium, ["init", "--site", "--dry-run"]) == 0
    assert "internet" not in capsys.readouterr().out
    assert ended(mycelium, ["init", "--site"]) == 0
    assert "settings/pages" in capsys.readouterr().out
    (tmp_path / "bin/gh").write_text(GH.format(log=gh, pages="workflow").replace("*) echo false", "*) echo true"))
    assert ended(mycelium, ["init", "--site"]) == 0
    said = capsys.readouterr().out
    assert "settings/pages" not in said
    assert "those of this private repository are public" in said


def test_a_trial_brings_what_its_agents_say(repository: Repository) -> None:
    assert ended(mycelium, ["init", "--engine", "replay", "--validate"]) == 0
    assert "workflows/code-review.replay/review.jsonl" in repository.written()
    actions = repository.shown(ACTIONS)
    assert "secrets." not in actions
    assert "mode: validate" in actions
    first = repository.git("rev-parse", "mycelium/init")
    assert ended(mycelium, ["init", "--engine", "replay"]) == 0
    assert repository.git("rev-parse", "mycelium/init") == first


def test_a_second_run_changes_nothing_that_is_right(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(mycelium, ["init"]) == 0
    first = repository.git("rev-parse", "mycelium/init")
    assert ended(mycelium, ["init", "--template", "code-review"]) == 0
    assert repository.git("rev-parse", "mycelium/init") == first
    assert "nothing was written" in capsys.readouterr().out
    repository.git("merge", "--quiet", "mycelium/init")
    assert ended(mycelium, ["init"]) == 0
    assert repository.git("rev-parse", "mycelium/init") == first
    assert ended(mycelium, ["init", "--template", "issue-triage"]) == 0
    assert repository.git("rev-parse", "mycelium/init~1") == repository.git("rev-parse", "main")
    assert "now with the event issues" in capsys.readouterr().out


def test_what_people_have_changed_is_theirs(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(mycelium, ["init", "--no-commit"]) == 0
    capsys.readouterr()
    own = (repository.root / ACTIONS).read_text().replace("issues: write", "issues: read")
    repository.write(ACTIONS, own.replace("    name: Mycelium", "    name: Ours # all of them"))
    assert ended(mycelium, ["init", "--no-commit"]) == 0
    assert "yours, now with the permission issues: write" in capsys.readouterr().out
    own = (repository.root / ACTIONS).read_text()
    assert "issues: write" in own
    assert "Ours # all of them" in own
    repository.write("workflows/code-review.yaml", "name: Mine\non: pull_request\nnodes: {a: {run: 'true'}}\n")
    assert ended(mycelium, ["init", "--no-commit", "--template", "code-review"]) == 0
    said = capsys.readouterr().out
    assert "yours, and it has all that is needed" in said
    assert "yours differs from the one that ships" in said
    assert (repository.root / ACTIONS).read_text() == own
    assert ended(mycelium, ["init", "--no-commit", "--dry-run", "--template", "issue-triage"]) == 0
    said = capsys.readouterr().out
    assert "yours, now with the event issues" in said
    assert "+  issues: {types: [labeled, opened, reopened]}" in said
    assert not (repository.root / "workflows/issue-triage.yaml").exists()
    assert ended(mycelium, ["init", "--no-commit", "--overwrite", "--template", "code-review"]) == 0
    assert "Ours" not in (repository.root / ACTIONS).read_text()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_pins_machines_and_line_ends_are_kept(
    repository: Repository, capsys: pytest.CaptureFixture[str], end: str
) -> None:
    assert ended(mycelium, ["init", "--no-commit"]) == 0
    own = (repository.root / ACTIONS).read_text()
    pin = f"actions/checkout@{'a' * 40} # v8.0.0"
    own = re.sub(r"actions/checkout@.*", pin, own)
    own = own.replace("runs-on: ubuntu-latest", "runs-on: [self-hosted, linux]").replace("minutes: 350", "minutes: 20")
    (repository.root / ACTIONS).write_bytes(own.replace("\n", end).encode())
    repository.git("config", "core.autocrlf", "false")
    repository.commit()
    capsys.readouterr()
    assert ended(mycelium, ["init"]) == 0
    assert "Everything is right as it is" in capsys.readouterr().out
    assert ended(mycelium, ["init", "--overwrite", "--template", "issue-triage"]) == 0
    shown = repository.git_bytes("show", f"mycelium/init:{ACTIONS}").decode()
    for part in (pin, "runs-on: [self-hosted, linux]", "minutes: 20", "  issues:"):
        assert f"{part}{end}" in shown
    assert shown.count("\n") == shown.count(end)


def test_the_file_that_starts_workflows_may_have_any_name(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    own = "on: [pull_request, issue_comment]\npermissions: write-all\njobs:\n  a:\n    steps: [{uses: a/mycelium@v1}]\n"
    repository.write(".github/workflows/agents.yaml", own)
    repository.write(".github/workflows/fork.yml", own.replace("[pull_request, issue_comment]", "workflow_run"))
    repository.write(".github/workflows/one.yml", own.replace("@v1", "@v1, with: {workflow: x}"))
    repository.write(".github/workflows/nightly.yml", own.replace("[pull_request, issue_comment]", "schedule"))
    words = ["--template", "code-review", "--template", "issue-triage", "--no-commit", "--dry-run"]
    assert ended(mycelium, ["init", *words]) == 0
    said = capsys.readouterr().out
    assert "~ .github/workflows/agents.yaml" in said
    assert ACTIONS not in said
    for part in ("+  issues: {types:", "+    steps: [{uses: a/mycelium@v1, ", 'env: {ANTHROPIC_API_KEY: "${{ secrets'):
        assert part in said
    repository.write(".github/workflows/other.yaml", own.replace("[pull_request, issue_comment]", "issues"))
    assert ended(mycelium, ["init", *words]) == 0
    said = capsys.readouterr().out
    assert "+  issues" not in said
    assert "now with pull_request: ready_for_review, the event workflow_dispatch, the variable" in said


@pytest.mark.parametrize("words", [[], ["--overwrite"]])
def test_a_file_of_somebody_elses_is_never_taken_for_ours(
    repository: Repository, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    own = "name: CI\non: push\njobs:\n  test:\n    runs-on: x\n    steps: [{run: make test}]\n"
    other, site = ".github/workflows/mycelium-workflows.yml", ".github/workflows/mycelium-site.yml"
    for path, text in ((ACTIONS, own), (PAGES, own)):
        repository.write(path, text)
    repository.commit()
    assert ended(mycelium, ["init", "--site", *words]) == 0
    assert f"+ {other}" in capsys.readouterr().out
    assert repository.written() == {ACTIONS, PAGES, other, site, "workflows/code-review.yaml"}
    assert repository.shown(ACTIONS) == repository.shown(PAGES) == own
    first = repository.git("rev-parse", "mycelium/init")
    assert ended(mycelium, ["init", "--site", *words]) == 0
    assert "Everything is right as it is" in capsys.readouterr().out
    repository.write(other, "a: [")
    repository.write(
        ".github/workflows/mycelium-workflows-2.yml",
        "jobs: {a: {steps: [{uses: a/mycelium@v1, with: {mode: validate}}]}}",
    )
    assert ended(mycelium, ["init", "--no-commit", *words]) == 0
    assert "+ .github/workflows/mycelium-workflows-3.yml" in capsys.readouterr().out
    assert repository.git("rev-parse", "mycelium/init") == first


def test_other_jobs_of_a_file_are_never_written_over(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(mycelium, ["init", "--no-commit"]) == 0
    own = (repository.root / ACTIONS).read_text() + "\n  test:\n    runs-on: x\n    steps: [{run: make test}]\n"
    repository.write(ACTIONS, own)
    assert ended(mycelium, ["init", "--no-commit", "--overwrite", "--template", "issue-triage"]) == 0
    after = (repository.root / ACTIONS).read_text()
    assert "  test:\n    runs-on: x\n" in after
    assert "  issues: " in after
    repository.write(ACTIONS, re.sub(r"^concurrency:\n(  .*\n)+", "concurrency: ai\n", after, flags=re.M))
    capsys.readouterr()
    assert ended(mycelium, ["init", "--no-commit", "--overwrite"]) == 0
    assert "What is marked with ! has jobs of yours: change it yourself." in capsys.readouterr().out


def test_what_gets_more_than_it_was_made_for_is_said(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    own = (
        "on: pull_request\nconcurrency: {group: ai, cancel-in-progress: true}\npermissions: {contents: read}\njobs:\n"
        "  ai:\n    runs-on: x\n    steps:\n      - uses: actions/checkout@v4\n      - uses: octo/mycelium@v0\n"
    )
    repository.write(ACTIONS, own)
    assert ended(mycelium, ["init", "--no-commit"]) == 0
    said = capsys.readouterr().out
    lacks = (
        "a group of its own under `concurrency` for each job of pull_request, issue_comment",
        "`persist-credentials: false` at the checkout",
    )
    assert f"; it still lacks {', '.join(lacks)}" in said
    assert [line for line in said.splitlines() if line.strip() in lacks] == [f"     {each}" for each in lacks]
    assert "issue_comment" in (repository.root / ACTIONS).read_text()


def test_what_cannot_be_put_into_a_file_is_left_to_do(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = "<<<<<<<\non: push\njobs: {a: {steps: [{uses: o/mycelium@v1}]}}\n"
    repository.write(ACTIONS, broken)
    assert ended(mycelium, ["init", "--no-commit"]) == 0
    said = capsys.readouterr().out
    assert f"Put into {ACTIONS}, which is yours, what it lacks." in said
    assert (repository.root / ACTIONS).read_text() == broken
    assert ended(mycelium, ["init", "--no-commit", "--overwrite"]) == 0
    assert "name: Mycelium\n" in (repository.root / ACTIONS).read_text()


def test_the_history_is_kept_where_it_was_said_once(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(mycelium, ["init", "--no-commit", "--history-branch", "ops/history"]) == 0
    written = (repository.root / ACTIONS).read_text()
    assert "          history-branch: ops/history\n" in written
    assert ended(mycelium, ["init", "--no-commit"]) == 0
    assert (repository.root / ACTIONS).read_text() == written
    repository.write(ACTIONS, written.replace("timeout-minutes: 350", "timeout-minutes: 20 # enough"))
    capsys.readouterr()
    assert ended(mycelium, ["init", "--no-commit", "--history-branch", "kept"]) == 0
    assert "yours, now with history-branch: kept" in capsys.readouterr().out
    assert "history-branch: kept\n" in (repository.root / ACTIONS).read_text()


def test_the_action_is_pinned_like_all_others(
    repository: Repository,
    releases: tuple[Path, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MYCELIUM_ACTION_URL", str(repository.root / "nowhere"))
    tag = "uses: mycelium-orchestrator/mycelium@v0 # zizmor: ignore[unpinned-uses] moves with the releases of Mycelium"
    pin = f"uses: mycelium-orchestrator/mycelium@{releases[1]} # v{__version__}"
    assert ended(mycelium, ["init", "--no-commit", "--site", "--validate"]) == 0
    assert "mycelium-orchestrator/mycelium@v0 is a tag, which moves" in capsys.readouterr().out
    first, pages = ((repository.root / path).read_text() for path in (ACTIONS, PAGES))
    assert (first.count(tag), pages.count(tag)) == (2, 1)
    monkeypatch.setenv("MYCELIUM_ACTION_URL", str(releases[0]))
    for text in (first, first.replace("name: Mycelium\n", "name: Mycelium # ours\n")):
        repository.write(ACTIONS, text)
        repository.write(PAGES, pages)
        assert ended(mycelium, ["init", "--no-commit"]) == 0
        assert "a tag, which moves" not in capsys.readouterr().out
        assert (repository.root / ACTIONS).read_text() == text.replace(tag, pin)
        assert (repository.root / PAGES).read_text() == pages.replace(tag, pin)
    repository.git("add", ".")
    later = pin.replace(releases[1], "b" * 40).replace(__version__, "0.9.0")
    for own in (later, pin.partition(" #")[0], tag.replace(" of Mycelium", "")):
        repository.write(ACTIONS, first.replace(tag, own))
        assert ended(mycelium, ["init", "--no-commit"]) == 0
        said = capsys.readouterr().out
        assert "a tag, which moves" not in said
        assert "nothing was written" in said
        assert (repository.root / ACTIONS).read_text() == first.replace(tag, own)


def test_pages_need_a_history(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(mycelium, ["init", "--no-commit", "--site", "--history-branch", ""]) == 2
    assert "pages show what the history has, and none is kept" in capsys.readouterr().err
    assert not (repository.root / ACTIONS).exists()
    assert ended(mycelium, ["init", "--no-commit", "--site"]) == 0
    capsys.readouterr()
    assert ended(mycelium, ["init", "--no-commit", "--history-branch", ""]) == 0
    assert f"{PAGES} deploys pages of nothing, as no execution is kept: delete it." in capsys.readouterr().out
    written = (repository.root / ACTIONS).read_text()
    assert "contents: read" in written
    assert "actions: read" not in written


def test_the_branch_that_is_checked_out_is_not_moved(repository: Repository) -> None:
    assert ended(mycelium, ["init"]) == 0
    repository.git("checkout", "--quiet", "mycelium/init")
    before = repository.git("rev-parse", "HEAD")
    assert ended(mycelium, ["init", "--template", "issue-triage"]) == 0
    assert repository.git("rev-parse", "HEAD") == before
    assert "?? workflows/issue-triage.yaml" in repository.git("status", "--porcelain")


def test_a_secret_goes_to_gh_and_nowhere_else(
    repository: Repository, gh: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", SECRET)
    assert ended(mycelium, ["init", "--set-secret", "--template", "dependency-upgrade"]) == 0
    said = capsys.readouterr()
    asked = gh.read_text(encoding="utf-8")
    assert "secret set ANTHROPIC_API_KEY --repo octo/demo" in asked
    assert Path(f"{gh}.values").read_text(encoding="utf-8") == SECRET
    assert "The secret ANTHROPIC_API_KEY is set." in said.out
    assert SECRET not in said.out + said.err + asked + repository.shown(ACTIONS)
    assert "Switch on “Allow GitHub Actions to create and approve pull requests”" in said.out


@pytest.mark.parametrize("script", ["#!/bin/sh\ncase $2 in set) exec sleep 60 ;; esac\n", "#!/nowhere/sh\n"])
def test_a_gh_that_hangs_or_does_not_start_is_told_and_left(
    repository: Repository,
    gh: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    script: str,
) -> None:
    (tmp_path / "bin/gh").write_text(script.replace("sleep", "/bin/sleep"), encoding="utf-8")
    monkeypatch.setattr("orchestrator.cli.init.github_side._SECONDS", 0.2)
    monkeypatch.setenv("ANTHROPIC_API_KEY", SECRET)
    assert ended(mycelium, ["init", "-y", "--set-secret"]) == 0
    said = capsys.readouterr()
    assert "gh did not set the secret ANTHROPIC_API_KEY" in said.out
    assert "gh secret set ANTHROPIC_API_KEY --repo octo/demo" in said.out
    assert SECRET not in said.out + said.err


def test_without_being_told_gh_sets_nothing(repository: Repository, gh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", SECRET)
    assert ended(mycelium, ["init", "-y", "--secret", "OTHER"]) == 0
    assert "secret set" not in gh.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--template", "code-revue"], "there is no template `code-revue`"),
        (["/nowhere"], "there is no folder /nowhere"),
        (["--secret", "a: b"], "`a: b` is no name of a secret"),
        (["--action", "octo/other@v1"], "names no Action"),
        (["--engine", "cladue"], "did you mean `claude`?"),
        (["--history-branch", "mycelium/kept"], "not below `mycelium/`, where results are"),
        (["--history-branch", "a..b"], "`a..b` cannot be the history's branch"),
        (["--history-branch", "kept.lock"], "cannot be the history's branch"),
    ],
)
def test_what_cannot_be_done(
    repository: Repository, capsys: pytest.CaptureFixture[str], words: list[str], expected: str
) -> None:
    assert ended(mycelium, ["init", *words]) == 2
    assert expected in capsys.readouterr().err
    assert repository.git("for-each-ref") == ""


def test_nobody_in_particular_commits_nothing(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    repository.git("config", "--unset", "user.email")
    assert ended(mycelium, ["init"]) == 2
    assert "git does not know who you are" in capsys.readouterr().err
    assert repository.git("for-each-ref") == ""


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("\n\n", Answers(templates=("code-review",), engine="claude", test="make test")),
        (
            "9\nnonsense\n4, issue-triage\ncodex\nnpm test\n",
            Answers(templates=("fix-failing-tests", "issue-triage"), engine="codex", test="npm test"),
        ),
        ("none\n\n", Answers(templates=(), engine="claude", test="make test")),
    ],
)
def test_questions_have_answers(typed: str, expected: Answers) -> None:
    known = [(each, "What it is for.") for each in gallery.templates()]
    default = Answers(templates=("code-review",), engine="claude", test="make test")
    with CliRunner().isolation(input=typed):
        assert ask(Console.stdout(), known, Found(test="make test"), default) == expected
