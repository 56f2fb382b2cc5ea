"""A check run in the words of a commit status, for credentials that may not make check runs.

https://docs.github.com/en/rest/commits/statuses: four states, a description of 140 characters.
"""

from __future__ import annotations

from typing import Final

from orchestrator.report.check_run import CheckRun, CheckStatus, Conclusion
from orchestrator.report.plain_text import clip

MAX_DESCRIPTION: Final = 140
_STATES: Final = {
    Conclusion.SUCCESS: "success",
    Conclusion.NEUTRAL: "success",
    Conclusion.SKIPPED: "success",
    Conclusion.FAILURE: "failure",
    Conclusion.TIMED_OUT: "failure",
    Conclusion.CANCELLED: "error",
}


def status_state(check: CheckRun) -> str:
    """What waits for a person is pending, as what runs is; a status has no word for it but its description."""
    return "pending" if check.conclusion is None else _STATES.get(check.conclusion, "pending")


def status_description(check: CheckRun) -> str:
    """How it ended, or what is asked; while it runs only that, because each new word is a status more."""
    if check.conclusion is None:
        return "Waits for its turn" if check.status is CheckStatus.QUEUED else "Runs"
    return clip(check.title, MAX_DESCRIPTION)
