"""What `origin` is known to have, and fetching from it without touching the clone or running what it names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestrator.errors import Unavailable
from orchestrator.git.repository import GitRepository
from orchestrator.lifecycle.ports import Author, CommitMessage
from tests.fakes.checkout import Checkout

UNKNOWN = "1" * 40


@pytest.fixture
def upstream(tmp_path: Path) -> Checkout:
    return Checkout.create(tmp_path / "upstream")


@pytest.fixture
def clone(tmp_path: Path, upstream: Checkout) -> Checkout:
    made = Checkout(folder=tmp_path / "clone")
    made.root.mkdir(parents=True)
    made.git("clone", "--quiet", str(upstream.root), ".")
    return made


def git_of(checkout: Checkout, **environ: str) -> GitRepository:
    return GitRepository(
        root=checkout.root,
        cache_dir=checkout.folder / "cache",
        environ={"PATH": os.environ["PATH"], "HOME": str(checkout.folder / "home"), **environ},
    )


def head(checkout: Checkout) -> str:
    return checkout.git("rev-parse", "HEAD").strip()


def test_what_origin_had_is_published(clone: Checkout) -> None:
    first = head(clone)
    clone.git("-c", "user.name=N", "-c", "user.email=e@x", "commit", "--quiet", "--allow-empty", "-m", "Mine")
    git = git_of(clone)
    assert git.published() == [first]
    clone.git("remote", "rename", "origin", "elsewhere")
    assert git.published() == []


def test_a_bundle_of_what_is_published_is_empty(clone: Checkout) -> None:
    git = git_of(clone)
    assert git.bundle(git.snapshot().base, known=git.published()) == b""


def test_a_new_commit_is_fetched_and_the_clone_stays_as_it_is(clone: Checkout, upstream: Checkout) -> None:
    upstream.write("new.txt", "new")
    upstream.commit("New")
    git, before = git_of(clone), clone.state()
    assert not git.has(head(upstream))
    assert git.fetch(head(upstream))
    assert git.read(head(upstream), "new.txt") == b"new"
    assert clone.state() == before
    assert not git.fetch(UNKNOWN)


def test_a_commit_on_no_branch_is_fetched_by_its_id(clone: Checkout, upstream: Checkout) -> None:
    begun = head(upstream)
    upstream.write("theirs.txt", "theirs")
    upstream.commit("From a fork")
    theirs = head(upstream)
    upstream.git("update-ref", "refs/pull/7/head", theirs)
    upstream.git("reset", "--quiet", "--hard", begun)
    upstream.git("config", "uploadpack.allowAnySHA1InWant", "true")
    git, before = git_of(clone), clone.state()
    assert git.fetch(theirs)
    assert git.read(theirs, "theirs.txt") == b"theirs"
    assert clone.state() == before
    assert not git.fetch(UNKNOWN)


def test_without_origin_nothing_is_fetched(upstream: Checkout) -> None:
    assert git_of(upstream).fetch(UNKNOWN) is False


def test_an_origin_that_cannot_be_read_is_worth_another_try(clone: Checkout) -> None:
    clone.git("remote", "set-url", "origin", str(clone.folder / "gone"))
    with pytest.raises(Unavailable, match=r"`origin` of .* cannot be read"):
        git_of(clone).fetch(UNKNOWN)


@pytest.mark.parametrize("address", ["ext::sh -c 'touch {proof}'", "--upload-pack=touch {proof}"])
def test_an_address_never_runs_a_program(clone: Checkout, address: str) -> None:
    proof = clone.folder / "proof"
    clone.git("config", "remote.origin.url", address.format(proof=proof))
    clone.git("config", "protocol.ext.allow", "always")
    with pytest.raises(Unavailable):
        git_of(clone).fetch(UNKNOWN)
    assert not proof.exists()


def test_the_clones_own_config_names_no_program_for_a_fetch(clone: Checkout, upstream: Checkout) -> None:
    proof = clone.folder / "proof"
    for name in ("core.sshCommand", "remote.origin.uploadpack", "core.hooksPath", "credential.helper"):
        clone.git("config", name, f"!touch {proof}")
    upstream.write("new.txt", "new")
    upstream.commit("New")
    assert git_of(clone).fetch(head(upstream))
    assert not proof.exists()


@pytest.mark.parametrize("place", [".gitconfig", ".config/git/config"])
def test_the_users_own_config_may_say_how_to_get_there(clone: Checkout, upstream: Checkout, place: str) -> None:
    clone.git("remote", "set-url", "origin", "https://git.example.invalid/it")
    config = clone.folder / "home" / place
    config.parent.mkdir(parents=True)
    config.write_text(f'[url "{upstream.root}"]\n\tinsteadOf = https://git.example.invalid/it\n')
    upstream.write("new.txt", "new")
    upstream.commit("New")
    assert git_of(clone).fetch(head(upstream))


def test_a_shallow_clone_gets_one_commit_without_its_history(clone: Checkout, upstream: Checkout) -> None:
    begun = head(upstream)
    upstream.write("theirs.txt", "theirs")
    upstream.commit("Before")
    upstream.write("theirs.txt", "more of theirs")
    upstream.commit("From a fork")
    theirs = head(upstream)
    upstream.git("reset", "--quiet", "--hard", begun)
    upstream.write("merged.txt", "merged")
    upstream.commit("The tip")
    upstream.git("config", "uploadpack.allowAnySHA1InWant", "true")
    shallow = Checkout(folder=clone.folder / "shallow")
    shallow.root.mkdir(parents=True)
    shallow.git("clone", "--quiet", "--depth=1", upstream.root.as_uri(), ".")

    git, before = git_of(shallow), shallow.state()
    assert git.fetch(theirs)
    assert git.read(theirs, "theirs.txt") == b"more of theirs"
    assert len(git.parents(theirs)) == 1
    assert not git.has(git.parents(theirs)[0])
    assert shallow.state() == before

    again = git_of(shallow)  # whoever opens the mirror next keeps what was noted there
    workspace = again.prepare("node", theirs)
    (workspace.path / "new.txt").write_text("new")
    made = again.commit(workspace, Author(name="N", email="e@x.invalid"), CommitMessage(subject="Work"))
    assert made is not None
    assert [commit.sha for commit in again.log(theirs, made)] == [made]
    again.create_branch("mycelium/it/1", made)
    assert shallow.git("log", "--format=%s", "mycelium/it/1").split("\n")[:2] == ["Work", "From a fork"]
    shallow.git("fsck", "--no-progress")
