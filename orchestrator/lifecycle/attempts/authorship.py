"""Who the orchestrator's commits are by, and what they say.

Addresses end in `.invalid`, so that no commit is ever taken for that of an account. An agent's words reach a subject
line only as plain text: no line breaks, no mentions, no references that would close an issue.
"""

from __future__ import annotations

import re
from typing import Final

from orchestrator.definition.model import Agent
from orchestrator.execution.outcome import Outcome
from orchestrator.lifecycle.attempts.attempt import Attempt
from orchestrator.lifecycle.ports import Author, CommitMessage

MYCELIUM: Final = Author(name="Mycelium", email="mycelium@mycelium.invalid")
LONGEST_SUBJECT: Final = 72


def author(agent: str | None) -> Author:
    """`code-reviewer (Mycelium) <code-reviewer@agents.mycelium.invalid>`; Mycelium itself where no agent worked."""
    if agent is None:
        return MYCELIUM
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", agent).strip("-.") or "agent"
    return Author(name=f"{name} (Mycelium)", email=f"{name}@agents.mycelium.invalid")


def commit_message(attempt: Attempt, outcome: Outcome) -> CommitMessage:
    """The subject is the node's name, or the first line an agent said, or where the changes come from."""
    agent = attempt.node.action.agent if isinstance(attempt.node.action, Agent) else None
    said = outcome.outputs.get("text")
    first = next((line for line in said.splitlines() if plain(line)), "") if isinstance(said, str) else ""
    fallback = f"Changes by {agent or 'node'} `{attempt.run.key}`"
    subject = plain(attempt.text(attempt.node.name)) or plain(first) or fallback
    return CommitMessage(subject=_short(attempt.mask.text(subject)), trailers=trailers(attempt, agent))


def merge_message(attempt: Attempt, source: str, agent: str | None = None) -> CommitMessage:
    """The message of a merge of what `source` produced."""
    subject = f"Merge node `{source}` into `{attempt.run.key}`"
    return CommitMessage(subject=_short(subject), trailers=trailers(attempt, agent))


def trailers(attempt: Attempt, agent: str | None) -> tuple[tuple[str, str], ...]:
    """What ties a commit to the execution it comes from."""
    known = (("Mycelium-Execution", attempt.execution.id), ("Mycelium-Node", attempt.run.key))
    return (*known, ("Mycelium-Agent", agent)) if agent else known


def plain(text: str) -> str:
    """One line of `text` without Markdown, control characters, mentions and issue references."""
    line = "".join(character if character.isprintable() else " " for character in text)
    return re.sub(r"\s+", " ", re.sub(r"[*#@`>]+", "", line)).strip()


def _short(subject: str) -> str:
    return subject if len(subject) <= LONGEST_SUBJECT else f"{subject[: LONGEST_SUBJECT - 1]}…"
