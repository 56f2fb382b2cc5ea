"""The commit an execution starts from: a ref, or the checkout as it is now, uncommitted tracked changes included."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestrator.errors import BadInput, MyceliumError, SetupError
from orchestrator.git import gitdir, tags
from orchestrator.git.changes import shown
from orchestrator.git.command import Command, GitFailed
from orchestrator.git.discovery import Checkout
from orchestrator.git.mirror import Mirror
from orchestrator.git.staging import NESTED, stage
from orchestrator.lifecycle.ports import Snapshot

# Settings that change what a file's content means, each with the values it may have; nothing else is taken over.
_MEANING = {
    "core.autocrlf": ("true", "false", "input"),
    "core.eol": ("lf", "crlf", "native"),
    "core.filemode": ("true", "false"),
    "core.symlinks": ("true", "false"),
    "core.ignorecase": ("true", "false"),
    "core.precomposeunicode": ("true", "false"),
}
_ORIGIN = re.compile(r"(?:^|[/:@])(?:[\w.-]+)[/:]([\w.-]+/[\w.-]+?)(?:\.git)?/?$")


def take(checkout: Checkout, mirror: Mirror, ref: str | None) -> Snapshot:
    """The snapshot of `ref`, or of the checkout. The user's index, refs, stash and files stay as they are.

    `BadInput` where there is nothing to start from, `SetupError` for a repository or cache folder that is broken.
    """
    with _explained(checkout):
        return _taken(checkout, mirror, ref)


def _taken(checkout: Checkout, mirror: Mirror, ref: str | None) -> Snapshot:
    head = _resolve(checkout, ref)
    mirror.ensure(checkout)
    if not mirror.has(head):
        mirror.rebuild(checkout)
    config = _config(checkout)
    tags.note(checkout, mirror)
    base = head if ref else _with_changes(checkout, mirror, head, config)
    return Snapshot(
        head=head,
        base=base,
        dirty=base != head,
        branch=_branch(checkout, ref),
        repository=_name(checkout, config.get("remote.origin.url", "")),
    )


@contextmanager
def _explained(checkout: Checkout) -> Iterator[None]:
    try:
        yield
    except GitFailed as error:
        raise SetupError(
            f"git cannot read the checkout at {checkout.root}: {error.reason or error.message}",
            hint="see what `git status` and `git fsck` say there",
        ) from error
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        raise SetupError(
            f"no snapshot of {checkout.root} could be taken: {where}{error.strerror}",
            hint="check permissions and free space; MYCELIUM_CACHE_DIR names another folder for copies",
        ) from error


def _resolve(checkout: Checkout, ref: str | None) -> str:
    wanted = f"{ref or 'HEAD'}^{{commit}}"
    found = checkout.git.run("rev-parse", "--verify", "--quiet", "--end-of-options", wanted, codes=(0, 1, 128))
    if found.code == 0:
        return found.line
    if ref is None:
        raise _without_commit(checkout)
    raise BadInput(
        f"there is no commit {ref!r} in {checkout.root}", hint="list what there is: git branch --all; git tag"
    )


def _without_commit(checkout: Checkout) -> MyceliumError:
    """Why HEAD names no commit: it is lost, or none was made yet, on this branch or at all."""
    named = checkout.git.run("rev-parse", "--verify", "--quiet", "HEAD", codes=(0, 1, 128))
    if named.code == 0:
        return SetupError(
            f"the commit {named.line[:12]} that HEAD of {checkout.root} names cannot be read",
            hint="see what is lost with `git fsck`, or start from another commit with --ref",
        )
    branch = checkout.git.run("symbolic-ref", "--quiet", "--short", "HEAD", codes=(0, 1, 128)).line
    if checkout.git.run("for-each-ref", "--count=1", "refs/heads").output:
        return BadInput(
            f"the branch {branch!r} of {checkout.root} has no commit yet",
            hint="make one, or name another branch: --ref; `git branch --all` lists them",
        )
    return BadInput(
        f"the repository at {checkout.root} has no commit yet",
        hint="make one: git add --all && git commit -m 'First commit'",
    )


def _branch(checkout: Checkout, ref: str | None) -> str:
    """The branch's name; empty for a tag, a bare commit and a detached HEAD."""
    question = ("rev-parse", "--symbolic-full-name", "--verify", "--quiet", "--end-of-options", ref or "HEAD")
    full = checkout.git.run(*question, codes=(0, 1, 128)).line
    return full.removeprefix("refs/heads/") if full.startswith("refs/heads/") else ""


def _config(checkout: Checkout) -> dict[str, str]:
    wanted = rf"^({'|'.join(re.escape(name) for name in _MEANING)}|remote\.origin\.url)$"
    answer = checkout.git.run("config", "--local", "--null", "--get-regexp", wanted, codes=(0, 1))
    pairs = (field.partition("\n") for field in answer.fields())
    return {name: value or "true" for name, _, value in pairs}


def _name(checkout: Checkout, url: str) -> str:
    """`owner/name` as the remote has it, without anything else of its URL: that may hold a token. Else the folder."""
    found = _ORIGIN.search(url.strip()) if "://" in url or "@" in url else None
    return found[1] if found else checkout.root.name


def _with_changes(checkout: Checkout, mirror: Mirror, head: str, config: dict[str, str]) -> str:
    source = checkout.git_dir / "index"
    if not source.exists():
        return head
    with tempfile.TemporaryDirectory(prefix="snapshot-", dir=mirror.path.parent) as name:
        private = Path(name)
        gitdir.write_private(private, mirror=mirror.path, commit=head)
        # A split index lies in two files. The time stamps matter: git compares them with those of the files.
        for index in (source, *checkout.git_dir.glob("sharedindex.*")):
            shutil.copy2(index, private / index.name)
        settings = {key: value for key, value in config.items() if value in _MEANING.get(key, ())}
        git = mirror.git.at(checkout.root, git_dir=private, work_tree=checkout.root).having(settings=settings)
        return _commit_changes(checkout, mirror, git, head)


def _commit_changes(checkout: Checkout, mirror: Mirror, git: Command, head: str) -> str:
    if unmerged := sorted(set(_unmerged(git))):
        raise BadInput(
            f"{checkout.root} is in the middle of a merge, with conflicts in {', '.join(unmerged[:5])}",
            hint="resolve them and `git add` them, or start from a commit with --ref HEAD",
        )
    _refuse_filtered(checkout, git)
    # A submodule that moved on keeps its committed link: nobody else has the commits it moved to.
    left_out = [left for left in stage(git, checkout.root, untracked=False) if left.reason != NESTED]
    if left_out:
        what = f"the change of {shown(left_out[0].path)} cannot be taken along: {left_out[0].reason}"
        raise BadInput(what, hint="commit or undo it, or start from a commit with --ref HEAD")
    tree = git.run("write-tree", "--missing-ok").line
    facts = git.run("show", "-s", "--no-show-signature", "--format=%T %ct", head).line.split()
    if tree == facts[0]:
        return head
    base = _commit_tree(git, tree, head, int(facts[1]))
    _keep_objects(mirror, base, head)
    return base


def _unmerged(git: Command) -> list[str]:
    return [field.partition("\t")[2] for field in git.run("ls-files", "-z", "--unmerged").fields()]


def _refuse_filtered(checkout: Checkout, git: Command) -> None:
    """A changed file that belongs to a filter, as Git LFS has it, would be taken unfiltered: no filter runs here."""
    changed = git.run("ls-files", "-z", "--modified").output
    if not changed:
        return
    fields = list(git.run("check-attr", "-z", "--stdin", "filter", stdin=changed).fields())
    for path, value in zip(fields[::3], fields[2::3], strict=True):
        if value not in ("unspecified", "unset", "set", "") and (checkout.root / path).is_file():
            raise BadInput(
                f"{path} has uncommitted changes and goes through the filter {value!r}, which Mycelium does not run",
                hint=f"run `git add {path}`, or start from a commit with --ref HEAD",
            )


def _commit_tree(git: Command, tree: str, head: str, seconds: int) -> str:
    """The same changes on the same commit give the same commit id."""
    who = {"NAME": gitdir.NAME, "EMAIL": gitdir.EMAIL, "DATE": f"{seconds} +0000"}
    environment = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in who.items()}
    text = "Uncommitted changes of the checkout\n"
    return git.having(environment).run("commit-tree", "-p", head, "-F", "-", tree, stdin=text.encode()).line


def _keep_objects(mirror: Mirror, base: str, head: str) -> None:
    """Copy what only the snapshot needs: staged content lies in the user's store, where no ref protects it."""
    try:
        mirror.git.run(
            "pack-objects", "-q", "--revs", str(mirror.path / "objects/pack/pack"), stdin=f"{base}\n^{head}\n".encode()
        )
    except GitFailed as error:
        raise BadInput(
            f"the uncommitted changes cannot be taken along: {error.reason}", hint="commit them, or use --ref HEAD"
        ) from error
    mirror.keep([base])
