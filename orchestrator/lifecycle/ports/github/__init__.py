"""The port to GitHub: one repository, the values that go to and fro, and how it refuses."""

from orchestrator.definition.roles import Role
from orchestrator.lifecycle.ports.github.protocol import GitHub
from orchestrator.lifecycle.ports.github.refusals import Busy, Forbidden
from orchestrator.lifecycle.ports.github.values import (
    Abilities,
    Comment,
    CommitStatus,
    Credential,
    Issue,
    LineComment,
    NewPullRequest,
    Posted,
    PullRequest,
    Remote,
    RepositoryFacts,
    Review,
    Room,
    Urgency,
    User,
    Verdict,
)

__all__ = [
    "Abilities",
    "Busy",
    "Comment",
    "CommitStatus",
    "Credential",
    "Forbidden",
    "GitHub",
    "Issue",
    "LineComment",
    "NewPullRequest",
    "Posted",
    "PullRequest",
    "Remote",
    "RepositoryFacts",
    "Review",
    "Role",
    "Room",
    "Urgency",
    "User",
    "Verdict",
]
