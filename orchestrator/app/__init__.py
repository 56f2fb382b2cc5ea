"""The composition root: adapters built from settings. Nothing connects, and nothing slow is imported, at import."""

from orchestrator.app.clock import SystemClock
from orchestrator.app.keeping import keeping
from orchestrator.app.opened import embedded, history, offline, owning, shared, shared_link
from orchestrator.app.preloading import PRELOAD, preload
from orchestrator.app.reach import check_reach
from orchestrator.app.services import SHARED_INSTANCE, build, build_in_child
from orchestrator.app.sources import definition_reader, definitions, github, github_repository, repository

__all__ = [
    "PRELOAD",
    "SHARED_INSTANCE",
    "SystemClock",
    "build",
    "build_in_child",
    "check_reach",
    "definition_reader",
    "definitions",
    "embedded",
    "github",
    "github_repository",
    "history",
    "keeping",
    "offline",
    "owning",
    "preload",
    "repository",
    "shared",
    "shared_link",
]
