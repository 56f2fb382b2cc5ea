"""Files by their path: https://docs.github.com/rest/repos/contents."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote

from tests.fakes.github import access
from tests.fakes.github.bare_git import GitRefused
from tests.fakes.github.git_data import as_person, decoded, shown_commit
from tests.fakes.github.refusals import Refused, forbidden, not_found
from tests.fakes.github.repositories import page, root_of
from tests.fakes.github.routing import Answer, Call, route

MOST_BYTES = 1024 * 1024
"""Larger files come without their content, or raw."""
_PATH = "/repos/{owner}/{repo}/contents/{path}"


@route("GET", _PATH, "contents:read")
def read(call: Call) -> Answer:
    git, path = call.repository.git, call.params["path"].strip("/")
    ref = call.query.get("ref") or call.repository.default_branch
    sha = git.commit_of(ref)
    if sha is None:
        raise Refused(404, f"No commit found for the ref {ref}")
    try:
        entry, kind = _entry(call, sha, path)
    except GitRefused:
        raise not_found() from None
    if kind == "tree":
        names = git("ls-tree", "-z", "--name-only", entry).split("\0")
        listed = [_described(call, ref, sha, f"{path}/{name}".lstrip("/"), whole=False) for name in filter(None, names)]
        return Answer(body=listed)
    if "raw" in call.accept:
        content = git.raw("cat-file", "blob", entry)
        return Answer(body=content, media_type="application/vnd.github.raw; charset=utf-8")
    return Answer(body=_described(call, ref, sha, path, whole=True))


def _entry(call: Call, commit: str, path: str) -> tuple[str, str]:
    sha = call.repository.git("rev-parse", "--verify", "--quiet", f"{commit}:{path}")
    return sha, call.repository.git("cat-file", "-t", sha)


def _described(call: Call, ref: str, commit: str, path: str, *, whole: bool) -> dict[str, Any]:
    git, root, web = call.repository.git, root_of(call.urls, call.repository), page(call.urls, call.repository)
    sha, kind = _entry(call, commit, path)
    address = f"{root}/contents/{quote(path)}?ref={quote(ref, safe='')}"
    git_url, html = f"{root}/git/{kind}s/{sha}", f"{web}/{kind}/{ref}/{quote(path)}"
    body: dict[str, Any] = {
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": sha,
        "size": 0 if kind == "tree" else int(git("cat-file", "-s", sha)),
        "url": address,
        "html_url": html,
        "git_url": git_url,
        "download_url": None if kind == "tree" else f"{web}/raw/{ref}/{quote(path)}",
        "type": "dir" if kind == "tree" else "file",
        "_links": {"self": address, "git": git_url, "html": html},
    }
    if whole:
        fits = body["size"] <= MOST_BYTES
        content = git.raw("cat-file", "blob", sha) if fits else b""
        body |= {
            "content": base64.encodebytes(content).decode(),
            "encoding": "base64" if fits else "none",
        }
    return body


@route("PUT", _PATH, "contents:write")
def write(call: Call) -> Answer:
    """One file, one commit; the blob's SHA must be shown to change one."""
    path = call.params["path"].strip("/")
    content = decoded(call.given("content", str, required=True), "base64")
    existed = _check_sha(call, path)
    answer = _commit(call, path, content)
    return Answer(status=200 if existed else 201, body=answer)


@route("DELETE", _PATH, "contents:write")
def delete(call: Call) -> Answer:
    path = call.params["path"].strip("/")
    if not _check_sha(call, path, required=True):
        raise not_found()
    return Answer(body=_commit(call, path, None))


def _branch(call: Call) -> str:
    return str(call.given("branch", str, call.query.get("branch") or call.repository.default_branch))


def _check_sha(call: Call, path: str, *, required: bool = False) -> bool:
    """Whether the file is there already, with the SHA that was shown."""
    git, branch = call.repository.git, _branch(call)
    shown, head = call.given("sha", str, call.query.get("sha")), git.branch(branch)
    if head is None:
        raise Refused(404, f"Branch {branch} not found")
    try:
        sha, _ = _entry(call, head, path)
    except GitRefused:
        if shown is not None and not required:
            raise Refused(409, f"{path} does not match {shown}") from None
        return False
    if shown is None:
        raise Refused(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
    if shown != sha:
        raise Refused(409, f"{path} does not match {shown}")
    return True


def _commit(call: Call, path: str, content: bytes | None) -> dict[str, Any]:
    repository, git, branch = call.repository, call.repository.git, _branch(call)
    token = call.token
    of_workflows = path.startswith(".github/workflows/")
    if of_workflows and token and token.of_app and not access.permits(token, "workflows:write"):
        raise forbidden("Resource not accessible by integration")
    if branch in repository.protected_branches:
        raise Refused(409, "Could not update file: Changes must be made through a pull request.")
    author = as_person(call, call.given("author", dict))
    committer = as_person(call, call.given("committer", dict), author)
    head = git.branch(branch)
    assert head is not None
    tree = git.tree(head, {path: None if content is None else ("100644", git.blob(content))})
    message = call.given("message", str, call.query.get("message"))
    if message is None:
        raise Refused(422, 'Invalid request.\n\n"message" wasn\'t supplied.')
    sha = git.commit_tree(tree, [head], message, author, committer)
    git.set_ref(f"refs/heads/{branch}", sha, head)
    described = None if content is None else _described(call, branch, sha, path, whole=False)
    return {"content": described, "commit": shown_commit(call.urls, repository, git.commit(sha))}
