"""Where the branch of `mycelium init` begins, when it goes on, and what is said of what comes along."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.cli.exit import ended
from orchestrator.cli.program import mycelium
from tests.unit.cli.init.repository import Repository

ACTIONS = ".github/workflows/mycelium.yml"
BRANCH = "mycelium/init"
SCHEDULED = "on: {schedule: [{cron: '0 6 * * *'}]}\nnodes: {a: {run: 'true'}}\n"
ANEW = "What the branch had before is merged; it was"

Said = pytest.CaptureFixture[str]


def initialized(capsys: Said, *words: str) -> str:
    capsys.readouterr()
    assert ended(mycelium, ["init", *words]) == 0
    return capsys.readouterr().out


@pytest.fixture
def begun(repository: Repository, capsys: Said) -> Repository:
    """The branch has two commits, of which the second changes a file of the first; `main` has moved on."""
    repository.write("a.txt", "one\n")
    repository.commit()
    initialized(capsys)
    initialized(capsys, "--template", "issue-triage")
    repository.write("a.txt", "two\n")
    repository.commit()
    return repository


def squash(repository: Repository) -> None:
    repository.git("merge", "--quiet", "--squash", BRANCH)
    repository.git("commit", "--quiet", "--message", "Set up (#1)")


def rebase(repository: Repository) -> None:
    repository.git("cherry-pick", f"main...{BRANCH}", "--right-only")


def squash_and_change(repository: Repository) -> None:
    squash(repository)
    repository.write("workflows/issue-triage.yaml", SCHEDULED)
    repository.git("rm", "--quiet", "workflows/code-review.yaml")
    repository.commit()


@pytest.mark.parametrize("merge", [squash, rebase, squash_and_change])
def test_what_was_merged_as_other_commits_begins_anew(
    begun: Repository, capsys: Said, merge: Callable[[Repository], None]
) -> None:
    old = begun.at(BRANCH)
    merge(begun)
    begun.write("workflows/nightly.yaml", SCHEDULED)
    begun.commit()
    said = initialized(capsys)
    assert "  schedule:\n" in begun.shown(ACTIONS)
    assert f"{ANEW} {old[:12]}." in said
    assert begun.at(f"{BRANCH}~1") == begun.at("main")
    assert begun.git("rev-list", "--count", f"main..{BRANCH}").strip() == "1"
    assert old in begun.git("reflog", "--no-abbrev", BRANCH)


def test_what_is_not_merged_goes_on_and_says_so(begun: Repository, capsys: Said) -> None:
    """Part of it is in `main`, and not all."""
    old = begun.at(BRANCH)
    begun.git("cherry-pick", f"{BRANCH}~1")
    said = initialized(capsys, "--template", "fix-failing-tests")
    assert f"Goes on from {BRANCH} ({old[:12]}), which is not merged yet, and lacks 2 commits of main." in said
    assert f"git branch -D {BRANCH}" in said
    assert ANEW not in said
    assert begun.at(f"{BRANCH}~1") == old


def test_a_merged_branch_that_origin_still_has_is_in_the_way(begun: Repository, capsys: Said) -> None:
    begun.git("update-ref", f"refs/remotes/origin/{BRANCH}", BRANCH)
    delete = f"git push origin --delete {BRANCH}"
    assert delete not in initialized(capsys)
    squash(begun)
    begun.knows_origin()
    for _ in range(2):
        assert delete in initialized(capsys, "--template", "fix-failing-tests")
    begun.git("update-ref", f"refs/remotes/origin/{BRANCH}", f"{BRANCH}~1")
    said = initialized(capsys, "--template", "fix-failing-tests")
    assert delete not in said
    begun.git("update-ref", f"refs/remotes/origin/{BRANCH}", begun.git("commit-tree", "-m", "x", "main^{tree}").strip())
    said = initialized(capsys, "--template", "fix-failing-tests")
    assert f"git log {BRANCH}..origin/{BRANCH}" in said


def test_work_on_another_branch_does_not_come_along(repository: Repository, capsys: Said) -> None:
    repository.write("a.txt", "one\n")
    repository.commit()
    repository.knows_origin()
    assert "Goes by" not in initialized(capsys, "--dry-run")
    repository.git("switch", "--quiet", "--create", "feature")
    repository.write("a.txt", "two\n")
    repository.write(".github/workflows/ci.yml", "on: push\n")
    repository.commit()
    said = initialized(capsys)
    assert "Goes by origin/main, where the branch begins: 1 commit of feature stays out of it." in said
    assert repository.at(f"{BRANCH}~1") == repository.at("main")
    assert repository.shown("a.txt") == "one\n"
    assert f"git push -u origin {BRANCH}\n" in said


@pytest.mark.parametrize("path", ["workflows/nightly.yaml", "mycelium.yaml", "agents/mine.md", ACTIONS])
def test_what_only_another_branch_has_takes_its_commits_along(repository: Repository, capsys: Said, path: str) -> None:
    repository.write("a.txt", "one\n")
    repository.commit()
    repository.knows_origin()
    repository.git("switch", "--quiet", "--create", "feature")
    repository.write("b.txt", "one\n")
    repository.commit()
    texts = {"mycelium.yaml": "engines: {}\n", ACTIONS: "on: push\njobs: {a: {steps: [{uses: octo/mycelium@v1}]}}\n"}
    repository.write(path, texts.get(path, SCHEDULED))
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "Bring \x1b[31mit")
    said = initialized(capsys)
    assert f"The branch begins at feature: origin/main does not have its {path}." in said
    assert "2 commits that origin/main does not have come along:" in said
    assert " Bring \\x1b[31mit\n" in said
    assert repository.at(f"{BRANCH}~1") == repository.at("feature")


def test_a_clone_without_the_files_of_other_commits_is_gone_by_what_is_checked_out(
    repository: Repository, capsys: Said, tmp_path: Path
) -> None:
    repository.write("workflows/nightly.yaml", SCHEDULED)
    repository.commit()
    repository.git("config", "uploadpack.allowFilter", "true")
    (tmp_path / ".gitconfig").write_text("[user]\n\tname = Somebody\n\temail = somebody@example.invalid\n")
    here = tmp_path / "partial"
    repository.git("clone", "--quiet", "--filter=blob:none", repository.root.as_uri(), str(here))
    repository.write("workflows/nightly.yaml", SCHEDULED.replace("6", "7"))
    repository.commit()
    repository.git("-C", str(here), "fetch", "--quiet")
    repository.git("-C", str(here), "commit", "--quiet", "--allow-empty", "--message", "Mine")
    said = initialized(capsys, str(here))
    assert "1 commit that origin/main does not have comes along:" in said
    assert "`git switch --detach origin/main` first" in said


def test_where_the_default_branch_is_not_known_it_is_said_how_it_can_be(repository: Repository, capsys: Said) -> None:
    repository.write("a.txt", "one\n")
    repository.commit()
    repository.git("update-ref", "refs/remotes/origin/main", "main")
    for number in range(7):
        repository.write("a.txt", f"{number}\n")
        repository.commit()
    said = initialized(capsys)
    assert "7 commits that origin does not have come along:" in said
    assert "  and 2 more\n" in said
    assert "git remote set-head origin --auto" in said


def test_a_branch_that_is_checked_out_elsewhere_is_not_moved(begun: Repository, capsys: Said, tmp_path: Path) -> None:
    begun.git("worktree", "add", "--quiet", str(tmp_path / "other"), BRANCH)
    before = begun.at(BRANCH)
    assert ended(mycelium, ["init", "--template", "release-notes"]) == 2
    assert f"the branch {BRANCH} is checked out at {tmp_path / 'other'}" in capsys.readouterr().err
    assert begun.at(BRANCH) == before


def test_the_base_goes_along_until_origin_has_one(repository: Repository, capsys: Said) -> None:
    for _ in range(2):
        assert f"git push -u origin main {BRANCH}\n" in initialized(capsys)
        repository.git("update-ref", f"refs/remotes/origin/{BRANCH}", BRANCH)
    repository.git("update-ref", "refs/remotes/origin/main", "main")
    assert f"git push -u origin {BRANCH}\n" in initialized(capsys)
    repository.git("remote", "set-url", "origin", "/nowhere")
    assert "git remote add" not in initialized(capsys)
    repository.git("remote", "remove", "origin")
    said = initialized(capsys)
    assert "git remote add origin" in said
    assert f"git push -u origin main {BRANCH}\n" in said
