"""GitHub on loopback, with real git behind it: it keeps state, refuses what GitHub refuses, and fails by script.

The fixture `github` gives a test one of its own:

    def test_a_comment(github: GitHubStandIn) -> None:
        alice = github.user("alice")
        repository = github.repository("acme/widgets", {"app.py": "1\\n"})
        repository.collaborators["alice"] = "write"
        github.commit(repository, {"app.py": "2\\n"}, branch="topic", by=alice)
        pull = github.pull_request(repository, "topic", by=alice)
        github.faults.add(r"POST .*/comments$", faults.lost(502))
        ...  # with MYCELIUM_GITHUB_API_URL=github.api_url and MYCELIUM_GITHUB_TOKEN=github.personal_token(alice)
        assert [comment.body for comment in pull.issue.comments.values()] == ["Hello"]

The modules that register routes are imported here, so that whoever has the stand-in serves all of them.
"""

from tests.fakes.github import (
    accounts,
    apps,
    checks,
    collaborators,
    comments,
    commits,
    contents,
    dispatches,
    git_data,
    issues,
    labels,
    pulls,
    rate_limit,
    reactions,
    repositories,
    review_comments,
    review_requests,
    reviews,
    statuses,
    teams,
    workflow_runs,
)
from tests.fakes.github.described import Description, description
from tests.fakes.github.faults import Fault
from tests.fakes.github.standin import GitHubStandIn

TOPICS = (
    accounts,
    apps,
    checks,
    collaborators,
    comments,
    commits,
    contents,
    dispatches,
    git_data,
    issues,
    labels,
    pulls,
    rate_limit,
    reactions,
    repositories,
    review_comments,
    review_requests,
    reviews,
    statuses,
    teams,
    workflow_runs,
)

__all__ = ["TOPICS", "Description", "Fault", "GitHubStandIn", "description"]
