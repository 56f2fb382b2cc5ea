"""What the adapter takes of PyGithub, and the one place that imports it.

Its modules import each other in circles. Two threads that come in by different ones find each other's half made, and
both fail; whoever imports this module first is waited for by all others.
"""

from github.Auth import AppAuth, Auth
from github.AuthenticatedUser import AuthenticatedUser
from github.Commit import Commit
from github.GithubObject import NotSet
from github.IssueComment import IssueComment
from github.NamedUser import NamedUser
from github.Repository import Repository
from github.Requester import HTTPRequestsConnectionClass, HTTPSRequestsConnectionClass, Requester, RequestsResponse

__all__ = [
    "AppAuth",
    "Auth",
    "AuthenticatedUser",
    "Commit",
    "HTTPRequestsConnectionClass",
    "HTTPSRequestsConnectionClass",
    "IssueComment",
    "NamedUser",
    "NotSet",
    "Repository",
    "Requester",
    "RequestsResponse",
]
