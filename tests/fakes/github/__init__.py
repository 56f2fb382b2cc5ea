"""GitHub on loopback, with real git behind it: it keeps state, refuses what GitHub refuses, and fails by script.

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
)

__all__ = ["TOPICS", "Description", "Fault", "GitHubStandIn", "description"]
