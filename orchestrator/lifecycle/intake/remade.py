"""What waits on a pull request in a job of Actions ends with that job: what a later one can make anew, and what not.

A server keeps what waits. A job only has what GitHub still tells: the pull request as it is now, and its comments.
"""

from __future__ import annotations

from typing import Final

from orchestrator.definition.event import Event, PullRequestState
from orchestrator.lifecycle.intake.occasion import Occasion

ALWAYS: Final = ("opened", "synchronize", "reopened")
"""Activities that say no more than that there is this pull request, with this head."""

BY_STATE: Final = ("ready_for_review", "converted_to_draft", "labeled")
"""Those that say how it is by now: no draft, a draft, and what labels it has."""


def why_not_again(found: Occasion, *, asked: bool) -> str:
    """Why no later job can let this start, and what to do instead; empty where one can.

    `asked` is as in `admitted`: by a comment or a label that names the workflow.
    """
    event = found.event
    if not found.desk.job or event.pull_request is None:
        return ""
    if not _of_its_author(event, event.pull_request):
        return "Somebody who may start it has to do the same: jobs of Actions let nothing wait that is not the author's"
    if event.name == "issue_comment" or (event.name == "pull_request" and event.action in _KNOWN and not asked):
        return ""
    what = "a label" if asked else f"`{event.name}`" + (f" of the type `{event.action}`" if event.action else "")
    return f"What {what} sets off cannot be allowed in Actions, where it ends with this job: {_INSTEAD}"


def _of_its_author(event: Event, pull_request: PullRequestState) -> bool:
    """On a fork everybody waits alike. Elsewhere who sets something off waits by their own role, and others do not."""
    return pull_request.from_fork or event.sender.id == pull_request.author.id


_KNOWN: Final = (*ALWAYS, *BY_STATE)
_INSTEAD: Final = "have `on` name `pull_request`, with one of the types " + ", ".join(f"`{each}`" for each in _KNOWN)
