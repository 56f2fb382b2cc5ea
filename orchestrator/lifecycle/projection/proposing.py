"""Whether a pull request or a push changes definitions at all: only then there is something to show, and to store."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from orchestrator.execution.commit import FileChange
from orchestrator.execution.showing import Proposal
from orchestrator.lifecycle.ports.github import GitHub
from orchestrator.lifecycle.services import Services

MOST_FILES: Final = 3_000
"""What GitHub tells of a pull request: https://docs.github.com/en/rest/pulls/pulls#list-pull-requests-files"""


def propose_pull_request(services: Services, github: GitHub, number: int) -> bool:
    """Have GitHub show what the pull request changes now; whether there may be something to show.

    Nothing is stored, and nothing written to GitHub, of one that touches no definition and never did.
    """
    if services.comparison is None:
        return False
    proposal = Proposal(repository=github.repository, number=number, instance=services.instance)
    if services.store.proposal(proposal.repository, proposal.subject) is None:
        files = github.changed_files(number)
        if len(files) < MOST_FILES and not concerned(services, paths_of(files)):
            return False
    _store(services, proposal)
    return True


def propose_push(services: Services, github: GitHub, before: str, after: str) -> None:
    """Have GitHub show on a commit of the default branch what it broke."""
    _store(services, Proposal(repository=github.repository, before=before, after=after, instance=services.instance))


def concerned(services: Services, paths: Iterable[str]) -> bool:
    """Whether one of the files defines something."""
    comparison = services.comparison
    return comparison is not None and any(comparison.concerns(path) for path in paths)


def paths_of(files: Iterable[FileChange]) -> list[str]:
    """A file that moved under both its names."""
    return [name for file in files for name in (file.path, file.previous_path) if name]


def _store(services: Services, proposal: Proposal) -> None:
    with services.store.begin() as tx:
        tx.propose(proposal)
