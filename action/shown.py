"""What GitHub does not show of a job: said where somebody sees it, as a warning of the run and in its summary.

A job may have done all of its work and end green, and still have told nobody: a permission is missing, GitHub is away,
or the mistake is ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from action.commands import JobLog
from orchestrator.execution.showing import MISTAKE
from orchestrator.lifecycle.following.changes import TOO_LONG
from orchestrator.report.markdown_safety import safe_message

if TYPE_CHECKING:
    from orchestrator.lifecycle.services import Services


class Trouble(Protocol):
    """One thing that somebody should know who looks at the run."""

    @property
    def sentences(self) -> str:
        """What, why, and what to do about it."""
        ...


OF_EXECUTIONS: Final = "The summary of this step has what is missing, and so have its pages (`site-path`)."
OF_CHANGES: Final = "Mode `validate` and `mycelium plan --against REF` say the same."
_REPORT: Final = "This is a bug in Mycelium: please report it with the log of this job."
_LOOK: Final = "The log of this job may say why."


@dataclass(frozen=True, kw_only=True, slots=True)
class Untold:
    """One thing that GitHub does not show, or not all of, `why` in a few words, and where to see it `instead`."""

    what: str
    why: str
    instead: str = OF_EXECUTIONS

    @property
    def sentences(self) -> str:
        """With what to do about it. A refusal names the permission itself."""
        hint = _REPORT if self.why.startswith(MISTAKE) else _LOOK * (self.why == TOO_LONG)
        said = f"GitHub does not show all of {self.what}: {self.why.rstrip('.')}."
        return " ".join(filter(None, (said, hint, self.instead)))


def wait_for_executions(services: Services, ids: Iterable[str], log: JobLog) -> list[Untold]:
    """Wait until GitHub shows each as it is, and say where; what it does not show."""
    from orchestrator.lifecycle.following.shown import until_shown

    found: list[Untold] = []
    for each in ids:
        place = until_shown(services, each)
        if place and (place.behind or place.trouble):
            found.append(Untold(what=f"execution {each}", why=place.trouble or TOO_LONG))
        elif place and place.url:
            log.line(f"Execution {each}: {place.url}")
    return found


def of_changes(troubles: Mapping[str, str]) -> list[Untold]:
    """Of what pull requests and pushes change in workflows, by subject."""
    return [
        Untold(what=f"what {subject} changes in workflows", why=why, instead=OF_CHANGES)
        for subject, why in troubles.items()
    ]


def warn(log: JobLog, troubles: Sequence[Trouble]) -> None:
    """A warning on the page of the run for each."""
    for each in troubles:
        log.warning(each.sentences, title="Mycelium")


def as_notes(troubles: Sequence[Trouble]) -> list[str]:
    """For the summary of the step, as Markdown."""
    return [f"⚠️ {safe_message(each.sentences, 800)}" for each in troubles]
