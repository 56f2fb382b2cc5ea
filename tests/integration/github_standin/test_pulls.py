"""Pull requests: what they show, who may open and merge them, what git says of them."""

from __future__ import annotations

import pytest
from github import GithubException

from tests.integration.github_standin.conftest import Scene


def refused(caught: pytest.ExceptionInfo[GithubException]) -> str:
    """Status and words of a refusal."""
    data = caught.value.data
    details = [
        error if isinstance(error, str) else error.get("message", error["code"]) for error in data.get("errors", ())
    ]
    return " | ".join([str(caught.value.status), data["message"], *details])


def test_a_pull_request_tells_what_it_changes(scene: Scene) -> None:
    pull = scene.as_app.get_pull(1)
    assert (pull.title, pull.state, pull.user.login) == ("Use a digit", "open", "alice")
    assert (pull.mergeable, pull.mergeable_state, pull.commits) == (True, "clean", 1)
    assert pull.head.sha == scene.repository.git.branch("topic")
    files = {file.filename: (file.status, file.patch) for file in pull.get_files()}
    assert files == {
        "src/app.py": ("modified", "@@ -1,3 +1,3 @@\n one\n-two\n+2\n three"),
        "new file.txt": ("added", "@@ -0,0 +1 @@\n+new"),
    }
    assert [commit.commit.message for commit in pull.get_commits()] == ["Change files"]
    assert scene.repository.git.ref("refs/pull/1/merge") == pull.merge_commit_sha


def test_it_is_seen_on_both_addresses_of_the_api(scene: Scene) -> None:
    token = scene.hub.personal_token(scene.bob)
    for plain in (False, True):
        pull = scene.hub.client(token, plain=plain).get_repo("acme/widgets").get_pull(1)
        assert pull.get_issue_comments().totalCount == 0
        assert pull.url.startswith(scene.hub.plain_api_url if plain else scene.hub.api_url)


def test_a_push_moves_its_head(scene: Scene) -> None:
    sha = scene.hub.commit(scene.repository, {"src/app.py": "1\n2\n3\n"}, branch="topic", by=scene.alice)
    assert scene.as_app.get_pull(1).head.sha == sha


def test_a_conflict_makes_it_unmergeable(scene: Scene) -> None:
    scene.hub.commit(scene.repository, {"src/app.py": "one\nTWO\nthree\n"})
    pull = scene.as_app.get_pull(1)
    assert (pull.mergeable, pull.mergeable_state) == (False, "dirty")
    with pytest.raises(GithubException) as caught:
        pull.merge()
    assert refused(caught) == "405 | Pull Request is not mergeable"


def test_mergeability_may_not_be_known_yet(scene: Scene) -> None:
    scene.pull.unknown_for = 1
    assert scene.as_app.get_pull(1).mergeable is None
    assert scene.as_app.get_pull(1).mergeable is True


def test_merging_closes_it(scene: Scene) -> None:
    merged = scene.as_user(scene.alice).get_pull(1).merge()
    assert scene.repository.git.branch("main") == merged.sha
    pull = scene.as_app.get_pull(1)
    assert (pull.merged, pull.state, pull.merged_by.login) == (True, "closed", "alice")
    assert scene.as_app.compare("main", "topic").ahead_by == 0


def test_an_app_opens_one_and_finds_it_again(scene: Scene) -> None:
    scene.hub.commit(scene.repository, {"other.txt": "x\n"}, branch="mycelium/fix/1")
    made = scene.as_app.create_pull(base="main", head="mycelium/fix/1", title="Fix", body="By hand", draft=True)
    assert (made.number, made.draft, made.user.login) == (2, True, "mycelium-test[bot]")
    (found,) = scene.as_app.get_pulls(head="acme:mycelium/fix/1", state="all")
    assert found.number == 2
    made.edit(title="Fixed", state="closed")
    assert [pull.number for pull in scene.as_app.get_pulls()] == [1]


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ("topic", "422 | Validation Failed | A pull request already exists for acme:topic."),
        ("same", "422 | Validation Failed | No commits between main and same"),
        ("nowhere", "422 | Validation Failed | invalid"),
    ],
)
def test_one_too_many_is_refused(scene: Scene, head: str, words: str) -> None:
    main = scene.repository.git.branch("main")
    assert main
    scene.repository.git.set_ref("refs/heads/same", main)
    with pytest.raises(GithubException) as caught:
        scene.as_app.create_pull(base="main", head=head, title="Again", body="")
    assert refused(caught) == words


def test_actions_open_none_unless_the_repository_lets_them(scene: Scene) -> None:
    scene.hub.commit(scene.repository, {"other.txt": "x\n"}, branch="by-actions")
    permissions = {"contents": "write", "pull_requests": "write"}
    client = scene.seen_by(scene.hub.actions_token(scene.repository, permissions))
    with pytest.raises(GithubException) as caught:
        client.create_pull(base="main", head="by-actions", title="x", body="")
    assert refused(caught) == "403 | GitHub Actions is not permitted to create or approve pull requests."
    scene.repository.actions_may_open_pull_requests = True
    made = client.create_pull(base="main", head="by-actions", title="x", body="")
    assert (made.user.login, made.user.id) == ("github-actions[bot]", 41898282)


def test_a_fork_proposes_its_branch(scene: Scene) -> None:
    fork = scene.hub.fork(scene.repository, scene.bob)
    scene.hub.commit(fork, {"README.md": "# Bob's\n"}, branch="topic", by=scene.bob)
    pull = scene.as_user(scene.bob).create_pull(base="main", head="bob:topic", title="Mine", body="")
    assert (pull.head.repo.full_name, pull.head.label, pull.mergeable) == ("bob/widgets", "bob:topic", True)
    assert pull.author_association == "NONE"
    scene.hub.delete(fork)
    assert scene.as_app.get_pull(2).raw_data["head"]["repo"] is None


def test_a_body_has_an_end(scene: Scene) -> None:
    with pytest.raises(GithubException) as caught:
        scene.as_app.get_pull(1).edit(body="x" * 65_537)
    assert refused(caught) == "422 | Validation Failed | body is too long (maximum is 65536 characters)"


def test_a_merge_is_tried_by_older_git_as_well(scene: Scene) -> None:
    git, base, head = scene.repository.git, scene.pull.base_sha, scene.pull.head_sha
    assert git._merged_in_worktree(base, head) == git.merge_tree(base, head) is not None
    other = scene.hub.commit(scene.repository, {"src/app.py": "one\nTWO\nthree\n"})
    assert git._merged_in_worktree(other, head) is None
    assert git.merge_tree(other, head) is None


def test_what_is_archived_can_only_be_read(scene: Scene) -> None:
    scene.repository.archived = True
    pull = scene.as_app.get_pull(1)
    with pytest.raises(GithubException) as caught:
        pull.edit(title="New")
    assert refused(caught) == "403 | Repository was archived so is read-only."
