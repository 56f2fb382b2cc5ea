"""The adapters and the few facts that every part of the lifecycle works with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from orchestrator.lifecycle.ports import Blobs, Clock, Events, Git, Logs, Runner, Store, Wake


@dataclass(frozen=True, kw_only=True)
class Services:
    """Built by `app.py`; tests build it from fakes.

    `runners` is keyed by `shell` and by engine name. `instance` names this process tree in the store. `new_id` makes
    execution ids that grow with time. `secrets` are values by name, masked everywhere.
    """

    store: Store
    logs: Logs
    blobs: Blobs
    events: Events
    wake: Wake
    git: Git
    runners: Mapping[str, Runner]
    clock: Clock
    new_id: Callable[[], str]
    instance: str
    secrets: Mapping[str, str]
