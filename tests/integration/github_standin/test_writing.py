"""Commits made through the API: refs, trees, and files by their path."""

from __future__ import annotations

import pytest
from github import GithubException, InputGitTreeElement

from tests.integration.github_standin.conftest import Scene


def test_a_tree_a_commit_and_a_branch(scene: Scene) -> None:
    client = scene.as_app
    main = client.get_git_ref("heads/main").object.sha
    blob = client.create_git_blob("hello\n", "utf-8")
    elements = [
        InputGitTreeElement("docs/hello.md", "100644", "blob", sha=blob.sha),
        InputGitTreeElement("README.md", "100644", "blob", sha=None),
        InputGitTreeElement("run.sh", "100755", "blob", content="#!/bin/sh\n"),
    ]
    tree = client.create_git_tree(elements, client.get_git_tree(main))
    commit = client.create_git_commit("Say hello", tree, [client.get_git_commit(main)])
    assert commit.author.email.endswith("+mycelium-test[bot]@users.noreply.github.com")
    client.create_git_ref("refs/heads/hello", commit.sha)
    names = {entry.path: entry.mode for entry in client.get_git_tree("hello", recursive=True).tree}
    assert names == {
        "docs": "040000",
        "docs/hello.md": "100644",
        "run.sh": "100755",
        "src": "040000",
        "src/app.py": "100644",
    }
    changed = {file.filename: file.status for file in client.compare("main", "hello").files}
    assert changed == {"README.md": "removed", "docs/hello.md": "added", "run.sh": "added"}


def test_a_ref_only_moves_forward(scene: Scene) -> None:
    client, topic = scene.as_app, scene.pull.head_sha
    main = client.get_git_ref("heads/main")
    start = main.object.sha
    main.edit(topic)
    with pytest.raises(GithubException) as caught:
        main.edit(start)
    assert (caught.value.status, caught.value.data["message"]) == (422, "Update is not a fast forward")
    main.edit(start, force=True)
    with pytest.raises(GithubException) as caught:
        client.create_git_ref("refs/heads/topic", start)
    assert caught.value.data["message"] == "Reference already exists"
    with pytest.raises(GithubException) as caught:
        client.create_git_ref("refs/heads/topic/below", start)
    assert caught.value.data["message"] == "Reference update failed"
    client.get_git_ref("heads/topic").delete()
    assert scene.repository.git.branch("topic") is None


def test_a_file_changes_for_those_who_know_what_it_was(scene: Scene) -> None:
    client = scene.as_app
    made = client.create_file("a/b.txt", "Add b", "b\n", branch="topic")
    assert scene.repository.git.branch("topic") == made["commit"].sha
    held = client.get_contents("a/b.txt", ref="topic")
    assert not isinstance(held, list)
    assert held.decoded_content == b"b\n"
    client.update_file("a/b.txt", "Change b", "c\n", held.sha, branch="topic")
    with pytest.raises(GithubException) as caught:
        client.update_file("a/b.txt", "Again", "d\n", held.sha, branch="topic")
    assert (caught.value.status, caught.value.data["message"]) == (409, f"a/b.txt does not match {held.sha}")
    listed = client.get_contents("a", ref="topic")
    assert isinstance(listed, list)
    assert [(each.type, each.path) for each in listed] == [("file", "a/b.txt")]
    root = client.get_contents("", ref="topic")
    assert isinstance(root, list)
    assert [each.path for each in root] == ["README.md", "a", "new file.txt", "src"]
    client.delete_file("a/b.txt", "Remove b", listed[0].sha, branch="topic")
    with pytest.raises(GithubException) as caught:
        client.get_contents("a/b.txt", ref="topic")
    assert caught.value.status == 404


def test_workflows_are_written_with_their_permission_alone(scene: Scene) -> None:
    with pytest.raises(GithubException) as caught:
        scene.as_app.create_file(".github/workflows/ci.yml", "Add CI", "on: push\n", branch="topic")
    assert caught.value.data["message"] == "Resource not accessible by integration"


def test_events_sent_by_hand(scene: Scene) -> None:
    client = scene.as_app
    assert client.create_repository_dispatch("deploy", {"to": "production"})
    assert scene.repository.dispatches[-1]["client_payload"] == {"to": "production"}
    assert not client.create_repository_dispatch("deploy", {str(number): number for number in range(11)})
    assert "No more than 10 properties are allowed; 11 were supplied." in scene.hub.requests[-1].answer["message"]
