"""Blobs, trees, commits and refs: https://docs.github.com/rest/git."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime
from typing import Any

from tests.fakes.github import access
from tests.fakes.github.accounts import node_id
from tests.fakes.github.bare_git import CommitFacts, GitRefused, Person
from tests.fakes.github.commits import UNSIGNED, parents, signature
from tests.fakes.github.refusals import Refused, forbidden, invalid, not_found
from tests.fakes.github.repositories import page, root_of
from tests.fakes.github.routing import Answer, Call, page_of, route
from tests.fakes.github.scenery import person
from tests.fakes.github.state import Repository
from tests.fakes.github.urls import Urls


def shown_ref(urls: Urls, repository: Repository, ref: str, sha: str) -> dict[str, Any]:
    root, kind = root_of(urls, repository), repository.git("cat-file", "-t", sha)
    return {
        "ref": ref,
        "node_id": node_id("REF", f"{repository.id}_{ref}"),
        "url": f"{root}/git/{ref}",
        "object": {"sha": sha, "type": kind, "url": f"{root}/git/{kind}s/{sha}"},
    }


def shown_commit(urls: Urls, repository: Repository, facts: CommitFacts) -> dict[str, Any]:
    root = root_of(urls, repository)
    return {
        "sha": facts.sha,
        "node_id": node_id("C", facts.sha),
        "url": f"{root}/git/commits/{facts.sha}",
        "html_url": f"{page(urls, repository)}/commit/{facts.sha}",
        "author": signature(facts.author),
        "committer": signature(facts.committer),
        "tree": {"sha": facts.tree, "url": f"{root}/git/trees/{facts.tree}"},
        "message": facts.message,
        "parents": parents(urls, repository, facts, "git/commits"),
        "verification": UNSIGNED,
    }


@route("GET", "/repos/{owner}/{repo}/git/ref/{ref}", "contents:read")
def ref(call: Call) -> Answer:
    name = f"refs/{call.params['ref']}"
    sha = call.repository.git.ref(name)
    if sha is None:
        raise not_found()
    return Answer(body=shown_ref(call.urls, call.repository, name, sha))


@route("GET", "/repos/{owner}/{repo}/git/tags/{tag_sha}", "contents:read")
def tag(call: Call) -> Answer:
    git, sha, root = call.repository.git, call.params["tag_sha"], root_of(call.urls, call.repository)
    try:
        head, message = git("cat-file", "tag", sha).split("\n\n", 1)
    except GitRefused:
        raise not_found() from None
    told = dict(line.split(" ", 1) for line in head.splitlines())
    name, email, seconds, _ = re.fullmatch(r"(.*) <(.*)> (\d+) (.*)", told["tagger"]).groups()  # type: ignore[union-attr]
    date = datetime.fromtimestamp(int(seconds), UTC).isoformat().replace("+00:00", "Z")
    body = {
        "node_id": node_id("TA", sha),
        "sha": sha,
        "url": f"{root}/git/tags/{sha}",
        "tagger": {"name": name, "email": email, "date": date},
        "object": {"sha": told["object"], "type": told["type"], "url": f"{root}/git/{told['type']}s/{told['object']}"},
        "tag": told["tag"],
        "message": message,
        "verification": UNSIGNED,
    }
    return Answer(body=body)


@route("GET", "/repos/{owner}/{repo}/git/matching-refs/{ref}", "contents:read")
def matching(call: Call) -> Answer:
    prefix = f"refs/{call.params['ref']}"
    found = [each for each in sorted(call.repository.git.refs("refs").items()) if each[0].startswith(prefix)]
    return page_of(call, found, lambda each: shown_ref(call.urls, call.repository, *each))


@route("POST", "/repos/{owner}/{repo}/git/refs", "contents:write")
def create_ref(call: Call) -> Answer:
    name, sha = call.given("ref", str, required=True), call.given("sha", str, required=True)
    if not re.fullmatch(r"refs/(heads|tags)/[^\s~^:?*\[\\]+", name):
        raise Refused(422, "Reference name must start with 'refs/' and have at least two slashes.")
    if call.repository.git.ref(name) is not None:
        raise Refused(422, "Reference already exists")
    _check_object(call, sha)
    _may_change_workflows(call, None, sha)
    call.repository.git.set_ref(name, sha)
    answer = shown_ref(call.urls, call.repository, name, sha)
    return Answer(status=201, body=answer, headers={"Location": answer["url"]})


@route("PATCH", "/repos/{owner}/{repo}/git/refs/{ref}", "contents:write")
def update_ref(call: Call) -> Answer:
    """Only forward, unless forced."""
    git, name = call.repository.git, f"refs/{call.params['ref']}"
    sha, old = call.given("sha", str, required=True), call.repository.git.ref(name)
    if old is None:
        raise Refused(422, "Reference does not exist")
    _check_object(call, sha)
    if not call.given("force", bool, False) and not git.contains(old, sha):
        raise Refused(422, "Update is not a fast forward")
    if call.params["ref"].removeprefix("heads/") in call.repository.protected_branches:
        raise Refused(422, "Changes must be made through a pull request.")
    _may_change_workflows(call, old, sha)
    git.set_ref(name, sha, old)
    return Answer(body=shown_ref(call.urls, call.repository, name, sha))


@route("DELETE", "/repos/{owner}/{repo}/git/refs/{ref}", "contents:write")
def delete_ref(call: Call) -> Answer:
    name = f"refs/{call.params['ref']}"
    if call.repository.git.ref(name) is None:
        raise Refused(422, "Reference does not exist")
    call.repository.git.delete_ref(name)
    return Answer(status=204)


def _check_object(call: Call, sha: str) -> None:
    try:
        call.repository.git("cat-file", "-e", f"{sha}^{{commit}}")
    except GitRefused:
        raise Refused(422, "Object does not exist") from None


def _may_change_workflows(call: Call, old: str | None, new: str) -> None:
    token, git = call.token, call.repository.git
    if token is None or token.of_app is None or access.permits(token, "workflows:write"):
        return
    base = old or git.branch(call.repository.default_branch)
    paths = [each.path for each in git.changes(base, new)] if base else []
    if any(path.startswith(".github/workflows/") for path in paths):
        raise forbidden("Resource not accessible by integration")


@route("POST", "/repos/{owner}/{repo}/git/blobs", "contents:write")
def create_blob(call: Call) -> Answer:
    content = call.given("content", str, required=True)
    sha = call.repository.git.blob(decoded(content, call.given("encoding", str, "utf-8")))
    return Answer(status=201, body={"sha": sha, "url": f"{root_of(call.urls, call.repository)}/git/blobs/{sha}"})


def decoded(content: str, encoding: str) -> bytes:
    if encoding != "base64":
        return content.encode()
    try:
        return base64.b64decode(content)
    except binascii.Error:
        raise Refused(422, "content is not valid Base64") from None


@route("GET", "/repos/{owner}/{repo}/git/blobs/{file_sha}", "contents:read")
def blob(call: Call) -> Answer:
    sha = call.params["file_sha"]
    try:
        content = call.repository.git.raw("cat-file", "blob", sha)
    except GitRefused:
        raise not_found() from None
    body = {
        "sha": sha,
        "node_id": node_id("B", sha),
        "size": len(content),
        "url": f"{root_of(call.urls, call.repository)}/git/blobs/{sha}",
        "content": base64.encodebytes(content).decode(),
        "encoding": "base64",
    }
    return Answer(body=body)


@route("POST", "/repos/{owner}/{repo}/git/trees", "contents:write")
def create_tree(call: Call) -> Answer:
    git = call.repository.git
    entries: dict[str, tuple[str, str] | None] = {}
    for entry in call.given("tree", list, required=True):
        if "content" in entry:
            entries[entry["path"]] = (entry.get("mode", "100644"), git.blob(entry["content"].encode()))
        else:
            entries[entry["path"]] = None if entry.get("sha") is None else (entry["mode"], entry["sha"])
    try:
        sha = git.tree(call.given("base_tree", str), entries)
    except GitRefused as refused:
        raise Refused(422, f"GitRPC::BadObjectState: {refused}") from None
    return Answer(status=201, body=_tree(call, sha, recursive=False))


@route("GET", "/repos/{owner}/{repo}/git/trees/{tree_sha}", "contents:read")
def tree(call: Call) -> Answer:
    sha = call.repository.git.commit_of(call.params["tree_sha"]) or call.params["tree_sha"]
    try:
        return Answer(body=_tree(call, sha, recursive="recursive" in call.query))
    except GitRefused:
        raise not_found() from None


def _tree(call: Call, sha: str, *, recursive: bool) -> dict[str, Any]:
    git, root = call.repository.git, root_of(call.urls, call.repository)
    sha = git("rev-parse", f"{sha}^{{tree}}")
    lines = git("ls-tree", "--long", "-z", *(["-r", "-t"] if recursive else []), sha).split("\0")
    entries = []
    for line in filter(None, lines):
        head, path = line.split("\t", 1)
        mode, kind, entry_sha, size = head.split()
        entry: dict[str, Any] = {"path": path, "mode": mode, "type": kind, "sha": entry_sha}
        if kind == "blob":
            entry["size"] = int(size)
        entries.append({**entry, "url": f"{root}/git/{kind}s/{entry_sha}"})
    return {"sha": sha, "url": f"{root}/git/trees/{sha}", "tree": entries, "truncated": False}


@route("POST", "/repos/{owner}/{repo}/git/commits", "contents:write")
def create_commit(call: Call) -> Answer:
    git, message = call.repository.git, call.given("message", str, required=True)
    author = as_person(call, call.given("author", dict))
    committer = as_person(call, call.given("committer", dict), author)
    try:
        git("cat-file", "-e", call.given("tree", str, required=True) + "^{tree}")
        sha = git.commit_tree(call.body["tree"], call.given("parents", list, []), message, author, committer)
    except GitRefused:
        raise Refused(422, "Tree SHA does not exist") from None
    return Answer(status=201, body=shown_commit(call.urls, call.repository, git.commit(sha)))


def as_person(call: Call, given: dict[str, str] | None, default: Person | None = None) -> Person:
    if given is None:
        return default or person(call.hub, call.actor)
    if not given.get("name") or not given.get("email"):
        raise invalid("Commit", "author", "missing_field")
    date = given.get("date") or call.hub.now().isoformat(timespec="seconds")
    datetime.fromisoformat(date.replace("Z", "+00:00"))
    return Person(name=given["name"], email=given["email"], date=date)


@route("GET", "/repos/{owner}/{repo}/git/commits/{commit_sha}", "contents:read")
def commit(call: Call) -> Answer:
    sha = call.params["commit_sha"]
    if call.repository.git.commit_of(sha) != sha:
        raise not_found()
    return Answer(body=shown_commit(call.urls, call.repository, call.repository.git.commit(sha)))
