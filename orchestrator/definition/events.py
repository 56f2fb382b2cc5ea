"""Which event a webhook payload belongs to, told from its own keys."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from orchestrator.definition.model import JsonValue

# From the special to the general: a review carries a pull request, a comment an issue.
# https://docs.github.com/en/webhooks/webhook-events-and-payloads
_MARKS: tuple[tuple[str, frozenset[str]], ...] = (
    ("pull_request_review", frozenset({"review", "pull_request"})),
    ("issue_comment", frozenset({"comment", "issue"})),
    ("pull_request", frozenset({"pull_request"})),
    ("issues", frozenset({"issue"})),
    ("merge_group", frozenset({"merge_group"})),
    ("push", frozenset({"ref", "before", "after"})),
    ("repository_dispatch", frozenset({"client_payload"})),
    ("workflow_dispatch", frozenset({"inputs"})),
    ("schedule", frozenset({"schedule"})),
)


def event_name(payload: Mapping[str, JsonValue]) -> str | None:
    """The event whose payload this looks like, or None."""
    keys: Collection[str] = payload.keys()
    return next((name for name, marks in _MARKS if marks <= set(keys)), None)
